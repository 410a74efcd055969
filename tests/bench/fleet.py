"""Measures list-endpoints on fleets: time, requests and peak memory, beside the Azure CLI.

Usage: python3 tests/bench/fleet.py [target/release/az-acr [az]]

The server is the emulator with a fleet, 50 ms of latency for each request and the quota of Resource Graph (15 requests
in 5 s). What the pages themselves take is measured with a bare client that reads and drops them; where the quota
binds, its pace is the measure. The Azure CLI is measured if its path is given: 'az acr list' once for each subscription, and a loop of
'az acr show-endpoints', both extrapolated from a few runs. Needs GNU time. Fails if a goal is missed.
"""

import http.client
import json
import math
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import az_login  # noqa: E402

BINARY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/az-acr")
AZ = sys.argv[2] if len(sys.argv) > 2 else None
LATENCY = 0.05
QUOTA, WINDOW = 15, 5.0
PER_PAGE = 1_000
MEMORY_GOAL = 64


def login(home, url, ca):
    """The files of an Azure CLI that is logged in to the server."""
    az_login.write(pathlib.Path(home, ".azure"), url, "x.y.emulated", "00000000-0000-4000-8000-f1ee00000000")
    return {"HOME": home, "REQUESTS_CA_BUNDLE": ca, "PATH": os.environ["PATH"]}


def run(argv, env, code=None):
    """Wall time in s, memory in MiB, standard error."""
    start = time.perf_counter()
    ran = subprocess.run(["/usr/bin/time", "-f", "%M", *argv], env=env, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True)
    wall = time.perf_counter() - start
    if ran.returncode != (code or 0):
        raise SystemExit(ran.stderr)
    return wall, int(ran.stderr.splitlines()[-1]) / 1024, ran.stderr


def bare_seconds(url, ca, body):
    """Seconds in which a client that does nothing else reads all pages."""
    start = time.perf_counter()
    host = url.removeprefix("https://")
    connection = http.client.HTTPSConnection(host, context=ssl.create_default_context(cafile=ca))
    while True:
        connection.request(
            "POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01", json.dumps(body),
            {"content-type": "application/json", "authorization": "Bearer x.y.emulated"})
        answer = connection.getresponse()
        page = json.loads(answer.read())
        if answer.status != 200:
            raise SystemExit(page)
        if "$skipToken" not in page:
            return time.perf_counter() - start
        body["options"]["$skipToken"] = page["$skipToken"]


def az_seconds(home, lines):
    """Seconds of one 'az acr list' and of one 'az acr show-endpoints', each the mean of some runs."""
    env = {**os.environ, "HOME": home}
    script = "\n".join(line.replace("az ", f"{AZ} ", 1) if line.startswith("az ") else line for line in lines)
    exports = [line for line in lines if line.startswith("export ")]
    subprocess.run(["bash", "-ec", script], env=env, check=True, capture_output=True)

    def mean(command, count):
        start = time.perf_counter()
        for _ in range(count):
            subprocess.run(["bash", "-ec", "\n".join([*exports, f"{AZ} {command} -o none"])], env=env, check=True,
                           capture_output=True)
        return (time.perf_counter() - start) / count

    subscription = "--subscription 00000000-0000-4000-8000-f1ee00000000"
    return (mean(f"acr list {subscription}", 3),
            mean(f"acr show-endpoints -n fleet000000 {subscription}", 20))


def measure(count):
    with tempfile.TemporaryDirectory() as home:
        server = subprocess.Popen(
            [BINARY, "emulator", "start", "--fleet", str(count), "--data-plane", "--cert-dir", home,
             "--request-log", f"{home}/requests", "--fault", f"localhost=slow:{LATENCY * 1000:.0f}"],
            env={"HOME": home}, stdout=subprocess.PIPE, text=True)
        try:
            lines = []
            for line in server.stdout:
                lines.append(line.rstrip("\n"))
                if line.startswith("az login"):
                    break
            url = lines[0].split()[5].rstrip(".")
            env = login(home, url, f"{home}/ca.pem")
            argv = [BINARY, "list-endpoints", "--all-subscriptions", "--allow-partial", "--only-show-errors",
                    "-o", "jsonl"]
            wall, memory, _ = run(argv, env)
            log = [json.loads(line) for line in open(f"{home}/requests")]
            pages = [line["answer"] for line in log if "registries" in json.dumps(line["body"] or {})]
            rows = pages[0]["totalRecords"]
            # The quota binds when more requests are needed than it allows at once.
            graph = sum("resourcegraph" in line["path"].lower() for line in log)
            waits = math.ceil(graph / QUOTA) - 1
            pace = waits and waits * WINDOW + (graph - waits * QUOTA) * LATENCY
            first = next(line["body"] for line in log if "registries" in json.dumps(line["body"] or {}))
            if not pace:
                time.sleep(WINDOW)
            goal = pace or bare_seconds(url, f"{home}/ca.pem", first)
            azure = az_seconds(home, lines) if AZ else None
        finally:
            server.terminate()
            server.wait()
    subscriptions = math.ceil(count / 200)
    text = f"{count:10}{rows:10}{len(pages):7}{len(log):10}{wall:9.2f}{goal:9.2f}{memory:9.1f}"
    if azure:
        each, loop = azure[0] * subscriptions, azure[1] * count
        text += f"{each:14.0f}{loop:14.0f}{loop / wall:10.0f}"
    print(text, flush=True)
    return len(pages) == math.ceil(rows / PER_PAGE) and memory <= MEMORY_GOAL and wall <= goal * 1.15


def main():
    print("list-endpoints --all-subscriptions -o jsonl: seconds, what the pages take, peak memory")
    header = f"{'registries':>10}{'rows':>10}{'pages':>7}{'requests':>10}{'seconds':>9}{'pages, s':>9}{'MiB':>9}"
    print(header + (f"{'az list, s':>14}{'az loop, s':>14}{'x faster':>10}" if AZ else ""))
    results = [measure(count) for count in (1_000, 7_000, 10_000, 100_000)]
    if not all(results):
        raise SystemExit("a goal was missed")


main()
