"""Loads the files that `firewall-rules --format rpz` and `--format suricata` write into the real programs, next to an open
and next to a closed policy: the registry's hosts must pass, and nothing else may change.

Usage: written.py AZ_ACR      needs unbound or suricata

The files for squid, dnsmasq and nftables are loaded by the tests in tests/cli.
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import dns
import suricata
from judging import NEEDED, STRANGERS


def written(az_acr, directory, *options):
    endpoints = {"loginServer": NEEDED[0], "dataEndpoints": [{"region": name.split(".")[1], "endpoint": name} for name in NEEDED[1:]]}
    (directory / "endpoints.json").write_text(json.dumps(endpoints))
    return subprocess.run([az_acr, "firewall-rules", "--endpoints", directory / "endpoints.json", "--format", *options], check=True,
                          capture_output=True, text=True, env={"HOME": str(directory), "AZURE_CLOUD_NAME": "AzureCloud"}).stdout


def by_unbound(unbound, directory, up, zones):
    """Which hosts have their own address."""
    made = dns.Zones(random.Random(0), directory, up)
    made.paths = []
    for number, text in enumerate(zones):
        made.paths.append(directory / f"z{number}")
        made.paths[-1].write_text(text)
    (directory / "rules.conf").write_text(made.clauses())
    port = dns.free_port()
    process = made.start(unbound, port, "")
    assert process is not None, "unbound does not start"
    genuine = dns.ask(port, NEEDED + STRANGERS)
    dns.stop(process)
    return {host for host in NEEDED + STRANGERS if genuine[host, dns.A] or genuine[host, dns.AAAA]}


def by_suricata(program, directory, rules):
    """Which hosts pass on which port, however the ClientHello is cut."""
    (directory / "rules.rules").write_text(rules)
    (directory / "s.yaml").write_text(suricata.CONFIG)
    (directory / "eve.json").unlink(missing_ok=True)
    ports = suricata.capture(directory / "t.pcap", NEEDED + STRANGERS)
    subprocess.run([program, "-c", directory / "s.yaml", "-S", directory / "rules.rules", "-r", directory / "t.pcap", "-l", directory,
                    "--simulate-ips", "-k", "all"], check=True, capture_output=True)
    denied = suricata.denied_flows(directory)
    return {key for key, port in ports.items() if port not in denied}


def unchanged(what, alone, together, needed):
    """The file adds the needed hosts, and nothing else."""
    assert together == alone | needed, f"{what}: {together ^ (alone | needed)}"
    print(f"  {what}: {len(needed)} pass, all else as before")


def main():
    az_acr = os.path.abspath(sys.argv[1])
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        os.chmod(directory, 0o777)
        unbound = shutil.which("unbound", path=path)
        if unbound is None:
            print("rpz: skipped: unbound is not installed")
        else:
            up = dns.upstream()
            own = written(az_acr, directory, "rpz")
            closed = "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n@ NS a.\n* CNAME .\n"
            for what, others in [("rpz next to an open policy", []), ("rpz next to a closed policy", [closed])]:
                alone = by_unbound(unbound, directory, up, others)
                unchanged(what, alone, by_unbound(unbound, directory, up, [own, *others]), set(NEEDED))
        program = shutil.which("suricata", path=path)
        if program is None:
            print("suricata: skipped: it is not installed")
            return 0
        own = written(az_acr, directory, "suricata")
        closed = 'drop tls any any -> any any (ssl_state:client_hello; sid:1;)\ndrop http any any -> any any (sid:2;)\n'
        needed = {(host, 443, segments) for host in NEEDED for segments in (1, 2)}
        for what, others in [("suricata next to an open policy", ""), ("suricata next to a closed policy", closed)]:
            alone = by_suricata(program, directory, others)
            unchanged(what, alone, by_suricata(program, directory, own + others), needed)
        lockdown = by_suricata(program, directory, written(az_acr, directory, "suricata", "--lockdown"))
        assert lockdown == needed, f"suricata --lockdown: {lockdown ^ needed}"
        print("  suricata --lockdown: the hosts pass, nothing else does")
    return 0


sys.exit(main())
