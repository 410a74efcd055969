"""Faults at every request of every command: what a broken network or service does to az-acr.

Usage: run.py AZ_ACR [--short] [COMMAND…]      e.g. 'replication create'

A proxy stands between az-acr and the emulator's server and breaks the N-th request. For each case:
- az-acr ends in time, with an exit code of its own and one error; it does not panic;
- no token or statement of a login appears in its output;
- a write that the service has accepted is not sent again, and if it may have been accepted, the registry says so:
  what az-acr reports as done is done, and an error after an accepted write says that the change may have been made.
The commands that begin with "login" log in themselves; the others use a token of `az`.
`with-access` and `check-endpoints` ask the registry itself: tests/cli/networks.rs breaks its network.
Prints a table. The exit code is 1 if a case fails.
"""

import collections
import http.client
import itertools
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import az_login  # noqa: E402

AZ_ACR = os.path.abspath(sys.argv[1])
SHORT = "--short" in sys.argv
ONLY = [name for name in sys.argv[2:] if name != "--short"]
SUBSCRIPTION = "00000000-0000-4000-8000-0000000000ac"
SECRET = "se.cr.emulated"
LONGEST = 40

COMMANDS = {
    "show-endpoints": ["show-endpoints", "-n", "contoso"],
    "list": ["list"],
    "show": ["show", "-n", "contoso"],
    "update": ["update", "-n", "contoso", "--data-endpoint-enabled", "-o", "none"],
    "what-if": ["update", "-n", "contoso", "--data-endpoint-enabled", "--what-if"],
    "replication create": ["replication", "create", "-r", "contoso", "-l", "japaneast", "-o", "none"],
    "replication delete": ["replication", "delete", "-r", "contoso", "-n", "westus"],
    "replication list": ["replication", "list", "-r", "contoso"],
    "replication show": ["replication", "show", "-r", "contoso", "-n", "westus"],
    "replication update": ["replication", "update", "-r", "contoso", "-n", "westus", "--tags", "a=b", "-o", "none"],
    "network-rule list": ["network-rule", "list", "-n", "contoso"],
    "network-rule remove": ["network-rule", "remove", "-n", "contoso", "--ip-address", "203.0.113.7", "-o", "none"],
    "connection list": ["private-endpoint-connection", "list", "-r", "northwind"],
    "connection approve": ["private-endpoint-connection", "approve", "-r", "northwind", "-n", "northwind.5f6b7c8d", "-o", "none"],
    "firewall-log": ["firewall-log", "--azure-firewall", "hub-firewall"],
    "network-rule add": ["network-rule", "add", "-n", "contoso", "--ip-address", "203.0.113.7", "-o", "none"],
    "firewall-rules": ["firewall-rules", "-n", "contoso", "--planned"],
    "list-endpoints": ["list-endpoints", "--all-subscriptions"],
    "list-clients": ["list-clients", "-n", "contoso"],
    "show --raw": ["show", "-n", "contoso", "--raw"],
    "connection show": ["private-endpoint-connection", "show", "-r", "northwind", "-n", "northwind.5f6b7c8d"],
    "connection reject": ["private-endpoint-connection", "reject", "-r", "northwind", "-n", "northwind.5f6b7c8d", "-o", "none"],
    "connection delete": ["private-endpoint-connection", "delete", "-r", "northwind", "-n", "northwind.5f6b7c8d"],
    "list-endpoints of one": ["list-endpoints", "-n", "contoso"],
}
# Variables of the commands that log in themselves.
APP = {"AZURE_TOKEN_CREDENTIALS": "prod", "AZURE_TENANT_ID": az_login.TENANT, "AZURE_CLIENT_ID": "ci"}
STATEMENT = "sta.te.ment"
LOGINS = {
    "login: secret": lambda proxy, home: {**APP, "AZURE_CLIENT_SECRET": "emulator"},
    "login: workload": lambda proxy, home: {**APP, "AZURE_FEDERATED_TOKEN_FILE": str(home / "statement")},
    "login: GitHub": lambda proxy, home: {
        **APP, "AZURE_TOKEN_CREDENTIALS": "GitHubActionsCredential", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": SECRET,
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"https://localhost:{proxy.port}/oidc?v=1"},
}
COMMANDS |= {name: ["list"] for name in LOGINS}
FAULTS = ["reset", "reset after", "cut", "no end", "wrong length", "garbage", "500", "503 now", "429 now", "504 after", "503 after", "404 html", "204", "401", "deep", "slow"]


