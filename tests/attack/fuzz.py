"""Feeds damaged files to every reader of foreign bytes, through the binary.

Usage: fuzz.py AZ_ACR [--seconds N] [--seed S]

Each file of corpus/ is damaged at random (bytes, lines, tokens of other files, depth) and handed to the command that reads
such files; some are answers of Azure or of a registry, which a server gives. az-acr must end within 10 s with an exit code of
its own, without a panic, and with a short error. A file that breaks it is kept in target/fuzz, to be added to the corpus.
"""

import argparse
import hashlib
import http.server
import os
import pathlib
import random
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import az_login  # noqa: E402

CORPUS = pathlib.Path(__file__).with_name("corpus")
KEPT = pathlib.Path(__file__).parents[2] / "target/fuzz"
LONGEST, MOST_STDERR = 10, 200_000
LANGUAGES = {"list": "list", "json": "json", "squid": "squid", "squid2": "squid", "dnsmasq": "dnsmasq", "nftables": "nftables",
             "nft2": "nftables", "rpz": "rpz", "suricata": "suricata", "azure-firewall": "azure-firewall", "terraform": "terraform",
             "cilium": "cilium", "unbound": "unbound",
             **{name: name for name in ["paloalto", "fortigate", "aws-network-firewall", "iptables", "calico", "istio", "no-proxy", "haproxy", "envoy", "pac"]}}
# Answers of Azure.
ANSWERS = {"registry.json", "registries.json", "graph.json", "rows.json"}
# Answers of a registry, and the part of the path that they answer.
REGISTRY = {"challenge.http": "/v2/ ", "token.http": "/oauth2/", "manifest.http": "/manifests/", "throttled.http": "/manifests/", "blob.http": "/blobs/"}
TOKENS = [b"{", b"}", b"[", b"]", b"(", b")", b'"', b"'", b"\\", b"\0", b"\xff\xfe", b"${", b"*", b"%", b"\n", b"\r\n", b"-1", b"0x", b"99999999999999999999",
          b"1e999", b"\xe2\x80\xae", b"include ", b"$INCLUDE ", b"&a *a", b"!", b"<", b":", b";", b",", b"=", b"..", b"/", b"://", b"\xf0\x9f\x98\x80"]


def damaged(rng, text, others):
    data = bytearray(text)
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(9):
            case 0:
                if data:
                    data[at % len(data)] = rng.randrange(256)
            case 1:
                del data[at:at + rng.randrange(1, 40)]
            case 2:
                data[at:at] = rng.choice(TOKENS)
            case 3:
                data[at:at] = rng.choice(TOKENS) * rng.choice([2, 10, 300])
            case 4:
                piece = data[at:at + rng.randrange(1, 200)]
                data[at:at] = piece * rng.choice([1, 3, 50])
            case 5:
                lines = data.split(b"\n")
                rng.shuffle(lines)
                data = bytearray(b"\n".join(lines))
            case 6:
                other = rng.choice(others)
                start = rng.randrange(len(other) + 1)
                data[at:at] = other[start:start + rng.randrange(1, 300)]
            case 7:
                del data[at:]
            case 8:
                data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 30)))
    return bytes(data[:200_000])


def commands(name, path, home, registry):
    """The command lines that read a file of the corpus."""
    stem, ending = name.rsplit(".", 1)
    emulated = ["--cloud", "emulator"]
    azure = home / ".azure"
    match ending:
        case "rules":
            rules = [*emulated, "firewall-rules", "-n", "contoso", "-g", "contoso-rg", "--planned", "--check", path, "-o", "none"]
            return [rules, [*rules, "--from", LANGUAGES[stem]]]
        case "log":
            return [["firewall-log", path, "-o", "none"]]
        case "http":
            return [["check-endpoints", "--login-server", f"{registry[0]}.azurecr.io", "--timeout", "2", "--connect-to",
                     f"::127.0.0.1:{registry[1]}", "--pull", "hello"]]
        case "csv":
            return [[*emulated, "list-endpoints", "-o", "none", "--report", home / "r.md", "--exceptions", path]]
        case "txt":
            query = path.read_bytes().replace(b"\0", b"")
            return [[*emulated, "list", "--query", query.decode(errors="replace"), "-o", "yaml"]]
    match stem:
        case "state":
            return [[*emulated, "list", "-o", "none"], [*emulated, "show-endpoints", "-n", "contoso"]]
        case "registry":
            return [["show-endpoints", "-n", "contoso", "-g", "rg"], ["show", "-n", "contoso", "-g", "rg", "-o", "table"]]
        case "registries":
            return [["list", "-o", "table"]]
        case "graph":
            return [["list-endpoints", "-o", "none"]]
        case "rows":
            return [["firewall-log", "-o", "none", "--azure-firewall",
                     "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/azureFirewalls/hub"]]
        case "endpoints":
            return [["firewall-rules", "--endpoints", path, "--format", "squid"], ["check-endpoints", "--endpoints", path, "--region", "nowhere"]]
        case "clients":
            return [[*emulated, "list-endpoints", "-o", "none", "--report", home / "r.html", "--clients", path]]
    # Files of az: nothing listens where they lead.
    for other, target in [("config.ini", "config"), ("clouds.ini", "clouds.config"), ("profile.json", "azureProfile.json"),
                          ("tokens.json", "msal_token_cache.json")]:
        (azure / target).write_bytes(path.read_bytes() if other == name else (CORPUS / other).read_bytes())
    return [["show", "-n", "contoso", "-g", "rg"]]


