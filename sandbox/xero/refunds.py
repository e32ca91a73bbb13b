"""Money that suppliers paid back: payments in Xero's list that are no bill payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from sandbox.books.records import BillPayment, Record, VendorCredit

RefundType = Literal["APCREDITPAYMENT", "APPREPAYMENTPAYMENT", "APOVERPAYMENTPAYMENT"]


@dataclass(slots=True)
class Refund(Record):
    """A refund of what was left of a credit note, a prepayment or an overpayment."""

    payment_type: RefundType = "APCREDITPAYMENT"
    document_id: str = ""
    vendor_id: str = ""
    txn_date: date = date.min
    amount: Decimal = Decimal(0)
    account_id: str = "35"
    currency: str = "USD"
    rate: Decimal = Decimal(1)
    number: str | None = None


def refund_type(document: VendorCredit | BillPayment) -> RefundType:
    """Return the PaymentType of a refund of a document."""
    if isinstance(document, VendorCredit):
        return "APCREDITPAYMENT"
    if document.kind == "overpayment":
        return "APOVERPAYMENTPAYMENT"
    return "APPREPAYMENTPAYMENT"
