"""The ERP surface for integrators: External Data, requests, details (reference 9).

All of it needs Admin on ERP Integrations to write and Read Only to read, and the tool switched
on; otherwise 403.
"""

from __future__ import annotations

from typing import Any

from sandbox.procore import fields
from sandbox.procore.call import Call, refuse_unknown
from sandbox.procore.erp_box import LooseOrigin
from sandbox.procore.errors import bad_request, not_found
from sandbox.procore.invoice_payments import sync_invoice_payments
from sandbox.procore.model import ErpRequestDetail, Record
from sandbox.procore.operation import Operation
from sandbox.procore.origins import DuplicateOrigin
from sandbox.procore.shapes import Json, stamp
from sandbox.procore.sync import Failed, sync_all, updates_of

COMPANY = "/rest/v1.0/companies/{company_id}"
TOOL = "erp_integrations"
HELD = (
    "contract_payment",
    "requisition",
    "work_order_contract",
    "purchase_order_contract",
    "vendor",
    "project",
)
LOOSE = (
    "change_order",
    "cost_code",
    "department",
    "item",
    "budget",
    "insurance",
    "invoice_payment",
    "line_item",
    "line_item_type",
    "markup",
    "payment_application",
    "payment_application_line_item",
    "prime_contract",
    "requisition_change_order_item",
    "requisition_contract_detail_item",
    "requisition_contract_item",
    "standard_cost_code",
    "sub_job",
    "tax_code",
    "company_level_direct_cost",
    "budget_change",
)
ITEM_TYPES = HELD + LOOSE
ORIGIN_CHECKS: dict[str, fields.Check] = {
    "origin_id": fields.origin,
    "origin_code": fields.text,
    "origin_data": fields.text,
}
# A row's own id is its item's, moved out of every other range.
ROW_OFFSET = 500_000_000_000
DETAIL_STATUSES = ("success", "failed", "in_progress", "stale")


def _row(item_type: str, item_id: int, record: Record | LooseOrigin) -> Json:
    return {
        "id": item_id + ROW_OFFSET,
        "item_type": item_type,
        "item_id": item_id,
        "origin_id": record.origin_id,
        "origin_code": record.origin_code,
        "origin_data": record.origin_data,
    }


def get_external_data(call: Call) -> list[Json]:
    """The rows of a type that carry an origin id, or the row of one item."""
    call.need_tool(TOOL, "Read Only")
    item_type = call.choice("item_type", ITEM_TYPES)
    if item_type is None:
        raise bad_request("item_type is missing", "item_type")
    item_id = call.integer("item_id")
    ids = call.store.origins.items(item_type) if item_id is None else [item_id]
    found = [(i, _record(call, item_type, i)) for i in ids]
    return [_row(item_type, i, r) for i, r in found if r is not None and r.origin_id is not None]


def _record(call: Call, item_type: str, item_id: int) -> Record | LooseOrigin | None:
    if item_type in HELD:
        return call.store.synced_record(item_type, item_id)
    return call.store.erp.loose.get((item_type, item_id))


def sync_external_data(call: Call) -> Json:
    """Set or, with nulls, clear the origin of items; an unlinked item is unlocked."""
    call.need_tool(TOOL, "Admin")
    call.document(allowed=("updates",))

    def one(update: dict[str, Any]) -> Json:
        refuse_unknown(update, ("id", "item_type", "item_id", *ORIGIN_CHECKS))
        item_type, item_id = update.get("item_type"), update.get("item_id")
        if item_type not in ITEM_TYPES:
            raise Failed({"item_type": ["is not included in the list"]})
        if type(item_id) is not int:
            raise Failed({"item_id": ["is not an integer"]})
        sent = {name: update[name] for name in ORIGIN_CHECKS if name in update}
        return _write(call, item_type, item_id, fields.checked(sent, ORIGIN_CHECKS))

    return sync_all(call, one)


def _write(call: Call, item_type: str, item_id: int, origin: dict[str, Any]) -> Json:
    store = call.store
    record = _record(call, item_type, item_id)
    if record is None and item_type in HELD:
        raise Failed({"item_id": ["not found"]})
    try:
        if isinstance(record, Record):
            store.set_origin(item_type, record, **origin)
        else:
            record = record or LooseOrigin(item_type, item_id)
            new = origin.get("origin_id", record.origin_id)
            store.origins.move(item_type, record.origin_id, new, item_id)
            for name, value in origin.items():
                setattr(record, name, value)
            store.erp.loose[(item_type, item_id)] = record
    except DuplicateOrigin:
        raise Failed({"origin_id": ["has already been taken"]}) from None
    return _row(item_type, item_id, record)


