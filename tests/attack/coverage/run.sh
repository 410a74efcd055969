#!/usr/bin/env bash
# Fuzzes the readers of foreign bytes, guided by coverage, from the files of ../corpus.
# Usage: tests/attack/coverage/run.sh [SECONDS] [READER…]     60 seconds a reader; needs cargo-fuzz and a nightly toolchain
# Findings are kept in target/coverage/READER/, and the grown corpus beside them.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
shift || true
corpus=../corpus
kept=../../../target/coverage

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "skipped: no nightly toolchain (rustup toolchain install nightly); ../fuzz.py needs none"
    exit 0
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install --quiet --locked cargo-fuzz
fi
cargo +nightly fuzz build --fuzz-dir . read
program=$(find target -path '*/release/read' -type f | head -1)

readers=("$@")
[ ${#readers[@]} -gt 0 ] || readers=(
    squid dnsmasq nftables rpz unbound suricata azure-firewall terraform cilium list json
    paloalto fortigate aws-network-firewall iptables calico istio no-proxy haproxy envoy pac
    log endpoints exceptions clients state query config clouds profile tokens registry registries rows graph retry-after challenge certificate
)
failed=0
for reader in "${readers[@]}"; do
    mkdir -p "$kept/$reader/corpus" "$kept/$reader/findings"
    case $reader in
        log) cp "$corpus"/*.log "$kept/$reader/corpus" ;;
        retry-after) echo -n 'Tue, 14 Nov 2023 22:13:30 GMT' >"$kept/$reader/corpus/date" && echo -n 120 >"$kept/$reader/corpus/seconds" ;;
        challenge) echo -n 'Bearer realm="https://contoso.azurecr.io/oauth2/token",service="contoso.azurecr.io"' >"$kept/$reader/corpus/bearer" ;;
        certificate)
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout /dev/null \
                -subj /CN=contoso.azurecr.io -addext subjectAltName=DNS:contoso.azurecr.io -outform der \
                -out "$kept/$reader/corpus/certificate.der" 2>/dev/null
            ;;
        *) cp "$corpus/$reader"*.* "$kept/$reader/corpus" ;;
    esac
    printf '%-16s' "$reader"
    if AZ_ACR_READER=$reader "$program" "$kept/$reader/corpus" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=20000 \
        -artifact_prefix="$kept/$reader/findings/" -print_final_stats=1 >"$kept/$reader/log" 2>&1; then
        grep -o 'number_of_executed_units: .*' "$kept/$reader/log" | sed 's/.*: */runs: /'
    else
        failed=1
        echo "FINDING: $kept/$reader/log"
    fi
done
exit $failed
