"""Reads rules as their consumers do, validates them, and prints the host names that they allow, one per line.

Usage: consume.py azure-firewall|cilium|terraform FILE      needs jsonschema, PyYAML, python-hcl2
"""

import json
import pathlib
import sys

import hcl2
import jsonschema
import yaml

HERE = pathlib.Path(__file__).parent


def validated(name, document):
    jsonschema.validate(document, json.loads((HERE / f"{name}.schema.json").read_text()))
    return document


def azure_firewall(text):
    template = validated("azure-firewall", json.loads(text))
    for collection in template["resources"][0]["properties"]["ruleCollections"]:
        for rule in collection["rules"]:
            yield from rule["targetFqdns"]


def cilium(text):
    policy = validated("cilium", yaml.safe_load(text))
    for rule in policy["spec"]["egress"]:
        for name in rule.get("toFQDNs", []):
            yield name.get("matchName") or name["matchPattern"]


def plain(value):
    """python-hcl2 8 keeps the quotes of strings and of block labels; older versions do not."""
    return value.strip('"') if isinstance(value, str) else value


def terraform(text):
    resources = hcl2.loads(text)["resource"]
    [(kind, by_name)] = resources[0].items()
    assert plain(kind) == "azurerm_firewall_policy_rule_collection_group", kind
    [group] = [body for name, body in by_name.items() if plain(name) == "az_acr"]
    assert 100 <= group["priority"] <= 65000
    for collection in group["application_rule_collection"]:
        assert plain(collection["action"]) == "Allow"
        for rule in collection["rule"]:
            assert [plain(p["type"]) for p in rule["protocols"]] == ["Https"]
            yield from map(plain, rule["destination_fqdns"])


READERS = {"azure-firewall": azure_firewall, "cilium": cilium, "terraform": terraform}

for fqdn in READERS[sys.argv[1]](pathlib.Path(sys.argv[2]).read_text()):
    print(fqdn)
