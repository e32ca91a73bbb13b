"""The ERP partners' bulk upsert of invoice payments (reference 9.5).

Closed to an app that is no partner's, as its reference is. Of its fields four are published;
`amount` and `date` are assumed. What its rows are in Payments Issued is open: see `open_points`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.procore import fields
from sandbox.procore.call import Call, refuse_unknown
from sandbox.procore.errors import forbidden
from sandbox.procore.origins import DuplicateOrigin
from sandbox.procore.shapes import Json
from sandbox.procore.sync import Failed, sync_all

CHECKS: dict[str, fields.Check] = {
    "origin_id": fields.origin,
    "origin_code": fields.text,
    "amount": fields.amount,
    "date": fields.required_day,
}
OTHER_IDS = 700_000_000_000


def sync_invoice_payments(call: Call) -> Json:
    """Create rows, as far as this company's route does."""
    bulk = call.store.points.bulk
    if bulk == "closed":
        raise forbidden("This app is not an ERP integration partner of the company")
    call.document(allowed=("updates",))

    def one(update: dict[str, Any]) -> Json:
        refuse_unknown(update, ("invoice_type", "invoice_id", *CHECKS))
        invoice = call.store.requisitions.get(update.get("invoice_id") or 0)
        if bulk == "rejects" or invoice is None:
            raise Failed({"invoice_id": ["cannot be paid by this route"]})
        sent = {name: value for name, value in update.items() if name in CHECKS}
        values = fields.checked(sent, CHECKS)
        ident = OTHER_IDS + invoice.id
        if bulk != "hidden":
            made = _row(call, invoice.commitment_id, invoice.id, values)
            ident = made if bulk == "same" else OTHER_IDS + made
        return {"id": ident, "origin_id": values.get("origin_id")}

    return sync_all(call, one)


def _row(call: Call, commitment_id: int, requisition_id: int, values: dict[str, Any]) -> int:
    amount: Decimal = values.get("amount", Decimal(0))
    day: date = values.get("date") or call.store.now().date()
    try:
        return call.store.type_payment(
            commitment_id=commitment_id,
            amount=amount,
            date=day,
            requisition_id=requisition_id,
            origin_id=values.get("origin_id"),
        )
    except DuplicateOrigin:
        raise Failed({"origin_id": ["has already been taken"]}) from None
