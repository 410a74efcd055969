"""The emulated registry itself as azure-containerregistry, the official Python SDK, sees it: lists, manifests and layers.

Usage: registry.py URL CA      the emulator's URL and its certificate authority
"""

import socket
import sys
from urllib.parse import urlsplit

from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential

from sdk import CA, TENANT, URL, expect

RESOLVE = socket.getaddrinfo


def resolve(host, *rest, **named):
    """The hosts of registries and storage are on this machine."""
    return RESOLVE("127.0.0.1" if host.endswith((".azurecr.io", ".windows.net")) else host, *rest, **named)


def main():
    socket.getaddrinfo = resolve
    credential = ClientSecretCredential(TENANT, "emulator", "emulator", authority=URL, connection_verify=CA,
                                        disable_instance_discovery=True)
    client = ContainerRegistryClient(f"https://contoso.azurecr.io:{urlsplit(URL).port}", credential, connection_verify=CA,
                                     audience="https://containerregistry.azure.net")
    expect("repositories", list(client.list_repository_names()), ["hello"])
    properties = client.get_repository_properties("hello")
    expect("counts", (properties.tag_count, properties.manifest_count), (2, 6))
    # One a page, so that the link to the next page is followed.
    expect("tags", [tag.name for tag in client.list_tag_properties("hello", results_per_page=1)], ["docker", "latest"])
    latest = client.get_tag_properties("hello", "latest").digest
    manifests = {manifest.digest: manifest.tags for manifest in client.list_manifest_properties("hello", results_per_page=2)}
    expect("manifests", (len(manifests), manifests[latest]), (6, ["latest"]))
    index = client.get_manifest("hello", "latest")
    expect("the digest of latest", index.digest, latest)
    image = client.get_manifest("hello", index.manifest["manifests"][0]["digest"]).manifest
    for layer in image["layers"]:
        expect("a layer's size", len(b"".join(client.download_blob("hello", layer["digest"]))), layer["size"])
    try:
        client.delete_tag("hello", "docker")
        raise SystemExit("a tag was deleted")
    except HttpResponseError as error:
        expect("deleting a tag", error.status_code, 405)


if __name__ == "__main__":
    main()
