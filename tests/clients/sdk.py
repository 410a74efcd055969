"""The emulator as the official Python SDKs see it: azure-identity and azure-mgmt-containerregistry, in several api-versions.

Usage: sdk.py URL CA      the emulator's URL and its certificate authority
"""

import json
import sys
import urllib.request
import ssl

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import ClientSecretCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient

URL, CA = sys.argv[1:3]
TENANT, SUBSCRIPTION = "72f988bf-0000-4000-8000-00000000e0e0", "00000000-0000-4000-8000-0000000000ac"


def client(version):
    credential = ClientSecretCredential(TENANT, "emulator", "emulator", authority=URL, connection_verify=CA,
                                        disable_instance_discovery=True)
    return ContainerRegistryManagementClient(credential, SUBSCRIPTION, base_url=URL, api_version=version, connection_verify=CA,
                                             credential_scopes=[f"{URL}/.default"])


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"{what}: {found!r}, not {wanted!r}")
    print(f"{what}: {found}")


def main():
    newest = client("2025-11-01")
    names = sorted(registry.name for registry in newest.registries.list())
    expect("registries", names[:2], ["auditlogs", "contoso"])
    contoso = newest.registries.get("contoso-rg", "contoso")
    expect("data endpoints", contoso.data_endpoint_enabled, False)
    expect("role assignment mode in 2025-11-01", contoso.role_assignment_mode, "LegacyRegistryPermissions")
    updated = newest.registries.begin_update("contoso-rg", "contoso", {"properties": {"dataEndpointEnabled": True}}).result()
    expect("hosts", list(updated.data_endpoint_host_names),
           ["contoso.eastus.data.azurecr.io", "contoso.westus.data.azurecr.io"])
    replication = newest.replications.begin_create("contoso-rg", "contoso", "japaneast", {"location": "japaneast"}).result()
    expect("replication", replication.provisioning_state, "Succeeded")
    newest.replications.begin_delete("contoso-rg", "contoso", "japaneast").result()
    available = newest.registries.check_name_availability({"name": "contoso", "type": "Microsoft.ContainerRegistry/registries"})
    expect("name availability", (available.name_available, available.reason), (False, "AlreadyExists"))
    expect("usages", [usage.name for usage in newest.registries.list_usages("contoso-rg", "contoso").value], ["Size", "Webhooks"])
    links = list(newest.registries.list_private_link_resources("contoso-rg", "contoso"))
    expect("private link members", len(links[0].properties.required_members), 3)
    if not list(newest.operations.list()):
        raise SystemExit("no operations")
    newest.registries.begin_delete("fabrikam-rg", "wingtip").result()
    try:
        newest.registries.get("fabrikam-rg", "wingtip")
        raise SystemExit("wingtip is still there")
    except HttpResponseError as error:
        expect("a deleted registry", error.status_code, 404)
    # What an older version does not have is not sent, whatever the SDK knows.
    for version, hidden in [("2023-07-01", True), ("2025-04-01", True), ("2025-11-01", False)]:
        token = ClientSecretCredential(TENANT, "emulator", "emulator", authority=URL, connection_verify=CA,
                                       disable_instance_discovery=True).get_token(f"{URL}/.default").token
        path = f"{URL}/subscriptions/{SUBSCRIPTION}/resourceGroups/contoso-rg/providers/Microsoft.ContainerRegistry/registries/contoso"
        request = urllib.request.Request(f"{path}?api-version={version}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=CA)) as answer:
            properties = json.load(answer)["properties"]
        expect(f"roleAssignmentMode hidden in {version}", "roleAssignmentMode" not in properties, hidden)


if __name__ == "__main__":
    main()
