"""A server of our own that az-acr trusts, and the files of an Azure CLI that is logged in to it."""

import json
import subprocess

TENANT = "72f988bf-0000-4000-8000-00000000e0e0"


def certificate(directory, host="localhost"):
    """Makes the certificate of a host, for two days. Returns its key and itself."""
    key, pem = (directory / f"{host.lstrip('*.')}.{kind}" for kind in ("key", "pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-keyout", key, "-out", pem, "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}",
                    "-addext", "basicConstraints=critical,CA:FALSE"], check=True, capture_output=True)
    return key, pem


def write(azure, url, token, subscription):
    """Writes settings, clouds, profile and token cache into the directory of `az`."""
    azure.mkdir(parents=True, exist_ok=True)
    (azure / "config").write_text("[cloud]\nname = local\n")
    (azure / "clouds.config").write_text(
        f"[local]\nendpoint_resource_manager = {url}\nendpoint_active_directory = {url}\n"
        f"endpoint_active_directory_resource_id = {url}\nsuffix_acr_login_server_endpoint = .azurecr.io\n"
        "suffix_storage_endpoint = core.windows.net\n")
    (azure / "azureProfile.json").write_text(json.dumps({"subscriptions": [{
        "id": subscription, "name": "Emulator", "isDefault": True, "tenantId": TENANT, "environmentName": "local",
        "user": {"name": "app", "type": "servicePrincipal"}}]}))
    (azure / "msal_token_cache.json").write_text(json.dumps({"AccessToken": {"arm": {
        "credential_type": "AccessToken", "secret": token, "environment": "localhost", "client_id": "app", "realm": TENANT,
        "home_account_id": None, "token_type": "Bearer", "target": f"{url}/.default", "expires_on": "4000000000"}}}))
