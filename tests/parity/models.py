"""Passes bodies through the models of the official Python SDK. The models must know every property, read every value,
and return the same JSON."""

import json
import re

from azure.core.serialization import attribute_list, is_generated_model
from azure.mgmt.containerregistry import models
from azure.mgmt.containerregistry._utils.model_base import SdkJSONEncoder, _deserialize

BELOW = {
    "": (models.Registry, models.RegistryUpdateParameters, models.Registry),
    "replications": (models.Replication, models.ReplicationUpdateParameters, models.Replication),
    "privateendpointconnections": (models.PrivateEndpointConnection, None, models.PrivateEndpointConnection),
}
PATH = re.compile(r"/registries(?:/[^/]+(?:/(\w+)(?:/[^/]+)?)?)?$", re.I)


def problems(line):
    """Problems of the bodies of a logged request and its response."""
    path = PATH.search(line["path"])
    if not path or path[1] and path[1].lower() not in BELOW:
        return []
    resource, patch, put = BELOW[(path[1] or "").lower()]
    found = []
    if line["body"] is not None and line["status"] < 400:
        found += check({"PATCH": patch, "PUT": put}[line["method"]], line["body"])
    answer = line["answer"]
    if answer is not None and line["status"] < 400:
        for item in answer.get("value", [answer]):
            found += check(resource, item)
    return [f"{line['method']} {line['path']}: {problem}" for problem in found]


def check(model, body):
    """Problems of one body."""
    try:
        read = _deserialize(model, body)
        found = unknown(read, body, model.__name__)
        back = json.loads(json.dumps(read, cls=SdkJSONEncoder))
    except Exception as e:  # pylint: disable=broad-except
        return [f"{model.__name__}: {e!r}"]
    return found + ([] if same(back, body) else [f"{model.__name__}: {body} came back as {back}"])


def unknown(read, body, where):
    """Reads every attribute (only then does the SDK check its value), and finds properties unknown to the SDK."""
    if isinstance(read, list):
        return [problem for item, raw in zip(read, body) for problem in unknown(item, raw, where + "[]")]
    if not is_generated_model(read):
        return []
    for attribute in attribute_list(read):
        getattr(read, attribute)
    fields = {field._rest_name: name for name, field in read._attr_to_rest_field.items()}
    found = [f"{where}.{name} is not known" for name in body if name not in fields]
    for name, value in body.items():
        if name in fields and value is not None:
            found += unknown(getattr(read, fields[name]), value, f"{where}.{name}")
    return found


def same(a, b):
    """Whether two values are equal. Times are compared to the microsecond, because the SDK truncates them."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return time(a) == time(b)


def time(value):
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return re.sub(r"(\.\d{6})\d*", r"\1", value).replace("+00:00", "Z")
    return value
