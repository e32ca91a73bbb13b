"""What the JSON of Xero's payments means; pure functions (Xero: payments, batch payments).

A payment pays one bill, and its amount is in the bill's currency. Amounts stay Decimal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from connectors.erp import Allocation, BillPayment, PaymentMethod, PaymentStatus
from connectors.xero import fields
from connectors.xero.fields import Row
from connectors.xero.query import BATCHES, PAYMENTS
from paidsync.reasons import Hold

_ZERO = Decimal(0)
# A rate is shown and never computed with: twelve digits are enough.
_RATE = Context(prec=12, rounding=ROUND_HALF_EVEN)
_RATE_DIGITS = 20  # before or behind the point; a rate beyond is none
_STATUS = {"AUTHORISED": PaymentStatus.LIVE, "DELETED": PaymentStatus.VOIDED}
_BATCH_WORDS = ("Reference", "Details", "Particulars", "Code", "Narrative")


class Account(NamedTuple):
    """A bank account, as far as payments from it depend on it."""

    currency: str | None
    is_card: bool


@dataclass(frozen=True, slots=True)
class Books:
    """What of the organisation payments are read with."""

    home_currency: str
    batches_are_electronic: bool = False
    accounts: Mapping[str, Account] = field(default_factory=dict)  # empty where not permitted
    batch_words: Mapping[str, str | None] = field(default_factory=dict)  # by batch


def is_ours(row: Row) -> bool:
    """Whether a payment pays a bill: all other types are refunds, or money of customers."""
    of_bill = fields.text(fields.part(row, "Invoice"), "Type") in ("ACCPAY", None)
    return of_bill and fields.text(row, "PaymentType") in ("ACCPAYPAYMENT", None)


def batch_without_words(row: Row) -> str | None:
    """The batch that has to be read for a payment's number, which the payment does not carry."""
    if fields.text(row, "Reference") or batch_words(fields.part(row, "BatchPayment")):
        return None
    return _batch(row)


def batch_words(batch: Row) -> str | None:
    """What a batch says of itself on the bank statement; which field it is differs by country."""
    return next((found for name in _BATCH_WORDS if (found := fields.text(batch, name))), None)


def account(row: Row) -> Account:
    """A bank account of the chart of accounts."""
    return Account(
        fields.text(row, "CurrencyCode"), fields.text(row, "BankAccountType") == "CREDITCARD"
    )


def payment(row: Row, books: Books) -> BillPayment:
    """A payment of a bill. What cannot be judged is stated as a fault, for that payment alone.
    Raises ValueError where the row has no id. Source: Xero: payments."""
    bill = fields.part(row, "Invoice")
    amount = fields.amount(row, "Amount")
    currency = fields.text(bill, "CurrencyCode")
    status = _STATUS.get(fields.text(row, "Status") or "")
    bill_id = fields.text(bill, "InvoiceID")
    known = status is not None and bill_id is not None and fields.text(row, "PaymentType")
    return BillPayment(
        payment_id=fields.required(row, PAYMENTS.key),
        status=status or PaymentStatus.LIVE,
        number=_number(row, books),
        date=fields.day(row, "Date"),
        method=_method(row, books),
        currency=currency,
        total=amount,
        credits=_ZERO,
        unapplied=_ZERO,
        home_per_foreign=_rate(row, amount, currency, books),
        payee_id=contact(bill),
        allocations=(allocation(bill_id, amount, currency),) if bill_id else (),
        modified_at=fields.moment(row, "UpdatedDateUTC"),
        version=fields.text(row, "UpdatedDateUTC") or "",
        whole=bill_id is not None,
        fault=None if known else Hold.UNKNOWN_ERP_STATUS,
    )


def allocation(bill_id: str, amount: Decimal | None, currency: str | None) -> Allocation:
    """What is applied to one bill: all of it is cash, as credits never stand in a payment."""
    fault = None
    if amount is None:
        fault = Hold.MISSING_AMOUNT
    elif currency is None:
        fault = Hold.BAD_CURRENCY
    elif amount <= 0:
        fault = Hold.AMOUNT_NOT_POSITIVE
    return Allocation(bill_id=bill_id, currency=currency, settled=amount, cash=amount, fault=fault)


def contact(row: Row) -> str | None:
    """The contact of a document; of one that was merged into another, that other."""
    found = fields.part(row, "Contact")
    return fields.text(found, "MergedToContactID") or fields.text(found, "ContactID")


def _batch(row: Row) -> str | None:
    return fields.text(row, BATCHES.key) or fields.text(
        fields.part(row, "BatchPayment"), BATCHES.key
    )


def _number(row: Row, books: Books) -> str | None:
    own = fields.text(row, "Reference") or batch_words(fields.part(row, "BatchPayment"))
    batch = _batch(row)
    return own or (books.batch_words.get(batch) if batch else None)


def _account(row: Row, books: Books) -> Account | None:
    paid_from = fields.text(fields.part(row, "Account"), "AccountID")
    return books.accounts.get(paid_from) if paid_from else None


def _method(row: Row, books: Books) -> PaymentMethod | None:
    paid_from = _account(row, books)
    if paid_from is not None and paid_from.is_card:
        return PaymentMethod.CREDIT_CARD
    return PaymentMethod.ELECTRONIC if books.batches_are_electronic and _batch(row) else None


def _rate(row: Row, amount: Decimal | None, currency: str | None, books: Books) -> Decimal | None:
    """Home currency per unit of the bill's: ``CurrencyRate`` may run the other way, so it is taken
    from the two amounts, where the account is in home currency."""
    if currency == books.home_currency:
        return Decimal(1)
    paid_from, in_bank = _account(row, books), fields.amount(row, "BankAmount")
    if paid_from is None or paid_from.currency != books.home_currency or not in_bank or not amount:
        return None
    try:
        rate = _RATE.divide(in_bank, amount)
    except ArithmeticError:
        return None
    return rate if abs(rate.adjusted()) <= _RATE_DIGITS else None
