"""Commitment contracts in v2 (reference 6): ``data`` envelope, string ids, no origin fields.

The response is not published; it mirrors the POST body plus id and totals [assumed].
"""

from __future__ import annotations

from typing import Any

from sandbox.procore import fields
from sandbox.procore.call import Call
from sandbox.procore.commitments import (
    DATES,
    PURCHASE_ORDER_TEXTS,
    TEXTS,
    WORK_ORDER_DATES,
    WORK_ORDER_TEXTS,
    apply,
    by_deletion,
    checks_for,
    in_project,
)
from sandbox.procore.errors import bad_request
from sandbox.procore.model import Commitment
from sandbox.procore.operation import Operation
from sandbox.procore.paging import PAGE_NAMES, page_of
from sandbox.procore.shapes import Json
from sandbox.procore.shapes_contracts import contract_v2, summary_v2

PATH = "/rest/v2.0/companies/{company_id}/projects/{project_id}/commitment_contracts"
VIEWS = ("default", "extended")
TYPES = ("WorkOrderContract", "PurchaseOrderContract")
OWN = (
    "number",
    "status",
    "title",
    "executed",
    "private",
    "retainage_percent",
    "accounting_method",
    *TEXTS,
    *WORK_ORDER_TEXTS,
    *PURCHASE_ORDER_TEXTS,
    *DATES,
    *WORK_ORDER_DATES,
    "delivery_date",
)


def _text_id(value: Any) -> int | None:
    text = fields.text(value)
    if text is None or not text.isdigit():
        raise fields.Invalid("is not an id")
    return int(text)


def list_contracts(call: Call) -> Json:
    """Ten a page by default, a hundred at most."""
    found = in_project(call, call.path_id("project_id"), "Read Only")
    call.choice("view", VIEWS)
    found = by_deletion(found, call.choice("filters[include_deleted]", ("only", "with")))
    kind = call.choice("filters[type]", TYPES)
    if kind is not None:
        found = [c for c in found if c.type_name == kind]
    method = call.choice("filters[accounting_method]", ("unit", "amount"))
    if method is not None:
        found = [c for c in found if c.accounting_method == method]
    ids, vendors, statuses = call.integers("id"), call.integers("vendor_id"), call.texts("status")
    if ids is not None:
        found = [c for c in found if c.id in ids]
    if vendors is not None:
        found = [c for c in found if c.vendor_id in vendors]
    if statuses is not None:
        found = [c for c in found if c.status in statuses]
    executed = call.flag("filters[executed]")
    if executed is not None:
        found = [c for c in found if c.executed == executed]
    if call.flag("filters[signature_required]"):
        found = []
    search = call.filter("search")
    if search is not None:
        found = [c for c in found if search.casefold() in f"{c.number} {c.title}".casefold()]
    for name in ("created_at", "updated_at", "deleted_at"):
        span = call.range(name)
        if span is not None:
            found = [c for c in found if (at := getattr(c, name)) and span[0] <= at <= span[1]]
    shaped = page_of(call, found, lambda c: contract_v2(call.store, c), default=10, cap=100)
    return {"data": shaped}


def _contract(call: Call, name: str, level: str) -> Commitment:
    project_id = call.path_id("project_id")
    in_project(call, project_id, level)
    return call.commitment(project_id, call.path_id(name))


def show_contract(call: Call) -> Json:
    """One contract."""
    call.choice("view", VIEWS)
    return {"data": contract_v2(call.store, _contract(call, "contract_id", "Read Only"))}


def show_summary(call: Call) -> Json:
    """Its totals."""
    return {"data": summary_v2(call.store, _contract(call, "contract_id", "Read Only"))}


def update_contract(call: Call) -> Json:
    """Change it; ``allow_payments`` is writable here and nowhere else."""
    record = _contract(call, "contract_id", "Admin")
    known = checks_for(record.kind) | checks_for("work_order") | checks_for("purchase_order")
    checks = {name: known[name] for name in OWN} | {
        "status": checks_for(record.kind)["status"],
        "vendor_id": _text_id,
        "allow_payments": fields.flag,
        "allow_payment_applications": fields.flag,
    }
    sent = call.document(allowed=tuple(checks))
    if not sent:
        raise bad_request("The body has no attributes")
    apply(call, record, fields.checked(sent, checks))
    return {"data": contract_v2(call.store, record)}


OPERATIONS = (
    Operation(
        "GET",
        PATH,
        list_contracts,
        query=("view", *PAGE_NAMES),
        filters=(
            "include_deleted",
            "accounting_method",
            "type",
            "created_at",
            "deleted_at",
            "id",
            "signature_required",
            "status",
            "updated_at",
            "vendor_id",
            "executed",
            "search",
        ),
    ),
    Operation("GET", PATH + "/{contract_id}/summary", show_summary),
    Operation("GET", PATH + "/{contract_id}", show_contract, query=("view",)),
    Operation("PATCH", PATH + "/{contract_id}", update_contract, query=("view",)),
)
