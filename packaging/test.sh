#!/usr/bin/env bash
# Installs what packaging/build.sh made into clean roots, and runs it there: the version, a command against the emulator,
# the completion, a man page.
# Usage: packaging/test.sh. Needs root, debootstrap for the .deb, rpm for the .rpm; what is missing is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
dist=$PWD/target/dist
work=$PWD/target/packaging/test
rm -rf "$work" && mkdir -p "$work"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)

# Runs the binary through a prefix ('chroot DIR', or nothing).
try() {
    local name=$1 binary=$2
    shift 2
    [ "$("$@" "$binary" --version)" = "az-acr $version" ]
    "$@" env HOME=/tmp "$binary" --cloud emulator show-endpoints -n fabrikam -o tsv --query "dataEndpoints[].endpoint" |
        grep -q fabrikam.japaneast.data.azurecr.io
    [ "$("$@" env AZ_ACR_COMPLETE=bash _CLAP_COMPLETE_INDEX=1 "$binary" -- az-acr show-e)" = show-endpoints ]
    echo "$name: runs, completes"
}

echo "== archive"
tar -C "$work" -xzf "$dist/az-acr-$version-x86_64-unknown-linux-gnu.tar.gz"
directory=$work/az-acr-$version-x86_64-unknown-linux-gnu
try archive "$directory/az-acr"
[ -s "$directory/man/az-acr-update.1" ] && [ -s "$directory/completions/az-acr.bash" ] && [ -s "$directory/LICENSE" ]
(cd "$dist" && sha256sum --quiet --check SHA256SUMS)

echo "== wheel, in a fresh virtual environment"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-index "$dist"/*.whl
try wheel "$work/venv/bin/az-acr"

echo "== .deb, in a chroot"
if command -v lintian >/dev/null; then
    lintian --fail-on error,warning --allow-root "$dist/az-acr_${version}_amd64.deb"
    echo "lintian: clean"
else
    echo "skipped: lintian is not installed"
fi
if command -v debootstrap >/dev/null && [ "$(id -u)" = 0 ]; then
    root=$work/debian
    bootstrapped=yes
    debootstrap --variant=minbase --include=man-db,bash-completion,ca-certificates bookworm "$root" \
        "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$work/debootstrap.log" 2>&1 || bootstrapped=no
else
    bootstrapped=none
fi
if [ "$bootstrapped" = yes ]; then
    cp "$dist/az-acr_${version}_amd64.deb" "$root/tmp/"
    chroot "$root" dpkg -i "/tmp/az-acr_${version}_amd64.deb" >/dev/null
    try .deb /usr/bin/az-acr chroot "$root"
    chroot "$root" man --pager=cat az-acr-update 2>/dev/null | grep -q 'data-endpoint-enabled'
    chroot "$root" test -f /usr/share/bash-completion/completions/az-acr
    echo ".deb: man page and completion are found"
elif [ "$bootstrapped" = no ]; then
    echo "skipped: debootstrap could not make a Debian: $(tail -1 "$work/debootstrap.log")"
else
    echo "skipped: the chroot needs root and debootstrap"
fi

echo "== .rpm, in a root of its own"
if command -v rpm >/dev/null && [ "$(id -u)" = 0 ]; then
    root=$work/rpm
    mkdir -p "$root"
    rpm --root "$root" --initdb
    rpm --root "$root" --install --nodeps --noscripts "$dist/az-acr-$version.x86_64.rpm"
    try .rpm "$root/usr/bin/az-acr"
    [ -s "$root/usr/share/man/man1/az-acr-update.1" ] || [ -s "$root/usr/share/man/man1/az-acr-update.1.gz" ]
else
    echo "skipped: rpm is not installed, or this is not root"
fi

echo "== OCI image"
image=$dist/az-acr-$version-oci.tar
if [ -f "$image" ] && command -v skopeo >/dev/null && command -v umoci >/dev/null && [ "$(id -u)" = 0 ]; then
    skopeo inspect "oci-archive:$image:$version" | grep -q '"org.opencontainers.image.version"'
    mkdir "$work/layout" && tar -C "$work/layout" -xf "$image"
    umoci unpack --image "$work/layout:$version" "$work/bundle"
    [ "$(chroot "$work/bundle/rootfs" /usr/bin/az-acr --version)" = "az-acr $version" ]
    chroot "$work/bundle/rootfs" /usr/bin/az-acr --cloud emulator list -o tsv --query "[].name" | grep -q contoso
    echo "image: skopeo inspects it, and it runs"
else
    echo "skipped: the image needs umoci and skopeo"
fi
