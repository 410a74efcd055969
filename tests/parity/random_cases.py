"""Random queries and data: az-acr's output beside that of the libraries that `az` uses.

Usage: random_cases.py AZ_ACR [--count N] [--seed S]      needs the environment of run.sh (azure-cli)

Each case is data as a JMESPath literal and an expression on it, in one output format. jmespath.py and knack's formatters,
which are what `az --query … -o …` runs, say what has to come out. Random settings files of `az` go to configparser as well.

Left out, because the libraries differ there and nobody's script depends on it: empty keys and anchors of YAML, and in
tables wide characters, which az-acr aligns and `az` does not, empty rows beside cells of several lines,
and objects that the query makes inside lists, for which `az` shows Python's `OrderedDict([…])`.
"""

import argparse
import configparser
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import jmespath
from knack.output import format_json, format_table, format_tsv, format_yaml
from knack.util import CommandResultItem

FORMATS = {"json": format_json, "yaml": format_yaml, "table": format_table, "tsv": format_tsv}
KEYS = ["name", "id", "a", "b", "region", "tags", "Ü", "with space", "1", "yes", "camelCase", "x.y"]
TEXTS = ["", "contoso", "eastus", "true", "null", "~", "1", "1.5", "0x1F", "1e3", "2026-11-24", "12:30:00", "- x", "a: b", "#c", " lead", "trail ", "é", "日本",
         "\U0001f600", "two\nlines", "tab\there", "\x02", "\x7f", "quote\"s", "it's", "back\\slash", "*star", "&and", "!bang", "%p", "@at", "`tick",
         "a" * 90, "word " * 30, "\ufeff", "{}", "[]", "=", "<<", "yes", "No", "\U0001f600 " * 25 + "\x01", "\x01" + "wörd " * 30,
         "?", "-", ":", ".inf", "1_000", "0o7", "017", "+1", "trailing\n", "a\n\nb", "x #y", "x:y", "\t", "a \nb",
         "x\n  y", "\x02\x1b \x07" * 30, "😀 \t" * 30, "a\\b\"c\x02 " * 20]


def value(rng, depth=3):
    kind = rng.randrange(10 if depth else 6)
    match kind:
        case 0:
            return None
        case 1:
            return rng.choice([True, False])
        case 2:
            return rng.choice([0, 1, -1, 7, 443, 2**31, -2**53, 2**53 + 1, 2**63 - 1])
        case 3:
            return rng.choice([0.5, -1.25, 1e3, 1e16, 1e-7, 3.0, 0.1, 123456.789, 1e-5, 12345678901234567.0, rng.uniform(-1e6, 1e6), rng.random() * 10.0 ** rng.randrange(-20, 20)])
        case 4 | 5:
            return rng.choice(TEXTS)
        case 6 | 7:
            return [value(rng, depth - 1) for _ in range(rng.choice([0, 1, 2, 3]))]
        case _:
            return {key: value(rng, depth - 1) for key in rng.sample(KEYS, rng.choice([0, 1, 2, 4]))}


def rows(rng):
    """What commands usually return: a list of objects that are alike."""
    keys = rng.sample(KEYS, rng.randrange(1, 5))
    return [{key: value(rng, 1) for key in keys} for _ in range(rng.choice([0, 1, 2, 5]))]


def literal(data):
    return "`" + json.dumps(data, ensure_ascii=False).replace("`", "\\`") + "`"


def name(rng):
    return json.dumps(rng.choice(KEYS), ensure_ascii=False) if rng.random() < 0.5 else rng.choice(["name", "id", "a", "b", "region"])


