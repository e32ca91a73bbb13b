"""Requisitions, that is subcontractor invoices, in v1.0 and v1.1 (reference 7).

Documented: the filters, 30 a page in v1.1, the whole invoice locked once it has an
``origin_id`` (attachments stay editable), ``header_only`` and ``extended`` views. Assumed: a
locked attribute sent with its present value is no change; a synced invoice is unlinked only
through External Data; DELETE takes only the latest invoice of a commitment and no synced one.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.procore import fields
from sandbox.procore.call import Call
from sandbox.procore.errors import ApiError, not_found, unprocessable
from sandbox.procore.model import REQUISITION_STATUSES, Requisition
from sandbox.procore.operation import Operation
from sandbox.procore.origins import DuplicateOrigin
from sandbox.procore.paging import PAGE_NAMES, page_of
from sandbox.procore.shapes import Json
from sandbox.procore.shapes_invoices import detail_line, requisition

VIEWS = ("default", "extended", "items", "action_policy", "header_only")
FILTERS = (
    "id",
    "commitment_id",
    "period_id",
    "status",
    "created_at",
    "updated_at",
    "origin_id",
)
UNLOCKED = ("file_ids",)
CHECKS: dict[str, fields.Check] = {
    "period_id": fields.integer,
    "requisition_start": fields.required_day,
    "requisition_end": fields.required_day,
    "billing_date": fields.required_day,
    "final": fields.flag,
    "invoice_number": fields.text,
    "payment_date": fields.day,
    "origin_id": fields.origin,
    "origin_data": fields.text,
    "status": fields.choice(*REQUISITION_STATUSES, null=False),
    "submitted_at": fields.day,
    "prostore_file_ids": fields.integers,
}


def _checks(v11: bool) -> dict[str, fields.Check]:
    own: dict[str, fields.Check] = {"upload_ids": fields.words} if v11 else {"comment": fields.text}
    return CHECKS | own


def _visible(call: Call, project_id: int, level: str) -> None:
    call.project(project_id)
    call.need_tool("commitments", level, project_id)


def _invoice(call: Call, project_id: int, name: str = "id") -> Requisition:
    record = call.store.requisitions.get(call.path_id(name))
    if record is None or record.project_id != project_id:
        raise not_found("Requisition")
    return record


def _list(v11: bool) -> Callable[[Call], list[object]]:
    def handler(call: Call) -> list[object]:
        project_id = call.need("project_id")
        _visible(call, project_id, "Read Only")
        view = call.choice("view", VIEWS) or "default"
        store = call.store
        ids = _filtered(call, project_id)
        return page_of(
            call,
            ids,
            lambda i: requisition(store, store.requisitions[i], v11=v11, view=view),
            default=30 if v11 else 100,
        )

    return handler


def _filtered(call: Call, project_id: int) -> Any:
    """Ids that pass every filter; without one, the index itself."""
    store = call.store
    ids: Any = store.requisition_ids(project_id)
    commitment_id = call.integer("filters[commitment_id]")
    if commitment_id is not None:
        inside = store.commitments.get(commitment_id)
        mine = inside is not None and inside.project_id == project_id
        ids = store.invoice_ids(commitment_id) if mine else ()
    tests: list[Callable[[Requisition], bool]] = []
    wanted = call.integers("id")
    if wanted is not None:
        tests.append(lambda r: r.id in wanted)
    period = call.integer("filters[period_id]")
    if period is not None:
        tests.append(lambda r: r.period_id == period)
    status = call.choice("filters[status]", REQUISITION_STATUSES)
    if status is not None:
        tests.append(lambda r: r.status == status)
    origin = call.filter("origin_id")
    if origin is not None:
        tests.append(lambda r: r.origin_id == origin)
    created, updated = call.range("created_at"), call.range("updated_at")
    if created is not None:
        tests.append(lambda r: created[0] <= r.created_at <= created[1])
    if updated is not None:
        tests.append(lambda r: updated[0] <= r.updated_at <= updated[1])
    last = call.flag("filters[is_last]")
    if last is not None:
        tests.append(lambda r: (store.invoice_ids(r.commitment_id)[-1] == r.id) == last)
    if not tests:
        return ids
    return [i for i in ids if all(test(store.requisitions[i]) for test in tests)]


def _show(v11: bool) -> Callable[[Call], Json]:
    def handler(call: Call) -> Json:
        project_id = call.need("project_id")
        _visible(call, project_id, "Read Only")
        view = call.choice("view", VIEWS) or "extended"
        return requisition(call.store, _invoice(call, project_id), v11=v11, view=view)

    return handler


def show_detail(call: Call) -> list[Json]:
    """The lines of an invoice."""
    project_id = call.need("project_id")
    _visible(call, project_id, "Read Only")
    return [detail_line(call.store, _invoice(call, project_id, "requisition_id"))]


def _sent(call: Call, checks: dict[str, fields.Check]) -> tuple[int, int, dict[str, Any]]:
    """Project, commitment and checked attributes of a write."""
    call.document(allowed=("project_id", "commitment_id", "requisition"))
    project_id = call.body_id("project_id")
    _visible(call, project_id, "Admin")
    commitment = call.commitment(project_id, call.body_id("commitment_id"))
    values = fields.checked(call.body_object("requisition", tuple(checks)), checks)
    for name in ("prostore_file_ids", "upload_ids"):
        if name in values:
            values["file_ids"] = values.pop(name)
    period = values.get("period_id")
    if period is not None:
        known = call.store.billing_periods.get(period)
        if known is None or known.project_id != project_id:
            raise unprocessable("period_id", "is not a billing period of this project")
    return project_id, commitment.id, values


def _create(v11: bool) -> Callable[[Call], Json]:
    def handler(call: Call) -> Json:
        _, commitment_id, values = _sent(call, _checks(v11))
        commitment = call.store.commitments[commitment_id]
        if commitment.status == "Void" or not commitment.allow_payment_applications:
            raise unprocessable("commitment_id", "does not allow invoices")
        if values.get("origin_id") and call.store.origins.holder(
            "requisition", values["origin_id"]
        ):
            raise unprocessable("origin_id", "has already been taken")
        new_id = call.store.add_requisition(
            commitment_id=commitment_id,
            invoice_number=values.get("invoice_number"),
            due=Decimal(0),
            status=values.get("status", "draft"),
            billing_date=values.get("billing_date", call.store.now().date()),
        )
        call.store.set_requisition(new_id, **values)
        record = call.store.requisitions[new_id]
        return requisition(call.store, record, v11=v11, view="extended")

    return handler


def _update(v11: bool) -> Callable[[Call], Json]:
    def handler(call: Call) -> Json:
        call.choice("view", VIEWS)
        project_id, commitment_id, values = _sent(call, _checks(v11))
        record = _invoice(call, project_id)
        if record.commitment_id != commitment_id:
            raise not_found("Requisition")
        changes = {k: v for k, v in values.items() if getattr(record, k) != v}
        locked = [name for name in changes if name not in UNLOCKED]
        if record.origin_id is not None and locked:
            text = "cannot be changed because the invoice is synced with an ERP"
            raise ApiError(422, text, errors={name: [text] for name in locked})
        try:
            if changes:
                call.store.set_requisition(record.id, **changes)
        except DuplicateOrigin:
            raise unprocessable("origin_id", "has already been taken") from None
        return requisition(call.store, record, v11=v11, view="extended")

    return handler


def delete(call: Call) -> None:
    """Remove the latest, unsynced invoice of a commitment; the answer is empty."""
    project_id = call.need("project_id")
    _visible(call, project_id, "Admin")
    record = _invoice(call, project_id)
    if record.origin_id is not None:
        raise unprocessable("base", "cannot be deleted because it is synced with an ERP")
    if call.store.invoice_ids(record.commitment_id)[-1] != record.id:
        raise unprocessable("base", "only the latest invoice can be deleted")
    call.store.remove_requisition(record.id)


def payment_details(call: Call) -> Json:
    """v2: the day on which the payment is due."""
    project_id = call.path_id("project_id")
    _visible(call, project_id, "Admin")
    record = _invoice(call, project_id)
    sent = call.document(allowed=("due_date",))
    values = fields.checked(sent, {"due_date": fields.day})
    call.store.set_requisition(record.id, **values)
    due = record.due_date
    return {"data": {"due_date": None if due is None else due.isoformat()}}


def _operations(version: str) -> tuple[Operation, ...]:
    v11 = version == "v1.1"
    path = f"/rest/{version}/requisitions"
    view = ("view",) if v11 else ()
    filters = (*FILTERS, "is_last") if v11 else FILTERS
    return (
        Operation(
            "GET", path, _list(v11), query=("project_id", *PAGE_NAMES, *view), filters=filters
        ),
        Operation(
            "POST", path, _create(v11), query=(*view, "invite_id") if v11 else (), status=201
        ),
        Operation("GET", path + "/{id}", _show(v11), query=("project_id", *view)),
        Operation("PATCH", path + "/{id}", _update(v11), query=view),
    )


OPERATIONS = (
    *_operations("v1.0"),
    *_operations("v1.1"),
    Operation("DELETE", "/rest/v1.0/requisitions/{id}", delete, query=("project_id",)),
    Operation(
        "GET",
        "/rest/v1.0/requisitions/{requisition_id}/detail",
        show_detail,
        query=("project_id",),
    ),
    Operation(
        "PATCH",
        "/rest/v2.0/companies/{company_id}/projects/{project_id}/requisitions/{id}/payment_details",
        payment_details,
    ),
)
