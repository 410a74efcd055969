#!/usr/bin/env bash
# Runs clients that others wrote against `emulator start`: the official SDKs for Python and JavaScript.
# skopeo, buildah, podman and Docker pull in tests/cli/networks.rs.
# Usage: tests/clients/run.sh [AZ_ACR]
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(realpath "${1:-target/debug/az-acr}")
work=$(mktemp -d)
export HOME=$work/home XDG_STATE_HOME=$work/state
mkdir "$HOME"

venv=${AZ_ACR_CLIENTS_VENV:-$PWD/target/clients-venv}
if ! "$venv/bin/python" -c "import azure.identity, azure.mgmt.containerregistry, azure.containerregistry, jwt, requests" 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check azure-identity==1.25.1 azure-mgmt-containerregistry==15.0.0 \
        azure-containerregistry==1.2.0 \
        PyJWT cryptography requests
fi
modules=$PWD/target/clients-node
mkdir -p "$modules"
cp tests/clients/package.json tests/clients/sdk.mjs "$modules/"
if command -v npm >/dev/null; then
    (cd "$modules" && npm install --silent --no-audit --no-fund)
fi

"$binary" emulator start --background --data-plane --cert-dir "$work/tls" -o json >"$work/started.json"
trap '"$binary" emulator stop >/dev/null 2>&1; rm -rf "$work"' EXIT
read -r url ca < <(python3 -c "import json, sys; r = json.load(open(sys.argv[1])); print(r['url'], r['ca'])" "$work/started.json")

"$venv/bin/python" tests/clients/verify_token.py "$url" "$ca"
"$venv/bin/python" tests/clients/registry.py "$url" "$ca"
"$venv/bin/python" tests/clients/sdk.py "$url" "$ca"
if command -v npm >/dev/null; then
    NODE_EXTRA_CA_CERTS=$ca node "$modules/sdk.mjs" "$url"
else
    echo "skipped: no npm, so the JavaScript SDKs were not run"
fi