class Proxy:
    """Passes requests on, and breaks the one with this number, counted from 1."""

    def __init__(self, context, port):
        self.context, self.target = context, port
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.reset(None, 0)
        threading.Thread(target=self.accept, daemon=True).start()

    def reset(self, fault, number):
        self.fault, self.number, self.count = fault, number, 0
        self.writes = collections.Counter()
        self.secrets = {SECRET, STATEMENT}

    def accept(self):
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            client = self.context.wrap_socket(client, server_side=True)
            reader = client.makefile("rb")
            while self.one(client, reader):
                pass
        except (OSError, ValueError):
            pass
        finally:
            client.close()

    def one(self, client, reader):
        line = reader.readline()
        if not line:
            return False
        method, path, _ = line.decode().split(" ")
        headers = http.client.parse_headers(reader)
        body = reader.read(int(headers.get("content-length") or 0))
        self.count += 1
        fault = self.fault if self.count == self.number else None
        if fault == "reset":
            return self.tear(client)
        early = {"500": 500, "503 now": 503, "429 now": 429, "404 html": 404, "401": 401}.get(fault)
        if early:
            text = b"<html>no</html>" if fault == "404 html" else b'{"error": {"code": "Broken", "message": "injected"}}'
            retry = "Retry-After: 0\r\n" if fault.endswith("now") else ""
            client.sendall(f"HTTP/1.1 {early} X\r\n{retry}Content-Length: {len(text)}\r\n\r\n".encode() + text)
            return True
        if path.startswith("/oidc"):
            status, answer_headers, text = 200, [], json.dumps({"value": STATEMENT}).encode()
        else:
            status, answer_headers, text = self.forward(method, path, headers, body)
        self.secrets.update(re.findall(r'"access_token": ?"([^"]+)"', text.decode(errors="replace")))
        if method in ("PATCH", "PUT", "DELETE") and status < 400:
            self.writes[method] += 1
        if fault == "reset after":
            return self.tear(client)
        if fault == "garbage":
            text = b"\xff\x00{]" * 20
        if fault == "deep":
            text = b"[" * 100_000
        if fault in ("503 after", "504 after"):
            status, answer_headers, text = int(fault[:3]), [], b"<html>the gateway did not wait</html>"
        if fault == "204":
            status, text = 204, b""
        length = len(text) + 50 if fault in ("cut", "wrong length") else len(text)
        kept = "".join(f"{name}: {value}\r\n" for name, value in answer_headers if name.lower() in
                       ("azure-asyncoperation", "location", "retry-after", "content-type", "x-ms-user-quota-remaining"))
        kept = kept.replace(f"localhost:{self.target}", f"localhost:{self.port}")
        text = text.replace(f"localhost:{self.target}".encode(), f"localhost:{self.port}".encode())
        length = length if fault in ("cut", "wrong length") else len(text)
        client.sendall(f"HTTP/1.1 {status} X\r\n{kept}Content-Length: {length}\r\n\r\n".encode())
        if fault == "cut":
            client.sendall(text[: len(text) // 2])
            return self.tear(client)
        if fault == "slow":
            for start in range(0, len(text), max(1, len(text) // 5)):
                time.sleep(0.2)
                client.sendall(text[start:start + max(1, len(text) // 5)])
            return True
        if fault == "no end":
            client.sendall(text[:1])
            time.sleep(1)
            return self.tear(client)
        client.sendall(text)
        if fault == "wrong length":
            return self.tear(client)
        return True

    def tear(self, client):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        client.close()
        return False

    def forward(self, method, path, headers, body):
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("localhost", self.target, context=context, timeout=30)
        kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length", "accept-encoding")}
        connection.request(method, path, body or None, kept)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), text


def home(name, directory, proxy, ca):
    az_login.write(directory / ".azure", f"https://localhost:{proxy.port}", SECRET, SUBSCRIPTION)
    env = {"HOME": str(directory), "REQUESTS_CA_BUNDLE": str(ca), "PATH": "/usr/bin:/bin"}
    if name not in LOGINS:
        return env
    (directory / ".azure/msal_token_cache.json").unlink()
    (directory / "statement").write_text(STATEMENT)
    return env | LOGINS[name](proxy, directory)


def state(env_home):
    """What the emulator has, without az-acr's own reading of it."""
    path = env_home / ".local/state/az-acr/emulator.json"
    registries = json.loads(path.read_text())["registries"] if path.exists() else []
    return next((registry for registry in registries if registry["name"] == "contoso"), None)


def done(name, contoso):
    """Whether the emulator has the change of a command."""
    if contoso is None:
        return name not in ("update", "replication create", "replication delete", "network-rule add")
    locations = {replication["location"]: replication["provisioningState"] for replication in contoso["replications"]}
    return {
        "update": contoso["settings"]["dataEndpointEnabled"],
        "replication create": locations.get("japaneast") == "Succeeded",
        "replication delete": locations.get("westus") is None,
        "network-rule add": any(rule["value"] == "203.0.113.7" for rule in contoso["settings"]["ipRules"]),
    }.get(name, True)


def run(name, env, server_home, proxy):
    started = time.monotonic()
    try:
        ran = subprocess.run([AZ_ACR, *COMMANDS[name]], env=env, capture_output=True, text=True, errors="replace", timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return None, [f"it did not end within {LONGEST} s"]
    wrong = []
    if ran.returncode not in (0, 1, 2, 3) or "panicked" in ran.stderr:
        wrong.append(f"exit code {ran.returncode}: {ran.stderr[-300:]}")
    if any(secret in ran.stdout + ran.stderr for secret in proxy.secrets):
        wrong.append("a token was shown")
    if ran.returncode and not re.search(r"^ERROR: ", ran.stderr, re.M):
        wrong.append(f"no error for exit code {ran.returncode}: {ran.stderr[-300:]}")
    if ran.returncode and ran.stdout.strip():
        try:
            json.loads(ran.stdout)
        except ValueError:
            wrong.append(f"half an answer: {ran.stdout[-200:]}")
    if ran.returncode == 0 and not done(name, state(server_home)):
        wrong.append("it says that the change was made, and it was not")
    return (ran.returncode, time.monotonic() - started, ran.stderr), wrong


def main():
    failures, cases = [], 0
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        key, pem = az_login.certificate(root)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        server_home = root / "server"
        server_home.mkdir()
        server = subprocess.Popen([AZ_ACR, "emulator", "start", "--cert-dir", server_home / "tls"], stdout=subprocess.PIPE, text=True,
                                  env={"HOME": str(server_home)})
        try:
            port = int(re.search(r"localhost:(\d+)", server.stdout.readline()).group(1))
            proxy = Proxy(context, port)
            print(f"{'command':20} {'requests':>8} {'cases':>6} {'failed':>6} {'slowest':>8}")
            for name in ONLY or COMMANDS:
                # How many requests a run without faults needs.
                requests = None
                slowest, count, failed = 0, 0, 0
                numbers = itertools.chain([0], itertools.count(1))
                for number in numbers:
                    if requests is not None and number > min(requests, 2 if SHORT else 99):
                        break
                    faults = [None] if number == 0 else (FAULTS[number % 3::3] if SHORT else FAULTS)
                    for fault in faults:
                        (server_home / ".local/state/az-acr/emulator.json").unlink(missing_ok=True)
                        directory = root / "client"
                        subprocess.run(["rm", "-rf", directory], check=True)
                        env = home(name, directory, proxy, pem)
                        proxy.reset(fault, number)
                        result, wrong = run(name, env, server_home, proxy)
                        if number == 0:
                            requests = proxy.count
                            if result is None or result[0]:
                                wrong.append(f"it fails without a fault: {result and result[2][-300:]}")
                        if fault == "slow" and result and result[0]:
                            wrong.append(f"a slow answer is a failure: {result[2][-300:]}")
                        if result and result[0] and proxy.writes and not re.search("may have made|continues in Azure", result[2]):
                            wrong.append(f"it does not say that the change may have been made: {result[2][-300:]}")
                        if proxy.writes.total() > (2 if name.startswith("network-rule") else 1):
                            wrong.append(f"a write was repeated: {dict(proxy.writes)}")
                        count += 1
                        slowest = max(slowest, result[1] if result else LONGEST)
                        if wrong:
                            failed += 1
                            failures.append(f"{name}, request {number}, {fault}: {'; '.join(wrong)}")
                            print(failures[-1], flush=True)
                print(f"{name:20} {requests:8} {count:6} {failed:6} {slowest:7.1f}s", flush=True)
                cases += count
        finally:
            server.terminate()
            server.wait()
    print(f"{cases} cases, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
