"""Compares what `firewall-rules --check` says about random rules with what a real Suricata does.

Usage: suricata.py AZ_ACR [--count N] [--seed S]      needs suricata 7 and openssl

Suricata reads made connections from a file and says which it would drop (`--simulate-ips`): a TLS handshake with each host,
once with the ClientHello in one segment and once in two, and a plain HTTP request. A needed host must pass both ways, a
stranger neither. The exit code is 1 if there is a false green, or more than 1 % false alarms (see judging.py).
"""

import functools
import json
import shutil
import ssl
import struct
import subprocess
import sys
import tempfile

from judging import NEEDED, OTHER_HOSTS, STRANGERS, Real, arguments, check, compare, hosts_of, run

CONFIG = """%YAML 1.1
---
vars:
  address-groups:
    HOME_NET: "[10.0.0.0/8]"
    EXTERNAL_NET: "!$HOME_NET"
  port-groups:
    HTTP_PORTS: "80"
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      types: [{drop: {flows: all}}, flow]
app-layer:
  protocols:
    tls: {enabled: yes}
    http: {enabled: yes}
stream: {inline: auto}
"""


@functools.cache
def certificate():
    directory = tempfile.mkdtemp(prefix="judge")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{directory}/key",
                    "-out", f"{directory}/cert", "-subj", "/CN=judge", "-days", "2"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{directory}/cert", f"{directory}/key")
    shutil.rmtree(directory)
    return context


