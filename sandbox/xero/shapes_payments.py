"""How payments, batches, prepayments and overpayments look (reference sections 8 to 10)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.books.records import Batch, Bill, BillPayment

from .refunds import Refund
from .render import day_string, foreign_per_base, money, ms_day, ms_instant
from .shapes import account_ref, contact_summary, stamps, updated_millis
from .shapes_bills import (
    allocation,
    currency,
    invoice,
    refunds_of,
    short_bill,
    short_invoice,
    shown_number,
)
from .store import Organisation, bare

PaymentRow = BillPayment | Refund
BILL_PAYMENT = "ACCPAYPAYMENT"
_REFUNDED = {
    "APCREDITPAYMENT": "ACCPAYCREDIT",
    "APPREPAYMENTPAYMENT": "APPREPAYMENT",
    "APOVERPAYMENTPAYMENT": "APOVERPAYMENT",
}
_DETAILS_LENGTH = 18


def payment_type(row: PaymentRow) -> str:
    """Return PaymentType; only one of them is a bill payment."""
    return row.payment_type if isinstance(row, Refund) else BILL_PAYMENT


def payment_status(row: PaymentRow) -> str:
    """Return AUTHORISED or DELETED."""
    return "DELETED" if isinstance(row, BillPayment) and row.voided else "AUTHORISED"


def payment_amount(row: PaymentRow, org: Organisation) -> Decimal:
    """Return Amount, in the currency of the bill; a deletion leaves it."""
    return row.amount if isinstance(row, Refund) else org.amount_of(row)


def bank_amount(row: PaymentRow, org: Organisation) -> Decimal:
    """Return BankAmount, in the currency of the account."""
    amount = payment_amount(row, org)
    account = org.accounts.rows.get(row.account_id)
    same = account is not None and account.currency == row.currency
    return money(amount if same else amount * row.rate)


def bill_of(row: BillPayment, org: Organisation) -> Bill:
    """Return the bill that a payment pays, or paid until it was deleted."""
    line = (row.lines or row.former)[0]
    return org.bill(line.linked[0][1])


def document_id(row: PaymentRow, org: Organisation) -> str:
    """Return the id of what is paid."""
    return bare(row.document_id) if isinstance(row, Refund) else bill_of(row, org).id


def _document(row: PaymentRow, org: Organisation, *, full: bool) -> dict[str, Any]:
    if isinstance(row, BillPayment):
        bill = bill_of(row, org)
        return invoice(bill, org) if full else short_bill(bill, org)
    credit = org.credits.rows.get(row.document_id)
    number = credit.number if credit else None
    kind, ident = _REFUNDED[row.payment_type], bare(row.document_id)
    return short_invoice(kind, ident, number, row.vendor_id, row.currency, org)


def payment(row: PaymentRow, org: Organisation, *, full: bool = False) -> dict[str, Any]:
    """Return a payment; the bill and the account's name in full only when read on its own."""
    shape: dict[str, Any] = {"PaymentID": row.id}
    if isinstance(row, BillPayment) and row.batch:
        batch = org.batches.rows[row.batch]
        shape |= {"BatchPaymentID": batch.id, "BatchPayment": _batch_head(batch, org)}
    shape |= {
        "Date": ms_day(row.txn_date),
        "BankAmount": bank_amount(row, org),
        "Amount": money(payment_amount(row, org)),
    }
    number = shown_number(row, org)
    if number is not None:
        shape["Reference"] = number
    return shape | {
        "CurrencyRate": foreign_per_base(row.rate),
        "PaymentType": payment_type(row),
        "Status": payment_status(row),
        **stamps(row, org),
        "HasAccount": True,
        "IsReconciled": False,
        "Account": account_ref(row.account_id, org, named=full),
        "Invoice": _document(row, org, full=full),
        "HasValidationErrors": False,
    }


def batch_total(batch: Batch, org: Organisation) -> Decimal:
    """Return TotalAmount, in the account's currency; a deletion leaves it."""
    rows = (org.payments.rows[ident] for ident in batch.payments)
    return money(sum((bank_amount(row, org) for row in rows), Decimal(0)))


def _batch_head(batch: Batch, org: Organisation) -> dict[str, Any]:
    return {
        "Account": {"AccountID": org.account_guid(batch.account_id)},
        "BatchPaymentID": batch.id,
        "Date": ms_day(batch.txn_date),
        "Type": "PAYBATCH",
        "Status": "DELETED" if batch.deleted else "AUTHORISED",
        "TotalAmount": batch_total(batch, org),
        "UpdatedDateUTC": ms_instant(updated_millis(batch, org)),
        "IsReconciled": False,
    }


def batch_payment(batch: Batch, org: Organisation) -> dict[str, Any]:
    """Return a batch; a deleted one has no payments and keeps its total."""
    shape = _batch_head(batch, org) | {"DateString": day_string(batch.txn_date)}
    account = org.accounts.rows.get(batch.account_id)
    shape["Account"] = {
        "AccountID": org.account_guid(batch.account_id),
        "CurrencyCode": account.currency if account else org.home_currency,
    }
    if batch.number is not None:
        shape["Details"] = batch.number[:_DETAILS_LENGTH]
    rows = [] if batch.deleted else [org.payments.rows[ident] for ident in batch.payments]
    shape["Payments"] = [_in_batch(row, org) for row in rows]
    return shape


def _in_batch(row: BillPayment, org: Organisation) -> dict[str, Any]:
    bill = bill_of(row, org)
    return {
        "PaymentID": row.id,
        "Invoice": {"InvoiceID": bill.id, "CurrencyCode": bill.currency},
        "Amount": money(payment_amount(row, org)),
        "BankAmount": bank_amount(row, org),
    }


def ahead_status(row: BillPayment, org: Organisation) -> str:
    """Return the status of a prepayment or an overpayment; one that is used up is PAID."""
    if row.voided:
        return "VOIDED"
    return "AUTHORISED" if org.rest_of(row) else "PAID"


def paid_ahead(row: BillPayment, org: Organisation) -> dict[str, Any]:
    """Return a prepayment or an overpayment with its allocations."""
    prepaid = row.kind == "prepayment"
    total = money(org.amount_of(row))
    applied = sum((line.amount for line in row.lines), Decimal(0))
    rest = Decimal(0) if row.voided else org.rest_of(row)
    shape: dict[str, Any] = {
        "PrepaymentID" if prepaid else "OverpaymentID": bare(row.id),
        "Type": "SPEND-PREPAYMENT" if prepaid else "SPEND-OVERPAYMENT",
        "Contact": contact_summary(row.vendor_id, org),
        "DateString": day_string(row.txn_date),
        "Date": ms_day(row.txn_date),
        "Status": ahead_status(row, org),
        "LineAmountTypes": "NoTax",
        "LineItems": [],
        "SubTotal": total,
        "TotalTax": money(Decimal(0)),
        "Total": total,
        "RemainingCredit": money(rest),
        "AppliedAmount": money(applied),
        "Allocations": [
            allocation(line.id, line.amount, line.applied_on, org.bill(line.linked[0][1]), org)
            for line in row.lines
        ],
        "Payments": refunds_of(row.id, org),
        "HasAttachments": False,
    }
    if row.number is not None:
        shape["Reference"] = row.number
    return shape | currency(row) | stamps(row, org)
