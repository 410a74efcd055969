"""Types into real shells and presses Tab.

Usage: python3 tests/completion/shells.py az-acr. Needs pexpect. A shell that is not installed is skipped.
"""

import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

import pexpect

BINARY = pathlib.Path(sys.argv[1]).resolve()
# What is typed, and what appears after Tab: whole words that must be there, and words that must not.
CASES = [
    ("az-acr rep", ["replication"], []),
    ("az-acr show-e", ["show-endpoints"], []),
    ("az-acr show-endpoints --pl", ["--planned"], []),
    ("az-acr show-endpoints -n con", ["contoso"], ["content.txt"]),
    ("az-acr replication create -r fab", ["fabrikam"], []),
    ("az-acr show-endpoints --planned --with-region japan", ["japaneast", "japanwest"], []),
    ("az-acr --cloud emu", ["emulator"], []),
    ("az-acr list --subscription 1111", ["11111111-1111-1111-1111-111111111111"], []),
    ("az-acr list -o js", ["json", "jsonc", "jsonl"], []),
    ("az-acr firewall-rules --format ter", ["terraform"], []),
    ("az-acr firewall-rules --check con", ["content.txt"], ["contoso"]),
    ("az-acr update --tags con", [], ["content.txt", "contoso"]),
    ("az-acr emulator st", ["start"], []),
]
ESCAPES = re.compile(r"\x1b\[[0-9;?=>]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|[\r\x07]")


def home(directory):
    """A user's home with a profile, a hint file, a file and the binary in PATH."""
    path = pathlib.Path(directory)
    (path / "bin").mkdir()
    (path / "bin" / "az-acr").symlink_to(BINARY)
    (path / "content.txt").write_text("")
    (path / ".azure").mkdir()
    (path / ".azure" / "azureProfile.json").write_text(json.dumps({"subscriptions": [{
        "id": "11111111-1111-1111-1111-111111111111", "name": "One", "environmentName": "AzureCloud"}]}))
    (path / ".cache" / "az-acr").mkdir(parents=True)
    (path / ".cache" / "az-acr" / "registries.json").write_text(json.dumps(
        {"https://arm s contoso": "rg", "https://arm s fabrikam": "rg"}))
    return {"HOME": directory, "PATH": f"{directory}/bin:/usr/bin:/bin", "TERM": "xterm", "LC_ALL": "C.UTF-8",
            "ZDOTDIR": directory, "XDG_CONFIG_HOME": f"{directory}/.config"}


def start(shell, env):
    if shell == "bash":
        child = pexpect.spawn("bash", ["--norc", "--noprofile", "-i"], env=env, cwd=env["HOME"], encoding="utf-8",
                              dimensions=(50, 160))
        setup = ["bind 'set enable-bracketed-paste off'", "bind 'set bell-style none'", "PS1='READY> '",
                 "eval \"$(az-acr completion bash)\""]
    elif shell == "zsh":
        child = pexpect.spawn("zsh", ["-f", "-i"], env=env, cwd=env["HOME"], encoding="utf-8", dimensions=(50, 160))
        setup = ["PS1='READY> '", "unsetopt BEEP ZLE_BRACKETED_PASTE", "setopt AUTO_LIST NO_ALWAYS_TO_END",
                 "autoload -Uz compinit && compinit -u", "eval \"$(az-acr completion zsh)\""]
    else:
        child = pexpect.spawn("fish", ["--no-config", "-i"], env=env, cwd=env["HOME"], encoding="utf-8",
                              dimensions=(50, 160))
        setup = ["function fish_prompt; echo -n 'READY> '; end", "set -g fish_greeting", "az-acr completion fish | source"]
    for line in setup:
        child.sendline(line)
    child.sendline("echo set'-'up")
    child.expect("set-up", timeout=20)
    return child


def screen(child):
    """What the shell writes until it is quiet."""
    text = ""
    while True:
        try:
            text += child.read_nonblocking(4096, timeout=0.4)
        except pexpect.TIMEOUT:
            return ESCAPES.sub("", text)


def check(shell, env):
    failures = []
    child = start(shell, env)
    screen(child)
    for typed, wanted, unwanted in CASES:
        child.send(typed)
        screen(child)
        # The first Tab completes what is certain; the next ones list the rest.
        child.send("\t\t\t" if shell == "bash" else "\t\t")
        after = typed.split()[-1] + screen(child)
        # Ctrl-C leaves the line.
        child.send("\x03")
        screen(child)
        for word in wanted:
            if word not in after:
                failures.append(f"{shell}: '{typed}' does not offer {word}: {after!r}")
        for word in unwanted:
            if word in after:
                failures.append(f"{shell}: '{typed}' offers {word}: {after!r}")
    child.close(force=True)
    return failures


def main():
    failures = []
    for shell in ("bash", "zsh", "fish"):
        if not shutil.which(shell):
            print(f"skipped: {shell} is not installed")
            continue
        with tempfile.TemporaryDirectory() as directory:
            found = check(shell, home(directory))
        print(f"{shell}: {len(CASES)} cases, {len(found)} failures")
        failures += found
    if failures:
        raise SystemExit("\n".join(failures))


main()
