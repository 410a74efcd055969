"""Compares what `firewall-rules --check` says about random proxy auto-config files with what node answers for them.

Usage: pac.py AZ_ACR [--count N] [--seed S]      needs node

node runs the file in a context with its own helpers. A host bypasses the proxy when the answer is DIRECT, and may when the
answer names it after a proxy. The exit code is 1 if there is a false green, or more than 1 % false alarms (see judging.py).
"""

import json
import shutil
import subprocess
import sys

from judging import DOMAINS, NEEDED, OTHER_HOSTS, STRANGERS, Real, arguments, check, compare, hosts_of, run

JUDGE = r"""
const vm = require("vm");
const { text, hosts } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const context = vm.createContext(Object.create(null));
vm.runInContext(`
  var asked = false;
  function isPlainHostName(host) { return host.indexOf(".") < 0 && host.indexOf(":") < 0; }
  function dnsDomainIs(host, domain) { return host.slice(-domain.length) === domain || domain === ""; }
  function localHostOrDomainIs(host, name) { return host === name || name.startsWith(host + "."); }
  function dnsDomainLevels(host) { return (host.match(/\\./g) || []).length; }
  function shExpMatch(text, glob) {
    const match = (t, g) => g === "" ? t === "" : g[0] === "*" ? match(t, g.slice(1)) || (t !== "" && match(t.slice(1), g))
      : t !== "" && (g[0] === "?" || g[0] === t[0]) && match(t.slice(1), g.slice(1));
    return match(text, glob);
  }
  function isResolvable() { asked = true; return true; }
  function dnsResolve() { asked = true; return "203.0.113.1"; }
  function isInNet() { asked = true; return false; }
  function myIpAddress() { asked = true; return "10.0.0.5"; }
  function weekdayRange() { asked = true; return true; }
  function alert() {}
`, context);
let answers = {};
try {
  vm.runInContext(text, context, { timeout: 2000 });
  for (const host of hosts) {
    vm.runInContext("asked = false", context);
    const call = `FindProxyForURL(${JSON.stringify("https://" + host + "/")}, ${JSON.stringify(host)})`;
    let answer;
    try { answer = String(vm.runInContext(call, context, { timeout: 500 }) || "DIRECT"); } catch (error) { answer = "failed"; }
    answers[host] = vm.runInContext("asked", context) ? "asked" : answer;
  }
} catch (error) { answers = null; }
console.log(JSON.stringify(answers));
"""


class Script:
    def __init__(self, rng):
        self.rng, self.constructs = rng, set()

    def used(self, construct):
        self.constructs.add(construct)
        return construct

    def domain(self):
        rng = self.rng
        return rng.choice(["", ".", "."]) + rng.choice(DOMAINS + NEEDED + OTHER_HOSTS)

    def term(self, depth=1):
        rng = self.rng
        kind = self.used(rng.choice(["dnsDomainIs"] * 4 + ["shExpMatch"] * 4 + ["==", "regex", "local", "levels", "plain", "url", "list", "odd", "endsWith"]))
        name = rng.choice(NEEDED)
        match kind:
            case "dnsDomainIs":
                term = f'dnsDomainIs(host, "{self.domain()}")'
            case "shExpMatch":
                glob = rng.choice([f"*{self.domain()}", name, f"*{name}", name.replace("contoso", "*"), name.replace(".", "?", 1), f"{name}*"])
                term = f'shExpMatch(host, "{glob}")'
            case "==":
                term = f'host == "{name}"'
            case "regex":
                term = f"/{rng.choice(['^', ''])}{name.replace('.', chr(92) + '.')}$/.test(host)"
            case "local":
                term = f'localHostOrDomainIs(host, "{name}")'
            case "levels":
                term = f"dnsDomainLevels(host) > {rng.choice([1, 2, 3, 9])}"
            case "plain":
                term = "isPlainHostName(host)"
            case "url":
                term = f'url.indexOf("{rng.choice([name, "azurecr.io", "https:"])}") >= 0'
            case "list":
                names = json.dumps(rng.sample(NEEDED, rng.choice([1, 2, 3])))
                term = f"{names}.indexOf(host) >= 0"
            case "endsWith":
                term = f'host.endsWith("{self.domain()}")'
            case "odd":
                term = rng.choice(["isResolvable(host)", 'isInNet(host, "10.0.0.0", "255.0.0.0")', "weekdayRange('MON')", "missing(host)", 'dnsResolve(host) == "203.0.113.1"'])
        if rng.random() < 0.15:
            term = f"!({term})"
        if depth and rng.random() < 0.25:
            term = f"({term} {rng.choice(['&&', '||'])} {self.term(0)})"
        return term

    def text(self):
        rng = self.rng
        answers = ['"DIRECT"', '"DIRECT"', '"PROXY proxy:3128"', '"PROXY proxy:3128"', '"PROXY proxy:3128; DIRECT"', '"PROXY other:8080"', '"SOCKS5 s:1080"', "null",
                   '"PROXY 127.0.0.1:9"']
        lines = []
        if rng.random() < 0.6:
            lines.append(f'if ({json.dumps(NEEDED)}.indexOf(host) >= 0) return "DIRECT";')
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            lines.insert(rng.randint(0, len(lines)), f"if ({self.term()}) return {rng.choice(answers)};")
        end = rng.choice(['"PROXY proxy:3128"'] * 8 + answers)
        case = "host = host.toLowerCase();" if rng.random() < 0.3 else ""
        text = "// a comment\nfunction FindProxyForURL(url, host) {\n  " + case + "\n  " + "\n  ".join(lines) + f"\n  return {end};\n}}\n"
        return text[:-3] if rng.random() < 0.02 else text


def judge(az_acr, rng, directory):
    made = Script(rng)
    text = made.text()
    path = directory / "proxy.pac"
    path.write_text(text)
    code, report, output = check(az_acr, directory, [path], "--from", "pac")
    _, hosts = hosts_of(report)
    ran = subprocess.run(["node", "-e", JUDGE], input=json.dumps({"text": text, "hosts": hosts}), capture_output=True, text=True, check=True)
    answers = json.loads(ran.stdout)
    real = None
    if answers is not None:
        same = len({answers[host] for host in NEEDED}) == 1 and answers[NEEDED[0]] not in ("failed", "asked")
        needed = {host: same or answers[host] == "DIRECT" for host in NEEDED}
        passes = lambda host, _: "DIRECT" in answers[host]
        open_to = [(host, 443) for host in STRANGERS if passes(host, 443) or answers[host] in ("asked", "failed")]
        real = Real(needed, open_to, passes)
    kind, difference = compare(code, report, real)
    return kind, made.constructs, f"{difference}\n{text}\n{output}"


def main():
    options = arguments()
    if shutil.which("node") is None:
        print("pac: skipped: node is not installed")
        return 0
    return 0 if run("pac", options, lambda rng, directory: judge(options.az_acr, rng, directory)) else 1


if __name__ == "__main__":
    sys.exit(main())
