#!/usr/bin/env bash
# Builds the packages for Linux on x86-64 into target/dist: an archive, .deb, .rpm, a wheel, an OCI image, a bill of materials, SHA256SUMS.
# Usage: packaging/build.sh [--full | --symbols DIR]
#   --full         builds the binary again elsewhere and compares the bytes, and checks the dependencies with cargo-deny
#                  and cargo-machete, which take minutes to compile, and the oldest compiler that Cargo.toml names, if it
#                  is installed
#   --symbols DIR  only builds the same binary into DIR, with the names of its functions, for tests/bench/order.py
#
# Needs: cargo, python3 with venv; cargo-auditable, cargo-deb and cargo-generate-rpm (installed into target/packaging if
# they are missing).
# Not built here, because their standard libraries come from rustup: aarch64, musl, macOS, Windows. The release workflow
# builds them.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
target=x86_64-unknown-linux-gnu
glibc=2.17
work=$PWD/target/packaging
dist=$PWD/target/dist
export PATH="$work/venv/bin:$work/cargo/bin:$PATH"
# Files in packages have the time of the commit, so that two builds of it have the same bytes.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
# Paths of this machine must not reach the binary.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
export RUSTFLAGS="-C symbol-mangling-version=v0 --remap-path-prefix=$PWD=/az-acr --remap-path-prefix=$cargo_home=/cargo"

tools() {
    [ -x "$work/venv/bin/maturin" ] || python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check cargo-zigbuild==0.24.1 ziglang==0.17.1 'maturin>=1.9,<2' wheel==0.45.1
    local missing=()
    command -v cargo-auditable >/dev/null || missing+=(cargo-auditable)
    command -v cargo-deb >/dev/null || missing+=(cargo-deb)
    command -v cargo-generate-rpm >/dev/null || missing+=(cargo-generate-rpm)
    if [ "$1" = --full ]; then
        # A cargo-deny that came with the machine may be too old for deny.toml.
        [ -x "$work/cargo/bin/cargo-deny" ] || missing+=(cargo-deny)
        [ -x "$work/cargo/bin/cargo-machete" ] || missing+=(cargo-machete)
    fi
    [ ${#missing[@]} -eq 0 ] ||
        env -u RUSTFLAGS CARGO_TARGET_DIR="$work/target" cargo install --quiet --locked --root "$work/cargo" "${missing[@]}"
}

# Builds the binary into a directory. It holds the list of its crates, for `cargo audit bin` and scanners.
binary() {
    CARGO_TARGET_DIR=$1 cargo auditable zigbuild --quiet --release --locked --target "$target.$glibc"
}

check_glibc() {
    local newest
    newest=$(objdump -T "$1" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
    echo "newest glibc symbol: $newest (floor $glibc)"
    [ "$(printf '%s\n' "GLIBC_$glibc" "$newest" | sort -V | tail -1)" = "GLIBC_$glibc" ]
}

archive() {
    local name=az-acr-$version-$target
    local root=$work/$name
    rm -rf "$root" && mkdir -p "$root/man"
    cp "$1" README.md CHANGELOG.md LICENSE "$root/"
    cp -r completions "$root/"
    cp docs/man/*.1 "$root/man/"
    tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode='u+rwX,go+rX,go-w' \
        -C "$work" -cf - "$name" | gzip -9n >"$dist/$name.tar.gz"
}

# An image without an engine: the binary with its loader, libraries and CA certificates.
image() {
    command -v umoci >/dev/null || { echo "skipped: the OCI image needs umoci"; return; }
    local root=$work/rootfs layout=$work/oci
    rm -rf "$root" "$layout" "$work/bundle" && mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/tmp"
    cp "$1" "$root/usr/bin/az-acr"
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    # ldd prints the loader and each library with its path.
    ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done
    umoci init --layout "$layout"
    umoci new --image "$layout:$version"
    umoci insert --image "$layout:$version" "$root" /
    umoci config --image "$layout:$version" --config.entrypoint /usr/bin/az-acr --config.env HOME=/tmp \
        --created "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" \
        --config.label org.opencontainers.image.version="$version" \
        --config.label org.opencontainers.image.licenses=MIT
    tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        -C "$layout" -cf "$dist/az-acr-$version-oci.tar" .
}

mkdir -p "$work"
tools "${1:-}"
if [ "${1:-}" = --symbols ]; then
    CARGO_PROFILE_RELEASE_STRIP=none binary "$2"
    exit
fi
rm -rf "$dist" && mkdir "$dist"
binary "$work/build"
built=$work/build/$target/release/az-acr
check_glibc "$built"
objdump -h "$built" | grep '\.dep-v0' >/dev/null || { echo "the binary lacks the list of its crates"; exit 1; }
archive "$built"
# cargo-deb and cargo-generate-rpm read the paths of Cargo's own layout.
mkdir -p "$work/build/release" && cp "$built" "$work/build/release/az-acr"
CARGO_TARGET_DIR=$work/build cargo deb --quiet --no-build --no-strip --output "$dist/az-acr_${version}_amd64.deb"
cargo generate-rpm --target-dir "$work/build" --source-date "$SOURCE_DATE_EPOCH" --output "$dist/az-acr-$version.x86_64.rpm"
CARGO_TARGET_DIR=$work/wheel maturin build --quiet --release --locked --zig --target "$target" \
    --compatibility manylinux2014 --out "$dist"
# maturin does not know cargo-auditable, so its wheel gets the binary that has the list of crates.
rm -rf "$work/unpacked"
"$work/venv/bin/wheel" unpack --dest "$work/unpacked" "$dist"/*.whl
rm "$dist"/*.whl
install -m 755 "$built" "$work"/unpacked/*/*.data/scripts/az-acr
"$work/venv/bin/wheel" pack --dest-dir "$dist" "$work"/unpacked/*
image "$built"
python3 packaging/sbom.py "$target" >"$dist/az-acr-$version-$target.cdx.json"
(cd "$dist" && sha256sum -- * >SHA256SUMS)
cat "$dist/SHA256SUMS"

if [ "${1:-}" = --full ]; then
    "$work/cargo/bin/cargo-deny" --all-features check bans licenses sources
    if "$work/cargo/bin/cargo-deny" --all-features fetch db; then
        "$work/cargo/bin/cargo-deny" --all-features check advisories
    else
        echo "skipped: the advisory database cannot be fetched, so advisories were not checked"
    fi
    "$work/cargo/bin/cargo-machete" --skip-target-dir .
    oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    if cargo "+$oldest" --version >/dev/null 2>&1; then
        CARGO_TARGET_DIR=$work/oldest cargo "+$oldest" check --quiet --locked
        echo "Rust $oldest compiles it"
    else
        echo "skipped: no toolchain of Rust $oldest, the oldest that Cargo.toml names"
    fi
    binary "$work/again"
    cmp "$built" "$work/again/$target/release/az-acr"
    echo "two builds have the same bytes"
fi
