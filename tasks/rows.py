"""From what connectors deliver to rows of frames: Decimal becomes whole minor units here."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.erp import Allocation, Bill, BillPayment, PaymentStatus
from connectors.procore.records import Commitment, ContractPayment, PaymentApplication, Project
from paidsync import money, origin
from paidsync.reasons import Hold
from paidsync.records import Standing

# The part of a payment that is applied to no bill is a row too, so that totals tie.
NO_BILL = "unapplied"

_STANDING = {
    PaymentStatus.LIVE: Standing.LIVE,
    PaymentStatus.NOT_ISSUED: Standing.NOT_ISSUED,
    PaymentStatus.VOIDED: Standing.VOIDED,
}
_NOTHING = {
    "settled_minor": 0,
    "cash_minor": 0,
    "discount_minor": 0,
    "credit_minor": 0,
    "withheld_minor": 0,
}


def iso(value: date | datetime | None) -> str | None:
    """A calendar day, or an instant in UTC, as frames hold it."""
    return value.isoformat() if value is not None else None


def minor(amount: Decimal | None, currency: str | None) -> int | None:
    """Minor units where both are known and fit, else None."""
    if amount is None or currency is None:
        return None
    try:
        return money.to_minor(amount, currency)
    except money.MoneyError:
        return None


def allocation_rows(payment: BillPayment, *, erp: str, erp_company: str) -> list[dict[str, Any]]:
    """One row per bill of a payment, and one for its unapplied rest; without the bill's columns."""
    base = _payment_columns(payment)
    rows = [
        {
            **base,
            "allocation_id": origin.allocation_id(
                erp, erp_company, payment.payment_id, allocation.bill_id
            ),
            "bill_id": allocation.bill_id,
            **_amounts(payment, allocation),
        }
        for allocation in payment.allocations
    ]
    if payment.unapplied or not rows:
        rest = payment.unapplied if rows else (payment.unapplied or payment.total)
        is_void = payment.status is PaymentStatus.VOIDED
        amount = 0 if is_void else minor(rest, payment.currency) or 0
        rows.append(
            {
                **base,
                **_NOTHING,
                "allocation_id": origin.allocation_id(
                    erp, erp_company, payment.payment_id, NO_BILL
                ),
                "bill_id": NO_BILL,
                "currency": payment.currency,
                "settled_minor": amount,
                "cash_minor": amount,
                "fault": None,
                "split_in_proportion": False,
            }
        )
    if payment.fault is not None:
        return [{**row, "fault": payment.fault.value} for row in rows]
    return rows


def _payment_columns(payment: BillPayment) -> dict[str, Any]:
    currency = payment.currency
    return {
        "payment_id": payment.payment_id,
        "standing": _STANDING[payment.status],
        "payment_number": payment.number,
        "payment_date": iso(payment.date),
        "document_date": iso(payment.date),
        "payment_method": payment.method.value if payment.method else None,
        "payment_currency": currency,
        "payment_total_minor": minor(payment.total, currency),
        "payment_credits_minor": minor(payment.credits, currency),
        "payment_unapplied_minor": minor(payment.unapplied, currency),
        "home_per_foreign": (
            f"{payment.home_per_foreign:f}" if payment.home_per_foreign is not None else None
        ),
        "reversal_date": iso(payment.reversed_on),
        "reversed_by": payment.reversed_by,
        "modified_at": iso(payment.modified_at),
        "version": payment.version,
        "split_application": None,
        "opening": False,
        "opening_state": None,
    }


def _amounts(payment: BillPayment, allocation: Allocation) -> dict[str, Any]:
    currency = allocation.currency
    if payment.status is PaymentStatus.VOIDED:
        return {
            **_NOTHING,
            "currency": currency,
            "fault": None,
            "split_in_proportion": False,
        }
    parts = {
        "settled_minor": allocation.settled,
        "cash_minor": allocation.cash,
        "discount_minor": allocation.discount,
        "credit_minor": allocation.credit,
        "withheld_minor": allocation.withheld,
    }
    when = allocation.applied_on if allocation.is_prepayment else payment.date
    return {
        **{name: minor(amount, currency) for name, amount in parts.items()},
        "currency": currency,
        "payment_date": iso(when),
        "fault": _fault(allocation, parts.values()),
        "split_in_proportion": allocation.split_in_proportion,
    }


