"""How requisitions look in JSON: a header, a summary, and lines on request.

The summary is an AIA G702 computed over the commitment's invoices up to this one, so that its
figures tie: earned less retainage, minus previous certificates, plus tax, is the payment due.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sandbox.procore.model import Requisition
from sandbox.procore.shapes import CENT, Json, currency, files, money, stamp
from sandbox.procore.store import ProcoreStore

ZERO = Decimal(0)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _gross(record: Requisition) -> Decimal:
    """Work and materials this invoice claims, before retainage and tax."""
    return record.due - record.tax + record.retainage


def requisition(
    store: ProcoreStore, record: Requisition, *, v11: bool, view: str = "default"
) -> Json:
    """An invoice in a view: lines with ``extended`` and ``items``, no sums in ``header_only``."""
    siblings = store.invoice_ids(record.commitment_id)
    place = siblings.index(record.id)
    commitment = store.commitments[record.commitment_id]
    vendor = store.vendors[commitment.vendor_id]
    shown: Json = {
        "id": record.id,
        "project_id": record.project_id,
        "commitment_id": record.commitment_id,
        "commitment_type": commitment.type_name,
        "contract_name": f"{commitment.number} - {commitment.title}",
        "vendor_name": vendor.name,
        "period_id": record.period_id,
        "number": place + 1,
        "invoice_number": record.invoice_number,
        "billing_date": _iso(record.billing_date),
        "requisition_start": _iso(record.requisition_start),
        "requisition_end": _iso(record.requisition_end),
        "submitted_at": _iso(record.submitted_at),
        "payment_date": _iso(record.payment_date),
        "status": record.status,
        "erp_status": record.erp_status,
        "final": record.final,
        "deletable": record.origin_id is None and place + 1 == len(siblings),
        "percent_complete": _percent_complete(store, record),
        "total_claimed_amount": money(_gross(record)),
        "origin_id": record.origin_id,
        "origin_data": record.origin_data,
        "currency_configuration": currency(record.currency or commitment.currency),
        "custom_fields": {},
        "attachments": [
            file | {"content_type": "application/pdf"} for file in files(record.file_ids)
        ],
        "created_by": None,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
    }
    if v11:
        shown |= {
            "previous_requisition_id": siblings[place - 1] if place else None,
            "vendor_id": commitment.vendor_id,
            "invoice_type": record.invoice_type,
            "contract_invoicing_method": "progressive",
            "accounting_method": commitment.accounting_method,
        }
    else:
        shown["comment"] = record.comment
    if view != "header_only":
        shown["summary"] = _summary(store, record)
    if view in ("extended", "items"):
        shown |= {"items": [_item(store, record)], "item_packages": []}
    return shown


def _completed(store: ProcoreStore, record: Requisition) -> tuple[Decimal, Decimal]:
    """Gross and retainage of the commitment's invoices up to this one."""
    gross = held = ZERO
    for sibling_id in store.invoice_ids(record.commitment_id):
        if sibling_id > record.id:
            break
        sibling = store.requisitions[sibling_id]
        gross += _gross(sibling)
        held += sibling.retainage
    return gross, held


def _percent_complete(store: ProcoreStore, record: Requisition) -> str:
    total = store.commitments[record.commitment_id].grand_total
    gross, _ = _completed(store, record)
    return money((gross * 100 / total).quantize(CENT)) if total else money(ZERO)


def _summary(store: ProcoreStore, record: Requisition) -> Json:
    total = store.commitments[record.commitment_id].grand_total
    gross, held = _completed(store, record)
    earned = gross - held
    percent = (held * 100 / gross).quantize(CENT) if gross else ZERO
    nothing = money(ZERO)
    return {
        "original_contract_sum": money(total),
        "net_change_by_change_orders": nothing,
        "contract_sum_to_date": money(total),
        "total_completed_and_stored_to_date": money(gross),
        "completed_work_retainage_percent": money(percent),
        "completed_work_retainage_amount": money(held),
        "stored_materials_retainage_percent": nothing,
        "stored_materials_retainage_amount": nothing,
        "total_retainage": money(held),
        "total_earned_less_retainage": money(earned),
        "less_previous_certificates_for_payment": money(earned - record.due + record.tax),
        "tax_applicable_to_this_payment": money(record.tax),
        "current_payment_due": money(record.due),
        "balance_to_finish_including_retainage": money(total - earned),
        "positive_change_order_item_total": nothing,
        "negative_change_order_item_total": nothing,
        "formatted_period": f"{record.requisition_start} - {record.requisition_end}",
    }


def _item(store: ProcoreStore, record: Requisition) -> Json:
    """One line for the whole commitment: schedules of values are outside the sandbox."""
    gross, held = _completed(store, record)
    total = store.commitments[record.commitment_id].grand_total
    return {
        "id": record.id,
        "item_type": "contract_item",
        "description_of_work": "Work under contract",
        "net_amount": money(record.due),
        "gross_amount": money(_gross(record)),
        "scheduled_value": money(total),
        "work_completed_from_previous_application": money(gross - _gross(record)),
        "work_completed_this_period": money(_gross(record)),
        "work_completed_retainage_from_previous_application": money(held - record.retainage),
        "work_completed_retainage_retained_this_period": money(max(record.retainage, ZERO)),
        "work_completed_retainage_released_this_period": money(max(-record.retainage, ZERO)),
        "total_completed_and_stored_to_date": money(gross),
        "position": 1,
        "line_number": "1",
    }


def detail_line(store: ProcoreStore, record: Requisition) -> Json:
    """The line of ``/requisitions/{id}/detail``."""
    gross, held = _completed(store, record)
    total = store.commitments[record.commitment_id].grand_total
    item = _item(store, record)
    shared = (
        "id",
        "item_type",
        "description_of_work",
        "scheduled_value",
        "work_completed_from_previous_application",
        "work_completed_this_period",
        "work_completed_retainage_from_previous_application",
        "work_completed_retainage_retained_this_period",
        "work_completed_retainage_released_this_period",
        "total_completed_and_stored_to_date",
    )
    return {name: item[name] for name in shared} | {
        "item_number": 1,
        "balance_to_finish": money(total - gross),
        "materials_presently_stored": money(ZERO),
        "total_retainage_currently_retained": money(held),
    }
