"""Verifies a token of the emulator with the keys that its OpenID configuration names.

Usage: verify_token.py URL CA
"""

import sys

import jwt
import requests

URL, CA = sys.argv[1:3]
TENANT = "72f988bf-0000-4000-8000-00000000e0e0"


def main():
    configuration = requests.get(f"{URL}/{TENANT}/v2.0/.well-known/openid-configuration", verify=CA, timeout=10).json()
    keys = requests.get(configuration["jwks_uri"], verify=CA, timeout=10).json()
    form = {"grant_type": "client_credentials", "client_id": "emulator", "client_secret": "emulator", "scope": f"{URL}/.default"}
    token = requests.post(configuration["token_endpoint"], data=form, verify=CA, timeout=10).json()["access_token"]
    key = jwt.PyJWK(keys["keys"][0]).key
    claims = jwt.decode(token, key, algorithms=["ES256"], audience=f"{URL}/", issuer=configuration["issuer"])
    print(f"a token for {claims['aud']}, verified")


main()
