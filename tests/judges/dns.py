"""Compares what `firewall-rules --check` says about random filters on names with what real DNS servers answer.

Usage: dns.py AZ_ACR [dnsmasq|unbound|rpz|bind] [--count N] [--seed S]      needs dnsmasq, unbound and BIND

A host is allowed when the answer holds its own address, which a server in this process gives to every name. The exit
code is 1 if there is a false green, or more than 1 % false alarms (see judging.py).
"""

import hashlib
import ipaddress
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

from judging import DOMAINS, NEEDED, OTHER_HOSTS, STRANGERS, Real, arguments, check, compare, hosts_of, run

A, AAAA = 1, 28
WAIT = 0.7


def own_address(name, kind):
    digest = hashlib.sha256(name.lower().encode()).digest()
    if kind == A:
        return bytes([198, 18 + digest[0] % 2, digest[1], digest[2] or 1])
    return ipaddress.ip_address("2001:db8::").packed[:8] + digest[:8]


def read_name(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
        at += 1 + packet[at]
    return ".".join(labels), at + 1


def serve(sock):
    """Answers A and AAAA of every name below a domain that exists with the name's own address."""
    while True:
        try:
            packet, peer = sock.recvfrom(4096)
            name, at = read_name(packet, 12)
            kind, = struct.unpack_from("!H", packet, at)
            known = kind in (A, AAAA) and name.count(".") >= 1
            answer = b""
            if known:
                data = own_address(name, kind)
                answer = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
            header = packet[:2] + struct.pack("!HHHHH", 0x8180, 1, 1 if known else 0, 0, 0)
            sock.sendto(header + packet[12:at + 4] + answer, peer)
        except OSError:
            return
        except (IndexError, struct.error):
            continue


def upstream():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(sock,), daemon=True).start()
    return sock.getsockname()[1]


def ask(port, hosts, wait=WAIT):
    """Which hosts have their own address in the answers, by type."""
    genuine, waiting = {(host, kind): False for host in hosts for kind in (A, AAAA)}, {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        for number, (host, kind) in enumerate((host, kind) for host in hosts for kind in (A, AAAA)):
            labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
            question = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)
            waiting[number] = (host, kind)
            try:
                sock.send(question)
            except OSError:
                return genuine
        deadline = time.monotonic() + wait
        while waiting and select.select([sock], [], [], max(0, deadline - time.monotonic()))[0]:
            try:
                packet = sock.recv(4096)
            except OSError:
                continue
            number, flags = struct.unpack_from("!HH", packet)
            host, kind = waiting.pop(number)
            # A truncated answer is given over TCP.
            genuine[host, kind] = own_address(host, kind) in packet or bool(flags & 0x0200)
    return genuine


def free_port():
    """A port that is free for TCP and UDP."""
    while True:
        with socket.socket() as sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            sock.bind(("127.0.0.1", 0))
            try:
                datagrams.bind(sock.getsockname())
            except OSError:
                continue
            return sock.getsockname()[1]