def _fault(allocation: Allocation, amounts: Iterable[Decimal | None]) -> str | None:
    """The hold that conversion itself has to state, unless the connector states one."""
    if allocation.fault is not None:
        return allocation.fault.value
    if allocation.currency is None:
        return Hold.CURRENCY_DIFFERS.value
    try:
        for amount in amounts:
            if amount is not None:
                money.to_minor(amount, allocation.currency)
    except money.UnknownCurrency:
        return Hold.BAD_CURRENCY.value
    except money.InexactAmount:
        return Hold.AMOUNT_PRECISION.value
    if allocation.is_prepayment and allocation.applied_on is None:
        return Hold.PREPAYMENT_DATE_UNKNOWN.value
    return None


def no_longer(row: Mapping[str, Any], standing: str) -> dict[str, Any]:
    """A stored row that stands for nothing any more: moved, voided or deleted."""
    return {
        **row,
        **_NOTHING,
        "standing": standing,
        "fault": None,
        "split_in_proportion": False,
    }


def opening_state(row: Mapping[str, Any]) -> str:
    """What of an allocation of the opening scan must stay as it is (money-rules 7.1)."""
    parts = [
        row[name]
        for name in (
            "standing", "currency", "settled_minor", "cash_minor", "payment_date", "payment_number"
        )
    ]  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def bill_row(bill: Bill) -> dict[str, Any]:
    """A bill as the ledger keeps it."""
    return {
        "bill_id": bill.bill_id,
        "number": bill.number,
        "vendor_id": bill.vendor_id,
        "vendor_name": bill.vendor_name,
        "date": iso(bill.date),
        "currency": bill.currency,
        "total_minor": minor(bill.total, bill.currency),
        "net_minor": minor(bill.net, bill.currency),
        "tax_minor": minor(bill.tax, bill.currency),
        "settled_minor": minor(bill.settled, bill.currency),
        "paid_cash_minor": minor(bill.paid_cash, bill.currency),
        "retainage_of": bill.retainage_of,
        "named_commitments": ",".join(sorted(bill.commitments)) or None,
        "version": bill.version,
    }


def with_bill(row: Mapping[str, Any], bill: Mapping[str, Any] | None) -> dict[str, Any]:
    """An allocation's row with its bill's columns beside."""
    bill = bill or {}
    joined = {
        **row,
        "vendor_id": bill.get("vendor_id"),
        "vendor_name": bill.get("vendor_name"),
        "bill_number": bill.get("number"),
        "bill_date": bill.get("date"),
        "bill_total_minor": bill.get("total_minor"),
        "bill_net_minor": bill.get("net_minor"),
        "bill_tax_minor": bill.get("tax_minor"),
        "bill_settled_minor": bill.get("settled_minor"),
        "retainage_of": bill.get("retainage_of"),
        "named_commitments": bill.get("named_commitments"),
    }
    stated = bill.get("currency")
    if stated and joined["currency"] and stated != joined["currency"] and not joined["fault"]:
        joined["fault"] = Hold.CURRENCY_DIFFERS.value
    return joined


def commitment_row(commitment: Commitment, project: Project) -> dict[str, Any]:
    """A commitment as the ledger keeps it."""
    return {
        "commitment_id": commitment.commitment_id,
        "project_id": commitment.project_id,
        "project_name": project.name,
        "project_active": bool(project.active),
        "kind": commitment.kind,
        "number": commitment.number,
        "title": commitment.title,
        "status": commitment.status,
        "currency": commitment.currency,
        "vendor_id": commitment.vendor_id,
        "updated_at": iso(commitment.updated_at),
    }


def application_row(application: PaymentApplication, currency: str | None) -> dict[str, Any]:
    """A payment application as the ledger keeps it; ``currency`` is what its amounts are in."""
    return {
        "application_id": application.application_id,
        "project_id": application.project_id,
        "commitment_id": application.commitment_id,
        "number": application.number,
        "invoice_number": application.invoice_number,
        "invoice_type": application.invoice_type,
        "status": application.status,
        "origin_id": application.origin_id,
        "vendor_id": application.vendor_id,
        "due_minor": minor(application.due, currency),
        "retainage_minor": minor(application.retainage, currency),
        "tax_minor": minor(application.tax, currency),
        "currency": currency,
        "updated_at": iso(application.updated_at),
    }


def contract_payment_row(payment: ContractPayment, currency: str) -> dict[str, Any]:
    """A row of Payments Issued in the commitment's currency."""
    return {
        "contract_payment_id": payment.contract_payment_id,
        "project_id": payment.project_id,
        "commitment_id": payment.commitment_id,
        "application_id": payment.application_id,
        "amount_minor": minor(payment.amount, currency),
        "currency": currency,
        "date": payment.date,
        "invoice_number": payment.invoice_number,
        "check_number": payment.check_number,
        "notes": payment.notes,
        "origin_id": payment.origin_id,
        "origin_data": payment.origin_data,
        "external_payment_id": payment.external_payment_id,
        "created_at": iso(payment.created_at),
    }
