"""What the JSON of Xero's prepayments and overpayments means; pure functions.

Money that was paid before it was owed, or beyond it, and is applied to bills later: each
application has its own day (Xero: prepayments, overpayments).
"""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext

from connectors.erp import Allocation, BillPayment, PaymentStatus
from connectors.xero import fields, mapping
from connectors.xero.fields import Row
from connectors.xero.mapping import Books
from connectors.xero.query import Kind
from paidsync.reasons import Hold

_ZERO = Decimal(0)
# No sum of amounts is ever rounded, and none is too large to be looked at.
_EXACT = Context(prec=100, Emax=MAX_EMAX, Emin=MIN_EMIN)
_STATUS = {
    "AUTHORISED": PaymentStatus.LIVE,
    "PAID": PaymentStatus.LIVE,  # applied or refunded to the end
    "VOIDED": PaymentStatus.VOIDED,
}


@dataclass(slots=True)
class _Applied:
    """What is applied to one bill, by all allocations to it."""

    amounts: list[Decimal | None] = field(default_factory=list)
    days: list[date | None] = field(default_factory=list)
    currencies: set[str | None] = field(default_factory=set)

    def allocation(self, bill_id: str) -> Allocation:
        """Their sum; dated by the latest of them, where all are dated."""
        currency = self.currencies.pop() if len(self.currencies) == 1 else None
        days = [day for day in self.days if day is not None]
        return replace(
            mapping.allocation(bill_id, total(self.amounts), currency),
            is_prepayment=True,
            applied_on=max(days) if len(days) == len(self.days) else None,
        )


@dataclass(frozen=True, slots=True)
class _Money:
    """Where the money of a document went."""

    paid: Decimal | None
    unapplied: Decimal | None  # left, or refunded
    applied: tuple[Allocation, ...]

    @property
    def closes(self) -> bool:
        """Whether what is applied and what is not are all of it."""
        applied = total([each.settled for each in self.applied])
        both = total([applied, self.unapplied])
        return both is not None and both == self.paid


def closes(row: Row) -> bool:
    """Whether the allocations of a row account for all of its money, or it is void: a list may
    leave them out (Xero: payments, on empty lists), and then the row has to be read on its own."""
    found = _read(row)
    void = _STATUS.get(fields.text(row, "Status") or "") is PaymentStatus.VOIDED
    return void or (found is not None and found.closes)


def advance(row: Row, kind: Kind, books: Books) -> BillPayment:
    """A prepayment or overpayment, with what of it is applied to bills now.

    Money that is not accounted for may be applied to bills that are not named, so it is a fault of
    the document as a whole. Raises ValueError where the row has no id.
    """
    status = _STATUS.get(fields.text(row, "Status") or "")
    found = _read(row)
    fault = None
    if status is None or found is None:
        fault = Hold.UNKNOWN_ERP_STATUS
    elif status is PaymentStatus.LIVE and not found.closes:
        fault = Hold.MISSING_AMOUNT
    currency = fields.text(row, "CurrencyCode")
    return BillPayment(
        payment_id=kind.prefix + fields.required(row, kind.key),
        status=status or PaymentStatus.LIVE,
        number=fields.text(row, "Reference"),
        date=fields.day(row, "Date"),
        method=None,
        currency=currency,
        total=found.paid if found else None,
        credits=_ZERO,
        unapplied=found.unapplied if found else None,
        home_per_foreign=Decimal(1) if currency == books.home_currency else None,
        payee_id=mapping.contact(row),
        allocations=found.applied if found else (),
        modified_at=fields.moment(row, "UpdatedDateUTC"),
        version=fields.text(row, "UpdatedDateUTC") or "",
        whole=fault is None,
        fault=fault,
    )


def _read(row: Row) -> _Money | None:
    """None where an allocation names no bill, or a list is none."""
    by_bill: dict[str, _Applied] = {}
    try:
        for each in fields.parts(row, "Allocations"):
            if fields.flag(each, "IsDeleted"):
                continue
            bill = fields.part(each, "Invoice")
            of_bill = by_bill.setdefault(fields.required(bill, "InvoiceID"), _Applied())
            of_bill.amounts.append(fields.amount(each, "Amount"))
            of_bill.days.append(fields.day(each, "Date"))
            of_bill.currencies.add(
                fields.text(bill, "CurrencyCode") or fields.text(row, "CurrencyCode")
            )
        refunds = [
            fields.amount(each, "Amount")
            for each in fields.parts(row, "Payments")
            if fields.text(each, "Status") != "DELETED"
        ]
    except ValueError:
        return None
    return _Money(
        fields.amount(row, "Total"),
        total([fields.amount(row, "RemainingCredit"), *refunds]),
        tuple(each.allocation(bill_id) for bill_id, each in by_bill.items()),
    )


def total(amounts: list[Decimal | None]) -> Decimal | None:
    """The exact sum; None where one of them is missing."""
    known = [each for each in amounts if each is not None]
    with localcontext(_EXACT):
        return sum(known, _ZERO) if len(known) == len(amounts) else None
