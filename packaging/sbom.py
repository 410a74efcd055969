"""Writes the software bill of materials of the binary: CycloneDX 1.5, from Cargo.lock and the metadata of the crates.

Usage: sbom.py TARGET > FILE      e.g. x86_64-unknown-linux-gnu

Only what the binary contains is listed: no dependencies of tests, none of other systems. The same commit gives the same bytes.
"""

import json
import subprocess
import sys
import tomllib


def main():
    target = sys.argv[1]
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    with open("Cargo.lock", "rb") as lock:
        checksums = {(p["name"], p["version"]): p.get("checksum") for p in tomllib.load(lock)["package"]}
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]

    def linked(node):
        """What a package links: neither build scripts nor tests."""
        deps = [dep["pkg"] for dep in node["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
        # Macros run in the compiler.
        return [id for id in deps if all(made["kind"] != ["proc-macro"] for made in packages[id]["targets"])]

    seen, queue = {root}, [root]
    while queue:
        for other in linked(nodes[queue.pop()]):
            if other not in seen:
                seen.add(other)
                queue.append(other)

    def reference(package):
        return f"pkg:cargo/{package['name']}@{package['version']}"

    def component(package):
        checksum = checksums.get((package["name"], package["version"]))
        entry = {
            "type": "application" if package["id"] == root else "library",
            "bom-ref": reference(package),
            "name": package["name"],
            "version": package["version"],
            "purl": reference(package),
        }
        if package["license"]:
            entry["licenses"] = [{"expression": package["license"].replace(" / ", " OR ").replace("/", " OR ")}]
        elif package["license_file"]:
            # The crate names a licence file instead of a licence.
            entry["licenses"] = [{"license": {"name": f"see {package['license_file']} of the crate"}}]
        if checksum:
            entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        return entry

    ordered = sorted((packages[id] for id in seen if id != root), key=reference)
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(packages[root])},
        "components": [component(package) for package in ordered],
        "dependencies": [
            {"ref": reference(packages[id]), "dependsOn": sorted({reference(packages[other]) for other in linked(nodes[id])})}
            for id in sorted(seen, key=lambda id: reference(packages[id]))
        ],
    }
    print(json.dumps(bom, indent=1))


main()
