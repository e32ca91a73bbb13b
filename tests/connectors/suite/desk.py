"""The connector at work, and what a reader keeps of it: the newest version of each payment."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any

from connectors.credentials import TokenKeeper
from connectors.erp import BillPayment, Capabilities, Cursor, Erp, Gone, Page, PaymentStatus
from connectors.http import Call
from tests.connectors.suite.office import Applied, Office


@dataclass
class Known:
    """What was read so far, of each payment the newest version; deleted ones are gone."""

    payments: dict[str, BillPayment] = field(default_factory=dict)
    gone: list[Gone] = field(default_factory=list)
    cursor: Cursor | None = None
    complete: bool = True  # False: the feed may have missed deleted ones

    def take(self, pages: Iterable[Page]) -> "Known":
        """Take pages up, in their order."""
        for page in pages:
            assert self.cursor is None, "a page came behind the one with the cursor"
            for found in page.payments:
                ties(found)
                self._keep(found)
            for one in page.gone:
                self.gone.append(one)
                self.payments.pop(one.payment_id, None)
            self.cursor = page.cursor
            self.complete &= page.complete_feed
        return self

    def read_on(self, erp: Erp) -> "Known":
        """Take up what changed since, and look for deleted ones where the feed may lack them."""
        after, self.cursor, self.complete = self.cursor, None, True
        self.take(erp.changed_payments(after))
        if not self.complete:
            found = erp.payments(list(self.payments))
            self.payments = {ident: one for ident, one in self.payments.items() if ident in found}
        return self

    def _keep(self, found: BillPayment) -> None:
        old = self.payments.get(found.payment_id)
        stamps = (old and old.modified_at, found.modified_at)
        if not (stamps[0] and stamps[1] and stamps[1] < stamps[0]):
            self.payments[found.payment_id] = found

    @property
    def until(self) -> Cursor:
        """The cursor, which must be there."""
        assert self.cursor is not None, "the last page has no cursor"
        return self.cursor

    def applied(self) -> Applied:
        """What payments that stand apply to bills."""
        return {
            (found.payment_id, part.bill_id): part.settled
            for found in self.payments.values()
            if found.status is not PaymentStatus.VOIDED
            for part in found.allocations
        }


def ties(payment: BillPayment) -> None:
    """A payment is in itself as the contract says it (connectors/erp.py)."""
    assert payment.payment_id
    assert payment.modified_at is None or payment.modified_at.utcoffset() == timedelta(0)
    assert payment.version
    bills = [part.bill_id for part in payment.allocations]
    assert len(bills) == len(set(bills)), f"{payment.payment_id} names a bill twice"
    for part in payment.allocations:
        assert min(part.discount, part.credit, part.withheld) >= 0
        if part.settled is None or part.cash is None:
            assert part.fault is not None, f"{payment.payment_id} lacks an amount without a reason"
        else:
            assert min(part.settled, part.cash) >= 0
            assert part.settled == part.cash + part.discount + part.credit + part.withheld
    _ties_out(payment)


def _ties_out(payment: BillPayment) -> None:
    """total = sum(settled - discount - withheld) - credits + unapplied (money-rules 1.3). A void
    may have lost its bills and kept its total."""
    if payment.status is PaymentStatus.VOIDED:
        return
    parts = payment.allocations
    settled = [part.settled for part in parts if part.settled is not None]
    if len(settled) < len(parts) or any(part.currency != payment.currency for part in parts):
        return
    if payment.total is None or payment.credits is None or payment.unapplied is None:
        assert payment.fault is not None or any(part.fault for part in parts) or not payment.whole
        return
    taken_off = sum((part.discount + part.withheld for part in parts), Decimal(0))
    cash = sum(settled, Decimal(0)) - taken_off - payment.credits + payment.unapplied
    assert payment.total == cash, f"{payment.payment_id} does not tie out"


@dataclass
class Desk:
    """The connector on one company; ``slept`` and ``calls`` are what it did so far, ``log`` is
    both in order: the status of each call, or that there was a pause.

    Nothing really sleeps: the ERP's clock moves on instead. ``each_call`` is called after each of
    the connector's calls, so that the world can move in the middle of a reading.
    """

    office: Office
    erp: Erp = field(init=False)
    calls: list[Call] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    log: list[int | str | None] = field(default_factory=list)
    each_call: Callable[[], None] | None = None

    def sleep(self, seconds: float) -> None:
        """What the connector sleeps with."""
        self.slept.append(seconds)
        self.log.append("pause")
        self.office.wait(timedelta(seconds=seconds))

    def on_call(self, call: Call) -> None:
        """What the connector reports its calls to."""
        self.calls.append(call)
        self.log.append(call.status)
        if self.each_call is not None:
            self.each_call()

    @property
    def able(self) -> Capabilities:
        """What the connector promises; it knows once it has seen the company."""
        self.erp.company()
        return self.erp.capabilities

    def read(self, after: Cursor | None = None, *, since: date | None = None) -> Known:
        """Read all pages."""
        return Known().take(self.erp.changed_payments(after, since=since))

    def payment(self, ident: str) -> BillPayment:
        """One payment, read by its id."""
        return self.erp.payments([ident])[ident]

    def moment(self, ident: str) -> Any:
        """When a payment last changed."""
        found = self.payment(ident).modified_at
        assert found is not None
        return found.astimezone(UTC)


@contextmanager
def seated(
    office: Office, *, tokens: TokenKeeper | None = None, longest_wait: float = 600
) -> Iterator[Desk]:
    """A desk with the connector opened."""
    desk = Desk(office)
    desk.erp = office.bench.opened(
        office.settings,
        tokens=tokens or office.keeper,
        on_call=desk.on_call,
        longest_wait=longest_wait,
        sleep=desk.sleep,
    )
    try:
        yield desk
    finally:
        desk.erp.close()
