"""Measures check-endpoints: its time for 32 endpoints with half a second of latency each and for one, and its memory.

Usage: python3 tests/bench/probe.py [target/release/az-acr]

The server is the emulator's data plane with the fault `slow`. Needs GNU time. Fails if a goal is missed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

BINARY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/az-acr")
LATENCY = 0.5
REGIONS = (
    "westus westus2 westus3 centralus southcentralus northcentralus westcentralus eastus2 canadacentral "
    "brazilsouth northeurope westeurope uksouth ukwest francecentral germanywestcentral norwayeast "
    "swedencentral switzerlandnorth uaenorth southafricanorth centralindia eastasia southeastasia japaneast "
    "japanwest koreacentral australiaeast australiasoutheast italynorth"
).split()


def main():
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "SSL_CERT_FILE": f"{home}/ca.pem"}

        def emulated(*args):
            quiet = ["--cloud", "emulator", "--only-show-errors", "-o", "none"]
            subprocess.run([BINARY, *args, *quiet], env=env, check=True)

        emulated("update", "-n", "wingtip", "--data-endpoint-enabled")
        for region in REGIONS:
            emulated("replication", "create", "-r", "wingtip", "-l", region)
        server = subprocess.Popen(
            [BINARY, "emulator", "start", "--data-plane", "--cert-dir", home, "--fault", f"*=slow:{LATENCY * 1000:.0f}"],
            env=env, stdout=subprocess.PIPE, text=True)
        try:
            port = server.stdout.readline().split()[5].rstrip(".").rsplit(":", 1)[1]

            def check(*regions):
                """Wall time in s, memory in MiB, number of endpoints."""
                argv = ["/usr/bin/time", "-f", "%M", BINARY, "check-endpoints", "--login-server",
                        "wingtip-abc123def.azurecr.io", "--connect-to", f"::127.0.0.1:{port}"]
                start = time.perf_counter()
                ran = subprocess.run([*argv, *(["--region", *regions] if regions else [])], env=env,
                                     capture_output=True, text=True)
                wall = time.perf_counter() - start
                if ran.returncode:
                    raise SystemExit(ran.stdout + ran.stderr)
                return wall, int(ran.stderr.splitlines()[-1]) / 1024, len(json.loads(ran.stdout)["checks"])

            one = check()
            all_of_them = check("eastus", *REGIONS)
        finally:
            server.terminate()
            server.wait()
    for wall, memory, endpoints in (one, all_of_them):
        print(f"{endpoints:3} endpoints: {wall:6.3f} s, {memory:5.1f} MiB")
    # Twice the latency would mean that some endpoints had to wait for others.
    if all_of_them[2] != 32 or all_of_them[0] > 1.9 * LATENCY or all_of_them[1] > 20:
        raise SystemExit(f"missed: 32 endpoints in the time of the slowest one ({LATENCY} s), under 20 MiB")


main()