def destroy_external_data(call: Call) -> None:
    """Clear the origin of many items at once; unknown ids are passed over."""
    call.need_tool(TOOL, "Admin")
    document = call.document(allowed=("item_type", "item_ids"))
    item_type = document.get("item_type")
    if item_type not in ITEM_TYPES:
        raise bad_request("item_type is missing or unknown", "item_type")
    try:
        item_ids = fields.integers(document.get("item_ids"))
    except fields.Invalid as invalid:
        raise bad_request(f"item_ids {invalid}", "item_ids") from None
    for item_id in item_ids:
        if _record(call, item_type, item_id) is not None:
            _write(call, item_type, item_id, dict.fromkeys(ORIGIN_CHECKS))


def show_request(call: Call) -> Json:
    """What the ERP tool asks of the integrator."""
    call.need_tool(TOOL, "Read Only")
    request = call.store.erp.requests.get(call.path_id())
    if request is None:
        raise not_found("ERP request")
    return {
        "id": request.id,
        "company_id": call.store.company_id,
        "request_name": request.request_name,
        "request_data": request.request_data,
        "created_at": stamp(request.created_at),
        "updated_at": stamp(request.updated_at),
        "integration_app_name": request.integration_app_name,
    }


def _detail(detail: ErpRequestDetail) -> Json:
    return {
        "id": detail.id,
        "item_id": detail.item_id,
        "status": detail.status,
        "messages": list(detail.messages),
    }


def list_details(call: Call) -> list[Json]:
    """Request details, or those of one item."""
    call.need_tool(TOOL, "Read Only")
    item_id = call.integer("filters[item_id]")
    details = call.store.erp.details.values()
    return [_detail(d) for d in details if item_id is None or d.item_id == item_id]


def _close(call: Call, detail_id: object, sent: dict[str, Any]) -> Json:
    refuse_unknown(sent, ("id", "status", "messages"))
    detail = call.store.erp.details.get(detail_id) if isinstance(detail_id, int) else None
    if detail is None:
        raise not_found("ERP request detail")
    checks: dict[str, fields.Check] = {
        "status": fields.choice(*DETAIL_STATUSES, null=False),
        "messages": fields.words,
    }
    values = {name: value for name, value in sent.items() if name in checks}
    checked = fields.checked(values, checks)
    detail.status = checked.get("status", detail.status)
    detail.messages = list(checked.get("messages", detail.messages))
    return _detail(detail)


def update_detail(call: Call) -> Json:
    """Close one detail; its messages are shown in the ERP tab."""
    call.need_tool(TOOL, "Admin")
    call.document(allowed=("request_detail",))
    sent = call.body_object("request_detail", ("id", "status", "messages"))
    return _close(call, call.path_id(), sent)


def sync_details(call: Call) -> Json:
    """Close many; a bare array is the older form of the body."""
    call.need_tool(TOOL, "Admin")
    updates = call.body if isinstance(call.body, list) else updates_of(call.body)
    return sync_all(call, lambda update: _close(call, update.get("id"), update), updates)


def connect(call: Call) -> Json:
    """Register an ERP connection; the answer's id is the company's."""
    call.need_tool(TOOL, "Admin")
    call.document(allowed=("connection",))
    call.body_object("connection", ("service_url", "metadata"))
    return {"id": call.store.company_id, "standard_cost_code_list_id": 1}


OPERATIONS = (
    Operation("GET", COMPANY + "/external_data", get_external_data, query=("item_type", "item_id")),
    Operation("PATCH", COMPANY + "/external_data/sync", sync_external_data),
    Operation("DELETE", COMPANY + "/external_data/bulk_destroy", destroy_external_data, body=True),
    Operation("GET", COMPANY + "/erp_requests/{id}", show_request),
    Operation("GET", COMPANY + "/erp_request_details", list_details, filters=("item_id",)),
    Operation("PATCH", COMPANY + "/erp_request_details/sync", sync_details),
    Operation("PATCH", COMPANY + "/erp_request_details/{id}", update_detail),
    Operation("POST", COMPANY + "/erp_connections", connect),
    Operation("PATCH", COMPANY + "/invoice_payments/sync", sync_invoice_payments),
)
