#!/usr/bin/env bash
# Compares `az acr …` with `az-acr …`: creates an environment with the real Azure CLI (pinned), runs the cases on
# emulated worlds, and replays recorded responses of the real service.
# Usage: tests/parity/run.sh [WORD…]    only cases and commands that contain a WORD
set -euo pipefail
cd "$(dirname "$0")/../.."

version=2.91.0
venv=${AZ_ACR_PARITY_VENV:-target/parity-venv}
if ! "$venv/bin/python" -c "import azure.cli.core as c, sys; sys.exit(c.__version__ != '$version')" 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "azure-cli==$version"
fi
cargo build --quiet --locked
binary=${CARGO_TARGET_DIR:-target}/debug/az-acr
"$venv/bin/python" tests/parity/run.py "$binary" "$@"
"$venv/bin/python" tests/parity/run.py "$binary" --shim "$@"
"$venv/bin/python" tests/parity/replay.py "$binary" "$@"
[ $# -gt 0 ] || "$venv/bin/python" tests/parity/random_cases.py "$binary" --count 2000 --seed 1
