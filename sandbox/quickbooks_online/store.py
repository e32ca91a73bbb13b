"""One QuickBooks Online company: its ids, and what a void or a deletion does (section 13)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from sandbox.books import acts
from sandbox.books.records import Bill, BillPayment, Tombstone, VendorCredit
from sandbox.books.store import Books
from sandbox.clock import Clock

_ON_ACCOUNT = (
    "In QuickBooks Online that is a payment with a rest, applied by an edit: use /erp/pay and "
    "/erp/edit."
)


class Company(Books):
    """The books of one QuickBooks Online company, known by its realm."""

    cannot = MappingProxyType(dict.fromkeys(("prepay", "apply", "unapply"), _ON_ACCOUNT))

    def __init__(self, *, realm: str, name: str, clock: Clock, founded: int) -> None:
        super().__init__(name=name, clock=clock, founded=founded)
        self.realm = realm
        self._next_transaction = 145
        self._next_name = 71

    @property
    def company_id(self) -> str:
        """The realm."""
        return self.realm

    def transaction_id(self, kind: str = "") -> str:
        """Draw the next id; all kinds of transactions share one sequence."""
        self._next_transaction += 1
        return str(self._next_transaction)

    def name_id(self) -> str:
        """Draw the next id of a name list."""
        self._next_name += 1
        return str(self._next_name)

    def pay(self, **wished: Any) -> list[BillPayment]:
        """Pay; one document, whatever it pays."""
        return [acts.add_payment(self, **wished)]

    def void(self, payment: BillPayment, instant: int | None = None) -> None:
        """Void: amount 0, lines cleared, note prefixed, one version more (section 13)."""
        self.clear(payment, self.now() if instant is None else instant)

    def delete(self, row: Bill | VendorCredit | BillPayment) -> None:
        """Delete: the record goes, change data capture keeps a tombstone."""
        self.changing(row)
        instant = self.now()
        if isinstance(row, BillPayment):
            self.unapply(row, instant)
        kind = type(row).__name__
        self.table(kind).remove(row)
        self.tombstones.append(Tombstone(kind, row.id, instant))
