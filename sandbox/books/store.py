"""The books of one company in memory, with what every change brings about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from threading import RLock
from typing import Any, ClassVar, Generic, TypeVar
from zoneinfo import ZoneInfo

from sandbox.clock import Clock

from .records import (
    Account,
    Batch,
    Bill,
    BillPayment,
    Entity,
    Record,
    Tombstone,
    Vendor,
    VendorCredit,
)

T = TypeVar("T", Account, Vendor, Bill, VendorCredit, BillPayment, Batch)
Payable = Bill | VendorCredit


class Table(Generic[T]):
    """The records of one kind, with an index on the instant they last changed."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rows: dict[str, T] = {}
        self._index: list[tuple[int, int, str]] | None = None

    def load(self, row: T) -> T:
        """Add a record. The index is made when first used, not while the world is laid out."""
        self.rows[row.id] = row
        if self._index is not None:
            insort(self._index, _place(row))
        return row

    def _ordered(self) -> list[tuple[int, int, str]]:
        if self._index is None:
            self._index = sorted(map(_place, self.rows.values()))
        return self._index

    def touch(self, row: T, instant: int) -> None:
        """Note that a record changed: its next version, in this second."""
        self.forget(row)
        row.sync_token += 1
        row.updated = instant
        if self._index is not None:
            insort(self._index, _place(row))

    def forget(self, row: T) -> None:
        """Take a record out of the index."""
        if self._index is None:
            return
        position = bisect_left(self._index, _place(row))
        if self._index[position : position + 1] == [_place(row)]:
            del self._index[position]

    def remove(self, row: T) -> None:
        """Take a record out altogether."""
        self.forget(row)
        del self.rows[row.id]

    def updated_between(self, first: int, end: int | None = None) -> Iterator[T]:
        """Return the records last changed from `first` and before `end`, oldest first."""
        index = self._ordered()
        start = bisect_left(index, (first, -1, ""))
        stop = len(index) if end is None else bisect_left(index, (end, -1, ""))
        return (self.rows[ident] for *_, ident in index[start:stop])


AnyTable = Table[Any]


def _place(row: Record) -> tuple[int, int, str]:
    """Records are ordered by when they changed, then by id; ids of digits count as numbers."""
    return row.updated, len(row.id), row.id


