"""How commitments look in JSON; their totals follow invoices and payments."""

from __future__ import annotations

from decimal import Decimal

from sandbox.procore.model import Commitment
from sandbox.procore.shapes import CENT, Json, currency, money, payment_issued, stamp
from sandbox.procore.store import ProcoreStore

NOTHING = money(Decimal(0))


def _percentage_paid(store: ProcoreStore, record: Commitment) -> str:
    if record.grand_total == 0:
        return NOTHING
    paid = store.payment_rows.total(record.id) * 100 / record.grand_total
    return money(paid.quantize(CENT))


def _invoiced(store: ProcoreStore, record: Commitment) -> Decimal:
    due = (store.requisitions[i].due for i in store.invoice_ids(record.id))
    return sum(due, Decimal(0))


def _totals(store: ProcoreStore, record: Commitment) -> Json:
    paid = store.payment_rows.total(record.id)
    return {
        "grand_total": money(record.grand_total),
        "revised_contract": money(record.grand_total),
        "approved_change_orders": NOTHING,
        "pending_change_orders": NOTHING,
        "pending_revised_contract": money(record.grand_total),
        "percentage_paid": _percentage_paid(store, record),
        "remaining_balance_outstanding": money(record.grand_total - paid),
        "retainage_percent": money(record.retainage_percent),
        "total_payments": money(paid),
        "total_draw_requests_amount": NOTHING,
    }


def contract(store: ProcoreStore, record: Commitment) -> Json:
    """A work order or purchase order contract of the lists."""
    return record.details | {
        "id": record.id,
        "number": record.number,
        "title": record.title,
        "status": record.status,
        "executed": record.executed,
        "private": record.private,
        "accounting_method": record.accounting_method,
        "vendor": {"id": record.vendor_id, "company": store.vendors[record.vendor_id].name},
        "project": {"id": record.project_id, "name": store.projects[record.project_id].name},
        "requisitions_are_enabled": record.allow_payment_applications,
        "draft_change_orders_amount": NOTHING,
        "total_requisitions_amount": money(_invoiced(store, record)),
        "origin_id": record.origin_id,
        "origin_code": record.origin_code,
        "origin_data": record.origin_data,
        "currency_configuration": currency(record.currency),
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "deleted_at": stamp(record.deleted_at),
        **_totals(store, record),
    }


def contract_shown(store: ProcoreStore, record: Commitment) -> Json:
    """The same by itself, with its payments."""
    vendor = store.vendors[record.vendor_id]
    listed = contract(store, record)
    listed["vendor"] |= {"origin_id": vendor.origin_id, "origin_data": vendor.origin_data}
    configuration = {"currency_configuration": currency(record.currency)}
    rows = [payment_issued(row) | configuration for row in store.payment_rows.of(record.id)]
    return listed | {
        "payments_issued": rows,
        "line_items": [],
        "change_order_packages": [],
        "change_order_requests": [],
        "potential_change_orders": [],
        "invoice_contacts": [],
    }


def commitment_thin(store: ProcoreStore, record: Commitment) -> Json:
    """A row of the deprecated mixed list."""
    return {
        "id": record.id,
        "title": record.title,
        "number": record.number,
        "status": record.status,
        "description": record.details.get("description"),
        "executed": record.executed,
        "delivery_date": record.details.get("delivery_date"),
        "created_at": stamp(record.created_at),
        "private": record.private,
        "vendor": {"id": record.vendor_id, "name": store.vendors[record.vendor_id].name},
    }


def commitment_deprecated(store: ProcoreStore, record: Commitment) -> Json:
    """The deprecated show: the published place of ``allow_payments`` and ``type``."""
    return commitment_thin(store, record) | {
        "type": record.type_name,
        "accounting_method": record.accounting_method,
        "allow_payments": record.allow_payments,
        "allow_payment_applications": record.allow_payment_applications,
        "updated_at": stamp(record.updated_at),
        "deleted_at": stamp(record.deleted_at),
        "payments_issued": [payment_issued(row) for row in store.payment_rows.of(record.id)],
        "line_items": [],
        "attachments": [],
        "change_order_packages": [],
        "change_order_requests": [],
        "potential_change_orders": [],
        **_totals(store, record),
    }


def contract_v2(store: ProcoreStore, record: Commitment) -> Json:
    """A v2 contract: string ids; the response is not published, so it mirrors POST [assumed]."""
    return record.details | {
        "id": str(record.id),
        "type": record.type_name,
        "number": record.number,
        "title": record.title,
        "status": record.status,
        "executed": record.executed,
        "private": record.private,
        "accounting_method": record.accounting_method,
        "vendor_id": str(record.vendor_id),
        "project_id": str(record.project_id),
        "allow_payments": record.allow_payments,
        "allow_payment_applications": record.allow_payment_applications,
        "grand_total": money(record.grand_total),
        "retainage_percent": money(record.retainage_percent),
        "currency_configuration": currency(record.currency),
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "deleted_at": stamp(record.deleted_at),
    }


def summary_v2(store: ProcoreStore, record: Commitment) -> Json:
    """The totals of a v2 contract."""
    return {
        "approved_change_total": NOTHING,
        "pending_revised_change_total": NOTHING,
        "draft_change_total": NOTHING,
        "total_invoices_amount": money(_invoiced(store, record)),
        "total_payments_amount": money(store.payment_rows.total(record.id)),
        "currency_configuration": currency(record.currency),
    }
