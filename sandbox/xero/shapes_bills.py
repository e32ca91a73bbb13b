"""How bills and the credit notes of suppliers look (reference section 10)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.books.records import Bill, BillPayment, VendorCredit

from .refunds import Refund
from .render import day_string, foreign_per_base, money, ms_day
from .shapes import contact_summary, line_items, stamps
from .store import Organisation, bare

_EMPTY_LISTS = ("Payments", "CreditNotes", "Prepayments", "Overpayments")
_DROPPED_BY_SUMMARY = ("Payments", "HasAttachments", "LineItems")


def bill_status(row: Bill, org: Organisation) -> str:
    """Return a bill's status; one that is partly paid is still AUTHORISED."""
    if row.id in org.void_bills:
        return "VOIDED"
    return "AUTHORISED" if row.balance else "PAID"


def credit_status(row: VendorCredit, org: Organisation) -> str:
    """Return a credit note's status; one that is used up is PAID."""
    if row.id in org.void_credits:
        return "VOIDED"
    return "AUTHORISED" if row.balance else "PAID"


def amount_paid(row: Bill, org: Organisation) -> Decimal:
    """Return what payments pay of a bill; credits and pre- and overpayments are not among it."""
    paid = (line.amount for one, line in org.paid_by(row) if one.kind == "payment")
    return sum(paid, Decimal(0))


def amount_due(row: Bill, org: Organisation) -> Decimal:
    """Return what is still due; nothing on a void bill."""
    return Decimal(0) if row.id in org.void_bills else row.balance


def amount_credited(row: Bill, org: Organisation) -> Decimal:
    """Return what credit notes, prepayments and overpayments settle of a bill."""
    ahead = (line.amount for one, line in org.paid_by(row) if one.kind != "payment")
    credited = (use.amount for _, use in org.credited_by(row))
    return sum(ahead, Decimal(0)) + sum(credited, Decimal(0))


def currency(row: Bill | VendorCredit | BillPayment | Refund) -> dict[str, Any]:
    """Return currency and rate of a document."""
    return {"CurrencyCode": row.currency, "CurrencyRate": foreign_per_base(row.rate)}


def short_invoice(
    kind: str, ident: str, number: str | None, vendor_id: str, code: str, org: Organisation
) -> dict[str, Any]:
    """Return the document inside a row of a list: no status, no totals, no dates."""
    shape: dict[str, Any] = {"Type": kind, "InvoiceID": ident, "InvoiceNumber": number or ""}
    shape |= {name: [] for name in _EMPTY_LISTS}
    shape |= {"HasErrors": False, "IsDiscounted": False}
    return shape | {
        "Contact": contact_summary(vendor_id, org),
        "LineItems": [],
        "CurrencyCode": code,
    }


def short_bill(row: Bill, org: Organisation) -> dict[str, Any]:
    """Return a bill inside a row of a list."""
    return short_invoice("ACCPAY", row.id, row.number, row.vendor_id, row.currency, org)


def _short_payment(row: BillPayment | Refund, amount: Decimal, org: Organisation) -> dict[str, Any]:
    """Return a payment inside the document it pays: without account, and HasAccount false."""
    shape: dict[str, Any] = {"PaymentID": row.id, "Date": ms_day(row.txn_date)}
    shape |= {"Amount": money(amount), "CurrencyRate": foreign_per_base(row.rate)}
    if shown_number(row, org) is not None:
        shape["Reference"] = shown_number(row, org)
    return shape | {"HasAccount": False, "HasValidationErrors": False}


def shown_number(row: BillPayment | Refund, org: Organisation) -> str | None:
    """Return a payment's reference; that of a batch may be on the batch alone."""
    if isinstance(row, BillPayment) and row.batch and org.batches.rows[row.batch].number_only_here:
        return None
    return row.number


def refunds_of(ident: str, org: Organisation) -> list[dict[str, Any]]:
    """Return what a supplier paid back of a document, as it lists its payments."""
    return [_short_payment(one, one.amount, org) for one in org.refunds if one.document_id == ident]


def _applied(row: Bill, org: Organisation, kind: str, id_name: str) -> list[dict[str, Any]]:
    """Return the prepayments or overpayments of a bill, each with what of it is applied."""
    found: dict[str, dict[str, Any]] = {}
    for one, line in org.paid_by(row):
        if one.kind == kind:
            shape = found.setdefault(one.id, {id_name: bare(one.id), "Date": ms_day(one.txn_date)})
            shape["Total"] = money(org.amount_of(one))
            shape["AppliedAmount"] = money(shape.get("AppliedAmount", Decimal(0)) + line.amount)
    return list(found.values())


