"""Replays the real service's responses to `az acr` commands, to both `az` and az-acr, and compares the results.

recorded/*.json hold commands and the responses to each of their requests, with the project's own names. A response is
matched by method and path (ignoring case), in order, and by api-version if that tells responses apart. The comparison
covers stdout (byte for byte), the exit code, the lines of stderr that begin with `ERROR:` or `WARNING:`, and the
requests that change something, with their bodies. A step with "differs" differs on purpose, for the reason that it
gives, and must continue to differ.
"""

import http.server
import json
import os
import pathlib
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import run

HERE = pathlib.Path(__file__).parent


class Recording(http.server.BaseHTTPRequestHandler):
    """Answers the requests of one command."""

    protocol_version = "HTTP/1.1"
    answers, used, changes, unknown = [], set(), [], []

    @classmethod
    def play(cls, answers):
        cls.answers, cls.used, cls.changes, cls.unknown = answers, set(), [], []

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.command != "GET":
            self.changes.append((self.command, self.path.split("?")[0].lower(), json.loads(body or b"null")))
        found = self.find()
        if found is None:
            self.unknown.append(f"{self.command} {self.path}")
            return self.send(404, {}, {"error": {"code": "NotRecorded", "message": self.path}})
        origin = f"https://{self.headers['host']}"
        headers = {name: origin + value for name, value in found.get("headers", {}).items()}
        return self.send(found["status"], headers, found.get("body"))

    def find(self):
        """The next response to this request, or the last one if the request is repeated."""
        method, path, version = self.command, self.path.split("?")[0].lower(), api_version(self.path)
        same = [i for i, answer in enumerate(self.answers)
                if answer["request"].split()[0] == method and answer["request"].split()[1].split("?")[0].lower() == path]
        # A read after a change should not get a response from before it.
        change = max((i for i in self.used if not self.answers[i]["request"].startswith("GET ")), default=-1)
        later = [i for i in same if i > change]
        if method == "GET" and change >= 0 and not later:
            changed = self.answers[change]
            if changed["request"].split()[1].split("?")[0].lower() == path and changed["status"] == 200:
                # The recording did not read back what it had changed.
                return changed
        same = later or same
        unused = [i for i in same if i not in self.used]
        exact = [i for i in unused if api_version(self.answers[i]["request"]) == version]
        chosen = (exact or unused or same[-1:] or [None])[0]
        if chosen is None:
            return None
        self.used.add(chosen)
        return self.answers[chosen]

    def send(self, status, headers, body):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        # Without this header, the Python SDK waits for 30 s between two polls.
        headers = {**headers, "content-type": "application/json", "x-ms-retry-after-ms": "10"}
        for name, value in {**headers, "content-length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


def api_version(url):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).get("api-version", [None])[0]


def serve(directory):
    """Starts a server with its own certificate. Returns its URL."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", "replay.key", "-out", "replay.pem", "-subj", "/CN=localhost", "-days", "2",
                    "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"], cwd=directory, check=True, capture_output=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recording)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "replay.pem", directory / "replay.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"https://localhost:{server.server_port}"


def compare(world, step):
    """Describes the difference, or returns None."""
    args = shlex.split(step["command"])
    said = []
    for tool in (lambda: world.az(["acr", *args], {}), lambda: world.az_acr(args, {})):
        shutil.rmtree(world.azure)
        shutil.rmtree(world.directory / "home", ignore_errors=True)
        shutil.copytree(world.template, world.azure)
        Recording.play(step["answers"])
        code, stdout, stderr = tool()
        lines = [line for line in stderr.splitlines() if line.startswith(("ERROR:", "WARNING:"))
                 and line[9:].split(".")[0] not in run.OWN]
        said.append((code, stdout, lines, list(Recording.changes)))
        if Recording.unknown:
            return f"a request that was not recorded: {Recording.unknown}\n{stderr}"
    names = ("exit code", "stdout", "stderr", "requests")
    different = [f"{name}:\n  az:   {a}\n  ours: {b}" for name, a, b in zip(names, *said) if a != b]
    return "\n".join(different) or None


def main():
    binary, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        os.environ["AZURE_CONFIG_DIR"] = str(directory / "azure")  # az reads it when it is imported
        for module in run.PRELOADED:
            __import__(module)
        world = run.World(binary, directory)
        try:
            # The emulator provides the login; the recording replaces Azure Resource Manager.
            url = serve(directory)
            with (directory / "ca.pem").open("a") as bundle:
                bundle.write((directory / "replay.pem").read_text())
            world.login()
            for config in (world.azure, world.template):
                clouds = (config / "clouds.config").read_text()
                clouds = re.sub(r"(endpoint_resource_manager = ).*", rf"\g<1>{url}", clouds)
                (config / "clouds.config").write_text(clouds)
            passed, failures = 0, []
            for file in sorted(HERE.glob("recorded/*.json")):
                for step in json.loads(file.read_text()):
                    if wanted and not any(word in step["command"] for word in wanted):
                        continue
                    difference = compare(world, step)
                    if step.get("differs") and not difference:
                        failures.append(f"{file.name}: {step['command']}\nno longer differs")
                    elif difference and not step.get("differs"):
                        failures.append(f"{file.name}: {step['command']}\n{difference}")
                    else:
                        passed += 1
        finally:
            world.emulator.terminate()
            world.emulator.wait(10)
    print("\n\n".join(failures))
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
