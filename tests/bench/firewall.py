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


def seconds(argv, env):
    best = None
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL)
        elapsed = time.perf_counter() - start
        best = elapsed if best is None else min(best, elapsed)
    return best


with tempfile.TemporaryDirectory() as temporary:
    env = {"HOME": temporary, "AZURE_CLOUD_NAME": "AzureCloud"}
    print(f"{'registries':>10}{'hosts':>8}{'list':>9}{'squid':>9}{'terraform':>11}{'check':>9}   (seconds)")
    for count in (1_250, 2_500, 5_000, 10_000):
        source, rules = pathlib.Path(temporary, "endpoints.json"), pathlib.Path(temporary, "rules.txt")
        source.write_text(json.dumps(list(endpoints(count))))
        base = [BINARY, "firewall-rules", "--endpoints", str(source)]
        rules.write_bytes(subprocess.run([*base, "--format", "list"], env=env, check=True, capture_output=True).stdout)
        times = [seconds([*base, "--format", name], env) for name in ("list", "squid", "terraform")]
        times.append(seconds([*base, "--check", str(rules), "-o", "none", "--only-show-errors"], env))
        print(f"{count:10}{count * 4:8}{times[0]:9.3f}{times[1]:9.3f}{times[2]:11.3f}{times[3]:9.3f}")
