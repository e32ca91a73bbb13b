"""Contract payments: Payments Issued of a commitment (reference 8).

Documented: five single-record operations, the writable attributes, the lock once ``origin_id``
is set, ``origin_id`` unique in the company. Assumed: reading needs Read Only and writing Admin
on the Commitments tool; ``amount`` and ``date`` cannot be blank; ``allow_payments: false`` and
a void commitment refuse a new row with 422; a locked attribute sent with its present value is
no change; DELETE of a synced row is 422; ``origin_id: null`` unlinks; ``open_points`` makes these
otherwise. Attachments are accepted as ``prostore_file_ids`` only; multipart is refused with 406.
"""

from __future__ import annotations

from typing import Any

from sandbox.procore import fields
from sandbox.procore.call import Call, refuse_unknown
from sandbox.procore.errors import ApiError, bad_request, not_found, unprocessable
from sandbox.procore.model import PAYMENT_METHODS, Commitment, ContractPayment
from sandbox.procore.operation import Operation
from sandbox.procore.origins import DuplicateOrigin
from sandbox.procore.paging import PAGE_NAMES, page_of
from sandbox.procore.shapes import Json, payment

PATH = "/rest/v1.0/contract_payments"
ENVELOPE = ("project_id", "contract_id", "contract_payment")
CHECKS: dict[str, fields.Check] = {
    "date": fields.required_day,
    "invoice_number": fields.text,
    "check_number": fields.text,
    "invoice_date": fields.day,
    "draw_request_number": fields.integer,
    "notes": fields.text,
    "payment_number": fields.integer,
    "payment_method": fields.choice(*PAYMENT_METHODS),
    "amount": fields.amount,
    "origin_id": fields.origin,
    "origin_data": fields.text,
    "requisition_id": fields.integer,
    "prostore_file_ids": fields.integers,
}
UNLOCKED = ("origin_id", "origin_data", "file_ids")
TAKEN = "has already been taken"
SYNCED = "because the payment is synced with an ERP"


def _scope(call: Call, project_id: int, contract_id: int, level: str) -> Commitment:
    call.project(project_id)
    call.need_tool("commitments", level, project_id)
    return call.commitment(project_id, contract_id)


def _query_scope(call: Call, level: str) -> Commitment:
    return _scope(call, call.need("project_id"), call.need("contract_id"), level)


def _row(call: Call, commitment: Commitment) -> ContractPayment:
    row = call.store.payment_rows.by_id.get(call.path_id())
    if row is None or row.contract_id != commitment.id:
        raise not_found("Contract payment")
    return row


def list_payments(call: Call) -> list[object]:
    """All rows of a commitment, whoever made them; there is no filter."""
    commitment = _query_scope(call, "Read Only")
    rows = call.store.payment_rows
    ids = rows.ids_of(commitment.id)
    return page_of(call, ids, lambda i: payment(rows.by_id[i]), cap=100)


def show_payment(call: Call) -> Json:
    """One row."""
    return payment(_row(call, _query_scope(call, "Read Only")))


def _written(call: Call) -> tuple[Commitment, dict[str, Any]]:
    """The commitment and the checked attributes of a write."""
    document = call.document(allowed=(*ENVELOPE, "attachments"))
    if document.get("attachments"):
        raise bad_request("attachments must be sent as multipart/form-data", "attachments")
    commitment = _scope(call, call.body_id("project_id"), call.body_id("contract_id"), "Admin")
    sent = document.get("contract_payment")
    if not isinstance(sent, dict):
        raise bad_request("contract_payment is missing or is not an object", "contract_payment")
    refuse_unknown(sent, tuple(CHECKS), "contract_payment.")
    values = fields.checked(sent, CHECKS)
    if "prostore_file_ids" in values:
        values["file_ids"] = values.pop("prostore_file_ids")
    return commitment, values


def _check_requisition(call: Call, commitment: Commitment, requisition_id: int | None) -> None:
    """The invoice must be one of this commitment, or have been before it was moved."""
    if requisition_id is None:
        return
    invoice = call.store.requisitions.get(requisition_id)
    if invoice is None or commitment.id not in (
        invoice.commitment_id,
        *invoice.former_commitment_ids,
    ):
        raise unprocessable("requisition_id", "is not an invoice of this contract")


def create_payment(call: Call) -> Json:
    """A new row; refused as a whole when any rule fails."""
    commitment, values = _written(call)
    if commitment.status == "Void":
        raise unprocessable("contract_id", "is void and cannot take payments")
    points = call.store.points
    if not commitment.allow_payments and points.tab_matters:
        raise unprocessable("contract_id", "does not allow payments")
    if values.get("amount", 0) < 0 and not points.negative_amounts:
        raise unprocessable("amount", "must be greater than 0")
    blank = {name: ["can't be blank"] for name in ("amount", "date") if name not in values}
    if blank:
        raise ApiError(422, "The record is invalid", errors=blank)
    _check_requisition(call, commitment, values.get("requisition_id"))
    if not points.links_on_create:
        values.pop("requisition_id", None)
    store = call.store
    now = store.now()
    row = ContractPayment(
        id=store.new_id("payment"),
        project_id=commitment.project_id,
        contract_id=commitment.id,
        created_at=now,
        updated_at=now,
        **values,
    )
    try:
        store.payment_rows.add(row, forced_origin=not points.unique_ids)
    except DuplicateOrigin:
        raise ApiError(points.taken_status, TAKEN, errors={"origin_id": [TAKEN]}) from None
    return payment(row)


def update_payment(call: Call) -> Json:
    """Change a row; once synced only attachments and the origin attributes (else 422)."""
    commitment, values = _written(call)
    row = _row(call, commitment)
    changes = {name: value for name, value in values.items() if getattr(row, name) != value}
    points = call.store.points
    if row.origin_id is not None:
        kept = ("origin_id",) if not points.unlinks and values.get("origin_id", "") is None else ()
        open_ = UNLOCKED if points.locks_synced else tuple(changes)
        locked = [name for name in changes if name not in open_ or name in kept]
        if locked:
            text = f"cannot be changed {SYNCED}"
            raise ApiError(422, text, errors={name: [text] for name in locked})
    elif "origin_id" in changes and not points.id_on_typed_rows:
        raise unprocessable("origin_id", "cannot be set on a payment that a user entered")
    if "requisition_id" in changes:
        _check_requisition(call, commitment, changes["requisition_id"])
    if changes:
        try:
            call.store.edit_payment(row.id, **changes)
        except DuplicateOrigin:
            raise unprocessable("origin_id", TAKEN) from None
    return payment(row)


def delete_payment(call: Call) -> None:
    """Remove a row that is not synced; the answer is empty."""
    row = _row(call, _query_scope(call, "Admin"))
    points = call.store.points
    if row.origin_id is not None and not points.deletes_synced:
        text = f"Payment cannot be deleted {SYNCED}"
        raise ApiError(422, text, errors={"base": [text]})
    if row.origin_id is None and not points.deletes_unsynced:
        raise unprocessable("base", "Payment cannot be deleted")
    call.store.remove_payment(row.id)


_QUERY = ("project_id", "contract_id")
OPERATIONS = (
    Operation("GET", PATH, list_payments, query=(*_QUERY, *PAGE_NAMES)),
    Operation("POST", PATH, create_payment, status=201),
    Operation("GET", PATH + "/{id}", show_payment, query=_QUERY),
    Operation("PATCH", PATH + "/{id}", update_payment),
    Operation("DELETE", PATH + "/{id}", delete_payment, query=_QUERY),
)
