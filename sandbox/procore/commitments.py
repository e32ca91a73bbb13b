"""Commitments in v1: work order and purchase order contracts, and the deprecated mixed routes.

Documented (reference 6): the filters, ``include_deleted``, the writable attributes, the sync
action, and that an Approved or Complete commitment does not change its vendor. Assumed: Admin
on the Commitments tool to write; ``per_page`` is capped at 100; a status of the other kind is 422.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.procore import fields
from sandbox.procore.call import Call, refuse_unknown
from sandbox.procore.errors import ApiError, not_found, unprocessable
from sandbox.procore.model import Commitment, CommitmentKind, statuses_of
from sandbox.procore.operation import Operation
from sandbox.procore.origins import DuplicateOrigin
from sandbox.procore.paging import PAGE_NAMES, page_of
from sandbox.procore.shapes import Json
from sandbox.procore.shapes_contracts import (
    commitment_deprecated,
    commitment_thin,
    contract,
    contract_shown,
)
from sandbox.procore.sync import Failed, sync_all

DATES = (
    "contract_date",
    "execution_date",
    "issued_on_date",
    "returned_date",
    "signed_contract_received_date",
    "letter_of_intent_date",
    "approval_letter_date",
)
WORK_ORDER_DATES = (
    "actual_completion_date",
    "contract_start_date",
    "contract_estimated_completion_date",
)
TEXTS = ("description",)
WORK_ORDER_TEXTS = ("inclusions", "exclusions")
PURCHASE_ORDER_TEXTS = ("bill_to_address", "ship_to_address", "ship_via", "payment_terms")
OWN: dict[str, fields.Check] = {
    "number": fields.text,
    "title": fields.text,
    "executed": fields.flag,
    "private": fields.flag,
    "accounting_method": fields.choice("amount", "unit", null=False),
    "retainage_percent": fields.percent,
    "vendor_id": fields.integer,
    "origin_id": fields.origin,
    "origin_code": fields.text,
    "origin_data": fields.text,
}


def _iso_day(value: Any) -> str | None:
    checked = fields.day(value)
    return None if checked is None else checked.isoformat()


def checks_for(kind: CommitmentKind) -> dict[str, fields.Check]:
    """Every writable attribute of this kind, with its check."""
    work = kind == "work_order"
    dates = DATES + (WORK_ORDER_DATES if work else ("delivery_date",))
    texts = TEXTS + (WORK_ORDER_TEXTS if work else PURCHASE_ORDER_TEXTS)
    return (
        OWN
        | {"status": fields.choice(*statuses_of(kind), null=False)}
        | dict.fromkeys(dates, _iso_day)
        | dict.fromkeys(texts, fields.text)
    )


def apply(call: Call, record: Commitment, values: dict[str, Any]) -> None:
    """Write checked attributes; those without a column of their own go to the details."""
    vendor = values.get("vendor_id", record.vendor_id)
    if vendor != record.vendor_id:
        if record.status in ("Approved", "Complete"):
            raise unprocessable("vendor_id", f"cannot change while the status is {record.status}")
        if vendor not in call.store.vendors:
            raise unprocessable("vendor_id", "is not a vendor of this company")
    own = {name: value for name, value in values.items() if hasattr(record, name)}
    details = {name: value for name, value in values.items() if name not in own}
    try:
        call.store.set_commitment(record.id, **own, details=record.details | details)
    except DuplicateOrigin:
        raise unprocessable("origin_id", "has already been taken") from None


def in_project(call: Call, project_id: int, level: str) -> list[Commitment]:
    """All commitments of a project the caller may see, deleted ones too."""
    call.project(project_id)
    call.need_tool("commitments", level, project_id)
    return [call.store.commitments[i] for i in call.store.commitment_ids(project_id)]


def by_deletion(found: list[Commitment], wanted: str | None) -> list[Commitment]:
    """``include_deleted``: none by default, all ``with``, only them ``only``."""
    if wanted == "with":
        return found
    return [c for c in found if (c.deleted_at is not None) == (wanted == "only")]


def list_mixed(call: Call) -> list[object]:
    """The deprecated list: both kinds, thin, unfiltered."""
    found = by_deletion(in_project(call, call.need("project_id"), "Read Only"), None)
    return page_of(call, found, lambda c: commitment_thin(call.store, c), cap=100)


def show_mixed(call: Call) -> Json:
    """The deprecated show, with ``allow_payments``."""
    project_id = call.need("project_id")
    in_project(call, project_id, "Read Only")
    return commitment_deprecated(call.store, call.commitment(project_id, call.path_id()))


def _list(kind: CommitmentKind) -> Callable[[Call], list[object]]:
    def handler(call: Call) -> list[object]:
        found = in_project(call, call.need("project_id"), "Read Only")
        found = [c for c in found if c.kind == kind]
        call.choice("view", ("compact", "extended"))
        deleted = call.choice("filters[include_deleted]", ("only", "with"))
        found = by_deletion(found, deleted)
        ids = call.integers("id")
        if ids is not None:
            found = [c for c in found if c.id in ids]
        status = call.choice("filters[status]", statuses_of(kind))
        if status is not None:
            found = [c for c in found if c.status == status]
        origin = call.filter("origin_id")
        if origin is not None:
            found = [c for c in found if c.origin_id == origin]
        for name in ("created_at", "updated_at"):
            span = call.range(name)
            if span is not None:
                found = [c for c in found if span[0] <= getattr(c, name) <= span[1]]
        return page_of(call, found, lambda c: contract(call.store, c), cap=100)

    return handler


def _of_kind(call: Call, kind: CommitmentKind, project_id: int) -> Commitment:
    record = call.commitment(project_id, call.path_id())
    if record.kind != kind:
        raise not_found("Commitment")
    return record


def _show(kind: CommitmentKind) -> Callable[[Call], Json]:
    def handler(call: Call) -> Json:
        project_id = call.need("project_id")
        in_project(call, project_id, "Read Only")
        return contract_shown(call.store, _of_kind(call, kind, project_id))

    return handler


def _update(kind: CommitmentKind) -> Callable[[Call], Json]:
    checks = checks_for(kind)
    key = f"{kind}_contract"

    def handler(call: Call) -> Json:
        call.document(allowed=("project_id", key, "attachments"))
        project_id = call.body_id("project_id")
        in_project(call, project_id, "Admin")
        record = _of_kind(call, kind, project_id)
        sent = call.body_object(key, tuple(checks))
        apply(call, record, fields.checked(sent, checks))
        return contract_shown(call.store, record)

    return handler


def _sync(kind: CommitmentKind) -> Callable[[Call], Json]:
    checks = checks_for(kind)

    def handler(call: Call) -> Json:
        call.document(allowed=("project_id", "updates"))
        project_id = call.body_id("project_id")
        in_project(call, project_id, "Admin")

        def one(update: dict[str, Any]) -> Json:
            values = dict(update)
            refuse_unknown(values, ("id", *checks))
            wanted = values.pop("id", None)
            record = _find(call, kind, project_id, wanted, values.get("origin_id"))
            checked = fields.checked(values, checks)
            if record is None:
                record = _create(call, kind, project_id, checked)
            apply(call, record, checked)
            return contract(call.store, record)

        return sync_all(call, one)

    return handler


def _find(
    call: Call, kind: CommitmentKind, project_id: int, wanted: object, origin: object
) -> Commitment | None:
    """By id when one is given, else by origin id; None means create (reference 3.5)."""
    store = call.store
    if wanted is not None:
        record = store.commitments.get(wanted) if isinstance(wanted, int) else None
        if record is None or record.project_id != project_id or record.kind != kind:
            raise Failed({"id": ["not found"]})
        return record
    if not isinstance(origin, str):
        return None
    holder = store.origins.holder(f"{kind}_contract", origin)
    if holder is None:
        return None
    record = store.commitments[holder]
    if record.project_id != project_id:
        raise Failed({"origin_id": ["has already been taken"]})
    return record


def _create(
    call: Call, kind: CommitmentKind, project_id: int, values: dict[str, Any]
) -> Commitment:
    store = call.store
    vendor_id = values.get("vendor_id")
    if vendor_id not in store.vendors:
        raise ApiError(422, "invalid", errors={"vendor_id": ["is not a vendor of this company"]})
    new_id = store.add_commitment(
        project_id=project_id,
        vendor_id=vendor_id,
        kind=kind,
        number=values.get("number") or f"{len(store.commitment_ids(project_id)) + 1:03}",
        title=values.get("title") or "",
        status=values.get("status", "Draft"),
        currency=store.projects[project_id].currency,
        grand_total=Decimal(0),
    )
    return store.commitments[new_id]


def _operations(kind: CommitmentKind) -> tuple[Operation, ...]:
    path = f"/rest/v1.0/{kind}_contracts"
    return (
        Operation("PATCH", path + "/sync", _sync(kind)),
        Operation(
            "GET",
            path,
            _list(kind),
            query=("project_id", "view", *PAGE_NAMES),
            filters=("id", "status", "created_at", "updated_at", "include_deleted", "origin_id"),
        ),
        Operation("GET", path + "/{id}", _show(kind), query=("project_id",)),
        Operation("PATCH", path + "/{id}", _update(kind), query=("run_configurable_validations",)),
    )


OPERATIONS = (
    Operation("GET", "/rest/v1.0/commitments", list_mixed, query=("project_id", *PAGE_NAMES)),
    Operation("GET", "/rest/v1.0/commitments/{id}", show_mixed, query=("project_id",)),
    *_operations("work_order"),
    *_operations("purchase_order"),
)
