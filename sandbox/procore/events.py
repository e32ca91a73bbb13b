"""What a webhook carries, in the shape of each payload version (reference 12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.procore.deliveries import Delivery
from sandbox.procore.model import Hook
from sandbox.procore.shapes import stamp
from sandbox.procore.store import ProcoreStore

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_IDS_START = 7_000_000_000


def raise_event(
    store: ProcoreStore, resource: str, event: str, resource_id: int, *, user_id: int
) -> list[Delivery]:
    """An event of the company: a delivery for each active hook with a trigger for it."""
    number = len(store.erp.courier.deliveries) + 1
    return [
        store.erp.courier.add(hook, _payload(store, hook, resource, event, resource_id, user_id, n))
        for n, hook in enumerate(_listening(store, resource, event), start=number)
    ]


def _listening(store: ProcoreStore, resource: str, event: str) -> Iterator[Hook]:
    for hook in list(store.hooks.values()):
        if hook.project_id is None and hook.status == "active":
            wanted = {(each.resource_name, each.event_type) for each in hook.triggers.values()}
            if (resource, event) in wanted:
                yield hook


def _payload(
    store: ProcoreStore,
    hook: Hook,
    resource: str,
    event: str,
    resource_id: int,
    user_id: int,
    number: int,
) -> dict[str, Any]:
    now = store.now()
    ulid = _ulid(int(now.timestamp() * 1000), number)
    if hook.version == "v4.0":
        return {
            "id": ulid,
            "timestamp": stamp(now),
            "user_id": str(user_id),
            "company_id": str(store.company_id),
            "project_id": None,
            "payload_version": "v4.0",
            "reason": event,
            "resource_type": resource,
            "resource_id": str(resource_id),
        }
    payload: dict[str, Any] = {
        "id": _IDS_START + number,
        "ulid": ulid,
        "timestamp": stamp(now),
        "user_id": user_id,
        "company_id": store.company_id,
        "project_id": None,
        "api_version": hook.version,
        "event_type": event,
        "resource_name": resource,
        "resource_id": resource_id,
        "metadata": {
            "source_user_id": user_id,
            "source_project_id": None,
            "source_operation_id": None,
            "source_company_id": store.company_id,
            "source_application_id": None,
        },
    }
    return payload | {"related_resources": []} if hook.version == "v3.0" else payload


def _ulid(milliseconds: int, number: int) -> str:
    """Ten characters of time and sixteen of a count: sortable, and never the same twice."""
    value = milliseconds << 80 | number
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