class Azure(http.server.BaseHTTPRequestHandler):
    """Answers each home's requests with its file; the token says whose they are."""

    protocol_version = "HTTP/1.1"
    files = {}

    def do_GET(self):  # noqa: N802: http.server's name
        self.rfile.read(int(self.headers.get("content-length") or 0))
        body = self.files.get(self.headers.get("authorization", "").removeprefix("Bearer "), b"")
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Registry(socketserver.StreamRequestHandler):
    """A registry that needs no login, but gives the damaged answer in its place. The host says whose it is."""

    timeout = 5
    files = {}

    def handle(self):
        line, host, head = self.rfile.readline(1000).decode(), "", None
        while head not in ("\r\n", "\n", ""):
            head = self.rfile.readline(5000).decode(errors="replace")
            if head.lower().startswith("host:"):
                host = head.split(":")[1].strip()
        name, data = self.files.get(host.split(".")[0], ("", b""))
        if name not in REGISTRY or REGISTRY[name] not in line:
            data = self.usual(name, line)
        self.wfile.write(data.replace(b"contoso.azurecr.io", host.encode()))

    def usual(self, name, line):
        """The answer to a request that is not attacked. A token is asked for only after a challenge."""
        if name == "token.http" and REGISTRY["challenge.http"] in line:
            return (CORPUS / "challenge.http").read_bytes()
        files = (file for file in ("token.http", "manifest.http", "blob.http") if REGISTRY[file] in line)
        file = next(files, None)
        return (CORPUS / file).read_bytes() if file else b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def serve(server, directory, host):
    """Starts a server. Returns its port and certificate."""
    key, pem = az_login.certificate(directory, host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1], pem


def one(job):
    az_acr, seed, (port, pem), (registry, registry_pem) = job
    rng = random.Random(seed)
    files = sorted(CORPUS.iterdir())
    chosen = rng.choice(files)
    data = damaged(rng, chosen.read_bytes(), [file.read_bytes() for file in files])
    with tempfile.TemporaryDirectory() as root:
        home = pathlib.Path(root)
        (home / ".azure").mkdir()
        path = home / chosen.name
        path.write_bytes(data)
        env = {"HOME": root, "PATH": "/nowhere", "HTTPS_PROXY": "http://127.0.0.1:9"}
        if chosen.name in ANSWERS:
            Azure.files[str(seed)] = data
            az_login.write(home / ".azure", f"https://localhost:{port}", str(seed), "s")
            env |= {"NO_PROXY": "localhost", "REQUESTS_CA_BUNDLE": str(pem)}
        elif chosen.name in REGISTRY:
            Registry.files[f"r{seed}"] = (chosen.name, data)
            env |= {"HTTPS_PROXY": "", "SSL_CERT_FILE": str(registry_pem)}
        elif chosen.name == "state.json":
            env["AZ_ACR_EMULATOR_STATE"] = str(path)
        for command in commands(chosen.name, path, home, [f"r{seed}", str(registry)]):
            wrong = None
            try:
                ran = subprocess.run([az_acr, *command], env=env, cwd=root, capture_output=True, timeout=LONGEST, stdin=subprocess.DEVNULL)
                if ran.returncode not in (0, 1, 2, 3) or b"panicked" in ran.stderr:
                    wrong = f"exit code {ran.returncode}: {ran.stderr[-400:]}"
                elif len(ran.stderr) > MOST_STDERR:
                    wrong = f"{len(ran.stderr)} bytes of errors"
            except subprocess.TimeoutExpired:
                wrong = f"it did not end within {LONGEST} s"
            if wrong:
                KEPT.mkdir(parents=True, exist_ok=True)
                kept = KEPT / f"{hashlib.sha256(data).hexdigest()[:12]}-{chosen.name}"
                kept.write_bytes(data)
                return f"seed {seed}, {chosen.name}, kept as {kept}: {wrong}"
    Azure.files.pop(str(seed), None)
    Registry.files.pop(f"r{seed}", None)
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("az_acr", type=os.path.abspath)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    deadline, count, failures = time.monotonic() + options.seconds, 0, []
    with tempfile.TemporaryDirectory() as root, ThreadPoolExecutor(os.cpu_count()) as pool:
        azure = serve(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Azure), pathlib.Path(root), "localhost")
        registry = serve(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Registry), pathlib.Path(root), "*.azurecr.io")
        while time.monotonic() < deadline and len(failures) < 20:
            batch = [(options.az_acr, seed + count + i, azure, registry) for i in range(64)]
            failures += [failure for failure in pool.map(one, batch) if failure]
            count += len(batch)
    for failure in failures:
        print(failure)
    print(f"{count} damaged files from seed {seed}: {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