def started(command, port):
    """A server that answers on its port, or `None`."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process
        except OSError:
            time.sleep(0.005)
    stop(process)
    return None


def stop(process):
    if process.poll() is None:
        process.kill()
    process.wait()


class Dnsmasq:
    """Random configurations of dnsmasq."""

    def __init__(self, rng, directory, up):
        self.rng, self.directory, self.up, self.constructs = rng, directory, f"127.0.0.1#{up}", set()

    def used(self, construct):
        self.constructs.add(construct)

    def domain(self):
        rng = self.rng
        name = rng.choice(NEEDED + OTHER_HOSTS + DOMAINS)
        way = rng.choice(["plain"] * 8 + ["below", "below", "ending", "inner star", "case", "dots", "all"])
        self.used(f"domain {way}")
        return {"plain": name, "below": f"*.{name}", "ending": f"*{name}", "inner star": "contoso.*.data.azurecr.io",
                "case": name.upper(), "dots": f".{name}.", "all": "#"}[way]

    def line(self):
        rng = self.rng
        kind = rng.choice(["address"] * 5 + ["server"] * 4 + ["local", "two", "record", "hosts", "include", "comment", "general",
                                                            "filter-AAAA", "noise", "rare"])
        self.used(kind)
        match kind:
            case "address":
                target = rng.choice(["", "0.0.0.0", "::", "#", "0.0.0.0", "", "192.0.2.50"])
                return f"address=/{self.domain()}/{target}"
            case "server":
                return f"server=/{self.domain()}/{rng.choice(['', '#', self.up, self.up])}"
            case "local":
                return f"local=/{self.domain()}/{rng.choice(['', self.up])}"
            case "two":
                return f"address=/{self.domain()}/{self.domain()}/{rng.choice(['', '0.0.0.0', '#'])}"
            case "record":
                return f"host-record={rng.choice(NEEDED + OTHER_HOSTS)},{rng.choice(['0.0.0.0', '::', '192.0.2.50,::'])}"
            case "hosts":
                (self.directory / "hosts").write_text(f"0.0.0.0 {rng.choice(NEEDED + OTHER_HOSTS)} # blocked\n")
                return f"addn-hosts={self.directory}/hosts"
            case "include":
                path = self.directory / f"part{rng.randrange(10**9)}"
                way = rng.choice(["conf-file", "conf-dir", "servers-file"])
                self.used(way)
                if way == "servers-file":
                    path.write_text(f"server=/{self.domain()}/{rng.choice(['', self.up])}\n")
                elif way == "conf-dir":
                    path.mkdir()
                    (path / "a.conf").write_text(self.line() + "\n")
                    (path / "a.conf~").write_text("address=/contoso.azurecr.io/\n")
                else:
                    path.write_text(self.line() + "\n")
                return f"{way}={path}"
            case "comment":
                return f"#address=/{self.domain()}/"
            case "general":
                return f"server={self.up}"
            case "filter-AAAA":
                return "filter-AAAA"
            case "noise":
                return rng.choice(["domain-needed", "bogus-priv", "log-queries", "max-ttl = 300", "expand-hosts", "filterwin2k"])
            case "rare":
                return rng.choice(["stop-dns-rebind", "bogus-nxdomain=198.18.0.0/15", "address=/x", "address=/x/nonsense",
                                   "unknown-option=1", "filter-A", "server=/azurecr.io/0.0.0.0#x"])

    def needed(self):
        """Rules that open exactly what is needed, in one of several ways."""
        way = self.rng.choice(["closed", "null and general", "refuse and general", "nothing"])
        self.used(f"needed by {way}")
        match way:
            case "closed":
                return ["no-resolv"] + [f"server=/{name}/{self.up}" for name in NEEDED]
            case "null and general":
                return [f"server={self.up}", "no-resolv", "address=/#/#"] + [f"server=/{name}/#" for name in NEEDED]
            case "refuse and general":
                closed = ["io", "net", "com"]
                return [f"server={self.up}", "no-resolv"] + [f"local=/{name}/" for name in closed] + [
                    f"server=/{name}/#" for name in NEEDED]
            case "nothing":
                return ["no-resolv"] if self.rng.random() < 0.5 else []

    def rules(self):
        rng = self.rng
        lines = self.needed()
        for _ in range(rng.choice([0, 0, 1, 1, 2, 3, 5, 8])):
            lines.insert(rng.randint(0, len(lines)), self.line())
        return "\n".join(lines) + "\n"

    def start(self, dnsmasq, port, rules):
        general = "" if "no-resolv" in rules else f"no-resolv\nserver={self.up}\n"
        (self.directory / "judge.conf").write_text(
            f"conf-file={self.directory}/rules.conf\n{general}listen-address=127.0.0.1\nbind-interfaces\nport={port}\ncache-size=0\n")
        user = ["--user=root"] if os.geteuid() == 0 else []
        return started([dnsmasq, "-k", "-C", self.directory / "judge.conf", "--pid-file=", "--no-hosts", *user], port)

    def options(self):
        return [self.directory / "rules.conf"], ["--from", "dnsmasq"]


class Zones:
    """Random response policy zones, read by unbound."""

    source = "rpz-unbound"

    def __init__(self, rng, directory, up):
        self.rng, self.directory, self.up, self.constructs, self.count = rng, directory, up, set(), 0

    def used(self, construct):
        self.constructs.add(construct)

    def owner(self):
        rng = self.rng
        name = rng.choice(NEEDED + OTHER_HOSTS + DOMAINS)
        way = rng.choice(["exact"] * 4 + ["below"] * 3 + ["all", "case", "absolute"])
        self.used(f"owner {way}")
        return {"exact": name, "below": f"*.{name}", "all": "*", "case": name.upper(), "absolute": f"{name}.z{self.count}."}[way]

    def target(self):
        target = self.rng.choice(["CNAME ."] * 4 + ["CNAME *."] * 2 + ["CNAME rpz-passthru."] * 5 + [
            "CNAME rpz-drop.", "CNAME rpz-tcp-only.", "A 0.0.0.0", "AAAA ::", 'TXT "blocked"', "60 IN CNAME .",
            self.rng.choice(["CNAME rpz-drop", "A 192.0.2.50"])])
        self.used(target)
        return target

    def zone(self, rows):
        path = self.directory / f"z{self.count}"
        self.count += 1
        # Without it, a file does not say the zone's name.
        origin = f"$ORIGIN z{self.count - 1}.\n" if self.rng.random() < 0.8 else ""
        path.write_text(origin + "$TTL 60\n@ SOA a. b. (1 2\n 3 4 5) ; a comment\n@ NS a.\n" + "".join(f"{row}\n" for row in rows))
        return path

    def needed(self):
        passes = [f"{name} CNAME rpz-passthru." for name in NEEDED]
        way = self.rng.choice(["two zones", "two zones", "levels", "one zone", "nothing"])
        self.used(f"needed by {way}")
        match way:
            case "two zones":
                return [passes, ["* CNAME ."]]
            case "levels":
                levels = ["*"] + [f"*.{name}" for name in ["io", "azurecr.io", "data.azurecr.io", "eastus.data.azurecr.io",
                                                           "westus.data.azurecr.io"] + NEEDED]
                return [passes + [f"{owner} CNAME ." for owner in levels]]
            case "one zone":
                return [passes + ["* CNAME ."]]
            case "nothing":
                return [[]]

    def zones(self):
        rng = self.rng
        zones = self.needed()
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            zones.insert(rng.randint(0, len(zones)), [])
        for self.count, rows in enumerate(zones):
            for _ in range(rng.choice([0, 0, 1, 1, 2, 4])):
                rows.insert(rng.randint(0, len(rows)), f"{self.owner()} {self.target()}")
        self.count = 0
        return [self.zone(rows) for rows in zones]

    def rules(self):
        self.paths = self.zones()
        (self.directory / "rules.conf").write_text(self.clauses())
        return "\n".join(f"; {path}\n{path.read_text()}" for path in self.paths)

    def clauses(self):
        text = ""
        for number, path in enumerate(self.paths):
            text += f'rpz:\n  name: "z{number}"\n  zonefile: "{path}"\n'
        return text

    def start(self, unbound, port, _):
        (self.directory / "judge.conf").write_text(
            f'server:\n  interface: 127.0.0.1@{port}\n  do-daemonize: no\n  chroot: ""\n  username: ""\n  directory: "{self.directory}"\n'
            f'  pidfile: ""\n  use-syslog: no\n  logfile: "{self.directory}/log"\n  do-not-query-localhost: no\n'
            f'  module-config: "respip iterator"\nforward-zone:\n  name: "."\n  forward-addr: 127.0.0.1@{self.up}\n'
            f'remote-control:\n  control-enable: no\ninclude: "{self.directory}/rules.conf"\n')
        return started([unbound, "-d", "-c", self.directory / "judge.conf"], port)

    def options(self):
        return self.paths, ["--from", self.source]


class Bind(Zones):
    """The same zones, read by BIND."""

    source = "rpz-bind"

    def start(self, named, port, _):
        zones = "".join(f'zone "z{number}" {{ type primary; file "{path}"; }};\n' for number, path in enumerate(self.paths))
        policies = " ".join(f'zone "z{number}";' for number in range(len(self.paths)))
        (self.directory / "judge.conf").write_text(
            f'options {{ directory "{self.directory}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none;\n'
            f"forwarders {{ 127.0.0.1 port {self.up}; }}; forward only; recursion yes; dnssec-validation no; empty-zones-enable no;\n"
            f"session-keyfile none; response-policy {{ {policies} }} qname-wait-recurse no; }};\ncontrols {{ }};\n{zones}")
        log = self.directory / "log"
        with log.open("w") as file:
            process = subprocess.Popen([named, "-g", "-n", "1", "-c", self.directory / "judge.conf"], stdout=file, stderr=file)
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            # It answers before the policy zones are in force; one that it refuses never is.
            text = log.read_text()
            if text.count(": reload done") + text.count("not loaded due to errors") >= len(self.paths) and "running\n" in text:
                return process
            time.sleep(0.01)
        stop(process)
        return None


class Unbound(Zones):
    """Random configurations of unbound, some of them with policy zones."""

    TYPES = ["deny", "refuse", "static", "transparent", "redirect", "nodefault", "typetransparent", "inform", "inform_deny",
             "inform_redirect", "always_transparent", "always_refuse", "always_nxdomain", "always_nodata", "always_deny",
             "always_null", "noview"]

    def line(self):
        rng = self.rng
        kind = rng.choice(["zone"] * 6 + ["data"] * 3 + ["access", "include", "noise", "forward", "comment", "rare"])
        self.used(kind)
        name = rng.choice(NEEDED + OTHER_HOSTS + DOMAINS)
        match kind:
            case "zone":
                kind = rng.choice(self.TYPES)
                self.used(kind)
                name = rng.choice([name, name, name, ".", f"*.{name}", name.upper(), f"{name}."])
                return f'  local-zone: "{name}" {kind}' if rng.random() < 0.9 else f"  local-zone: {name} {kind}"
            case "data":
                data = rng.choice(["A 0.0.0.0", "AAAA ::", "A 192.0.2.50", "60 IN A 0.0.0.0", 'TXT "x"'])
                return f"  local-data: '{name} {data}'"
            case "access":
                return f"  access-control: {rng.choice(['127.0.0.0/8', '0.0.0.0/0', '10.0.0.0/8', '127.0.0.1/32'])} " + rng.choice(
                    ["allow", "allow", "refuse", "deny", "allow_snoop"])
            case "include":
                path = self.directory / f"part{rng.randrange(10**9)}"
                path.write_text(self.line() + "\n")
                return f"  include: {path}" if rng.random() < 0.5 else f'  include: "{path}*"'
            case "noise":
                return rng.choice(["  verbosity: 0", "  hide-identity: yes", "  prefetch: no # a comment", "  msg-cache-size: 1m"])
            case "forward":
                return f'forward-zone:\n  name: "{name}"\n  forward-addr: 127.0.0.1@{self.up}\nserver:'
            case "comment":
                return f'  # local-zone: "{name}" refuse'
            case "rare":
                return rng.choice(["  private-address: 198.18.0.0/16", '  local-zone: "io" nonsense', "  unknown-keyword: yes",
                                   '  define-tag: "t"\n  local-zone-tag: "azurecr.io" "t"'])

    def local(self):
        way = self.rng.choice(["refuse all", "levels", "nothing", "nothing"])
        self.used(f"local zones: {way}")
        match way:
            case "refuse all":
                return ['  local-zone: "." refuse'] + [f'  local-zone: "{name}" transparent' for name in NEEDED]
            case "levels":
                return [f'  local-zone: "{name}" static' for name in ["io", "net", "com"]] + [
                    f'  local-zone: "{name}" always_transparent' for name in NEEDED]
            case "nothing":
                return []

    def clauses(self):
        rng = self.rng
        lines = self.local()
        with_zones = not lines or rng.random() < 0.3
        for _ in range(rng.choice([0, 0, 1, 1, 2, 4, 6])):
            lines.insert(rng.randint(0, len(lines)), self.line())
        text = 'server:\n  module-config: "respip iterator"\n' + "\n".join(lines) + "\n"
        if with_zones:
            self.used("rpz")
            override = rng.choice([""] * 8 + ["nxdomain", "nodata", "passthru", "drop", "disabled"])
            clauses = super().clauses()
            text += clauses + (f"  rpz-action-override: {override}\n" if override else "")
        return text

    def rules(self):
        zones = super().rules()
        return (self.directory / "rules.conf").read_text() + zones

    def options(self):
        return [self.directory / "rules.conf"], ["--from", "unbound", "--source", "127.0.0.1"]


PROGRAMS = {"dnsmasq": ("dnsmasq", Dnsmasq), "rpz": ("unbound", Zones), "bind": ("named", Bind), "unbound": ("unbound", Unbound)}


def judge(generator, program, az_acr, rng, directory, up):
    made = generator(rng, directory, up)
    rules = made.rules()
    if isinstance(made, Dnsmasq):
        (directory / "rules.conf").write_text(rules)
    files, options = made.options()
    code, report, text = check(az_acr, directory, files, *options)
    _, hosts = hosts_of(report)
    port = free_port()
    process = made.start(program, port, rules)
    if process is None:
        # Another process may have taken the port.
        port = free_port()
        process = made.start(program, port, rules)
    real = None
    if process is not None:
        genuine = ask(port, hosts)
        # On a busy machine, an answer may come late: what should pass and was not answered is asked once more.
        late = [finding["fqdn"] for finding in (report or {}).get("ok", []) if not genuine[finding["fqdn"], A]]
        if late:
            genuine.update(ask(port, late, 5))
        died = process.poll() is not None
        stop(process)
        passes = lambda host, _: genuine[host, A] or genuine[host, AAAA]
        needed = {host: genuine[host, A] for host in NEEDED}
        real = None if died else Real(needed, [(host, 443) for host in STRANGERS if passes(host, 443)], passes)
    kind, difference = compare(code, report, real)
    return kind, made.constructs, f"{difference}\n{rules}\n{text}"


def main():
    wanted = [name for name in PROGRAMS if name in sys.argv]
    sys.argv = [word for word in sys.argv if word not in PROGRAMS]
    options = arguments()
    up = upstream()
    right = True
    for name in wanted or PROGRAMS:
        program, generator = PROGRAMS[name]
        program = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if program is None:
            print(f"{name}: skipped: {PROGRAMS[name][0]} is not installed")
            continue
        right &= run(name, options, lambda rng, directory: judge(generator, program, options.az_acr, rng, directory, up))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
