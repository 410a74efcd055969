#!/usr/bin/env bash
# Compares `az acr …` with `az-acr …`: makes an environment with the real Azure CLI (pinned) and runs the cases.
# Usage: tests/parity/run.sh [WORD…]    only cases that contain a WORD
set -euo pipefail
cd "$(dirname "$0")/../.."

version=2.91.0
venv=${AZ_ACR_PARITY_VENV:-target/parity-venv}
if ! "$venv/bin/python" -c "import azure.cli.core as c, sys; sys.exit(c.__version__ != '$version')" 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "azure-cli==$version"
fi
cargo build --quiet --locked
exec "$venv/bin/python" tests/parity/run.py "${CARGO_TARGET_DIR:-target}/debug/az-acr" "$@"
