"""Webhooks of a company in v2.0: the same hooks in ``data`` envelopes, ids as strings."""

from __future__ import annotations

from typing import Any

from sandbox.procore import fields
from sandbox.procore.call import Call
from sandbox.procore.deliveries import Delivery
from sandbox.procore.errors import not_found
from sandbox.procore.model import Hook, Trigger
from sandbox.procore.operation import Operation
from sandbox.procore.paging import PAGE_NAMES, page_of
from sandbox.procore.shapes import Json, stamp
from sandbox.procore.webhooks import (
    COMPANY_RESOURCES,
    authorization,
    change_hook,
    events_of,
    find_hook,
    make_hook,
    make_trigger,
    masked,
    namespace,
    url,
)

PATH = "/rest/v2.0/companies/{company_id}/webhooks"
VERSIONS = ("v4.0", "v3.0", "v2.0")
CHECKS: dict[str, fields.Check] = {
    "payload_version": fields.choice(*VERSIONS, null=False),
    "namespace": namespace,
    "destination_url": url,
    "destination_headers": authorization,
}
_STATUSES = ("succeeded", "failed", "discarded", "enqueued", "retrying")
# The published filter and the published field use different words.
_STATUSES_OF = {
    "delivered": ("succeeded",),
    "enqueued": ("enqueued",),
    "retrying": ("retrying", "failed"),
    "discarded": ("discarded",),
}
STATUS: dict[str, fields.Check] = {"status": fields.choice("active", "disabled", null=False)}


def _allowed(call: Call) -> None:
    call.need_tool("webhooks", "Standard")


def _hook(call: Call, hook: Hook) -> Json:
    return {
        "id": str(hook.id),
        "status": hook.status,
        "payload_version": hook.version,
        "namespace": hook.namespace,
        "destination_headers": masked(hook.authorization),
        "destination_url": hook.destination_url,
        "trigger_count": len(hook.triggers),
        "company_id": str(call.store.company_id),
        "project_id": None,
        "created_at": stamp(hook.created_at),
        "updated_at": stamp(hook.updated_at),
    }


def _trigger(call: Call, trigger: Trigger) -> Json:
    return {
        "id": str(trigger.id),
        "webhook_hook_id": str(trigger.hook_id),
        "resource_name": trigger.resource_name,
        "event_type": trigger.event_type,
        "company_id": str(call.store.company_id),
        "project_id": None,
    }


def list_hooks(call: Call) -> Json:
    """Company hooks, of one namespace or payload version if asked."""
    _allowed(call)
    call.flag("include_trigger_count")
    name, version = call.text("namespace"), call.choice("payload_version", VERSIONS)
    found = [
        hook
        for hook in call.store.hooks.values()
        if hook.project_id is None
        and name in (None, hook.namespace)
        and version in (None, hook.version)
    ]
    return {"data": page_of(call, found, lambda h: _hook(call, h), default=10, cap=100)}


def create_hook(call: Call) -> Json:
    """A new hook of the company."""
    _allowed(call)
    sent = call.document(allowed=tuple(CHECKS))
    required = {name: sent.get(name) for name in CHECKS}
    values = fields.checked(required, CHECKS)
    return {"data": _hook(call, make_hook(call, values, values["payload_version"], None))}


def show_hook(call: Call) -> Json:
    """One hook."""
    _allowed(call)
    return {"data": _hook(call, find_hook(call, "id", None))}


def update_hook(call: Call) -> Json:
    """Change a hook, or switch it off and on."""
    _allowed(call)
    hook = find_hook(call, "id", None)
    checks = CHECKS | STATUS
    change_hook(call, hook, fields.checked(call.document(allowed=tuple(checks)), checks))
    return {"data": _hook(call, hook)}


def delete_hook(call: Call) -> None:
    """Remove a hook and its triggers."""
    _allowed(call)
    del call.store.hooks[find_hook(call, "id", None).id]


def list_triggers(call: Call) -> Json:
    """The triggers of a hook."""
    _allowed(call)
    triggers = list(find_hook(call, "hook_id", None).triggers.values())
    return {"data": page_of(call, triggers, lambda t: _trigger(call, t), default=10, cap=100)}


def create_trigger(call: Call) -> Json:
    """A new trigger."""
    _allowed(call)
    hook = find_hook(call, "hook_id", None)
    sent = call.document(allowed=("resource_name", "event_type"))
    return {"data": _trigger(call, make_trigger(call, hook, sent))}


def delete_trigger(call: Call) -> None:
    """Remove a trigger."""
    _allowed(call)
    if find_hook(call, "hook_id", None).triggers.pop(call.path_id(), None) is None:
        raise not_found("Trigger")


def list_deliveries(call: Call) -> Json:
    """What was sent to a hook, newest first."""
    _allowed(call)
    hook = find_hook(call, "hook_id", None)
    status = call.choice("filter[status]", tuple(_STATUSES))
    resource, event = call.text("filter[resource_name]"), call.text("filter[event_type]")
    days = call.text("filter[start]"), call.text("filter[end]")
    found = [
        delivery
        for delivery in call.store.erp.courier.of(hook)
        if status in (None, *_STATUSES_OF[delivery.status])
        and resource in (None, _resource(delivery))
        and event in (None, _event(delivery))
        and (days[0] or "") <= delivery.created_at.date().isoformat() <= (days[1] or "9999")
    ]
    return {"data": page_of(call, found, _delivery, default=10, cap=100)}


def _resource(delivery: Delivery) -> Any:
    return delivery.payload.get("resource_name") or delivery.payload.get("resource_type")


def _event(delivery: Delivery) -> Any:
    return delivery.payload.get("event_type") or delivery.payload.get("reason")


def _delivery(delivery: Delivery) -> Json:
    return {
        "id": str(delivery.id),
        "status": delivery.status,
        "payload": delivery.payload,
        "delivery_attempts": [
            {"attempted_at": stamp(each.at), "response_status": each.status}
            for each in delivery.attempts
        ],
    }


def list_resources(call: Call) -> Json:
    """What can be subscribed to in the company."""
    _allowed(call)
    version = call.choice("payload_version", VERSIONS) or "v2.0"
    listed: list[Json] = [
        {
            "category": "company",
            "tool": name,
            "name": name,
            "payload_version": version,
            "actions": list(events_of(name)),
        }
        for name in COMPANY_RESOURCES
    ]
    return {"data": page_of(call, listed, lambda item: item, default=10, cap=100)}


_ONE = PATH + "/hooks/{id}"
_TRIGGERS = PATH + "/hooks/{hook_id}/triggers"
OPERATIONS = (
    Operation(
        "GET",
        PATH + "/hooks",
        list_hooks,
        query=("namespace", "payload_version", "include_trigger_count", *PAGE_NAMES),
    ),
    Operation("POST", PATH + "/hooks", create_hook, status=201),
    Operation("GET", _ONE, show_hook),
    Operation("PATCH", _ONE, update_hook),
    Operation("DELETE", _ONE, delete_hook, status=204),
    Operation("GET", _TRIGGERS, list_triggers, query=PAGE_NAMES),
    Operation("POST", _TRIGGERS, create_trigger, status=201),
    Operation("DELETE", _TRIGGERS + "/{id}", delete_trigger, status=204),
    Operation(
        "GET",
        PATH + "/hooks/{hook_id}/deliveries",
        list_deliveries,
        query=(
            "filter[status]",
            "filter[resource_name]",
            "filter[event_type]",
            "filter[start]",
            "filter[end]",
            *PAGE_NAMES,
        ),
    ),
    Operation("GET", PATH + "/resources", list_resources, query=("payload_version", *PAGE_NAMES)),
)