def _credit_notes(row: Bill, org: Organisation) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one, use in org.credited_by(row):
        head = {"CreditNoteID": one.id, "CreditNoteNumber": one.number or ""}
        shape = found.setdefault(one.id, head | {"Date": ms_day(one.txn_date)})
        shape["Total"] = money(one.total)
        shape["AppliedAmount"] = money(shape.get("AppliedAmount", Decimal(0)) + use.amount)
    return list(found.values())


def invoice(
    row: Bill, org: Organisation, *, full: bool = True, summary: bool = False
) -> dict[str, Any]:
    """Return a bill; its lines and payments only when paged or read by id, number or status."""
    shape = short_bill(row, org)
    due, tax = amount_due(row, org), row.tax or Decimal(0)
    shape |= {
        "Reference": "",
        "Status": bill_status(row, org),
        "DateString": day_string(row.txn_date),
        "Date": ms_day(row.txn_date),
        "LineAmountTypes": "NoTax" if row.tax is None else "Exclusive",
        "SubTotal": money(row.total - tax),
        "TotalTax": money(tax),
        "Total": money(row.total),
        "AmountDue": money(due),
        "AmountPaid": money(amount_paid(row, org)),
        "AmountCredited": money(amount_credited(row, org)),
        "SentToContact": False,
        "HasAttachments": False,
    }
    if row.due_date:
        shape |= {"DueDateString": day_string(row.due_date), "DueDate": ms_day(row.due_date)}
    if full:
        shape["LineItems"] = line_items(row.id, row.lines, org)
        shape["Payments"] = [
            _short_payment(one, line.amount, org)
            for one, line in org.paid_by(row)
            if one.kind == "payment"
        ]
        shape["CreditNotes"] = _credit_notes(row, org)
        shape["Prepayments"] = _applied(row, org, "prepayment", "PrepaymentID")
        shape["Overpayments"] = _applied(row, org, "overpayment", "OverpaymentID")
    if shape["Status"] == "PAID":
        shape["FullyPaidOnDate"] = ms_day(_settled_on(row, org))
    if summary:
        for name in _DROPPED_BY_SUMMARY:
            del shape[name]
    return shape | currency(row) | stamps(row, org)


def _settled_on(row: Bill, org: Organisation) -> Any:
    days = [line.applied_on or one.txn_date for one, line in org.paid_by(row)]
    days += [use.date for _, use in org.credited_by(row)]
    return max(days, default=row.txn_date)


def allocation(
    ident: str, amount: Decimal, day: Any, bill: Bill, org: Organisation
) -> dict[str, Any]:
    """Return what of a credit, a prepayment or an overpayment is allocated to one bill."""
    return {
        "AllocationID": ident,
        "Amount": money(amount),
        "Date": ms_day(day),
        "Invoice": {"InvoiceID": bill.id, "InvoiceNumber": bill.number or ""},
        "IsDeleted": False,
    }


def credit_note(row: VendorCredit, org: Organisation, *, full: bool = True) -> dict[str, Any]:
    """Return a supplier's credit note with its allocations."""
    status = credit_status(row, org)
    return (
        {
            "Type": "ACCPAYCREDIT",
            "CreditNoteID": row.id,
            "CreditNoteNumber": row.number or "",
            "Reference": "",
            "Contact": contact_summary(row.vendor_id, org),
            "DateString": day_string(row.txn_date),
            "Date": ms_day(row.txn_date),
            "Status": status,
            "LineAmountTypes": "NoTax",
            "LineItems": line_items(row.id, row.lines, org) if full else [],
            "SubTotal": money(row.total),
            "TotalTax": money(Decimal(0)),
            "Total": money(row.total),
            "RemainingCredit": money(Decimal(0) if status == "VOIDED" else row.balance),
            "Allocations": [
                allocation(use.id, use.amount, use.date, org.bill(use.bill_id), org)
                for use in row.uses
            ],
            "Payments": refunds_of(row.id, org),
            "HasAttachments": False,
            "HasErrors": False,
        }
        | currency(row)
        | stamps(row, org)
    )
