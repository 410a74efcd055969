"""Counts the instructions of commands under callgrind and compares them with the table beside this file.

Usage: instructions.py AZ_ACR [--write]      needs valgrind; AZ_ACR is a release build

Counts do not wobble as times do, but they belong to a processor model and a compiler: where both are those of the table, a
count that is more than 5 % higher is a failure. Elsewhere, the counts are printed. `--write` replaces the table.
"""

import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

BINARY = os.path.abspath(sys.argv[1])
TABLE = pathlib.Path(__file__).with_name("instructions.json")
MOST = 1.05
EMULATED = ["--cloud", "emulator"]
COMMANDS = {
    "version": ["version"],
    "--help": ["--help"],
    "show-endpoints --help": ["show-endpoints", "--help"],
    "show-endpoints -n -g, emulated": [*EMULATED, "show-endpoints", "-n", "contoso", "-g", "contoso-rg"],
    "list -o table, emulated": [*EMULATED, "list", "-o", "table"],
    "firewall-rules --format squid, emulated": [*EMULATED, "firewall-rules", "-n", "contoso", "--planned", "--format", "squid"],
}


def machine():
    """The processor model and the compiler."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    return {"processor": model.group(1) if model else platform.machine(), "compiler": compiler}


def count(args):
    with tempfile.TemporaryDirectory() as home:
        ran = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={home}/out", BINARY, *args],
            env={"HOME": home, "PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True)
    return int(re.search(r"I\s+refs:\s+([\d,]+)", ran.stderr).group(1).replace(",", ""))


def main():
    if shutil.which("valgrind") is None:
        print("skipped: no valgrind")
        return 0
    here = machine()
    # Hash tables are seeded at random: the least of three.
    counts = {name: min(count(args) for _ in range(3)) for name, args in COMMANDS.items()}
    if "--write" in sys.argv:
        TABLE.write_text(json.dumps({**here, "counts": counts}, indent=2) + "\n")
    table = json.loads(TABLE.read_text())
    same = {key: table[key] for key in here} == here
    failed = False
    for name, instructions in counts.items():
        ratio = instructions / table["counts"][name]
        worse = same and ratio > MOST
        failed |= worse
        print(f"{name:42}{instructions:12,}{ratio:8.2f} of the table{'   MORE THAN 5 % ABOVE IT' if worse else ''}")
    if not same:
        print(f"not compared: the table is from {table['processor']}, {table['compiler']}")
    return 1 if failed else 0


sys.exit(main())
