"""Writes packaging/order.ld: the functions that common commands run, so that the linker lays them side by side.

Usage: python3 tests/bench/order.py      builds az-acr with symbols, three times, into target/order; needs valgrind and curl

Equal functions are merged under the name that sorts first, and names have hashes of crates, which depend on the flags of a
build and on the programs around it. So a packaged build keeps other names than `cargo build`, and both are traced. A third
build, with hashes of its own, shows most of the names that others keep.

A function that is not listed, or listed and no longer there, costs nothing but pages: run this from time to time, and
after large changes.
"""

import collections
import os
import pathlib
import re
import signal
import subprocess
import tempfile

import run

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = ROOT / "packaging/order.ld"
# Where this many functions share a name, most are not the one that ran.
COMMON = 250
# Names can have 700 characters. As many as these tell nearly all functions apart.
LONGEST = 160
# The builds that are traced: `cargo build --release`, the packaged binary, and one with other hashes.
BUILDS = ["plain", "packaged", "salted"]
NAMED = ["-n", "contoso"]
GROUPED = [*NAMED, "-g", "contoso-rg"]
COMMANDS = [
    ["version"],
    ["--help"],
    ["show-endpoints", "--help"],
    ["show-endpoints", *NAMED],
    ["show-endpoints", *GROUPED],
    ["show-endpoints", *GROUPED, "-o", "tsv", "--query", "loginServer"],
    ["show", *GROUPED, "-o", "yaml"],
    ["list", "-o", "table"],
    ["update", *GROUPED, "--data-endpoint-enabled", "false"],
    ["show-endpoints", *GROUPED],
    ["list-endpoints", "-o", "table"],
    ["firewall-rules", *GROUPED, "--planned", "--format", "squid"],
    ["replication", "list", "-r", "contoso", "-o", "table"],
]


def build(kind):
    """az-acr with symbols, and otherwise as it is built for use."""
    directory = ROOT / "target/order" / kind
    if kind == "packaged":
        subprocess.run([ROOT / "packaging/build.sh", "--symbols", directory], check=True)
        return str(next(directory.glob("*/release/az-acr")))
    env = {**os.environ, "CARGO_TARGET_DIR": str(directory)}
    if kind == "salted":
        env["RUSTFLAGS"] = "-C symbol-mangling-version=v0 -C metadata=salt"
    subprocess.run(["cargo", "rustc", "--release", "--quiet", "--bin", "az-acr", "--", "-C", "strip=none"], cwd=ROOT, env=env, check=True)
    return str(directory / "release/az-acr")


def pattern(symbol):
    """The symbol in a linker script, without what differs from build to build: hashes of crates, positions in the symbol, which
    depend on their lengths, numbers of copies, and the crate that needed an instance of a generic function, at the end."""
    symbol = re.sub(r"(\.llvm)?\.[0-9]+$", "", symbol)
    symbol = re.sub(r"Cs[0-9a-zA-Z]{7,12}_", "Cs*_", symbol)
    symbol = re.sub(r"B[0-9a-zA-Z]{0,3}_", "B*_", symbol)
    # These have some five instructions, which differ by the size of an element only.
    vector = re.match(r"_RNv[XM]s\w+_NtCs\*_5alloc7raw_vecINtB\*_6RawVec", symbol)
    if vector:
        return vector[0]
    crate = re.search(r"Cs\*_(\d+)_?(\w+)$", symbol)
    if crate and len(crate[2]) == int(crate[1]):
        return symbol[:crate.start()]
    return symbol.removesuffix("B*_")


def functions_of(binary):
    """How many functions of the binary have each name."""
    symbols = subprocess.run(["nm", binary], check=True, capture_output=True, text=True).stdout
    return collections.Counter(pattern(match[1]) for match in re.finditer(r"^\S+ [tTwW] (\S+)$", symbols, re.MULTILINE))


def executed(binary, args, env):
    with tempfile.TemporaryDirectory() as temporary:
        out = pathlib.Path(temporary) / "out"
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--compress-strings=no", "--demangle=no",
                        binary, *args], env=env, check=True, capture_output=True)
        return {pattern(match[1]) for match in re.finditer(r"^fn=(.*?)('\d+)?$", out.read_text(), re.MULTILINE)}


def train(binary):
    """The commands that run each function."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        env = {"HOME": temporary, "PATH": os.environ["PATH"], "AZURE_CONFIG_DIR": f"{temporary}/azure",
               "AZ_ACR_EMULATOR_STATE": f"{temporary}/state.json", "REQUESTS_CA_BUNDLE": f"{temporary}/ca.pem"}
        server = subprocess.Popen([binary, "emulator", "start", "--cert-dir", temporary], env=env,
                                  stdout=subprocess.PIPE, text=True)
        try:
            run.login(directory, server.stdout.readline().split()[5].rstrip("."))
            commands = collections.defaultdict(set)
            for number, args in enumerate(COMMANDS):
                for name in executed(binary, args, env):
                    commands[name].add(number)
            return commands
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(10)


def main():
    commands = collections.defaultdict(set)
    for kind in BUILDS:
        binary = build(kind)
        known = functions_of(binary)
        for name, numbers in train(binary).items():
            if 0 < known[name] <= COMMON:
                commands[name].update(numbers)
    names = sorted(commands, key=lambda name: (-len(commands[name]), sorted(commands[name]), name))
    shortened = dict.fromkeys(name[:LONGEST].rstrip("*") for name in names)
    lines = "\n".join(f"        *(.text*.{name}*)" for name in shortened)
    SCRIPT.write_text(
        "/* The functions that common commands run, those of most commands first. Written by tests/bench/order.py; see\n"
        f"   build.rs. */\nSECTIONS\n{{\n    .text.ordered :\n    {{\n{lines}\n    }}\n}}\nINSERT BEFORE .text;\n")
    print(f"{len(names)} names of functions")


if __name__ == "__main__":
    main()
