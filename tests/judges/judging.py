"""What the comparisons with real programs share: the questions, the verdicts, and the table at the end.

A file is green when az-acr ends with 0. It is a false green if the real program then refuses a needed host, lets a
stranger through, or does not start; and so is every answer "ok" that is wrong. It is a false alarm if the program opens
exactly what is needed, and az-acr says that something is missing, denied, too broad or invalid; and so is every such
answer that is wrong.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile

NEEDED = ["contoso.azurecr.io", "contoso.eastus.data.azurecr.io", "contoso.westus.data.azurecr.io"]
STRANGERS = [
    "evilaccount.blob.core.windows.net", "abc9.blob.core.windows.net", "zzz9.blob.core.windows.net",
    "eastusmanaged7.blob.core.windows.net", "evil.azurecr.io", "acontoso.azurecr.io", "contosox.azurecr.io",
    "zzz.azurecr.io", "k7k7k.azurecr.io", "7up77.blob.core.windows.net", "a5a5a.northeurope.data.azurecr.io",
    "evil.eastus.data.azurecr.io", "acontoso.westus.data.azurecr.io", "some-unrelated-site.com",
]
# Domains that rules are written about, from the widest to the narrowest.
DOMAINS = [
    "io", "net", "azurecr.io", "data.azurecr.io", "eastus.data.azurecr.io", "westus.data.azurecr.io",
    "blob.core.windows.net", "core.windows.net", "windows.net", "com", "example.com",
]
OTHER_HOSTS = ["mirror.blob.core.windows.net", "fabrikam.azurecr.io", "contoso.japaneast.data.azurecr.io"]


class Real:
    """What the real program does: `None` for a program that does not start."""

    def __init__(self, needed, open_to, passes):
        self.needed, self.open_to, self.passes = needed, open_to, passes


def check(az_acr, directory, files, *options):
    """Runs az-acr on files. Returns the exit code, the report or `None`, and all that it wrote."""
    endpoints = {"loginServer": NEEDED[0], "dataEndpoints": [
        {"region": name.split(".")[1], "endpoint": name} for name in NEEDED[1:]]}
    (directory / "endpoints.json").write_text(json.dumps(endpoints))
    done = subprocess.run(
        [az_acr, "firewall-rules", "--endpoints", directory / "endpoints.json", "--check", *files, *options, "-o", "json"],
        capture_output=True, text=True, env={"HOME": str(directory), "AZURE_CLOUD_NAME": "AzureCloud"})
    report = json.loads(done.stdout) if done.stdout else None
    return done.returncode, report, done.stdout + done.stderr


def hosts_of(report):
    """The hosts that a real program has to be asked about."""
    found = [(f["fqdn"], f["port"]) for f in (report or {}).get("tooBroad", [])]
    return found, sorted({*NEEDED, *STRANGERS, *(host for host, _ in found)})


def compare(code, report, real):
    """The kind of agreement, and what differs."""
    if real is None:
        return ("false green" if code == 0 else "refused by both"), ""
    exact = all(real.needed.values()) and not real.open_to
    if code == 0:
        return ("agreed: green" if exact else "false green"), f"{real.needed} {real.open_to}"
    if report is None:
        return ("false alarm" if exact else "invalid, and not right"), ""
    wrong = [f["fqdn"] for f in report["ok"] if not real.needed[f["fqdn"]]]
    if wrong:
        return "false green", f"not ok: {wrong}"
    wrong = [f["fqdn"] for f in report["missing"] + report["denied"] if real.needed[f["fqdn"]]]
    wrong += [f"{f['fqdn']}:{f['port']}" for f in report["tooBroad"] if not real.passes(f["fqdn"], f["port"])]
    if wrong:
        return "false alarm", f"passes, or not: {wrong}"
    if report["missing"] or report["denied"] or report["tooBroad"]:
        return "agreed: red", ""
    return ("unjudged, and right" if exact else "unjudged, and not right"), ""


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("az_acr", type=os.path.abspath)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    options.seed = random.randrange(2**32) if options.seed is None else options.seed
    return options


def one(judge, seed):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="judge"))
    os.chmod(directory, 0o777)
    try:
        return judge(random.Random(seed), directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def run(name, options, judge):
    """Judges many files and prints the counts. `judge(rng, directory)` returns a kind, constructs and a description."""
    kinds, constructs, shown = collections.Counter(), collections.Counter(), 0
    seeds = range(options.seed, options.seed + options.count)
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        results = pool.map(lambda seed: one(judge, seed), seeds)
        for seed, (kind, used, description) in zip(seeds, results):
            kinds[kind] += 1
            constructs.update(used)
            if kind.startswith("false") and shown < 5:
                shown += 1
                print(f"--- {kind}, {name} seed {seed}: {description}")
            elif os.environ.get("SHOW") == kind and shown < 5:
                shown += 1
                print(f"--- {kind}, {name} seed {seed}: {description}")
    exact = kinds["agreed: green"] + kinds["unjudged, and right"]
    print(f"{name}: {options.count} from seed {options.seed}")
    for kind, count in sorted(kinds.items()):
        print(f"  {kind}: {count}")
    print(f"  of {exact} that open exactly what is needed, {kinds['unjudged, and right']} are unjudged")
    print("  constructs: " + ", ".join(f"{name} {count}" for name, count in sorted(constructs.items())))
    # A share says nothing about a few files.
    too_many_unjudged = exact >= 100 and kinds["unjudged, and right"] * 10 > exact
    too_many_alarms = kinds["false alarm"] > max(1, options.count / 100)
    return not (kinds["false green"] or too_many_alarms or too_many_unjudged)