def expression(rng, depth=3):
    if depth == 0:
        # A literal that is no JSON is a string.
        bare = f"`{rng.choice(['contoso', 'East US', ' eastus', '2026-11-24', 'a.b', 'True', '1.2.3', '*', ''])}`"
        return rng.choice(["@", name(rng), literal(value(rng, 0)), bare, "'raw'", "[0]", "[]", "[*]", "*"])
    sub = lambda: expression(rng, depth - 1)
    number = lambda: rng.choice(["", "0", "1", "-1", "2", "10"])
    step = lambda: rng.choice(["", ":", ":1", ":2", ":-1", ":0"])
    after = lambda: "".join(rng.choice(["", "[0]", "[]", "[*]", ".*", f".{name(rng)}", "[-1:]", f"[?{sub()}]", " | [0]", f".{{x: {name(rng)}}}", f".[{name(rng)}]"])
                            for _ in range(rng.randrange(4)))
    match rng.randrange(19):
        case 0 | 1:
            return f"{sub()} | {sub()}"
        case 2:
            return f"{name(rng)}.{name(rng)}"
        case 3:
            return f"{name(rng)}[{number() or '0'}]"
        case 4:
            return f"[{number()}:{number()}{step()}]"
        case 5:
            return f"[*].{rng.choice([name(rng), '[' + sub() + ']', '{x: ' + sub() + '}'])}"
        case 6:
            return f"[?{sub()} {rng.choice(['==', '!=', '<', '<=', '>', '>='])} {sub()}]"
        case 7:
            return f"({sub()}) {rng.choice(['&&', '||'])} ({sub()})"
        case 8:
            return f"!{rng.choice([name(rng), '@'])}"
        case 9:
            return "{" + ", ".join(f"{key}: {sub()}" for key in rng.sample(["x", "y", "name", '"1"'], rng.randrange(1, 4))) + "}"
        case 10:
            return f"[{', '.join(sub() for _ in range(rng.randrange(1, 4)))}]"
        case 11:
            return f"{rng.choice(['length', 'keys', 'values', 'type', 'to_string', 'to_number', 'to_array', 'sort', 'sum', 'max', 'min', 'reverse', 'abs', 'ceil', 'floor', 'avg', 'not_null'])}({sub()})"
        case 12:
            return f"{rng.choice(['sort_by', 'max_by', 'min_by', 'map'])}" + rng.choice([f"(@, &{name(rng)})", f"(&{name(rng)}, @)"])
        case 13:
            return f"{rng.choice(['starts_with', 'ends_with', 'join', 'merge', 'not_null'])}({sub()}, {sub()})"
        case 14:
            return f"{sub()}[]"
        case 15:
            return f"[].{{x: {sub()}, name: {name(rng)}}}{after()}"
        case 16:
            return f"{rng.choice(['@', '*', '[*]', '[]', name(rng), '(' + sub() + ')'])}{after()}"
        case 17:
            return f"contains({sub()}, {sub()}{rng.choice(['', '', ','])})"
        case _:
            return f"*.{name(rng)}"


def unshared(data):
    """A copy in which no object stands twice: YAML would have anchors."""
    if isinstance(data, dict):
        return type(data)((key, unshared(item)) for key, item in data.items())
    return [unshared(item) for item in data] if isinstance(data, list) else data


def expected(query, form):
    """What `az` prints, or `None` for an error."""
    try:
        result = jmespath.compile(query).search(None, jmespath.Options(OrderedDict))
    except Exception:  # noqa: BLE001: whatever it is, az ends with an error
        return None
    if result is None:
        return ""
    item = CommandResultItem(unshared(result), is_query_active=True)
    try:
        text = FORMATS[form](item)
        return SKIP if "OrderedDict(" in text else text
    except Exception:  # noqa: BLE001
        return None


SKIP = "skipped"


class Case:
    def __init__(self, seed):
        rng = random.Random(seed)
        self.form = rng.choice(list(FORMATS))
        data = rows(rng) if rng.random() < 0.5 else value(rng)
        steps = "" if rng.random() < 0.3 else " | " + expression(rng, rng.choice([1, 2, 3]))
        self.query, self.seed = literal(data) + steps, seed
        if self.form == "table":
            self.query = self.query.translate({ord(wide): "w" for wide in "日本\U0001f600\ufeff"}).replace("\\n", " ")
        self.want = expected(self.query, self.form)

    def run(self, binary, env):
        done = subprocess.run([binary, "--cloud", "emulator", "show", "-n", "contoso", "--query", self.query, "-o", self.form],
                              capture_output=True, env=env, timeout=60)
        got = done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
        if got is None and done.returncode not in (1, 2):
            got = f"exit code {done.returncode}: {done.stderr.decode()}"
        same = self.want == SKIP or got == self.want or (got is not None and self.want is not None and got.rstrip("\n") == self.want.rstrip("\n"))
        return None if same else (self, got, done.stderr.decode("utf-8", "replace"))


