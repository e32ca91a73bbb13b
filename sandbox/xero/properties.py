"""What each list can be filtered and ordered by, and which of it Xero does fast (section 5.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.books.records import BillPayment

from .refunds import Refund
from .shapes import updated_millis
from .shapes_bills import amount_due, amount_paid, bill_status, credit_status, shown_number
from .shapes_payments import (
    PaymentRow,
    ahead_status,
    bank_amount,
    bill_of,
    document_id,
    payment_amount,
    payment_status,
    payment_type,
)
from .store import Organisation, bare

Value = str | int | Decimal | bool | None
_Read = Callable[[Any, Organisation], Value]
EQUAL, RANGE, ANY_OF, ORDER = "equal", "range", "any of", "order"


@dataclass(frozen=True, slots=True)
class Property:
    """A field: how literals are compared with it, how it is read, and what of it is fast.

    Days and instants are read as seconds, so that both compare with `DateTime(...)`.
    """

    kind: str
    read: _Read
    fast: frozenset[str] = frozenset()


def _seconds(day: date | None) -> int | None:
    return None if day is None else (day.toordinal() - _EPOCH) * 86400


_EPOCH = date(1970, 1, 1).toordinal()


def _text(read: _Read, *fast: str) -> Property:
    return Property("text", read, frozenset(fast))


def _guid(read: _Read, *fast: str) -> Property:
    return Property("guid", read, frozenset(fast))


def _amount(read: _Read, *fast: str) -> Property:
    return Property("amount", read, frozenset(fast))


def _day(read: Callable[[Any], date | None], *fast: str) -> Property:
    return Property("instant", lambda row, _: _seconds(read(row)), frozenset(fast))


UPDATED = Property("instant", lambda row, org: updated_millis(row, org) // 1000, frozenset({ORDER}))
_CONTACT = {
    "Contact.ContactID": _guid(lambda row, _: row.vendor_id, EQUAL),
    "Contact.Name": _text(lambda row, org: _name(row.vendor_id, org), EQUAL),
}
_MONEY = {
    "CurrencyCode": _text(lambda row, _: row.currency),
    "Total": _amount(lambda row, _: row.total),
    "UpdatedDateUTC": UPDATED,
}


def _name(vendor_id: str, org: Organisation) -> str | None:
    found = org.vendors.rows.get(vendor_id)
    return found.name if found else None


def _bill_number(row: PaymentRow, org: Organisation) -> str:
    return "" if isinstance(row, Refund) else bill_of(row, org).number or ""


def _document_type(row: PaymentRow, org: Organisation) -> str:
    return "ACCPAYCREDIT" if isinstance(row, Refund) else "ACCPAY"


PAYMENTS: dict[str, Property] = {
    "PaymentID": _guid(lambda row, _: row.id, ANY_OF, ORDER),
    "PaymentType": _text(lambda row, _: payment_type(row), EQUAL),
    "Status": _text(lambda row, _: payment_status(row), EQUAL),
    "Date": _day(lambda row: row.txn_date, EQUAL, RANGE, ORDER),
    "Amount": _amount(payment_amount),
    "BankAmount": _amount(bank_amount),
    "Reference": _text(shown_number, EQUAL),
    "UpdatedDateUTC": UPDATED,
    "BatchPaymentID": _guid(lambda row, _: row.batch if isinstance(row, BillPayment) else None),
    "Account.AccountID": _guid(lambda row, org: org.account_guid(row.account_id)),
    "Account.Code": _text(lambda row, org: org.account_code(row.account_id)),
    "Invoice.InvoiceID": _guid(document_id, EQUAL, ANY_OF),
    "Invoice.InvoiceNumber": _text(_bill_number),
    "Invoice.Type": _text(_document_type),
    "Invoice.CurrencyCode": _text(lambda row, _: row.currency),
    "Invoice.Contact.ContactID": _guid(lambda row, _: row.vendor_id),
    "Invoice.Contact.Name": _text(lambda row, org: _name(row.vendor_id, org)),
}
INVOICES: dict[str, Property] = (
    _CONTACT
    | _MONEY
    | {
        "InvoiceID": _guid(lambda row, _: row.id, EQUAL, ANY_OF, ORDER),
        "InvoiceNumber": _text(lambda row, _: row.number or "", EQUAL),
        "Reference": _text(lambda row, _: "", EQUAL),
        "Type": _text(lambda row, _: "ACCPAY", EQUAL),
        "Status": _text(bill_status, EQUAL),
        "Date": _day(lambda row: row.txn_date, EQUAL, RANGE, ORDER),
        "DueDate": _day(lambda row: row.due_date, EQUAL, RANGE),
        "AmountDue": _amount(amount_due, EQUAL, RANGE),
        "AmountPaid": _amount(amount_paid, EQUAL),
    }
)
CREDIT_NOTES: dict[str, Property] = (
    _CONTACT
    | _MONEY
    | {
        "CreditNoteID": _guid(lambda row, _: row.id, EQUAL, ANY_OF, ORDER),
        "CreditNoteNumber": _text(lambda row, _: row.number or "", EQUAL),
        "Type": _text(lambda row, _: "ACCPAYCREDIT", EQUAL),
        "Status": _text(credit_status, EQUAL),
        "Date": _day(lambda row: row.txn_date, EQUAL, RANGE, ORDER),
        "RemainingCredit": _amount(lambda row, _: row.balance),
    }
)


def _ahead(id_name: str, kind: str) -> dict[str, Property]:
    return (
        _CONTACT
        | _MONEY
        | {
            id_name: _guid(lambda row, _: bare(row.id), EQUAL, ANY_OF, ORDER),
            "Type": _text(lambda row, _: kind, EQUAL),
            "Status": _text(ahead_status, EQUAL),
            "Date": _day(lambda row: row.txn_date, EQUAL, RANGE, ORDER),
            "Reference": _text(lambda row, _: row.number),
            "Total": _amount(lambda row, org: org.amount_of(row)),
            "RemainingCredit": _amount(lambda row, org: org.rest_of(row)),
        }
    )


PREPAYMENTS = _ahead("PrepaymentID", "SPEND-PREPAYMENT")
OVERPAYMENTS = _ahead("OverpaymentID", "SPEND-OVERPAYMENT")
BATCH_PAYMENTS: dict[str, Property] = {
    "BatchPaymentID": _guid(lambda row, _: row.id, ORDER),
    "Type": _text(lambda row, _: "PAYBATCH", EQUAL),
    "Status": _text(lambda row, _: "DELETED" if row.deleted else "AUTHORISED", EQUAL),
    "Account.AccountID": _guid(lambda row, org: org.account_guid(row.account_id), EQUAL),
    "Date": _day(lambda row: row.txn_date, ORDER),
    "UpdatedDateUTC": UPDATED,
}
CONTACTS: dict[str, Property] = {
    "ContactID": _guid(lambda row, _: row.id, EQUAL, ANY_OF, ORDER),
    "Name": _text(lambda row, _: row.name, EQUAL, ORDER),
    "ContactStatus": _text(lambda row, _: "ACTIVE" if row.active else "ARCHIVED", EQUAL),
    "IsSupplier": Property("truth", lambda row, _: True),
    "IsCustomer": Property("truth", lambda row, _: False),
    "UpdatedDateUTC": UPDATED,
}
_TYPES = {"Bank": "BANK", "Credit Card": "BANK", "Accounts Payable": "CURRLIAB"}
ACCOUNTS: dict[str, Property] = {
    "AccountID": _guid(lambda row, org: org.account_guid(row.id), EQUAL, ORDER),
    "Code": _text(lambda row, org: org.account_code(row.id), EQUAL, ORDER),
    "Name": _text(lambda row, _: row.name, EQUAL, ORDER),
    "Type": _text(lambda row, _: _TYPES.get(row.kind, "DIRECTCOSTS"), EQUAL),
    "Status": _text(lambda row, _: "ACTIVE" if row.active else "ARCHIVED", EQUAL),
    "UpdatedDateUTC": UPDATED,
}
