"""Measures how fast `firewall-log` reads a log of squid, and its memory.

Usage: python3 tests/bench/firewall_log.py [target/release/az-acr] [megabytes]

The goal is 300 MB/s, or the speed at which the system hands out the file (`cat`), in at most 32 MiB. Needs GNU time. Fails if a goal is
missed.
"""

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

BINARY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/az-acr")
MEGABYTES = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
HOSTS = ["contoso.azurecr.io", "eastusmanaged1.blob.core.windows.net", "contoso.eastus.data.azurecr.io", "backups.blob.core.windows.net"]


def block(rng):
    """Some 14 MB of log, in which every tenth line concerns a registry."""
    lines = []
    for i in range(120_000):
        host = rng.choice(HOSTS) if i % 10 == 0 else f"host{rng.randrange(5_000)}.example.org"
        code = "TCP_DENIED/403" if rng.random() < 0.1 else "TCP_TUNNEL/200"
        client = f"10.1.{rng.randrange(8)}.{rng.randrange(250)}"
        lines.append(f"{1795996000 + i // 50}.{i % 1000:03} {rng.randrange(100_000):6} {client} {code} {rng.randrange(90_000)} "
                     f"CONNECT {host}:443 - HIER_DIRECT/93.184.216.34 -\n")
    return "".join(lines).encode()


def seconds(command):
    start = time.perf_counter()
    ran = subprocess.run(["/usr/bin/time", "-f", "%M", *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                         check=True)
    return time.perf_counter() - start, int(ran.stderr.splitlines()[-1]) / 1024


def main():
    with tempfile.TemporaryDirectory() as home:
        log = pathlib.Path(home, "access.log")
        part = block(random.Random(1))
        with log.open("wb") as file:
            for _ in range(max(1, MEGABYTES * 1_000_000 // len(part))):
                file.write(part)
        size = log.stat().st_size / 1e6
        raw = min(seconds(["cat", log])[0] for _ in range(3))
        runs = [seconds([BINARY, "firewall-log", log, "-o", "none", "--only-show-errors"]) for _ in range(3)]
    best, memory = min(time for time, _ in runs), max(memory for _, memory in runs)
    print(f"{size:.0f} MB: {size / best:.0f} MB/s (cat: {size / raw:.0f} MB/s), {memory:.1f} MiB")
    return 0 if size / best >= min(300, size / raw) and memory <= 32 else 1


sys.exit(main())
