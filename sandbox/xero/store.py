"""The books of one Xero organisation: one payment pays one bill (reference sections 1, 9, 10, 12).

What somebody wishes to pay becomes what Xero's screens make of it: allocations of credit notes, a
payment for each bill, a batch around several of them, and an overpayment for what is too much.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar

from sandbox.books import acts
from sandbox.books.records import (
    Account,
    Batch,
    Bill,
    BillPayment,
    CreditUse,
    PaymentKind,
    PaymentLine,
    Tombstone,
    Vendor,
    VendorCredit,
)
from sandbox.books.store import Books, Table
from sandbox.clock import Clock

from .refunds import Refund, refund_type
from .tokens import guid

T = TypeVar("T", Account, Vendor, Bill, VendorCredit, BillPayment, Batch)
TIME_ZONE = "PACIFICSTANDARDTIME"
_CODES = {"Bank": "090", "Accounts Payable": "800", "Expense": "310"}
_NO_EDIT = "A payment in Xero cannot be edited: delete it with /erp/delete and pay again."
_PAID = "Amounts of a bill that is paid, be it in part, cannot be edited in Xero."
_NO_QUEUE = "Xero has no checks that wait to be printed."


class Counted(Table[T]):
    """A table that counts its changes, so that a list can be kept from page to page."""

    changes = 0

    def load(self, row: T) -> T:
        """Add a record."""
        self.changes += 1
        return Table.load(self, row)

    def touch(self, row: T, instant: int) -> None:
        """Note that a record changed."""
        self.changes += 1
        Table.touch(self, row, instant)

    def remove(self, row: T) -> None:
        """Take a record out altogether."""
        self.changes += 1
        Table.remove(self, row)


def bare(ident: str) -> str:
    """Return the GUID that the API shows for an id of the books."""
    return ident.removeprefix("prepayment-").removeprefix("overpayment-")


class Organisation(Books):
    """The books of one organisation, known by its tenant id.

    Void bills and credit notes are out of the books, but the API goes on showing them.
    """

    cannot = MappingProxyType(
        {
            "edit": _NO_EDIT,
            "reapply": _NO_EDIT,
            "print_queue": _NO_QUEUE,
            "edit_paid_bill": _PAID,
        }
    )

    def __init__(self, *, name: str, clock: Clock, founded: int, seed: int = 7) -> None:
        super().__init__(name=name, clock=clock, founded=founded)
        self.seed = seed
        self.tenant_id = guid(seed, "tenant")
        self.opened = self.now()
        self.accounts: Counted[Account] = Counted("Account")
        self.vendors: Counted[Vendor] = Counted("Vendor")
        self.bills: Counted[Bill] = Counted("Bill")
        self.credits: Counted[VendorCredit] = Counted("VendorCredit")
        self.payments: Counted[BillPayment] = Counted("BillPayment")
        self.batches: Counted[Batch] = Counted("Batch")
        self.refunds: list[Refund] = []
        self.void_bills: dict[str, Bill] = {}
        self.void_credits: dict[str, VendorCredit] = {}
        self._void_amounts: dict[str, Decimal] = {}
        self._credited: tuple[int, dict[str, list[tuple[VendorCredit, CreditUse]]]] = (-1, {})
        self._drawn = 0

    @property
    def company_id(self) -> str:
        """The tenant."""
        return self.tenant_id

    @property
    def version(self) -> int:
        """How often anything changed."""
        tables = (
            self.accounts, self.vendors, self.bills, self.credits, self.payments, self.batches,
        )  # fmt: skip
        return sum(table.changes for table in tables) + len(self.refunds)

    def transaction_id(self, kind: str = "") -> str:
        """Draw the next id of a document: a GUID that the same seed gives again.

        The books tell prepayments and overpayments by their ids; the API shows the GUID alone.
        """
        self._drawn += 1
        return f"{kind}-{guid(self.seed, self._drawn)}" if kind else guid(self.seed, self._drawn)

    def name_id(self) -> str:
        """Draw the next id of a contact."""
        return self.transaction_id()

    def account_guid(self, ident: str) -> str:
        """Return the AccountID of an account of the books."""
        return guid(self.seed, "account", ident)

    def account_code(self, ident: str) -> str | None:
        """Return an account's code; a credit card has none."""
        account = self.accounts.rows.get(ident)
        return _CODES.get(account.kind) if account else None

    # What was paid, and what was allocated

    def bill(self, ident: str) -> Bill:
        """Return a bill, be it void."""
        return self.bills.rows.get(ident) or self.void_bills[ident]

    def amount_of(self, payment: BillPayment) -> Decimal:
        """Return a payment's amount; a deletion leaves it as it was."""
        return self._void_amounts.get(payment.id, payment.total)

    def rest_of(self, payment: BillPayment) -> Decimal:
        """Return what of a prepayment or an overpayment is neither allocated nor paid back."""
        allocated = sum((line.amount for line in payment.lines), Decimal(0))
        back = (one.amount for one in self.refunds if one.document_id == payment.id)
        return payment.total - allocated - sum(back, Decimal(0))

    def paid_by(self, bill: Bill) -> Iterator[tuple[BillPayment, PaymentLine]]:
        """Return the lines that pay a bill or are allocated to it, with their documents."""
        for ident in bill.payments:
            payment = self.payments.rows[ident]
            for line in payment.lines:
                if ("Bill", bill.id) in line.linked:
                    yield payment, line

    def paid_on(self, bill: Bill) -> Decimal:
        """What was paid in cash, ahead or not; credit notes pay nothing (money-rules 4.5)."""
        return sum((line.amount for _, line in self.paid_by(bill)), Decimal(0))

    def credited_by(self, bill: Bill) -> list[tuple[VendorCredit, CreditUse]]:
        """Return the allocations of credit notes to a bill."""
        known, found = self._credited
        if known != self.credits.changes:
            found = {}
            for credit in self.credits.rows.values():
                for use in credit.uses:
                    found.setdefault(use.bill_id, []).append((credit, use))
            self._credited = (self.credits.changes, found)
        return found.get(bill.id, [])

    # What an accountant can do

    def pay(self, **wished: Any) -> list[BillPayment]:
        """Pay; see the module. Payments come first, an overpayment or prepayment last.

        Every second batch alone shows the number that its payments were made with.
        """
        wished["when"] = self.now() if wished.get("when") is None else wished["when"]
        lines, total = wished.pop("lines"), wished.pop("total", None)
        owed = self._wanted(lines)
        self._use_credits(lines, owed, wished["txn_date"], wished["when"])
        cash = sum(owed.values(), Decimal(0))
        made: list[BillPayment] = []
        for ident, amount in owed.items():
            paid = min(amount, self.bills.rows[ident].balance)
            if paid > 0:
                line = acts.line(paid, "Bill", ident)
                made.append(acts.add_payment(self, lines=[line], **wished))
        if len(made) > 1:
            self.batch(made, number_only_here=len(self.batches.rows) % 2 == 1)
        rest = max(cash, total or cash) - sum((one.total for one in made), Decimal(0))
        if rest > 0:
            ahead = {name: wished[name] for name in wished if name not in _ONLY_OF_PAYMENTS}
            kind: PaymentKind = "overpayment" if owed else "prepayment"
            made.append(acts.pay_ahead(self, kind, amount=rest, **ahead))
        return made

    def _wanted(self, lines: list[PaymentLine]) -> dict[str, Decimal]:
        """Return what each bill is to get; a line on several bills fills one after the other."""
        owed: dict[str, Decimal] = {}
        for line in lines:
            bills = [self.bills.rows[ident] for kind, ident in line.linked if kind == "Bill"]
            rest = line.amount
            for bill in bills:
                held = owed.get(bill.id, Decimal(0))
                open_still = max(Decimal(0), bill.balance - held)
                share = rest if bill is bills[-1] else min(rest, open_still)
                owed[bill.id] = held + share
                rest -= share
        return owed

    def _use_credits(
        self, lines: list[PaymentLine], owed: dict[str, Decimal], day: date, when: int
    ) -> None:
        """Allocate credit notes, each to one bill after the other."""
        linked = [(line.amount, link) for line in lines for link in line.linked]
        for rest, (kind, ident) in linked:
            if kind != "VendorCredit":
                continue
            credit = self.credits.rows[ident]
            for bill in [self.bills.rows[bill_id] for bill_id in owed]:
                share = min(rest, credit.balance, bill.balance, owed[bill.id])
                if share > 0:
                    acts.use_credit(self, credit, bill, share, day, when=when)
                    owed[bill.id] -= share
                    rest -= share  # noqa: PLW2901 - what of this line is still to be allocated

    def batch(self, made: list[BillPayment], *, number_only_here: bool = False) -> Batch:
        """Make one batch of several payments."""
        first = made[0]
        batch = Batch(
            self.transaction_id(), 0, first.created, first.created, first.txn_date, first.number,
            first.account_id, [one.id for one in made], number_only_here=number_only_here,
        )  # fmt: skip
        for one in made:
            one.batch = batch.id
        return self.batches.load(batch)

    def refund(self, document: VendorCredit | BillPayment, amount: Decimal, day: date) -> Refund:
        """Note that the supplier paid back what is left of a document, or a part of it."""
        now = self.now()
        if isinstance(document, VendorCredit):
            document.balance -= amount
            self.credits.touch(document, now)
        else:
            self.payments.touch(document, now)
        made = Refund(
            self.transaction_id(), 0, now, now, refund_type(document), document.id,
            document.vendor_id, day, amount, currency=document.currency, rate=document.rate,
        )  # fmt: skip
        self.refunds.append(made)
        return made

    def void(self, payment: BillPayment, instant: int | None = None) -> None:
        """Delete a payment, with its whole batch, or void a prepayment: the record stays."""
        now = self.now() if instant is None else instant
        batch = self.batches.rows.get(payment.batch or "")
        rows = [self.payments.rows[ident] for ident in batch.payments] if batch else [payment]
        for one in rows:
            self._void_amounts[one.id] = one.total
            self.clear(one, now)
        if batch:
            batch.deleted = True
            self.batches.touch(batch, now)

    def why_not_delete(self, row: Bill | VendorCredit | BillPayment) -> str | None:
        """A payment is deleted only once: its record stays."""
        if isinstance(row, BillPayment) and row.voided:
            return f"Payment {row.id} is deleted already."
        return super().why_not_delete(row)

    def delete(self, row: Bill | VendorCredit | BillPayment) -> None:
        """Delete a payment, or void a bill or a credit note."""
        if isinstance(row, BillPayment):
            self.void(row)
            return
        self.changing(row)
        row.updated = self.now()
        if isinstance(row, Bill):
            self.bills.remove(row)
            self.void_bills[row.id] = row
        else:
            self.credits.remove(row)
            self.void_credits[row.id] = row
        self.tombstones.append(Tombstone(type(row).__name__, row.id, row.updated))


_ONLY_OF_PAYMENTS = frozenset({"account_id", "print_status", "note"})
