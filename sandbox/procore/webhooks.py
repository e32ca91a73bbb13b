"""Webhooks of v1.0: hooks, triggers, resources (reference 12).

What is delivered, and when, is in ``events`` and ``deliveries``.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sandbox.procore import fields
from sandbox.procore.call import Call, refuse_unknown
from sandbox.procore.deliveries import Attempt, Delivery
from sandbox.procore.errors import not_found, unprocessable
from sandbox.procore.model import Hook, Trigger
from sandbox.procore.operation import Operation
from sandbox.procore.shapes import Json, stamp

PATH = "/rest/v1.0/webhooks"
SCOPE = ("company_id", "project_id")
EVENTS = ("create", "update", "delete")
COMPANY_RESOURCES = ("ERP Requests", "Projects", "Company Vendors", "Company Users")
PROJECT_RESOURCES = (
    "Contract Payments",
    "Work Order Contracts",
    "Purchase Order Contracts",
    "Payment Applications",
    "Draw Requests",
    "Prime Contracts",
)
# ERP Requests and all project resources have the three events, the others no delete.
NO_DELETE = ("Projects", "Company Vendors", "Company Users")
_OUTCOMES = {
    "delivered": "successful",
    "enqueued": "failing",
    "retrying": "failing",
    "discarded": "discarded",
}
_NAMESPACE = re.compile(r"[a-z0-9-]+", re.ASCII)


def events_of(resource: str) -> tuple[str, ...]:
    """The events published for a resource."""
    return EVENTS[:2] if resource in NO_DELETE else EVENTS


def masked(authorization: str | None) -> Json:
    """The stored header, all but its last five characters hidden."""
    if authorization is None:
        return {}
    return {"Authorization": "*" * max(0, len(authorization) - 5) + authorization[-5:]}


def namespace(value: Any) -> str:
    """``a-z 0-9 -`` only."""
    if not isinstance(value, str) or not _NAMESPACE.fullmatch(value):
        raise fields.Invalid("may hold only a-z, 0-9 and -")
    return value


def url(value: Any) -> str:
    """An http or https address."""
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        raise fields.Invalid("is not a URL")
    return value


def authorization(value: Any) -> str | None:
    """The ``Authorization`` entry of the destination headers."""
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) - {"Authorization"}:
        raise fields.Invalid("may hold only Authorization")
    return fields.text(value.get("Authorization"))


def make_hook(call: Call, values: dict[str, Any], version: str, project_id: int | None) -> Hook:
    """Store a new hook."""
    missing = [name for name in ("namespace", "destination_url") if name not in values]
    if missing:
        raise unprocessable(missing[0], "can't be blank")
    store = call.store
    now = store.now()
    hook = Hook(
        id=store.new_id("hook"),
        version=version,
        namespace=values["namespace"],
        destination_url=values["destination_url"],
        authorization=values.get("destination_headers"),
        project_id=project_id,
        user_id=call.token.user_id,
        created_at=now,
        updated_at=now,
    )
    store.hooks[hook.id] = hook
    return hook


def make_trigger(call: Call, hook: Hook, sent: dict[str, Any]) -> Trigger:
    """Store a new trigger; its resource and event must be published for the hook's scope."""
    refuse_unknown(sent, ("resource_name", "event_type"))
    known = COMPANY_RESOURCES if hook.project_id is None else PROJECT_RESOURCES
    checks: dict[str, fields.Check] = {
        "resource_name": fields.choice(*known, null=False),
        "event_type": fields.choice(*EVENTS, null=False),
    }
    values = fields.checked({name: sent.get(name) for name in checks}, checks)
    if values["event_type"] not in events_of(values["resource_name"]):
        raise unprocessable("event_type", "does not exist for this resource")
    trigger = Trigger(id=call.store.new_id("trigger"), hook_id=hook.id, **values)
    hook.triggers[trigger.id] = trigger
    return trigger


def find_hook(call: Call, name: str, project_id: int | None) -> Hook:
    """A hook of that scope."""
    hook = call.store.hooks.get(call.path_id(name))
    if hook is None or hook.project_id != project_id:
        raise not_found("Hook")
    return hook


def _scope(call: Call) -> int | None:
    """The project of a call, from its query or its body; None is the company."""
    call.need_tool("webhooks", "Standard")
    in_body = isinstance(call.body, dict) and "project_id" in call.body
    project_id = call.body_id("project_id") if in_body else call.integer("project_id")
    if project_id is None and not in_body and call.body is None:
        call.need("company_id")
    if project_id is not None:
        call.project(project_id)
    return project_id


def _hook(call: Call, hook: Hook) -> Json:
    return {
        "id": hook.id,
        "api_version": hook.version,
        "destination_headers": masked(hook.authorization),
        "destination_url": hook.destination_url,
        "owned_by_company_id": call.store.company_id if hook.project_id is None else None,
        "owned_by_project_id": hook.project_id,
        "owned_by_user_id": hook.user_id,
        "namespace": hook.namespace,
    }


def _trigger(call: Call, hook: Hook, trigger: Trigger) -> Json:
    return {
        "id": trigger.id,
        "webhook_hook_id": hook.id,
        "resource_name": trigger.resource_name,
        "resource_id": None,
        "event_type": trigger.event_type.upper(),
        "company_id": call.store.company_id,
        "project_id": hook.project_id,
        "user_id": hook.user_id,
    }


