"""Reads the reports back: SARIF by its schema, JUnit by junitparser, CSV by csv."""

import csv
import json
import re
import sys
from pathlib import Path

import jsonschema
from junitparser import JUnitXml

work, schema = Path(sys.argv[1]), Path(sys.argv[2])

# CSV: all registries, and no cell that a spreadsheet would run.
with open(work / "fleet.csv", newline="") as file:
    rows = list(csv.DictReader(file))
registries = [row for row in rows if row["exposure"] != "unread"]
assert len(registries) == 706, len(registries)
assert len(rows) - len(registries) == 1, "the subscription that could not be read is missing"
for row in rows:
    for cell in row.values():
        assert not cell or cell[0] not in "=+-@\t\r", cell
wildcard = sum(row["exposure"] == "wildcard" for row in registries)

# JUnit: one test case a registry, one error for what could not be read.
suites = JUnitXml.fromfile(str(work / "fleet.xml"))
suites_tests, failed = (suites.tests, suites.failures)
cases = [case for suite in suites for case in suite]
assert suites_tests == len(cases) == 707, (suites_tests, len(cases))
assert suites.errors == 1
# contoso's exception holds, wingtip's has expired.
assert failed == wildcard - 1, (failed, wildcard)
contoso = next(case for case in cases if case.name == "contoso")
assert "<b>legacy</b>, firewall" in contoso.result[0].message, contoso.result
wingtip = next(case for case in cases if case.name == "wingtip")
assert {failure.type for failure in wingtip.result} == {"ACR001", "ACR008"}

# SARIF: the schema, and what code scanning asks for beyond it.
sarif = json.loads((work / "fleet.sarif").read_text())
jsonschema.validate(sarif, json.loads(schema.read_text()))
run = sarif["runs"][0]
rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
fingerprints = set()
for result in run["results"]:
    assert rules[result["ruleIndex"]] == result["ruleId"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri) and not uri.startswith("/"), uri
    fingerprints.add(result["partialFingerprints"]["primaryLocationLineHash"])
assert len(fingerprints) == len(run["results"]), "two results have the same fingerprint"
suppressed = [result for result in run["results"] if "suppressions" in result]
assert len(suppressed) == 1 and suppressed[0]["message"]["text"].startswith("contoso: ")
# The schema must be able to refuse.
run["results"][0]["level"] = "terrible"
try:
    jsonschema.validate(sarif, json.loads(schema.read_text()))
except jsonschema.ValidationError:
    pass
else:
    raise AssertionError("the schema accepts everything")

print(f"{len(registries)} registries, {wildcard} wildcard: CSV, JUnit and SARIF read back")
