"""Compares what `firewall-rules --check` says about random rules of nftables, and the dnsmasq that fills their sets, with
what the kernel does to connections.

Usage: nftables.py AZ_ACR [--count N] [--seed S]      needs root, nft, dnsmasq and ip

This process moves into a network namespace of its own and becomes the router between a client and a server, which are
namespaces too. A host is allowed when dnsmasq answers with its address and a byte comes back over TCP. The exit code is 1 if
there is a false green, or more than 1 % false alarms (see judging.py).
"""

import ctypes
import os
import selectors
import shutil
import socket
import subprocess
import sys
import threading
import time

import dns
from judging import NEEDED, STRANGERS, Real, arguments, check, compare, hosts_of, run

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
WAIT = 0.5


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL)


class Network:
    """The router, a client and a server."""

    def __init__(self):
        if LIBC.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        self.router = os.open("/proc/self/ns/net", os.O_RDONLY)
        ip("link", "set", "lo", "up")
        for path in ["/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"]:
            with open(path, "w") as file:
                file.write("1")
        self.children = []
        self.namespaces = {}
        for name, v4, v6 in [("s", "10.9.0", "fd09"), ("c", "10.8.0", "fd08")]:
            child = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
            self.children.append(child)
            while os.readlink(f"/proc/{child.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
                time.sleep(0.005)
            ip("link", "add", f"{name}0", "type", "veth", "peer", "name", f"{name}1", "netns", str(child.pid))
            self.namespaces[name] = os.open(f"/proc/{child.pid}/ns/net", os.O_RDONLY)
            mac = self.address_of(f"{name}0")
            self.set_up(f"{name}0", f"{v4}.1/24", f"{v6}::1/64")
            self.enter(name)
            ip("link", "set", "lo", "up")
            peer = self.address_of(f"{name}1")
            self.set_up(f"{name}1", f"{v4}.2/24", f"{v6}::2/64")
            for family, router in [("-4", f"{v4}.1"), ("-6", f"{v6}::1")]:
                ip(family, "neigh", "replace", router, "lladdr", mac, "dev", f"{name}1", "nud", "permanent")
                ip(family, "route", "add", "default", "via", router)
            if name == "s":
                ip("route", "add", "local", "198.18.0.0/15", "dev", "lo")
                ip("-6", "route", "add", "local", "2001:db8::/32", "dev", "lo")
            self.enter("router")
            for family, other in [("-4", f"{v4}.2"), ("-6", f"{v6}::2")]:
                ip(family, "neigh", "replace", other, "lladdr", peer, "dev", f"{name}0", "nud", "permanent")
        ip("route", "add", "198.18.0.0/15", "via", "10.9.0.2")
        ip("-6", "route", "add", "2001:db8::/32", "via", "fd09::2")
        self.serve()
        self.up = dns.upstream()

    def set_up(self, link, v4, v6):
        ip("link", "set", link, "up")
        ip("addr", "add", v4, "dev", link)
        ip("-6", "addr", "add", v6, "dev", link, "nodad")

    def address_of(self, link):
        shown = subprocess.run(["ip", "-o", "link", "show", link], check=True, capture_output=True, text=True).stdout
        return shown.split("link/ether ")[1].split()[0]

    def enter(self, name):
        if LIBC.setns(self.router if name == "router" else self.namespaces[name], CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")

    def serve(self):
        self.enter("s")
        selector = selectors.DefaultSelector()
        for family, address in [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]:
            for port in (443, 80):
                sock = socket.socket(family)
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((address, port))
                sock.listen(512)
                sock.setblocking(False)
                selector.register(sock, selectors.EVENT_READ, "listen")
        self.enter("router")

        def answer():
            while True:
                for key, _ in selector.select():
                    try:
                        if key.data == "listen":
                            peer, _ = key.fileobj.accept()
                            peer.setblocking(False)
                            selector.register(peer, selectors.EVENT_READ, "peer")
                        elif key.fileobj.recv(1):
                            key.fileobj.send(b"y")
                        else:
                            selector.unregister(key.fileobj)
                            key.fileobj.close()
                    except OSError:
                        if key.data == "peer":
                            selector.unregister(key.fileobj)
                            key.fileobj.close()

        threading.Thread(target=answer, daemon=True).start()

    def connections(self, hosts, ways):
        """Which hosts a byte comes back from: by way, host, family and port."""
        selector, found, open_sockets = selectors.DefaultSelector(), {}, []
        for way in ways:
            self.enter("c" if way == "forward" else "router")
            for host in hosts:
                for kind, family in [(dns.A, socket.AF_INET), (dns.AAAA, socket.AF_INET6)]:
                    for port in (443, 80):
                        key = (way, host, kind, port)
                        found[key] = False
                        sock = socket.socket(family)
                        sock.setblocking(False)
                        open_sockets.append(sock)
                        address = socket.inet_ntop(family, dns.own_address(host, kind))
                        try:
                            sock.connect((address, port))
                        except BlockingIOError:
                            selector.register(sock, selectors.EVENT_WRITE, key)
                        except OSError:
                            pass
        self.enter("router")
        deadline = time.monotonic() + WAIT
        while selector.get_map() and time.monotonic() < deadline:
            for event, mask in selector.select(max(0, deadline - time.monotonic())):
                sock = event.fileobj
                try:
                    if mask & selectors.EVENT_WRITE:
                        sock.send(b"x")
                        selector.modify(sock, selectors.EVENT_READ, event.data)
                    else:
                        found[event.data] = sock.recv(1) == b"y"
                        selector.unregister(sock)
                except OSError:
                    selector.unregister(sock)
        for sock in open_sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
        return found

    def stop(self):
        for child in self.children:
            child.kill()
            child.wait()


class Generator:
    """Random rules. Most begin as some that are right, and are then damaged."""

    def __init__(self, rng):
        self.rng, self.constructs = rng, set()
        self.family = rng.choice(["inet"] * 8 + ["ip", "ip6"])
        self.table = rng.choice(["filter", "edge"])

    def used(self, construct):
        self.constructs.add(construct)

    def sets(self):
        sets = ("\tset web {\n\t\ttype inet_service\n\t\telements = { 80, https }\n\t}\n"
                "\tmap ports {\n\t\ttype inet_service : verdict\n\t\telements = { 80 : drop, 22 : accept }\n\t}\n")
        if self.family != "ip6":
            sets += ("\tset private {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { 10.0.0.0/8, 192.168.0.0/16 }\n\t}\n"
                     "\tset seen {\n\t\ttype ipv4_addr\n\t\tflags dynamic\n\t}\n")
        sets += "" if self.family == "ip6" else "\tset h4 {\n\t\ttype ipv4_addr\n\t}\n"
        sets += "" if self.family == "ip" else "\tset h6 {\n\t\ttype ipv6_addr\n\t}\n"
        return f"table {self.family} {self.table} {{\n{sets}}}\n"

    def names(self):
        """The configuration of dnsmasq, without its technical part."""
        rng = self.rng
        target = ",".join(([] if self.family == "ip6" else [f"4#{self.family}#{self.table}#h4"])
                          + ([] if self.family == "ip" else [f"6#{self.family}#{self.table}#h6"]))
        names = list(NEEDED)
        if rng.random() < 0.15:
            self.used("too few names")
            names.pop(rng.randrange(3))
        if rng.random() < 0.15:
            self.used("wide name")
            names.insert(rng.randint(0, len(names)),
                         rng.choice(["azurecr.io", "data.azurecr.io", "#", "blob.core.windows.net", "*.azurecr.io"]))
        if rng.random() < 0.3:
            self.used("one line")
            lines = ["nftset=/" + "/".join(names) + "/" + target]
        else:
            lines = [f"nftset=/{name}/{target}" for name in names]
        if rng.random() < 0.15:
            self.used("filter on names")
            lines.append(rng.choice(["address=/contoso.azurecr.io/", "address=/blob.core.windows.net/#", "address=/azurecr.io/0.0.0.0",
                                     "filter-AAAA", "local=/com/"]))
        if rng.random() < 0.1:
            self.used("wrong set")
            lines[0] = lines[0].replace("#h4", "#wrong")
        return "\n".join(lines) + "\n"

    def accepts(self):
        """Rules that accept the hosts, in one of several ways."""
        rng = self.rng
        port = rng.choice(["tcp dport 443", "tcp dport https", "tcp dport { 443 }", "tcp dport { 22, 443 }", "tcp dport 443-443",
                           "meta l4proto tcp th dport 443", "tcp dport $tls"])
        rules = [] if self.family == "ip6" else [f"ip daddr @h4 {port} accept"]
        rules += [] if self.family == "ip" else [f"ip6 daddr @h6 {port} counter accept"]
        if rng.random() < 0.2:
            self.used("port first")
            rules = [f"tcp dport 443 {rule.split(' ' + port)[0]} accept" for rule in rules]
        return rules

    def noise(self):
        """A rule that may change what happens."""
        rng = self.rng
        return rng.choice([
            "tcp dport 443 accept", "tcp dport 80 accept", "tcp dport { 80, 443 } drop", "tcp dport 1-1024 reject", "udp dport 53 accept",
            "ip daddr 10.0.0.0/8 accept", "ip daddr 198.18.0.0/15 tcp dport 443 accept", "ip6 daddr 2001:db8::/32 accept",
            "ip daddr != @h4 tcp dport 443 drop", "ip6 daddr != @h6 drop", "ct state new tcp dport 443 accept", "ct state invalid drop",
            "ct state established accept", "ct state vmap { established : accept, related : accept, invalid : drop }",
            'oifname "lo" accept', 'oifname != "lo" tcp dport 80 drop', 'iifname "lo" accept', "meta nfproto ipv6 drop", "meta nfproto ipv4 accept",
            "meta l4proto { tcp, udp } th dport { 80, 443 } drop", "ip protocol tcp accept", "drop", "accept", "return", "counter", "jump extra",
            "goto extra", "tcp dport vmap { 443 : jump extra, 80 : drop }", "tcp sport 443 accept", "tcp sport { 80, 443 } drop",
            "icmp type echo-request accept", "icmpv6 type nd-neighbor-solicit accept", 'log prefix "x " level info', "tcp dport 22 drop",
            "limit rate 10/second accept", "meta skuid 0 accept", "ip daddr 192.0.2.1 drop", "ip saddr 10.0.0.0/8 accept", "tcp dport != 443 drop",
            "meta mark set 0x1", "tcp flags syn accept", "tcp dport vmap @ports", "tcp dport @web drop", "tcp dport @web accept",
            "tcp dport { 22, 400 - 500 } accept", "ip daddr @private accept", "ip daddr != @private tcp dport 80 drop",
            "ct state vmap { established : accept, * : jump extra }", "meta l4proto vmap { udp : drop, tcp : jump extra }",
            "add @seen { ip daddr }", "ip daddr @seen accept", "jump { tcp dport 80 drop; }", "tcp dport 80 reject with tcp reset",
        ])

    def fits(self, rule):
        words = rule.split()
        return not (self.family == "ip" and any(word in words for word in ["ip6", "icmpv6", "@h6"])
                    or self.family == "ip6" and any(word in words for word in ["ip", "icmp", "@h4", "@private", "@seen"]))

    def damaged(self, rules):
        rng = self.rng
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 4])):
            rule = self.noise()
            if self.fits(rule):
                self.used(rule.split(" {")[0])
                rules.insert(rng.randint(0, len(rules)), rule)
        return rules

    def chain(self, hook):
        rng = self.rng
        closing = rng.choice(["policy", "policy", "drop web", "drop", "open", "negated"])
        self.used(f"closed by {closing}")
        rules = ["ct state established,related accept"] if rng.random() < 0.9 else []
        if hook == "output":
            rules.insert(0, 'oifname "lo" accept')
        accepts = self.accepts()
        way = rng.choice(["plain", "plain", "jump", "goto", "vmap"])
        self.used(f"accept by {way}")
        chains = ""
        if way != "plain":
            chains = f"\tchain hosts_{hook} {{\n" + "".join(f"\t\t{rule}\n" for rule in self.damaged(accepts)) + "\t}\n"
            accepts = [{"jump": f"jump hosts_{hook}", "goto": f"tcp dport 443 goto hosts_{hook}",
                        "vmap": f"tcp dport vmap {{ 443 : jump hosts_{hook} }}"}[way]]
        rules += accepts
        match closing:
            case "drop web":
                rules.append("meta l4proto { tcp, udp } th dport { 80, 443 } drop")
            case "drop":
                rules.append("drop")
            case "negated":
                rules = rules[:-len(accepts)] + [rule for rule in [
                    "ip daddr != @h4 tcp dport { 80, 443 } drop", "ip6 daddr != @h6 tcp dport { 80, 443 } drop", "tcp dport 80 drop"] if self.fits(rule)]
        policy = "drop" if closing == "policy" else "accept"
        rules = self.damaged(rules)
        kind = "route" if hook == "output" and rng.random() < 0.1 else "filter"
        priority = rng.choice(["0", "filter", "-10", "filter + 5"]) if kind == "filter" else "0"
        return chains + f"\tchain {hook} {{\n\t\ttype {kind} hook {hook} priority {priority}; policy {policy};\n" + "".join(
            f"\t\t{rule}\n" for rule in rules) + "\t}\n"

    def rules(self):
        rng = self.rng
        hooks = rng.choice([["output"], ["forward"], ["output", "forward"]])
        chains = "\tchain extra {\n" + "".join(f"\t\t{rule}\n" for rule in self.damaged([]) if "extra" not in rule) + "\t}\n"
        chains += "".join(self.chain(hook) for hook in hooks)
        if rng.random() < 0.15:
            self.used("input")
            accept = rng.choice(["", "\t\tct state established,related accept\n", "\t\tct state established accept\n\t\tdrop\n"])
            chains += f"\tchain input {{\n\t\ttype filter hook input priority 0; policy drop;\n{accept}\t}}\n"
        if rng.random() < 0.1:
            self.used("prerouting")
            chains += "\tchain pre {\n\t\ttype filter hook prerouting priority -300; policy accept;\n\t\t" + rng.choice(
                ["tcp sport 443 ct state new drop", "tcp dport 80 drop", "ct state invalid drop", "drop"]) + "\n\t}\n"
        flags = "\tflags dormant\n" if rng.random() < 0.03 else ""
        text = f"define tls = 443\ntable {self.family} {self.table} {{\n{flags}{chains}}}\n"
        if rng.random() < 0.2:
            self.used("second table")
            family = rng.choice(["inet", "ip"])
            rule = rng.choice(["tcp dport 80 drop", "accept", "tcp dport 443 drop", "ct state new counter"])
            text += f"table {family} second {{\n\tchain o {{\n\t\ttype filter hook {rng.choice(hooks)} priority 10; policy accept;\n\t\t{rule}\n\t}}\n}}\n"
        if rng.random() < 0.2:
            self.used("add rule")
            rule = self.noise()
            if self.fits(rule):
                text += f"{rng.choice(['add', 'insert'])} rule {self.family} {self.table} {rng.choice(hooks)} {rule}\n"
        if rng.random() < 0.5:
            text = f"flush ruleset\n{self.sets()}{text}"
        else:
            text = self.sets() + text
        if rng.random() < 0.3:
            text = text.replace("accept\n", "accept # a comment\n", 1).replace(" counter accept", " counter \\\n\t\t\taccept", 1)
        self.hooks = hooks
        return text


