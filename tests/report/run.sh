#!/usr/bin/env bash
# Opens the reports with the programs that people use: Chromium with axe-core, a JSON schema validator, junitparser, csv.
# Usage: tests/report/run.sh [az-acr]. Everything that it needs goes to target/report-tests.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$(realpath "${1:-target/debug/az-acr}")
work=$PWD/target/report-tests
mkdir -p "$work"

# A world of its own, with tags that try to break out of the page.
rm -rf "$work/home" && mkdir -p "$work/home"
az_acr() { HOME=$work/home AZ_ACR_EMULATOR_FLEET=${fleet:-700} "$program" --cloud emulator "$@"; }
az_acr update -n contoso -o none --only-show-errors \
    --tags 'owner=<script>window.hacked=1</script>' "quote=\"><img src=x onerror=window.hacked=1>" 'formula==1+1'
printf 'registry,rule,reason,expires\ncontoso,ACR001,"<b>legacy</b>, firewall",2099-12-31\nwingtip,ACR001,old,2026-01-01\nwingtip,ACR003,old,2026-01-01\n' \
    >"$work/exceptions.csv"
(cd "$work" && az_acr list-clients -n contoso --only-show-errors >clients.json)
(cd "$work" && az_acr list-endpoints --all-subscriptions --allow-partial --verify -o none --only-show-errors \
    --exceptions exceptions.csv --clients clients.json --report fleet.html fleet.csv fleet.md fleet.sarif fleet.xml)
(cd "$work" && fleet=6000 az_acr list-endpoints --all-subscriptions --allow-partial -o none \
    --only-show-errors --report large.html)

# The schema of SARIF, from the crate that carries it.
schema=$work/sarif-2.1.0.json
if [ ! -f "$schema" ]; then
    mkdir -p "$work/schema/src" && : >"$work/schema/src/lib.rs"
    printf '[package]\nname = "schema"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\nserde-sarif = "=0.8.0"\n[workspace]\n' \
        >"$work/schema/Cargo.toml"
    cargo metadata --quiet --format-version 1 --manifest-path "$work/schema/Cargo.toml" | python3 -c '
import json, os, shutil, sys
package = next(p for p in json.load(sys.stdin)["packages"] if p["name"] == "serde-sarif")
shutil.copy(os.path.join(os.path.dirname(package["manifest_path"]), "src", "schema.json"), sys.argv[1])' "$schema"
fi
venv=$work/venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check jsonschema junitparser
"$venv/bin/python" tests/report/files.py "$work" "$schema"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ] || ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "skipped: the page in a browser needs chromium, node and npm"
    exit 0
fi
cp tests/report/package.json tests/report/browser.mjs "$work/"
(cd "$work" && npm install --silent --no-audit --no-fund && node browser.mjs "$browser")
