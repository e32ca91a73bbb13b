"""The records of one company's books: only what bill payments need."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal


@dataclass(slots=True)
class Record:
    """What every entity has: an id, a version and two instants in whole Unix seconds."""

    id: str
    sync_token: int = 0
    created: int = 0
    updated: int = 0


@dataclass(slots=True)
class Account(Record):
    """An account of the chart of accounts."""

    name: str = ""
    kind: str = "Bank"
    active: bool = True
    currency: str = "USD"


@dataclass(slots=True)
class Vendor(Record):
    """A vendor; inactive ones are hidden from queries unless they are asked for."""

    name: str = ""
    company_name: str | None = None
    active: bool = True
    currency: str = "USD"


@dataclass(slots=True)
class BillLine:
    """One expense line of a bill or of a vendor credit."""

    amount: Decimal
    description: str = ""
    account_id: str = "58"
    customer_id: str | None = None


@dataclass(slots=True)
class Bill(Record):
    """A payable. `payments` are the ids of the bill payments that are applied to it.

    `total` includes `tax`, which is None where the bill has no tax detail at all.
    """

    vendor_id: str = ""
    number: str | None = None
    txn_date: date = date.min
    due_date: date | None = None
    total: Decimal = Decimal(0)
    balance: Decimal = Decimal(0)
    currency: str = "USD"
    rate: Decimal = Decimal(1)
    note: str | None = None
    lines: list[BillLine] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)
    tax: Decimal | None = None


@dataclass(slots=True)
class CreditUse:
    """What of a credit is applied to a bill without a payment (not in every ERP)."""

    id: str
    bill_id: str
    amount: Decimal
    date: date


@dataclass(slots=True)
class VendorCredit(Record):
    """A credit from a vendor; `balance` is what is not used yet."""

    vendor_id: str = ""
    number: str | None = None
    txn_date: date = date.min
    total: Decimal = Decimal(0)
    balance: Decimal = Decimal(0)
    currency: str = "USD"
    rate: Decimal = Decimal(1)
    note: str | None = None
    lines: list[BillLine] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)
    uses: list[CreditUse] = field(default_factory=list)


@dataclass(slots=True)
class PaymentLine:
    """One line of a bill payment; `linked` holds (kind, id), normally exactly one.

    Of a prepayment or an overpayment a line is one application to a bill, with an id of its own
    and the day on which it was applied.
    """

    amount: Decimal
    linked: list[tuple[str, str]]
    id: str = ""
    applied_on: date | None = None


PaymentKind = Literal["payment", "prepayment", "overpayment"]


@dataclass(slots=True)
class BillPayment(Record):
    """One payment document: a check, a bank payment or a card charge.

    `batch` is the document that it was made with, where the ERP has such; `former` are the lines
    that a void took away, and `former_total` its total.
    """

    vendor_id: str = ""
    txn_date: date = date.min
    number: str | None = None
    pay_type: str = "Check"
    account_id: str = "35"
    print_status: str = "NotSet"
    total: Decimal = Decimal(0)
    currency: str = "USD"
    rate: Decimal = Decimal(1)
    note: str | None = None
    lines: list[PaymentLine] = field(default_factory=list)
    kind: PaymentKind = "payment"
    batch: str | None = None
    former: list[PaymentLine] = field(default_factory=list)
    former_total: Decimal = Decimal(0)

    @property
    def voided(self) -> bool:
        """A void leaves no amount, no lines and a note that starts with the word."""
        return not self.lines and not self.total and (self.note or "").startswith("Voided")

    def dated(self, bill_id: str) -> date:
        """Return the day of what is applied to a bill: the payment's, or that of its application
        where a prepayment was applied later (money-rules 1.5)."""
        applied = [
            line.applied_on
            for line in self.lines
            if line.applied_on is not None and ("Bill", bill_id) in line.linked
        ]
        return max(applied, default=self.txn_date)

    def applied_to(self, kind: str) -> dict[str, Decimal]:
        """Return what the lines with one single link of a kind apply, per linked id."""
        found: dict[str, Decimal] = {}
        for line in self.lines:
            if len(line.linked) == 1 and line.linked[0][0] == kind:
                other = line.linked[0][1]
                found[other] = found.get(other, Decimal(0)) + line.amount
        return found

    def linked_ids(self, kind: str) -> list[str]:
        """Return every linked id of a kind, those of lines with several links too."""
        seen = {ident: None for line in self.lines for k, ident in line.linked if k == kind}
        return list(seen)


@dataclass(slots=True)
class Batch(Record):
    """Payments that were made in one go, each of which pays one bill.

    `number_only_here` says that its payments do not show the number themselves.
    """

    txn_date: date = date.min
    number: str | None = None
    account_id: str = "35"
    payments: list[str] = field(default_factory=list)
    deleted: bool = False
    number_only_here: bool = False


@dataclass(slots=True, frozen=True)
class Tombstone:
    """What a change feed still knows of a deleted object."""

    kind: str
    id: str
    deleted: int


Entity = Account | Vendor | Bill | VendorCredit | BillPayment
