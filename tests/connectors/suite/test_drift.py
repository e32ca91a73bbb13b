"""The books move while they are read: no payment is lost, whatever page it was on."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.erp import Page, PaymentStatus
from tests.connectors.suite.bench import Can
from tests.connectors.suite.desk import Desk, Known
from tests.connectors.suite.office import Office, applied


class Colleague:
    """Somebody who works in the books while they are read, on old and new payments alike."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.before = office.world()["payments"]
        alone = [
            payment["id"]
            for payment in self.before
            if payment["state"] == "posted"
            and len(payment["lines"]) == 1
            and payment["batch"] is None  # else others may be voided with it
        ]
        both = zip(alone, reversed(alone), strict=True)
        self._posted = list(dict.fromkeys(ident for pair in both for ident in pair))
        self.made: list[str] = []
        self.voided: list[str] = []
        self.deleted: list[str] = []

    def _next(self, page: Page | None) -> str:
        """A payment that nobody worked on yet, of a page if one is named."""
        on_it = {found.payment_id for found in page.payments} if page else set(self._posted)
        chosen: str = next(ident for ident in self._posted if ident in on_it)
        self._posted.remove(chosen)
        return chosen

    def works(self) -> None:
        """One act of each kind."""
        self.made.append(self.office.paid("50.00")[1])
        self.corrects()

    def corrects(self, page: Page | None = None) -> None:
        """As `works`, but nothing is added: the number of payments does not tell of it."""
        office = self.office
        self.voided.append(self._next(page))
        office.void(self.voided[-1])
        if Can.EDIT in office.bench.can:
            office.do("/erp/edit", payment_id=self._next(page), number="edited")
        if office.bench.deleted:
            self.deleted.append(self._next(page))
            office.delete(self.deleted[-1])

    def works_a_few_times(self) -> None:
        """As `works`, but not for ever."""
        if len(self.made) < 3:
            self.works()


def complete(known: Known, world: dict[str, Any]) -> None:
    """Nothing is missing, nothing is left over, and voids are voids."""
    assert known.applied() == applied(world)
    standing = {row["id"] for row in world["payments"] if row["state"] == "posted"}
    live = {
        ident for ident, found in known.payments.items() if found.status is not PaymentStatus.VOIDED
    }
    assert live == standing


def test_corrections_between_pages_lose_nothing_however_long_the_reading_takes(
    archive: Office, archivist: Desk
) -> None:
    colleague = Colleague(archive)
    pages: list[Page] = []
    for page in archivist.erp.changed_payments(None):
        pages.append(page)
        if len(pages) < 3:
            archive.wait(timedelta(hours=2))
            colleague.corrects(page)  # which was read already
            colleague.corrects()
            archive.wait(timedelta(hours=2))
    assert len(pages) > 1
    known = Known().take(pages)
    before = {payment["id"] for payment in colleague.before}
    assert before - set(colleague.deleted) <= set(known.payments)
    for ident in colleague.voided:
        delivered = known.payments[ident].status is PaymentStatus.VOIDED
        assert delivered or known.until.until <= archivist.moment(ident)
    complete(known.read_on(archivist.erp), archive.world())


def test_changes_between_any_two_calls_lose_nothing(archive: Office, archivist: Desk) -> None:
    colleague = Colleague(archive)
    archivist.each_call = colleague.works_a_few_times
    known = archivist.read()
    archivist.each_call = None
    assert len(colleague.made) == 3
    complete(known.read_on(archivist.erp), archive.world())


def test_changes_while_the_feed_is_read_lose_nothing(office: Office, desk: Desk) -> None:
    for _ in range(40):
        office.paid("50.00")
    known = desk.read()
    colleague = Colleague(office)
    colleague.works()
    desk.each_call = colleague.works_a_few_times
    known.read_on(desk.erp)
    desk.each_call = None
    complete(known.read_on(desk.erp), office.world())


@pytest.mark.parametrize("span", [timedelta(minutes=1), timedelta(days=45)])
def test_a_payment_that_is_voided_and_paid_again_while_it_is_read_is_paid_once(
    office: Office, desk: Desk, span: timedelta
) -> None:
    bill, first = office.paid("50.00", number="4711")
    known = desk.read()
    office.wait(span)
    pages: list[Page] = []
    for page in desk.erp.changed_payments(known.until):
        pages.append(page)
        if len(pages) == 1:
            office.void(first)
            office.pay((bill, "50.00"), number="4711")
    later = Known(known.payments).take(pages).read_on(desk.erp)
    assert list(later.applied().values()) == [50]
    complete(later, office.world())


def test_bills_that_change_while_they_are_read_are_not_lost(
    archive: Office, archivist: Desk
) -> None:
    archive.wait(timedelta(days=-6 * 365))
    _, long_ago = archivist.erp.changed_bills(None)
    archive.wait(timedelta(days=6 * 365))
    colleague = Colleague(archive)
    archivist.each_call = colleague.works_a_few_times
    found, cursor = archivist.erp.changed_bills(long_ago)
    archivist.each_call = None
    assert len(colleague.made) == 3
    later, _ = archivist.erp.changed_bills(cursor)
    known = {one.bill_id: one for one in (*found, *later)}
    bills = {bill["id"]: bill for bill in archive.world()["bills"]}
    assert set(known) == set(bills)
    for ident, one in known.items():
        assert one.total == Decimal(bills[ident]["total"])
        assert one.total - (one.settled or 0) == Decimal(bills[ident]["balance"])
