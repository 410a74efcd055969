"""Compares what `firewall-rules --check` says about random rule groups of AWS Network Firewall with what Suricata does with the
rules that the service makes of them.

Usage: aws.py AZ_ACR [--count N] [--seed S]      needs suricata 7 and openssl

Domain lists become rules as AWS's developer guide shows them ("Stateful domain list rule groups"); rules in text and in parts
stay what they are. The connections are those of suricata.py. The exit code is 1 if there is a false green, or more than 1 %
false alarms (see judging.py).
"""

import json
import shutil
import subprocess
import sys

from judging import DOMAINS, NEEDED, OTHER_HOSTS, STRANGERS, Real, arguments, check, compare, hosts_of, run
from suricata import CONFIG, capture, denied_flows

BUFFERS = {"TLS_SNI": ("tls", "ssl_state:client_hello; tls.sni"), "HTTP_HOST": ("http", "http.host")}


class Groups:
    """Random rule groups of one policy with the default action order."""

    def __init__(self, rng):
        self.rng, self.constructs, self.sid = rng, set(), 100

    def used(self, construct):
        self.constructs.add(construct)
        return construct

    def number(self):
        self.sid += 1
        return self.sid

    def targets(self):
        rng = self.rng
        targets = list(NEEDED) if rng.random() < 0.7 else rng.sample(NEEDED, rng.choice([1, 2]))
        for _ in range(rng.choice([0, 0, 1])):
            targets.append(rng.choice(["." + rng.choice(DOMAINS), rng.choice(OTHER_HOSTS), rng.choice(DOMAINS)]))
        return [target.upper() if rng.random() < 0.05 else target for target in targets]

    def domains(self):
        rng = self.rng
        kind = self.used(rng.choice(["ALLOWLIST"] * 14 + ["DENYLIST", "REJECTLIST", "ALERTLIST"]))
        types = self.used(rng.choice(["TLS_SNI HTTP_HOST"] * 3 + ["TLS_SNI", "HTTP_HOST"])).split()
        targets = self.targets() if kind == "ALLOWLIST" else ["." + rng.choice(DOMAINS) if rng.random() < 0.5 else rng.choice(NEEDED + OTHER_HOSTS)]
        action = {"ALLOWLIST": "pass", "DENYLIST": "drop", "REJECTLIST": "reject", "ALERTLIST": "alert"}[kind]
        rules = []
        for name in types:
            protocol, buffer = BUFFERS[name]
            for target in targets:
                start = "dotprefix; " if target.startswith(".") else ""
                end = "endswith" if target.startswith(".") else "startswith; endswith"
                # Suricata refuses http.host with nocase; its content is in small letters.
                case = "" if name == "HTTP_HOST" else " nocase;"
                rules.append(f'{action} {protocol} $HOME_NET any -> $EXTERNAL_NET any ({buffer}; {start}content:"{target.lower()}";{case} {end}; '
                             f"flow:to_server; sid:{self.number()};)")
            if kind == "ALLOWLIST":
                only = "ssl_state:client_hello; " if name == "TLS_SNI" else ""
                rules.append(f"drop {protocol} $HOME_NET any -> $EXTERNAL_NET any ({only}flow:to_server; sid:{self.number()};)")
        return {"RulesSourceList": {"Targets": targets, "TargetTypes": types, "GeneratedRulesType": kind}}, rules

    def text(self):
        rng = self.rng
        self.used("text")
        host = rng.choice(NEEDED + OTHER_HOSTS)
        rules = [rng.choice([
            f'pass tls $HOME_NET any -> any 443 (tls.sni; content:"{host}"; startswith; endswith; nocase; sid:{self.number()};)',
            f'drop tls $HOME_NET any -> any any (ssl_state:client_hello; tls.sni; content:"{host}"; startswith; endswith; nocase; sid:{self.number()};)',
            f"drop http $HOME_NET any -> any any (flow:to_server; sid:{self.number()};)",
            f"drop tls $HOME_NET any -> any any (ssl_state:client_hello; sid:{self.number()};)",
        ]) for _ in range(rng.choice([1, 2]))]
        return {"RulesString": "\n".join(rules) + "\n"}, rules

    def parts(self):
        self.used("parts")
        host, sid = self.rng.choice(NEEDED + OTHER_HOSTS), self.number()
        action = self.rng.choice(["PASS", "DROP"])
        header = {"Protocol": "TLS", "Source": "$HOME_NET", "SourcePort": "ANY", "Direction": "FORWARD", "Destination": "ANY", "DestinationPort": "443"}
        options = [{"Keyword": "ssl_state:client_hello"}, {"Keyword": "tls.sni"}, {"Keyword": "content", "Settings": [f'"{host}"']}, {"Keyword": "startswith"},
                   {"Keyword": "endswith"}, {"Keyword": "nocase"}, {"Keyword": "sid", "Settings": [str(sid)]}]
        rule = (f'{action.lower()} tls $HOME_NET any -> any 443 (ssl_state:client_hello; tls.sni; content:"{host}"; startswith; endswith; nocase; sid:{sid};)')
        return {"StatefulRules": [{"Action": action, "Header": header, "RuleOptions": options}]}, [rule]

    def groups(self):
        rng = self.rng
        made = [self.domains() if rng.random() < 0.8 else self.text()]
        for _ in range(rng.choice([0, 0, 1])):
            made.insert(rng.randint(0, 1), rng.choice([self.domains, self.text, self.parts])())
        groups = [{"RuleGroup": {"RulesSource": source}} for source, _ in made]
        return (groups if len(groups) > 1 or rng.random() < 0.5 else groups[0]), [rule for _, rules in made for rule in rules]


def judge(suricata, az_acr, rng, directory):
    generator = Groups(rng)
    groups, rules = generator.groups()
    (directory / "groups.json").write_text(json.dumps(groups, indent=1))
    (directory / "rules.rules").write_text("".join(f"{rule}\n" for rule in rules))
    (directory / "s.yaml").write_text(CONFIG)
    code, report, text = check(az_acr, directory, [directory / "groups.json"])
    _, hosts = hosts_of(report)
    ports = capture(directory / "t.pcap", hosts)
    done = subprocess.run([suricata, "-c", directory / "s.yaml", "-S", directory / "rules.rules", "-r", directory / "t.pcap", "-l", directory,
                           "--simulate-ips", "-k", "all", "--init-errors-fatal"], capture_output=True, text=True)
    if done.returncode != 0 or not (directory / "eve.json").exists():
        raise RuntimeError(f"Suricata: {done.stderr}\n{rules}")
    denied = denied_flows(directory)
    allowed = {key: port not in denied for key, port in ports.items()}
    needed = {host: allowed[host, 443, 1] and allowed[host, 443, 2] for host in NEEDED}
    passes = lambda host, port: allowed[host, port, 1] or allowed.get((host, port, 2), False)
    real = Real(needed, [(host, port) for host in STRANGERS for port in (443, 80) if passes(host, port)], passes)
    kind, difference = compare(code, report, real)
    return kind, generator.constructs, f"{difference}\n{json.dumps(groups)}\n{rules}\n{text}"


def main():
    options = arguments()
    suricata = shutil.which("suricata")
    if suricata is None:
        print("aws: skipped: suricata is not installed")
        return 0
    return 0 if run("aws", options, lambda rng, directory: judge(suricata, options.az_acr, rng, directory)) else 1


if __name__ == "__main__":
    sys.exit(main())
