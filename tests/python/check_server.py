"""Runs scim2-tester against $SCIM_URL with $SCIM_TOKEN; prints its results as JSON."""

import json
import os

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import Mutability
from scim2_tester import check_server
from scim2_tester.checkers import patch_add, patch_replace


def written(value):
    """What a client can have written of a value.

    A read-only part, such as a member's name, is the server's to fill in (RFC 7643 section 7); the
    tester compares what it wrote with what comes back part by part, those parts included. So is
    "schemas" of an extension, which its name in the resource says already.
    """
    if isinstance(value, list):
        return [written(element) for element in value]
    if not hasattr(value, "model_dump"):
        return value
    fields = type(value).model_fields
    return {
        name: written(getattr(value, name))
        for name in fields
        if name != "schemas"
        and value.get_field_annotation(name, Mutability) != Mutability.read_only
    }


for checker in (patch_add, patch_replace):
    checker.fields_equality = lambda expected, actual: written(expected) == written(actual)

http = Client(
    base_url=os.environ["SCIM_URL"],
    headers={"Authorization": "Bearer " + os.environ["SCIM_TOKEN"]},
    timeout=30,
)
results = check_server(SyncSCIMClient(http))
print(
    json.dumps(
        [
            {
                "status": result.status.name,
                "title": result.title,
                "reason": result.reason,
                "resource_type": result.resource_type,
                "data": str(result.data)[:2000] if result.data is not None else None,
            }
            for result in results
        ]
    )
)
