"""Compares what `firewall-rules --check` says about random rules of iptables, with ipsets that dnsmasq fills, with what the
kernel does to connections.

Usage: iptables.py AZ_ACR [--count N] [--seed S]      needs root, iptables, ipset, dnsmasq and ip

The files are what iptables-save, ip6tables-save and ipset save print after the rules are loaded. The network is that of
nftables.py. The exit code is 1 if there is a false green, or more than 1 % false alarms (see judging.py).
"""

import os
import shutil
import socket
import subprocess
import sys

import dns
from judging import NEEDED, STRANGERS, Real, arguments, check, compare, hosts_of, run
from nftables import Network, fill

SETS = "create h4 hash:ip family inet\ncreate h6 hash:ip family inet6\ncreate private hash:net family inet\nadd private 10.0.0.0/8\n"


def call(*words, text=None):
    return subprocess.run(words, input=text, capture_output=True, text=True)


class Generator:
    """Random rules. Most begin as some that are right, and are then damaged."""

    def __init__(self, rng):
        self.rng, self.constructs = rng, set()
        self.hooks = rng.choice([["OUTPUT"], ["FORWARD"], ["OUTPUT", "FORWARD"]])

    def used(self, construct):
        self.constructs.add(construct)

    def names(self):
        rng = self.rng
        names = list(NEEDED)
        if rng.random() < 0.15:
            self.used("too few names")
            names.pop(rng.randrange(3))
        if rng.random() < 0.15:
            self.used("wide name")
            names.append(rng.choice(["azurecr.io", "data.azurecr.io", "blob.core.windows.net", "#"]))
        if rng.random() < 0.3:
            self.used("one line")
            lines = ["ipset=/" + "/".join(names) + "/h4,h6"]
        else:
            lines = [f"ipset=/{name}/h4,h6" for name in names]
        if rng.random() < 0.15:
            self.used("filter on names")
            lines.append(rng.choice(["address=/contoso.azurecr.io/", "address=/blob.core.windows.net/#", "filter-AAAA"]))
        return "\n".join(lines) + "\n"

    def noise(self, v6):
        rng = self.rng
        number = 6 if v6 else 4
        rule = rng.choice([
            "-p tcp --dport 443 -j ACCEPT", "-p tcp --dport 80 -j ACCEPT", "-p tcp -m multiport --dports 80,443 -j DROP", "-p tcp --dport 1:1024 -j REJECT",
            "-p udp --dport 53 -j ACCEPT", f"-m set ! --match-set h{number} dst -p tcp --dport 443 -j DROP", "-m conntrack --ctstate NEW -j ACCEPT",
            "-m conntrack --ctstate INVALID -j DROP", "-m state --state ESTABLISHED -j ACCEPT", "-p tcp -m multiport ! --dports 443,80 -j DROP", "-j DROP", "-j ACCEPT",
            "-j RETURN", "-j extra", "-g extra", "-p tcp --sport 443 -j ACCEPT", "-p tcp ! --dport 443 -j DROP", "-p tcp --dport 22 -j DROP", "-p tcp -m tcp --dport 25 -j DROP",
            '-m comment --comment "a -j DROP" -p tcp --dport 80 -j REJECT --reject-with tcp-reset', '-j LOG --log-prefix "x "', "-m limit --limit 10/second -j ACCEPT",
            "-p tcp --tcp-flags SYN,ACK SYN -j ACCEPT", "-p all -j RETURN", "-m conntrack ! --ctstate NEW -j ACCEPT", "-m mark --mark 0x1 -j DROP", "-j MARK --set-mark 1",
            *([] if v6 else ["-d 10.0.0.0/8 -j ACCEPT", "-d 198.18.0.0/15 -p tcp --dport 443 -j ACCEPT", "-m set --match-set private dst -j ACCEPT", "! -s 10.0.0.0/8 -j DROP",
                             "-d 192.0.2.1/32 -j DROP", "-p icmp --icmp-type 8 -j ACCEPT"]),
            *(["-d 2001:db8::/32 -j ACCEPT", "-p ipv6-icmp -j ACCEPT"] if v6 else []),
        ])
        self.used(" ".join(rule.split()[:4]))
        return rule

    def damaged(self, rules, v6, inside=False):
        rng = self.rng
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
            rule = self.noise(v6)
            if not (inside and "extra" in rule):
                rules.insert(rng.randint(0, len(rules)), rule)
        return rules

    def table(self, v6):
        rng = self.rng
        number = 6 if v6 else 4
        policy, chains, rules = {"INPUT": "ACCEPT", "FORWARD": "ACCEPT", "OUTPUT": "ACCEPT"}, ["extra", "hosts"], []
        accept = rng.choice([f"-p tcp --dport 443 -m set --match-set h{number} dst -j ACCEPT", f"-m set --match-set h{number} dst -p tcp -m multiport --dports 22,443 -j ACCEPT"])
        rules += [f"-A extra {rule}" for rule in self.damaged([], v6, True)]
        rules += [f"-A hosts {rule}" for rule in self.damaged([accept], v6, True)]
        for hook in self.hooks:
            closing = rng.choice(["policy", "policy", "drop", "web", "open"])
            self.used(f"closed by {closing}")
            lines = ["-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"] if rng.random() < 0.9 else []
            if hook == "OUTPUT":
                lines.insert(0, "-o lo -j ACCEPT")
            lines += [rng.choice(["-j hosts", "-p tcp -g hosts", accept])]
            if closing == "policy":
                policy[hook] = "DROP"
            elif closing == "drop":
                lines.append("-j DROP")
            elif closing == "web":
                lines.append("-p tcp -m multiport --dports 80,443 -j REJECT")
            if v6:
                # Without neighbour discovery, IPv6 does not work at all; here the neighbours are known.
                self.used("ip6tables")
            rules += [f"-A {hook} {rule}" for rule in self.damaged(lines, v6)]
        if rng.random() < 0.1:
            self.used("input")
            policy["INPUT"] = "DROP"
            rules += ["-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"] if rng.random() < 0.7 else []
            rules += ["-A INPUT -i lo -j ACCEPT"] if rng.random() < 0.9 else []
        text = "*filter\n" + "".join(f":{name} {what} [0:0]\n" for name, what in policy.items())
        text += "".join(f":{name} - [0:0]\n" for name in chains) + "".join(f"{rule}\n" for rule in rules) + "COMMIT\n"
        if not v6 and rng.random() < 0.15:
            self.used("nat")
            rule = rng.choice(["-A POSTROUTING -j MASQUERADE", "-A OUTPUT -p tcp --dport 8080 -j DNAT --to-destination 10.9.0.2:80"])
            text = f"*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n{rule}\nCOMMIT\n" + text
        return text


