"""Compares what `firewall-rules --check` says about random configurations of HAProxy with where the program sends connections.

Usage: haproxy.py AZ_ACR [--count N] [--seed S]      needs haproxy and root (a network namespace)

Every host sends a real ClientHello, in one segment and in two. It is allowed when the answer is that of the server behind
the backend that lets out; it has an address of its own, since az-acr does not judge backends on this machine's loopback. The
exit code is 1 if there is a false green, or more than 1 % false alarms (see judging.py).
"""

import functools
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

from judging import DOMAINS, NEEDED, OTHER_HOSTS, STRANGERS, Real, arguments, check, compare, hosts_of, run

SERVER = ("198.18.0.1", 443)
CONFIG = "global\n  maxconn 200\ndefaults\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n  mode {mode}\n"


def serve():
    listener = socket.create_server(SERVER, backlog=500)
    while True:
        connection, _ = listener.accept()
        connection.sendall(b"OKAY")
        threading.Timer(1, connection.close).start()


@functools.cache
def hello(host):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    out = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=host)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def reaches(port, host, segments):
    data = hello(host)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if segments == 2:
                connection.sendall(data[:20])
                time.sleep(0.01)
                data = data[20:]
            connection.sendall(data)
            return connection.recv(4) == b"OKAY"
    except OSError:
        return False