class Ini:
    """A settings file of `az`, read by configparser as knack reads it."""

    LINES = ["[core]", "[Core]", "[defaults]", "[DEFAULT]", "[core", "core]", "[ core ]", "[core] # x", "[]", "", "   ", "# a comment", "; another",
             "only_show_errors = {}", "only_show_errors={}", "Only_Show_Errors: {}", "only_show_errors", "only_show_errors =", "  only_show_errors = {}",
             "    {}", "\t{}", "  # inside", "size = json", "no equals", "= value", ": value", "%(size)s = x", "other = %(size)s",
             "only_show_errors = %(size)s", "key = a = b", "\x1c", "only_show_errors\x1f= {}", "key : c", "key with space = d"]
    VALUES = ["x", "a b", "true", "maybe", "50%", "50%%", "%(size)s", "x ; y", "x # y", "'q'", '"q"', "=", "a:b", "é", "1", "off", "\\n", "[x]"]

    def __init__(self, seed):
        rng = random.Random(seed)
        lines = [] if rng.random() < 0.1 else ["[core]"]
        lines += [rng.choice(self.LINES).format(rng.choice(self.VALUES)) if rng.random() < 0.9 else "[x]" for _ in range(rng.randrange(1, 9))]
        if rng.random() < 0.6:
            lines.insert(rng.randrange(len(lines) + 1), f"only_show_errors = {rng.choice(self.VALUES)}")
        self.text = rng.choice(["\n", "\n", "\n", "\r\n"]).join(lines) + rng.choice(["", "\n"])
        self.seed = seed
        config = configparser.ConfigParser()
        try:
            config.read_string(self.text.replace("\r\n", "\n"))
            self.want = config.get("core", "only_show_errors", fallback=None)
        except configparser.Error as error:
            self.want = error

    def run(self, binary, directory):
        azure = directory / str(self.seed)
        azure.mkdir()
        (azure / "config").write_text(self.text, newline="")
        done = subprocess.run([binary, "version"], capture_output=True, text=True, timeout=60,
                              env={"HOME": str(azure), "AZURE_CONFIG_DIR": str(azure)})
        if isinstance(self.want, configparser.Error):
            same = done.returncode == 1
        # An empty value counts as none.
        elif not self.want or self.want.lower() in ("1", "yes", "true", "on", "0", "no", "false", "off"):
            same = done.returncode == 0
        else:
            same = done.returncode == 1 and f"is set to '{self.want}'" in done.stderr
        return None if same else f"--- settings, seed {self.seed}\n{self.text!r}\n    configparser: {self.want!r}\n    az-acr: {done.returncode} {done.stderr!r}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=os.path.abspath)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, ThreadPoolExecutor(os.cpu_count()) as pool:
        env = {"HOME": home}
        cases = map(Case, range(options.seed, options.seed + options.count))
        wrong = [case for case in pool.map(lambda case: case.run(options.binary, env), cases) if case]
    for case, got, stderr in wrong[:8]:
        print(f"--- seed {case.seed}, -o {case.form}\n    query: {case.query}\n    az:     {case.want!r}\n    az-acr: {got!r} {stderr[:300]!r}")
    print(f"random queries and data: {options.count - len(wrong)} of {options.count} as az (from seed {options.seed})")
    with tempfile.TemporaryDirectory() as home, ThreadPoolExecutor(os.cpu_count()) as pool:
        files = map(Ini, range(options.seed, options.seed + options.count))
        damaged = [text for text in pool.map(lambda file: file.run(options.binary, pathlib.Path(home)), files) if text]
    print("\n".join(damaged[:8]))
    print(f"random settings files: {options.count - len(damaged)} of {options.count} as configparser")
    return 1 if wrong or damaged else 0


if __name__ == "__main__":
    sys.exit(main())
