"""Lets real programs write logs, and compares what `firewall-log` says about them with what was done.

Usage: logs.py AZ_ACR      needs squid, dnsmasq and unbound

Everything happens on loopback. The exit code is 1 if one log is read wrongly.
"""

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import dns

AZ_ACR = sys.argv[1]
ALLOWED = ["contoso.azurecr.io", "eastusmanaged1.blob.core.windows.net", "backups.blob.core.windows.net", "example.com"]
REFUSED = ["contoso.eastus.data.azurecr.io", "fabrikam.japaneast.data.azurecr.io"]
TIMES = 3


def read(log):
    """What firewall-log says: refused, users of storage with whether the account is the service's, and who asked."""
    ran = subprocess.run([AZ_ACR, "firewall-log", log], capture_output=True, text=True, check=False)
    if ran.returncode or "could not be read" in ran.stderr:
        raise SystemExit(f"{log}: {ran.stderr}\n{pathlib.Path(log).read_text()[:2000]}")
    return json.loads(ran.stdout)


def expect(name, log, count=TIMES):
    found = read(log)
    refused = sorted((of["host"], of["count"]) for of in found["refused"])
    storage = sorted((of["host"], of["registryOwned"], of["count"]) for of in found["wildcardUsers"])
    asked = sorted((of["host"], of["count"]) for of in found["resolvers"])
    wanted = (
        sorted((host, count) for host in REFUSED),
        [(ALLOWED[2], False, count), (ALLOWED[1], True, count)],
        [(ALLOWED[0], count)],
    )
    every = [of for part in found.values() for of in part]
    sources = {of["source"] for of in every}
    if (refused, storage, asked) != wanted or sources != {"127.0.0.1"}:
        raise SystemExit(f"{name}: {json.dumps(found, indent=1)}\nwanted: {wanted}\n{pathlib.Path(log).read_text()[:4000]}")
    if not all(of["first"] and of["first"] <= of["last"] for of in every):
        raise SystemExit(f"{name}: no time in {json.dumps(found, indent=1)}")
    print(f"{name:28} {len(every)} pairs as they were")


def written(log, word, count):
    """Waits until a log has so many lines with a word."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if log.exists() and sum(word in line for line in log.read_text().splitlines()) >= count:
            return
        time.sleep(0.02)


def accept(server):
    """Accepts connections and closes them."""
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return


def squid(directory):
    program = shutil.which("squid") or "/usr/sbin/squid"
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(server,), daemon=True).start()
    target = server.getsockname()[1]
    port = dns.free_port()
    (directory / "hosts").write_text("".join(f"127.0.0.1 {host}\n" for host in ALLOWED + REFUSED))
    lines = [
        f"http_port 127.0.0.1:{port}", f"hosts_file {directory}/hosts", "cache deny all", "pid_filename none",
        f"cache_log {directory}/cache.log", f"coredump_dir {directory}",
        "acl no dstdomain .data.azurecr.io", "http_access deny no", "http_access allow all", "shutdown_lifetime 0 seconds",
        f"access_log stdio:{directory}/native.log squid", f"access_log stdio:{directory}/common.log common",
        f"access_log stdio:{directory}/combined.log combined", "logfile_rotate 0", "cache_effective_user proxy",
    ]
    (directory / "squid.conf").write_text("\n".join(lines) + "\n")
    directory.chmod(0o777)
    process = dns.started([program, "-N", "-f", directory / "squid.conf"], port)
    try:
        for host in (ALLOWED + REFUSED) * TIMES:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.sendall(f"CONNECT {host}:{target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                client.recv(4096)
        # squid writes the line of a tunnel when it ends.
        for name in ["native", "common", "combined"]:
            written(directory / f"{name}.log", "CONNECT", len(ALLOWED + REFUSED) * TIMES)
    finally:
        dns.stop(process)
        server.close()
    for name in ["native", "common", "combined"]:
        expect(f"squid, {name}", directory / f"{name}.log")


def resolver(name, command, port, log, names):
    process = dns.started(command, port)
    try:
        for host in names * TIMES:
            dns.ask(port, [host])
        # Every host is in the log at least so often.
        for host in names:
            written(log, host, TIMES)
    finally:
        dns.stop(process)
    # Each host is asked for by its IPv4 address, and perhaps by its IPv6 address.
    kinds = read(log)["resolvers"][0]["count"] // TIMES
    expect(name, log, TIMES * kinds)


def main():
    names = ALLOWED + REFUSED
    up = dns.upstream()
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        home.chmod(0o755)
        for part in ["squid", "dnsmasq", "extra", "unbound", "rpz"]:
            (home / part).mkdir()
        squid(home / "squid")
        for part, option in [("dnsmasq", "log-queries"), ("extra", "log-queries=extra")]:
            port, directory = dns.free_port(), home / part
            log = directory / "queries.log"
            lines = [
                f"port={port}", "listen-address=127.0.0.1", "bind-interfaces", "no-resolv", "no-hosts", option,
                f"log-facility={log}", f"server=127.0.0.1#{up}", "address=/data.azurecr.io/", "user=root",
            ]
            (directory / "dnsmasq.conf").write_text("\n".join(lines) + "\n")
            command = ["dnsmasq", "-k", "-C", directory / "dnsmasq.conf"]
            resolver(f"dnsmasq, {option}", command, port, log, names)
        # Questions, answers and local zones; then answers alone and a policy zone.
        zone = ["  log-queries: yes", "  log-replies: yes", "  log-local-actions: yes",
                "  local-zone: data.azurecr.io. always_nxdomain", "  module-config: iterator"]
        (home / "rpz" / "zone").write_text("$TTL 60\n@ SOA l. r. 1 1 1 1 1\n@ NS l.\n*.data.azurecr.io CNAME .\n")
        policy = ["  log-replies: yes", "  module-config: \"respip iterator\"", "rpz:", "  name: acr", f"  zonefile: {home}/rpz/zone",
                  "  rpz-log: yes", "  rpz-log-name: acr"]
        for part, options in [("unbound", zone), ("rpz", policy)]:
            port, directory = dns.free_port(), home / part
            log = directory / "unbound.log"
            lines = [
                "server:", f"  port: {port}", "  interface: 127.0.0.1", "  do-daemonize: no", "  use-syslog: no",
                f"  logfile: {log}", "  verbosity: 1", '  username: ""', '  chroot: ""', f'  directory: "{directory}"',
                f"  pidfile: {directory}/pid", "  do-not-query-localhost: no", *options,
                "forward-zone:", "  name: .", f"  forward-addr: 127.0.0.1@{up}",
            ]
            (directory / "unbound.conf").write_text("\n".join(lines) + "\n")
            unbound = shutil.which("unbound") or "/usr/sbin/unbound"
            resolver(f"unbound, {part}", [unbound, "-d", "-c", directory / "unbound.conf"], port, log, names)


main()