class Configuration:
    """A random configuration."""

    def __init__(self, rng, directory):
        self.rng, self.directory, self.constructs, self.names = rng, directory, set(), []

    def used(self, construct):
        self.constructs.add(construct)
        return construct

    def values(self):
        rng = self.rng
        kind = rng.choice(["needed", "needed", "one", "other", "domain"])
        if kind == "needed":
            return list(NEEDED)
        if kind == "one":
            return [rng.choice(NEEDED)]
        if kind == "other":
            return [rng.choice(OTHER_HOSTS)]
        return [rng.choice(["", ".", "x."]) + rng.choice(DOMAINS)]

    def criterion(self):
        rng = self.rng
        kind = rng.choice(["sni"] * 30 + ["hello", "always", "src", "port", "found", "odd"])
        self.used(f"criterion {kind}")
        match kind:
            case "hello":
                return f"req_ssl_hello_type {rng.choice([1, 2])}"
            case "always":
                return rng.choice(["always_true", "always_false"])
            case "src":
                return f"src {rng.choice(['127.0.0.0/8', '10.0.0.0/8'])}"
            case "port":
                return f"dst_port {rng.choice([443, 80])}"
            case "found":
                return "req.ssl_sni -m found"
            case "odd":
                return rng.choice(["req.len gt 0", "req_ssl_ver gt 3", "req.ssl_sni,length gt 3"])
        fetch = rng.choice(["req_ssl_sni", "req.ssl_sni", "req.ssl_sni,lower"])
        method = self.used(rng.choice(["str", "str", "str", "end", "end", "beg", "sub", "dom", "reg"]))
        values = self.values()
        if rng.random() < 0.15:
            values = [value.upper() for value in values]
        if method == "reg":
            dot = self.used(rng.choice(["\\\\.", "."]))
            values = [rng.choice(["^", ""]) + value.replace(".", dot) + rng.choice(["$", ""]) for value in values]
        flags = ("" if method == "str" and rng.random() < 0.7 else f" -m {method}") + (" -i" if rng.random() < 0.5 else "")
        if method != "reg" and rng.random() < 0.15:
            path = self.directory / f"list{rng.randrange(10**6)}"
            path.write_text("# hosts\n" + "".join(f"{value}\n" for value in values))
            self.used("file")
            return f"{fetch}{flags} -f {path}"
        return f"{fetch}{flags} {' '.join(values)}"

    def condition(self):
        rng = self.rng
        terms = []
        for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
            negated = rng.choice(["", "", "", "!"])
            if self.names and rng.random() < 0.7:
                terms.append(negated + rng.choice(self.names))
            elif rng.random() < 0.1:
                terms.append(negated + rng.choice(["TRUE", "FALSE"]))
            else:
                terms.append(f"{negated}{{ {self.criterion()} }}")
            if rng.random() < 0.2:
                terms.append(rng.choice(["or", "||"]))
        while terms[-1] in ("or", "||"):
            terms.pop()
        return f"{rng.choice(['if', 'if', 'if', 'unless'])} {' '.join(terms)}"

    def text(self, port):
        rng = self.rng
        lines = [f"bind 127.0.0.1:{port}"]
        if rng.random() < 0.97:
            lines.append("tcp-request inspect-delay 2s")
        for _ in range(rng.choice([0, 1, 2, 3])):
            name = rng.choice(["a", "b", "c"])
            lines.append(f"acl {name} {self.criterion()}")
            self.names.append(name)
        for _ in range(rng.choice([0, 0, 0, 1])):
            lines.append(f"tcp-request content {self.used(rng.choice(['reject', 'accept']))} {self.condition()}")
        if rng.random() < 0.97:
            lines.append("tcp-request content accept if { req_ssl_hello_type 1 }")
        exact = f"use_backend out if {{ req_ssl_sni -i {' '.join(NEEDED)} }}"
        rules = [exact] if rng.random() < 0.7 else []
        for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
            backend = rng.choice(["out", "none", "no", "some"])
            rules.insert(rng.randint(0, len(rules)), f"use_backend {backend} {self.condition()}")
        lines += rules
        if rng.random() < 0.4:
            lines.append(f"default_backend {self.used(rng.choice(['none', 'no', 'out', 'missing']))}")
        mode = rng.choice(["tcp"] * 19 + ["http"])
        server = f"server s {SERVER[0]}:{SERVER[1]}"
        backends = [
            f"backend out\n  {server}", "backend none", f"backend no\n  tcp-request content reject\n  {server}",
            f"backend some\n  tcp-request inspect-delay 2s\n  tcp-request content reject if {{ req_ssl_sni -m end .windows.net }}\n  {server}",
        ]
        return CONFIG.format(mode=mode) + "frontend tls\n" + "".join(f"  {line}\n" for line in lines) + "\n".join(backends) + "\n"


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def started(path, port):
    process = subprocess.Popen(["haproxy", "-db", "-f", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process
        except OSError:
            time.sleep(0.005)
    process.kill()
    process.wait()
    return None


def compare_with(az_acr, directory, path, language, port, start):
    """Compares az-acr with a program that `start` starts on a port. Returns the kind, what differs, and az-acr's output."""
    # The server stands for the registry: its address is that of the needed hosts.
    resolve = [word for host in NEEDED for word in ("--resolve", f"{host}:443:{SERVER[0]}")]
    code, report, text = check(az_acr, directory, [path], "--from", language, *resolve)
    _, hosts = hosts_of(report)
    process = start()
    real = None
    if process is not None:
        ways = {host: [reaches(port, host, segments) for segments in (1, 2)] for host in hosts}
        process.kill()
        process.wait()
        passes = lambda host, _: any(ways[host])
        real = Real({host: all(ways[host]) for host in NEEDED}, [(host, 443) for host in STRANGERS if passes(host, 443)], passes)
    return *compare(code, report, real), text


def judge(az_acr, rng, directory):
    made = Configuration(rng, directory)
    port = free_port()
    rules = made.text(port)
    path = directory / "haproxy.cfg"
    path.write_text(rules)
    kind, difference, text = compare_with(az_acr, directory, path, "haproxy", port, lambda: started(path, port))
    return kind, made.constructs, f"{difference}\n{rules}\n{text}"


def main():
    options = arguments()
    if shutil.which("haproxy") is None and not os.path.exists("/usr/sbin/haproxy"):
        print("haproxy: skipped: haproxy is not installed")
        return 0
    os.environ["PATH"] += ":/usr/sbin"
    if os.environ.get("JUDGE_NAMESPACE") is None:
        # A namespace of its own, in which the server's address is this machine's.
        command = [sys.executable, sys.argv[0], options.az_acr, "--count", str(options.count), "--seed", str(options.seed)]
        return subprocess.run(["unshare", "--net", *command], env={**os.environ, "JUDGE_NAMESPACE": "1"}).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", f"{SERVER[0]}/32", "dev", "lo"], check=True)
    threading.Thread(target=serve, daemon=True).start()
    return 0 if run("haproxy", options, lambda rng, directory: judge(options.az_acr, rng, directory)) else 1


if __name__ == "__main__":
    sys.exit(main())