HOOK_CHECKS: dict[str, fields.Check] = {
    "api_version": fields.text,
    "namespace": namespace,
    "destination_url": url,
    "destination_headers": authorization,
}


def list_hooks(call: Call) -> list[Json]:
    """The hooks of a company or project, or of one integration's namespace."""
    project_id, wanted = _scope(call), call.text("namespace")
    return [
        _hook(call, hook)
        for hook in call.store.hooks.values()
        if hook.project_id == project_id and wanted in (None, hook.namespace)
    ]


def create_hook(call: Call) -> Json:
    """A new hook."""
    project_id = _scope(call)
    call.document(allowed=(*SCOPE, "hook"))
    values = fields.checked(call.body_object("hook", tuple(HOOK_CHECKS)), HOOK_CHECKS)
    return _hook(call, make_hook(call, values, values.get("api_version") or "v2", project_id))


def update_hook(call: Call) -> Json:
    """Change where a hook delivers to."""
    hook = find_hook(call, "id", _scope(call))
    call.document(allowed=(*SCOPE, "hook"))
    values = fields.checked(call.body_object("hook", tuple(HOOK_CHECKS)), HOOK_CHECKS)
    change_hook(call, hook, values)
    return _hook(call, hook)


def change_hook(call: Call, hook: Hook, values: dict[str, Any]) -> None:
    """Write checked attributes of a hook."""
    names = {
        "api_version": "version",
        "payload_version": "version",
        "destination_headers": "authorization",
    }
    for name, value in values.items():
        setattr(hook, names.get(name, name), value)
    hook.updated_at = call.store.now()


def delete_hook(call: Call) -> None:
    """Remove a hook and its triggers."""
    del call.store.hooks[find_hook(call, "id", _scope(call)).id]


def list_triggers(call: Call) -> list[Json]:
    """The triggers of a hook."""
    hook = find_hook(call, "hook_id", _scope(call))
    return [_trigger(call, hook, trigger) for trigger in hook.triggers.values()]


def create_trigger(call: Call) -> Json:
    """A new trigger."""
    hook = find_hook(call, "hook_id", _scope(call))
    call.document(allowed=(*SCOPE, "api_version", "trigger"))
    sent = call.body_object("trigger", ("resource_name", "event_type"))
    return _trigger(call, hook, make_trigger(call, hook, sent))


def delete_trigger(call: Call) -> None:
    """Remove a trigger."""
    hook = find_hook(call, "hook_id", _scope(call))
    if hook.triggers.pop(call.path_id(), None) is None:
        raise not_found("Trigger")


def list_deliveries(call: Call) -> list[Json]:
    """Every attempt at a hook's events, the newest event first."""
    hook = find_hook(call, "hook_id", _scope(call))
    wanted = call.choice("filters[status]", ("any", "successful", "failing", "discarded"))
    return [
        _attempt(delivery, attempt)
        for delivery in call.store.erp.courier.of(hook)
        if wanted in (None, "any", _OUTCOMES[delivery.status])
        for attempt in delivery.attempts
    ]


def _attempt(delivery: Delivery, attempt: Attempt) -> Json:
    good = attempt.status is not None and 200 <= attempt.status < 300
    return {
        "event": delivery.payload,
        "event_id": delivery.id,
        "outcome": "ok" if good else "discarded" if delivery.status == "discarded" else "retried",
        "response_body": None,
        "response_error": None if attempt.status else "no answer in time",
        "response_status": attempt.status,
        "response_headers": {},
        "started_at": stamp(attempt.at - timedelta(seconds=attempt.seconds)),
        "completed_at": stamp(attempt.at),
    }


def list_resources(call: Call) -> list[Json]:
    """What can be subscribed to in the company or in a project."""
    call.need_tool("webhooks", "Standard")
    project_id = call.integer("project_id")
    return [
        {
            "api_version": "v2",
            "product_category": "project" if project_id is not None else "company",
            "tools": name,
            "except": [event for event in EVENTS if event not in events_of(name)],
            **dict.fromkeys(events_of(name), name),
        }
        for name in (COMPANY_RESOURCES if project_id is None else PROJECT_RESOURCES)
    ]


_ONE = PATH + "/hooks/{id}"
_TRIGGERS = PATH + "/hooks/{hook_id}/triggers"
OPERATIONS = (
    Operation("GET", PATH + "/hooks", list_hooks, query=(*SCOPE, "namespace", "api_version")),
    Operation("POST", PATH + "/hooks", create_hook, status=201),
    Operation("PATCH", _ONE, update_hook),
    Operation("DELETE", _ONE, delete_hook, query=SCOPE),
    Operation("GET", _TRIGGERS, list_triggers, query=SCOPE),
    Operation("POST", _TRIGGERS, create_trigger, status=201),
    Operation("DELETE", _TRIGGERS + "/{id}", delete_trigger, query=SCOPE),
    Operation(
        "GET",
        PATH + "/hooks/{hook_id}/deliveries",
        list_deliveries,
        query=(*SCOPE, "page_size", "page_start"),
        filters=("status",),
    ),
    Operation("GET", PATH + "/resources", list_resources, query=SCOPE),
)
