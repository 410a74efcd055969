"""Writes docs/terminal.svg: what a terminal shows for a few commands in the emulated cloud.

Usage: python3 docs/terminal.py target/debug/az-acr [--check]

The commands run in a pseudo-terminal, so the picture has the real output with its colours. With --check, fails if the
picture differs from what is checked in.
"""

import html
import os
import pathlib
import pty
import re
import sys
import tempfile

BINARY = os.path.abspath(sys.argv[1])
PICTURE = pathlib.Path(__file__).with_name("terminal.svg")
RULES = """acl acr dstdomain contoso.azurecr.io contoso.eastus.data.azurecr.io
http_access allow acr
http_access deny all
"""
COMMANDS = [
    "az-acr --cloud emulator show-endpoints -n contoso --planned -o table",
    "az-acr --cloud emulator update -n contoso --data-endpoint-enabled --what-if -o table",
    "az-acr --cloud emulator firewall-rules -n contoso --planned --check squid.conf",
]
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "91": "#ff7b72"}
CELL, LINE, MARGIN = 8.4, 19, 16


def run(command, home):
    """What the terminal shows."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home)
        path = f"{home}/bin:/usr/bin:/bin"
        os.execve("/bin/sh", ["sh", "-c", command], {"HOME": home, "PATH": path, "TERM": "xterm-256color"})
    shown = b""
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:
            break
        if not read:
            break
        shown += read
    os.waitpid(pid, 0)
    text = shown.decode().replace("\r\n", "\n")
    # What spinners drew and erased.
    return re.sub(r"[^\n]*\x1b\[2K", "", re.sub(r"\x1b\[\d*[ABG]|\r", "", text)).rstrip("\n").split("\n")


def spans(line):
    """A line as (text, colour)."""
    colour = None
    for part in re.split(r"(\x1b\[\d*m)", line):
        if part.startswith("\x1b["):
            colour = COLOURS.get(part[2:-1])
        elif part:
            yield part, colour


def draw(lines):
    width = max(sum(len(text) for text, _ in line) for line in lines) * CELL + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" '
        f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">',
        '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
    ]
    for row, line in enumerate(lines):
        column = 0
        for text, colour in line:
            at = f'x="{MARGIN + column * CELL:.1f}" y="{MARGIN + (row + 0.75) * LINE:.1f}"'
            length = f'textLength="{len(text) * CELL:.1f}" lengthAdjust="spacingAndGlyphs"'
            if text.strip():
                shown = html.escape(text)
                svg.append(f'<text {at} {length} fill="{colour or "#e6edf3"}" xml:space="preserve">{shown}</text>')
            column += len(text)
    return "\n".join([*svg, "</svg>", ""])


def main():
    lines = []
    with tempfile.TemporaryDirectory() as home:
        os.mkdir(f"{home}/bin")
        os.symlink(BINARY, f"{home}/bin/az-acr")
        pathlib.Path(f"{home}/squid.conf").write_text(RULES)
        for command in COMMANDS:
            lines += [[("$ ", "#8b949e"), (command, "#ffffff")]]
            lines += [list(spans(line)) for line in run(command, home)] + [[]]
    picture = draw(lines[:-1])
    if "--check" not in sys.argv:
        PICTURE.write_text(picture)
    elif PICTURE.read_text() != picture:
        raise SystemExit("docs/terminal.svg is out of date: run python3 docs/terminal.py target/debug/az-acr")


main()