def reset():
    for tables in ("iptables", "ip6tables"):
        call(f"{tables}-restore", text="*nat\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n")
    call("ipset", "flush")
    call("ipset", "destroy")


def judge(network, az_acr, rng, directory):
    generator = Generator(rng)
    names, v4, v6 = generator.names(), generator.table(False), generator.table(True)
    reset()
    call("ipset", "restore", text=SETS)
    (directory / "names.conf").write_text(names)
    hosts = sorted({*NEEDED, *STRANGERS})
    filled = rng.random() < 0.5
    if filled:
        fill(network, directory, hosts)
    loaded = [call("iptables-restore", text=v4), call("ip6tables-restore", text=v6)]
    assert not any(one.returncode for one in loaded), [one.stderr for one in loaded] + [v4, v6]
    saved = {"v4": call("iptables-save").stdout, "v6": call("ip6tables-save").stdout, "sets": call("ipset", "save").stdout}
    reset()
    for name, text in saved.items():
        (directory / name).write_text(text)
    hook = rng.choice([None, "output", "forward"]) if len(generator.hooks) == 2 else generator.hooks[0].lower()
    options = ["--hook", hook] if hook else []
    if rng.random() < 0.5:
        generator.used("resolve")
        for host in NEEDED:
            options += ["--resolve", f"{host}:443:{socket.inet_ntop(socket.AF_INET, dns.own_address(host, dns.A))}"]
    files = [directory / name for name in rng.sample(sorted(saved), 3)] + [directory / "names.conf"]
    code, report, text = check(az_acr, directory, files, *options)
    _, hosts = hosts_of(report)
    call("ipset", "restore", text=SETS)
    genuine = fill(network, directory, hosts)
    call("iptables-restore", text=v4)
    call("ip6tables-restore", text=v6)
    # Both chains are there, so that without --hook the way is both.
    ways = [hook] if hook else ["output", "forward"]
    found = network.connections(hosts, ways)
    needed = {host: genuine[host, dns.A] and all(found[way, host, dns.A, 443] for way in ways) for host in NEEDED}
    passes = lambda host, port: any(genuine[host, kind] and found[way, host, kind, port] for way in ways for kind in (dns.A, dns.AAAA))
    real = Real(needed, [(host, port) for host in STRANGERS for port in (443, 80) if passes(host, port)], passes)
    reset()
    kind, difference = compare(code, report, real)
    return kind, generator.constructs, f"{difference}\nhook {hook}\n{names}\n{saved['v4']}\n{saved['v6']}\n{saved['sets']}{text}"


def main():
    options = arguments()
    options.workers = 1
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [program for program in ["iptables-restore", "ipset", "dnsmasq", "ip", "unshare"] if shutil.which(program) is None]
    if missing or os.geteuid() != 0:
        print(f"iptables: skipped: needs root and {', '.join(missing) or 'nothing else'}")
        return 0
    try:
        network = Network()
        subprocess.run(["ipset", "create", "probe", "hash:ip"], check=True, capture_output=True)
        subprocess.run(["iptables", "-A", "OUTPUT", "-m", "set", "--match-set", "probe", "dst"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"iptables: skipped: no network namespaces or no ipset here: {error}")
        return 0
    try:
        right = run("iptables with ipset and dnsmasq", options, lambda rng, directory: judge(network, options.az_acr, rng, directory))
    finally:
        network.stop()
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
