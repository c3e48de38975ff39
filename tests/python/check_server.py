"""Runs scim2-tester against $SCIM_URL with $SCIM_TOKEN; prints its results as JSON."""

import json
import os

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server

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
