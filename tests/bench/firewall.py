"""Measures firewall-rules with many registries: rendering and checking must take linear time.

Usage: python3 tests/bench/firewall.py [target/release/az-acr]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

BINARY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/az-acr")
REGIONS = ["eastus", "westeurope", "japaneast"]


def endpoints(count):
    """Registries with four hosts each: a login server and three data endpoints."""
    for i in range(count):
        yield {"loginServer": f"registry{i:05}.azurecr.io", "dataEndpoints": [
            {"region": region, "endpoint": f"registry{i:05}.{region}.data.azurecr.io"} for region in REGIONS]}


def seconds(argv, env, check=True):
    best = None
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(argv, env=env, check=check, stdout=subprocess.DEVNULL)
        elapsed = time.perf_counter() - start
        best = elapsed if best is None else min(best, elapsed)
    return best


CHECKED = ["list", "squid", "dnsmasq", "rpz", "suricata", "azure-firewall", "terraform", "cilium"]


def measure(temporary):
    env = {"HOME": temporary, "AZURE_CLOUD_NAME": "AzureCloud"}
    source, rules = pathlib.Path(temporary, "endpoints.json"), pathlib.Path(temporary, "rules.txt")
    print("rendering, in seconds")
    print(f"{'registries':>10}{'hosts':>8}" + "".join(f"{name:>15}" for name in CHECKED))
    for count in (1_250, 2_500, 5_000, 10_000):
        source.write_text(json.dumps(list(endpoints(count))))
        base = [BINARY, "firewall-rules", "--endpoints", str(source)]
        times = [seconds([*base, "--format", name], env) for name in CHECKED]
        print(f"{count:10}{count * 4:8}" + "".join(f"{time:15.3f}" for time in times))
    print("checking, in seconds")
    for count in (1_250, 2_500, 5_000, 10_000):
        source.write_text(json.dumps(list(endpoints(count))))
        base = [BINARY, "firewall-rules", "--endpoints", str(source)]
        times = []
        for name in CHECKED:
            rules.write_bytes(subprocess.run([*base, "--format", name], env=env, check=True, capture_output=True).stdout)
            check = [*base, "--check", str(rules), "-o", "none", "--only-show-errors"]
            times.append(seconds(check, env, check=False))
        print(f"{count:10}{count * 4:8}" + "".join(f"{time:15.3f}" for time in times))
    # A proxy's configuration with a huge list of other domains.
    source.write_text(json.dumps(list(endpoints(10))))
    base = [BINARY, "firewall-rules", "--endpoints", str(source)]
    own = subprocess.run([*base, "--format", "squid"], env=env, check=True, capture_output=True).stdout
    with rules.open("wb") as file:
        for number in range(3_000_000):
            file.write(f"acl others dstdomain host{number}.example.com\n".encode())
        file.write(b"http_access deny others\n" + own + b"http_access deny all\n")
    time = seconds([*base, "--check", str(rules), "-o", "none", "--only-show-errors"], env)
    print(f"checking a squid configuration of {rules.stat().st_size / 1e6:.0f} MB: {time:.1f} s")


with tempfile.TemporaryDirectory() as directory:
    measure(directory)