def nft(*words, text=None):
    return subprocess.run(["nft", *words], input=text, capture_output=True, text=True)


def judge(network, az_acr, rng, directory):
    generator = Generator(rng)
    names, rules = generator.names(), generator.rules()
    nft("flush", "ruleset")
    nft("-f", "-", text=generator.sets())
    (directory / "names.conf").write_text(names)
    hosts = sorted({*NEEDED, *STRANGERS})
    (directory / "rules.nft").write_text(rules)
    form = rng.choice(["file", "file", "list", "json"])
    loaded = None
    if form != "file":
        # What the kernel lists, once dnsmasq has filled the sets.
        fill(network, directory, hosts)
        loaded = nft("-f", "-", text=rules.replace("flush ruleset\n", ""))
        if loaded.returncode == 0:
            listed = nft(*(["-j"] if form == "json" else []), "list", "ruleset").stdout
            (directory / "rules.nft").write_text(listed)
            generator.used(form)
    hook = rng.choice([None, None, "output", "forward"])
    options = ["--hook", hook] if hook else []
    options += ["--whole"] if form == "file" else []
    if rng.random() < 0.5:
        generator.used("resolve")
        for host in NEEDED:
            options += ["--resolve", f"{host}:443:{socket.inet_ntop(socket.AF_INET, dns.own_address(host, dns.A))}"]
    code, report, text = check(az_acr, directory, [directory / "rules.nft", directory / "names.conf"], *options)
    _, hosts = hosts_of(report)
    nft("flush", "ruleset")
    nft("-f", "-", text=generator.sets())
    genuine = fill(network, directory, hosts)
    loaded = nft("-f", "-", text=rules.replace("flush ruleset\n", ""))
    real = None
    if loaded.returncode == 0:
        ways = [hook] if hook else (generator.hooks if len(generator.hooks) == 1 else ["output", "forward"])
        found = network.connections(hosts, ways)
        needed = {host: genuine[host, dns.A] and all(found[way, host, dns.A, 443] for way in ways) for host in NEEDED}
        passes = lambda host, port: any(genuine[host, kind] and found[way, host, kind, port] for way in ways for kind in (dns.A, dns.AAAA))
        real = Real(needed, [(host, port) for host in STRANGERS for port in (443, 80) if passes(host, port)], passes)
    nft("flush", "ruleset")
    kind, difference = compare(code, report, real)
    shown = (directory / "rules.nft").read_text()
    return kind, generator.constructs, f"{difference}\nhook {hook}, {form}\n{names}\n{shown}\n{rules if form == 'json' else ''}\n{loaded.stderr}{text}"


def fill(network, directory, hosts):
    """Lets dnsmasq fill the sets. Returns which names it answers with their own addresses."""
    port = dns.free_port()
    (directory / "judge.conf").write_text(
        f"conf-file={directory}/names.conf\nno-resolv\nserver=127.0.0.1#{network.up}\nlisten-address=127.0.0.1\nbind-interfaces\n"
        f"port={port}\ncache-size=0\n")
    process = dns.started(["dnsmasq", "-k", "-C", directory / "judge.conf", "--user=root", "--pid-file=", "--no-hosts"], port)
    genuine = dns.ask(port, hosts)
    dns.stop(process)
    return genuine


def main():
    options = arguments()
    options.workers = 1
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [program for program in ["nft", "dnsmasq", "ip", "unshare"] if shutil.which(program) is None]
    if missing or os.geteuid() != 0:
        print(f"nftables: skipped: needs root and {', '.join(missing) or 'nothing else'}")
        return 0
    try:
        network = Network()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"nftables: skipped: no network namespaces here: {error}")
        return 0
    try:
        right = run("nftables with dnsmasq", options, lambda rng, directory: judge(network, options.az_acr, rng, directory))
    finally:
        network.stop()
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