@functools.cache
def handshake(host):
    """What both sides of a TLS connection send: (from the client?, bytes)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname=host)
    server = certificate().wrap_bio(to_server, to_client, server_side=True)
    # Each side reads from its own queue: the bytes are copied between them, and kept.
    client_in, client_out, server_in, server_out = ssl.MemoryBIO(), ssl.MemoryBIO(), ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(client_in, client_out, server_hostname=host)
    server = certificate().wrap_bio(server_in, server_out, server_side=True)
    sent = []
    for _ in range(4):
        for side, out, other, is_client in [(client, client_out, server_in, True), (server, server_out, client_in, False)]:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            data = out.read()
            if data:
                other.write(data)
                sent.append((is_client, data))
    return sent


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(from_client, client_port, port, seq, ack, flags, data=b""):
    client, server = bytes([10, 0, 0, 5]), bytes([203, 0, 113, 7])
    source, target = (client, server) if from_client else (server, client)
    ports = (client_port, port) if from_client else (port, client_port)
    tcp = struct.pack("!HHIIBBHHH", *ports, seq, ack, 5 << 4, flags, 64240, 0, 0) + data
    pseudo = source + target + struct.pack("!BBH", 0, 6, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0, source, target)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return header + tcp


def connection(client_port, port, messages):
    """The packets of a TCP connection."""
    client, server = 1000, 5000
    packets = [packet(True, client_port, port, client, 0, 0x02), packet(False, client_port, port, server, client + 1, 0x12)]
    client, server = client + 1, server + 1
    packets.append(packet(True, client_port, port, client, server, 0x10))
    for from_client, data in messages:
        for at in range(0, len(data), 1400):
            part = data[at:at + 1400]
            if from_client:
                packets.append(packet(True, client_port, port, client, server, 0x18, part))
                client += len(part)
                packets.append(packet(False, client_port, port, server, client, 0x10))
            else:
                packets.append(packet(False, client_port, port, server, client, 0x18, part))
                server += len(part)
                packets.append(packet(True, client_port, port, client, server, 0x10))
    packets.append(packet(True, client_port, port, client, server, 0x11))
    packets.append(packet(False, client_port, port, server, client + 1, 0x11))
    packets.append(packet(True, client_port, port, client + 1, server + 1, 0x10))
    return packets


def capture(path, hosts):
    """Writes connections to hosts. Returns the client port of each (host, port, segments)."""
    ports, packets = {}, []
    for host in hosts:
        messages = handshake(host)
        hello = messages[0][1]
        # The name stands early in the hello, so cut before it, as a long key share would.
        at = max(60, hello.index(host.encode()) - 20)
        cut = [(True, hello[:at]), (True, hello[at:])] + messages[1:]
        request = f"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: judge\r\n\r\n".encode()
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        for key, messages in [((host, 443, 1), messages), ((host, 443, 2), cut), ((host, 80, 1), [(True, request), (False, answer)])]:
            ports[key] = 40000 + len(ports)
            packets += connection(ports[key], key[1], messages)
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for number, data in enumerate(packets):
            file.write(struct.pack("<IIII", 1_700_000_000 + number // 1000, number % 1000 * 1000, len(data), len(data)) + data)
    return ports


class Generator:
    """Random rules. Most begin as some that are right, and are then damaged."""

    def __init__(self, rng):
        self.rng, self.constructs, self.sid = rng, set(), 1

    def used(self, construct):
        self.constructs.add(construct)

    def rule(self, header, options):
        self.sid += 1
        return f"{header} ({options} sid:{self.sid};)"

    def name(self, host):
        way = self.rng.choice(["both", "both", "bsize", "pcre", "dotted", "depth", "hex", "isdataat"])
        self.used(f"name by {way}")
        escaped = host.replace(".", "\\.")
        return {
            "both": f'content:"{host}"; startswith; endswith;', "bsize": f'content:"{host}"; bsize:{len(host)};',
            "pcre": f'pcre:"/^{escaped}$/";', "dotted": f'dotprefix; content:".{host}"; startswith; endswith;',
            "depth": f'content:"{host}"; depth:{len(host)}; endswith;',
            "hex": f'content:"{host.replace(".", "|2e|")}"; nocase; startswith; endswith;',
            "isdataat": f'content:"{host}"; startswith; isdataat:!1,relative;',
        }[way]

    def passes(self):
        rng = self.rng
        rules = []
        for host in NEEDED:
            header = rng.choice(["pass tls any any -> any any", "pass tls $HOME_NET any -> $EXTERNAL_NET 443", "pass tls any any -> any 443",
                                 "pass tcp any any -> any 443"])
            flow = rng.choice(["", "flow:to_server; ", "flow:established,to_server; ", "ssl_state:client_hello; "])
            sni = rng.choice(["tls.sni; "] * 5 + ["tls_sni; "])
            rules.append(self.rule(header, f'msg:"a; b"; {flow}{sni}{self.name(host)}'.replace("a; b", "a\\; b")))
        return rules

    def closing(self):
        way = self.rng.choice(["client_hello", "client_hello", "established", "bare", "sni", "none"])
        self.used(f"closed by {way}")
        http = [] if self.rng.random() < 0.2 else [self.rule("drop http any any -> any any", self.rng.choice(["", "flow:to_server;"]))]
        return http + {
            "client_hello": [self.rule("drop tls any any -> any any", "ssl_state:client_hello;")],
            "established": [self.rule(f"{self.rng.choice(['drop', 'reject'])} {self.rng.choice(['tls', 'tcp'])} any any -> any 443",
                                      "flow:to_server,established;")],
            "bare": [self.rule("drop tls any any -> any any", self.rng.choice(["", "flow:to_server;"]))],
            "sni": [self.rule("drop tls any any -> any any", 'tls.sni; pcre:"/./";')],
            "none": [],
        }[way]

    def noise(self):
        rng = self.rng
        name = rng.choice(NEEDED + OTHER_HOSTS + ["azurecr.io", ".azurecr.io", ".data.azurecr.io", ".blob.core.windows.net", "contoso", "CONTOSO"])
        action = rng.choice(["pass", "drop", "drop", "alert", "reject", "DROP"])
        kind = rng.choice(["sni"] * 6 + ["header"] * 3 + ["http", "broken", "twice", "comment", "rare"])
        self.used(kind)
        match kind:
            case "sni":
                sign = rng.choice(["", "", "", "!"])
                modifiers = rng.choice(["", "endswith;", "startswith;", "nocase;", "startswith; endswith;", "nocase; endswith;", "offset:3;",
                                        "depth:30;", "offset:2; depth:20;"])
                self.used(f"sni {sign}{modifiers}")
                prefix = "dotprefix; " if rng.random() < 0.2 else ""
                return self.rule(f"{action} tls any any -> any any", f'tls.sni; {prefix}content:{sign}"{name}"; {modifiers}')
            case "header":
                header = rng.choice(["tcp any any -> any 443", "tcp any any -> any 80", "ip any any -> any any", "tls any any -> any any",
                                     "tcp any 443 -> any any", "tls any 443 -> any any", "tcp any any -> any !443", "tcp any any <> any 443",
                                     "tls $EXTERNAL_NET any -> $HOME_NET any", "udp any any -> any 443", "tcp any any -> any [80,8080]",
                                     "http any any -> any any", "tcp $HOME_NET any -> $EXTERNAL_NET [1:1024]"])
                self.used(f"{action.lower()} {header}")
                return self.rule(f"{action} {header}", rng.choice(["", "", "flow:established;", "flow:to_server;", "flow:to_client;"]))
            case "http":
                return self.rule(f"{action} http any any -> any any", f'http.host; content:"{name}"; {rng.choice(["", "endswith;"])}')
            case "broken":
                return self.rule(f"{action} tls any any -> any any",
                                 rng.choice(['tls.sni; nocase; content:"x";', "unknown_keyword:1;", 'tls.sni; content:"x"; startswith; depth:3;']))
            case "twice":
                return f"{action} tls any any -> any any (tls.sni; content:\"{name}\"; sid:2;{rng.choice(['', ' rev:2;'])})"
            case "comment":
                return "# " + self.rule("drop ip any any -> any any", "")
            case "rare":
                return self.rule(f"{action} tls any any -> any any", rng.choice(["flowbits:isset,x;", "tls.version:1.3;", f'content:"{name}";']))

    def rules(self):
        rng = self.rng
        rules = (self.passes() if rng.random() < 0.9 else []) + self.closing()
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3])):
            rules.insert(rng.randint(0, len(rules)), self.noise())
        if rng.random() < 0.2:
            rules = [rule.replace("; ", "; \\\n    ", 1) for rule in rules]
        return "\n".join(rules) + "\n"


def denied_flows(directory):
    """The client ports of the connections that Suricata drops."""
    dropped, actions, single = set(), {}, set()
    for line in (directory / "eve.json").read_text().splitlines():
        event = json.loads(line)
        client = event.get("src_port") if event.get("src_ip") == "10.0.0.5" else event.get("dest_port")
        if event["event_type"] == "flow":
            actions[client] = event["flow"].get("action")
        elif event["event_type"] == "drop":
            is_data = event["drop"].get("ack") and not event["drop"].get("syn")
            (single if is_data and event["drop"].get("reason") == "rules" else dropped).add(client)
    return dropped | {port for port, action in actions.items() if action == "drop"} | {
        port for port in single if actions.get(port) != "pass"}


def judge(suricata, az_acr, rng, directory):
    generator = Generator(rng)
    rules = generator.rules()
    (directory / "rules.rules").write_text(rules)
    (directory / "s.yaml").write_text(CONFIG)
    code, report, text = check(az_acr, directory, [directory / "rules.rules"], "--from", "suricata")
    _, hosts = hosts_of(report)
    ports = capture(directory / "t.pcap", hosts)
    done = subprocess.run([suricata, "-c", directory / "s.yaml", "-S", directory / "rules.rules", "-r", directory / "t.pcap", "-l", directory,
                           "--simulate-ips", "-k", "all"], capture_output=True, text=True)
    if done.returncode != 0 or not (directory / "eve.json").exists():
        return "Suricata failed", generator.constructs, done.stderr
    denied = denied_flows(directory)
    allowed = {key: port not in denied for key, port in ports.items()}
    needed = {host: allowed[host, 443, 1] and allowed[host, 443, 2] for host in NEEDED}
    passes = lambda host, port: allowed[host, port, 1] or allowed.get((host, port, 2), False)
    real = Real(needed, [(host, port) for host in STRANGERS for port in (443, 80) if passes(host, port)], passes)
    kind, difference = compare(code, report, real)
    return kind, generator.constructs, f"{difference}\n{rules}\n{text}"


def main():
    options = arguments()
    suricata = shutil.which("suricata")
    if suricata is None:
        print("suricata: skipped: it is not installed (Debian 12 has it in bookworm-backports)")
        return 0
    return 0 if run("suricata", options, lambda rng, directory: judge(suricata, options.az_acr, rng, directory)) else 1


if __name__ == "__main__":
    sys.exit(main())