class Books(ABC):
    """One company's books; a subclass is an ERP, with its ids and what its users can do in it."""

    cannot: ClassVar[Mapping[str, str]] = {}
    """Acts of the control API that the ERP's users do not have, each with why, as a sentence."""

    def __init__(self, *, name: str, clock: Clock, founded: int) -> None:
        self.name = name
        self.clock = clock
        self.founded = founded
        self.home_currency = "USD"
        self.multicurrency = True
        self.zone = ZoneInfo("America/Los_Angeles")
        self.lock = RLock()
        self.accounts: Table[Account] = Table("Account")
        self.vendors: Table[Vendor] = Table("Vendor")
        self.bills: Table[Bill] = Table("Bill")
        self.credits: Table[VendorCredit] = Table("VendorCredit")
        self.payments: Table[BillPayment] = Table("BillPayment")
        self.batches: Table[Batch] = Table("Batch")
        self.tombstones: list[Tombstone] = []
        self.before_change: list[Callable[[Entity], None]] = []
        self._owed: dict[str, Decimal] | None = None

    # What an ERP decides

    @property
    @abstractmethod
    def company_id(self) -> str:
        """The space in which the ERP's ids are unique."""

    @abstractmethod
    def transaction_id(self, kind: str = "") -> str:
        """Draw the next id of a document; `kind` is a payment's, where it is not a plain one."""

    @abstractmethod
    def name_id(self) -> str:
        """Draw the next id of a name list."""

    @abstractmethod
    def pay(self, **wished: Any) -> list[BillPayment]:
        """Pay as `acts.add_payment` says it; return the documents that the ERP makes of it."""

    @abstractmethod
    def void(self, payment: BillPayment, instant: int | None = None) -> None:
        """Void a payment."""

    @abstractmethod
    def delete(self, row: Bill | VendorCredit | BillPayment) -> None:
        """Delete a document."""

    def paid_on(self, bill: Bill) -> Decimal:
        """What the ERP itself says is paid on a bill (money-rules 4.5)."""
        return bill.total - bill.balance

    def rest_of(self, payment: BillPayment) -> Decimal:
        """What of a prepayment or an overpayment can still be applied to bills."""
        return payment.total - sum((line.amount for line in payment.lines), Decimal(0))

    def why_not_delete(self, row: Bill | VendorCredit | BillPayment) -> str | None:
        """Say why a document cannot be deleted now, as a sentence."""
        if isinstance(row, BillPayment):
            return None
        uses = [(one.id, use.bill_id) for one in self.credits.rows.values() for use in one.uses]
        if row.payments or any(row.id in use for use in uses):
            return "It is paid or credited; take that back first."
        return None

    # What holds in all of them

    def table(self, kind: str) -> AnyTable:
        """Return the table of an entity by its API name."""
        tables: dict[str, AnyTable] = {
            "Account": self.accounts,
            "Vendor": self.vendors,
            "Bill": self.bills,
            "VendorCredit": self.credits,
            "BillPayment": self.payments,
            "Batch": self.batches,
        }
        return tables[kind]

    def now(self) -> int:
        """Return the present instant in whole seconds."""
        return int(self.clock.epoch())

    def owed_to(self, vendor_id: str) -> Decimal:
        """Return the open balance of a vendor: bills less credits."""
        if self._owed is None:
            self._owed = {}
            for bill in self.bills.rows.values():
                held = self._owed.get(bill.vendor_id, Decimal(0))
                self._owed[bill.vendor_id] = held + bill.balance
            for credit in self.credits.rows.values():
                held = self._owed.get(credit.vendor_id, Decimal(0))
                self._owed[credit.vendor_id] = held - credit.balance
        return self._owed.get(vendor_id, Decimal(0))

    def changing(self, row: Entity) -> None:
        """Tell whoever listens that a record is about to change."""
        self._owed = None
        for listener in self.before_change:
            listener(row)

    def _targets(self, payment: BillPayment) -> Iterator[tuple[AnyTable, Payable, Decimal]]:
        """Return what a payment is applied to, each document once, with its amount."""
        tables: tuple[tuple[str, AnyTable], ...] = (
            ("Bill", self.bills),
            ("VendorCredit", self.credits),
        )
        for kind, table in tables:
            amounts = payment.applied_to(kind)
            for line in payment.lines:
                if len(line.linked) > 1:
                    linked = [ident for k, ident in line.linked if k == kind]
                    for ident in linked:
                        rest = table.rows[ident].balance
                        share = min(rest, line.amount) if len(linked) > 1 else line.amount
                        amounts[ident] = amounts.get(ident, Decimal(0)) + share
            for ident, amount in amounts.items():
                if ident in table.rows:
                    yield table, table.rows[ident], amount

    def apply(self, payment: BillPayment, instant: int) -> None:
        """Apply a payment's lines: balances fall, documents gain the link, same second."""
        for table, document, amount in list(self._targets(payment)):
            document.balance = max(Decimal(0), document.balance - amount)
            if payment.id not in document.payments:
                document.payments.append(payment.id)
            table.touch(document, instant)
        self._owed = None

    def unapply(self, payment: BillPayment, instant: int) -> None:
        """Take a payment's lines back: balances rise, links go."""
        for table, document, amount in list(self._targets(payment)):
            document.balance = min(document.total, document.balance + amount)
            if payment.id in document.payments:
                document.payments.remove(payment.id)
            table.touch(document, instant)
        self._owed = None

    def clear(self, payment: BillPayment, instant: int) -> None:
        """Take a payment back from everything it pays: amount 0, lines set aside."""
        self.changing(payment)
        self.unapply(payment, instant)
        payment.former, payment.lines = payment.lines, []
        payment.former_total, payment.total = payment.total, Decimal(0)
        payment.note = f"Voided - {payment.note}" if payment.note else "Voided"
        self.payments.touch(payment, instant)
