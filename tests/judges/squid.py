"""Compares what `firewall-rules --check` says about random configurations with what a real Squid does.

Usage: squid.py AZ_ACR [--count N] [--seed S]      needs squid

The exit code is 1 if there is a false green, or more than 1 % false alarms (see judging.py).
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time

from judging import NEEDED, STRANGERS, Real, arguments, check, compare, hosts_of, run

NAMES = NEEDED + [
    ".azurecr.io", ".data.azurecr.io", ".eastus.data.azurecr.io", ".contoso.azurecr.io", ".blob.core.windows.net",
    ".windows.net", "mirror.blob.core.windows.net", "fabrikam.azurecr.io", "contoso.japaneast.data.azurecr.io",
    "azurecr.io", "*.azurecr.io", "contoso.azurecr.io.", "Contoso.AzureCR.io", ".com", ".example.com",
]
ATOMS = ["contoso", "azurecr", r"\.io", r"\.data", "data", r"\.azurecr\.io", ".*", "[a-m]", "[^.]+", "eastus", "(east|west)us",
         r"\.blob\.core\.windows\.net", "blob", "evil", "CONTOSO", "[0-9]", "x?", "."]
ODD_REGEXES = [r"\w+", "(", "[[:alpha:]]+", "a{2}", "^*"]


class Generator:
    """Random configurations. Most begin as one that is right, and are then damaged."""

    def __init__(self, rng, directory):
        self.rng, self.directory, self.acls, self.files, self.constructs = rng, directory, [], 0, set()

    def used(self, construct):
        self.constructs.add(construct)

    def file(self, text):
        self.files += 1
        path = self.directory / f"part{self.files}"
        path.write_text(text)
        return path

    def regex(self):
        rng = self.rng
        if rng.random() < 0.1:
            self.used("odd regex")
            return rng.choice(ODD_REGEXES)
        if rng.random() < 0.4:
            text = "".join(rng.choice(ATOMS) for _ in range(rng.randint(1, 4)))
        else:
            name = rng.choice(NEEDED)
            text = name.replace(".", r"\.") if rng.random() < 0.7 else name
        return ("^" if rng.random() < 0.5 else "") + text + ("$" if rng.random() < 0.5 else "")

    def acl(self, name):
        rng = self.rng
        kind = rng.choice(["dstdomain"] * 4 + ["dstdom_regex"] * 3 + ["port", "method", "src", "proto", "url_regex",
                                                                     "any-of", "all-of", "list", "dst", "time"])
        self.used(kind)
        match kind:
            case "dstdomain":
                values = " ".join(rng.sample(NAMES, rng.randint(1, 3)))
            case "list":
                lines = [rng.choice(NAMES) for _ in range(rng.randint(1, 4))] + ["# a comment", ""]
                values, kind = f'"{self.file(chr(10).join(lines))}"', "dstdomain"
                if rng.random() < 0.1:
                    self.used("missing list")
                    values = f'"{self.directory}/missing"'
            case "dstdom_regex" | "url_regex":
                flag = rng.choice(["", "", "-i ", "-i +i "])
                values = flag + " ".join(self.regex() for _ in range(rng.randint(1, 2)))
            case "port":
                values = rng.choice(["443", "80", "443 563", "1-1024", "22", "440-450"])
            case "method":
                values = rng.choice(["CONNECT", "GET", "connect", "GET CONNECT", "POST"])
            case "src":
                values = rng.choice(["127.0.0.1", "127.0.0.0/8", "10.0.0.0/8", "all", "0.0.0.0/0", "127.0.0.1-127.0.0.9"])
            case "proto":
                values = rng.choice(["HTTP", "HTTPS", "NONE"])
            case "any-of" | "all-of":
                if not self.acls:
                    return self.acl(name)
                values = " ".join(self.term() for _ in range(rng.randint(1, 3)))
            case "dst":
                values = rng.choice(["192.0.2.0/24", "all"])
            case "time":
                values = "00:00-23:59"
        return f"acl {name} {kind} {values}"

    def term(self):
        rng = self.rng
        name = rng.choice(self.acls + ["all", "CONNECT", "localhost"])
        if rng.random() < 0.1:
            name = name.upper()
        return ("!" if rng.random() < 0.25 else "") + name

    def rule(self):
        rng = self.rng
        action = rng.choice(["allow", "allow", "deny", "deny", "deny"])
        if rng.random() < 0.03:
            self.used("wrong case")
            action = action.capitalize()
        terms = " ".join(self.term() for _ in range(rng.randint(1, 3)))
        line = f"http_access {action} {terms}"
        if rng.random() < 0.1:
            self.used("continuation")
            line = line.replace(" ", " \\\n  ", rng.randint(1, 2))
        if rng.random() < 0.1:
            self.used("comment")
            line += " # a comment"
        return line

    def allow_needed(self):
        """The rules that are needed, in one of several ways."""
        rng = self.rng
        self.acls += ["needed", "tls"]
        way = rng.choice(["names", "lines", "list", "regex"])
        self.used(f"needed as {way}")
        match way:
            case "names":
                lines = ["acl needed dstdomain " + " ".join(NEEDED)]
            case "lines":
                lines = [f"acl needed dstdomain {name}" for name in NEEDED]
            case "list":
                lines = [f'acl needed dstdomain "{self.file(chr(10).join(NEEDED))}"']
            case "regex":
                lines = ["acl needed dstdom_regex " + " ".join("^" + n.replace(".", r"\.") + "$" for n in NEEDED)]
        lines.append("acl tls port 443")
        rule = rng.choice(["http_access allow CONNECT needed tls", "http_access allow needed", "http_access allow needed tls"])
        if rng.random() < 0.2:
            self.used("include")
            rule = f"include {self.file(rule)}"
        return lines + [rule]

    def config(self):
        rng = self.rng
        blocks = []
        if rng.random() < 0.85:
            blocks.append(self.allow_needed())
        for i in range(rng.choice([0, 0, 1, 1, 2, 3, 5])):
            lines = []
            for j in range(rng.randint(0, 2)):
                name = f"a{i}{j}"
                lines.append(self.acl(name))
                self.acls.append(name)
            lines.append(self.rule())
            blocks.insert(rng.randint(0, 0 if rng.random() < 0.4 else len(blocks)), lines) if not any(
                "any-of" in line or "all-of" in line for line in lines) else blocks.append(lines)
        lines = [line for block in blocks for line in block]
        if rng.random() < 0.8:
            lines.append(rng.choice(["http_access deny all"] * 5 + ["http_access allow all"]))
        if rng.random() < 0.03:
            self.used("unknown directive")
            lines.append("http_acess deny all")
        # An acl must be defined before it is used.
        acls = [line for line in lines if line.startswith("acl ")]
        return "\n".join(acls + [line for line in lines if not line.startswith("acl ")]) + "\n"


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def ask(port, host, wanted, method):
    """Whether Squid lets a request pass."""
    target = f"{host}:{wanted}" if method == "CONNECT" else f"http://{host}/"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return sock.recv(12)[9:12] != b"403"


class Squid:
    """A real Squid with rules in front of its technical settings."""

    def __init__(self, squid, directory, rules, hosts):
        self.port = free_port()
        (directory / "hosts").write_text("".join(f"127.0.0.1 {host}\n" for host in hosts))
        (directory / "squid.conf").write_text(
            f"{rules}\nhttp_port 127.0.0.1:{self.port}\nhosts_file {directory}/hosts\npid_filename {directory}/pid\n"
            f"cache deny all\naccess_log none\ncache_log {directory}/log\nnetdb_filename none\nvisible_hostname judge\n"
            "pinger_enable off\nshutdown_lifetime 0 seconds\ncoredump_dir /tmp\n")
        self.process = subprocess.Popen([squid, "-N", "-f", directory / "squid.conf"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        self.started = False
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                self.started = True
                break
            except OSError:
                time.sleep(0.01)

    def passes(self, host, port):
        if port == 443:
            return ask(self.port, host, 443, "CONNECT")
        return ask(self.port, host, 80, "GET") or ask(self.port, host, 80, "CONNECT")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def judge(squid, az_acr, rng, directory):
    generator = Generator(rng, directory)
    rules = generator.config()
    (directory / "rules.conf").write_text(rules)
    code, report, text = check(az_acr, directory, [directory / "rules.conf"],
                               "--from", "squid", "--whole", "--source", "127.0.0.1")
    _, hosts = hosts_of(report)
    process = Squid(squid, directory, rules, hosts)
    if not process.started:
        # Another process may have taken the port.
        process.stop()
        process = Squid(squid, directory, rules, hosts)
    try:
        real = None
        if process.started:
            needed = {host: process.passes(host, 443) for host in NEEDED}
            open_to = [(host, port) for host in STRANGERS for port in (443, 80) if process.passes(host, port)]
            real = Real(needed, open_to, process.passes)
        kind, difference = compare(code, report, real)
        return kind, generator.constructs, f"{difference}\n{rules}\n{text}"
    finally:
        process.stop()


def main():
    options = arguments()
    squid = shutil.which("squid", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if squid is None:
        print("skipped: squid is not installed")
        return 0
    return 0 if run("squid", options, lambda rng, directory: judge(squid, options.az_acr, rng, directory)) else 1


sys.exit(main())
