"""Compares what `firewall-rules --check` says about random values of NO_PROXY with what a Go program does.

Usage: no_proxy.py AZ_ACR [--count N] [--seed S]      needs skopeo and root (a network namespace)

skopeo asks a registry with HTTPS_PROXY set to a proxy of this process: a host bypasses the proxy when no CONNECT for it
arrives. The exit code is 1 if there is a false green, or more than 1 % false alarms (see judging.py).
"""

import os
import shutil
import socket
import subprocess
import sys
import threading

from judging import DOMAINS, NEEDED, OTHER_HOSTS, STRANGERS, Real, arguments, check, compare, hosts_of, run


class Proxy:
    """Remembers the hosts that were asked for, and refuses them."""

    def __init__(self):
        self.seen = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with connection:
            line = connection.makefile("rb").readline().split()
            if len(line) > 1 and line[0] == b"CONNECT":
                self.seen.add(line[1].decode().rsplit(":", 1)[0].lower())
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


def bypasses(proxy, host, value, directory):
    """Whether skopeo goes to a host without the proxy. There is no network, so that both ways fail at once."""
    env = {"HOME": str(directory), "PATH": os.environ["PATH"], "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": value}
    proxy.seen.discard(host)
    subprocess.run(["skopeo", "--command-timeout", "5s", "inspect", f"docker://{host}/x"], env=env, capture_output=True)
    return host not in proxy.seen


def value(rng, used):
    entries = []
    needed = rng.choice(["all", "all", "all", "some", "none", "domain"])
    used.add(f"needed by {needed}")
    match needed:
        case "all":
            entries += NEEDED
        case "some":
            entries.append(rng.choice(NEEDED))
        case "domain":
            entries.append(rng.choice(["", ".", "*."]) + rng.choice(["azurecr.io", "io"]))
    for _ in range(rng.choice([0, 0, 1, 2, 4])):
        kind = rng.choice(["name", "below", "star", "address", "port", "all", "case", "odd", "empty"])
        used.add(f"entry {kind}")
        name = rng.choice(NEEDED + OTHER_HOSTS + DOMAINS)
        entries.insert(rng.randint(0, len(entries)), {
            "name": name, "below": f".{name}", "star": f"*.{name}", "address": rng.choice(["127.0.0.1", "10.0.0.0/8", "::1", "[::1]:80"]),
            "port": f"{name}:{rng.choice([443, 80])}", "all": rng.choice(["*", "localhost"]), "case": name.upper(),
            "odd": rng.choice(["a*.io", "*azurecr.io", "azurecr.*"]), "empty": rng.choice(["", " ", "."])}[kind])
    return rng.choice([",", ",", ", "]).join(entries)


def judge(az_acr, rng, directory):
    used = set()
    text = value(rng, used)
    path = directory / "proxy.env"
    path.write_text(f"NO_PROXY={text}\n")
    code, report, output = check(az_acr, directory, [path], "--from", "no-proxy")
    found, _ = hosts_of(report)
    # skopeo takes a while: the strangers that were found, and two others.
    hosts = {*NEEDED, *(host for host, _ in found), *rng.sample(STRANGERS, 2)}
    proxy = Proxy()
    ways = {host: bypasses(proxy, host, text, directory) for host in hosts}
    proxy.listener.close()
    # What matters is that all needed hosts go the same way.
    same = len({ways[host] for host in NEEDED}) == 1
    needed = {host: True if same else ways[host] for host in NEEDED}
    real = Real(needed, [(host, 443) for host in STRANGERS if ways.get(host)], lambda host, _: ways[host])
    kind, difference = compare(code, report, real)
    return kind, used, f"{difference}\n{text}\n{output}"


def main():
    options = arguments()
    if shutil.which("skopeo") is None:
        print("no-proxy: skipped: skopeo is not installed")
        return 0
    if os.environ.get("JUDGE_NAMESPACE") is None:
        command = [sys.executable, sys.argv[0], options.az_acr, "--count", str(options.count), "--seed", str(options.seed)]
        return subprocess.run(["unshare", "--net", *command], env={**os.environ, "JUDGE_NAMESPACE": "1"}).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return 0 if run("no-proxy", options, lambda rng, directory: judge(options.az_acr, rng, directory)) else 1


if __name__ == "__main__":
    sys.exit(main())
