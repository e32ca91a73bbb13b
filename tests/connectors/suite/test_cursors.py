"""A cursor says how far payments were read. It never passes one that was not delivered."""

from datetime import timedelta

import pytest

from tests.connectors.suite.desk import Desk
from tests.connectors.suite.office import Office, applied, second

DAY = timedelta(days=1)


def test_an_empty_company_has_a_cursor_too(office: Office, desk: Desk) -> None:
    known = desk.read()
    assert known.payments == {}
    assert known.until.until <= office.now()
    assert known.until.until.utcoffset() == timedelta(0)


def test_the_cursor_is_the_erps_clock_and_not_ours(office: Office, desk: Desk) -> None:
    office.wait(45 * DAY)
    until = desk.read().until.until
    assert office.now() - timedelta(hours=1) < until <= office.now()


def test_a_payment_made_after_the_reading_comes_with_the_next(office: Office, desk: Desk) -> None:
    cursor = desk.read().until
    for _ in range(3):
        office.wait(DAY)
        bill, payment = office.paid("50.00")
        known = desk.read(cursor)
        assert (payment, bill) in known.applied()
        assert known.until.until > cursor.until
        cursor = known.until


def test_a_payment_in_the_cursors_own_second_is_not_lost(office: Office, desk: Desk) -> None:
    cursor = desk.read().until
    (payment,) = office.late(second(cursor.until), (office.bill("50.00"), "50.00"))
    assert payment in desk.read(cursor).payments


def test_a_payment_that_shows_up_behind_the_cursor_is_not_lost(office: Office, desk: Desk) -> None:
    office.wait(DAY)
    cursor = desk.read().until
    (payment,) = office.late(cursor.until - office.bench.late, (office.bill("50.00"), "50.00"))
    assert payment in desk.read(cursor).payments


def test_what_changed_a_moment_ago_comes_again(office: Office, desk: Desk) -> None:
    cursor = desk.read().until
    _, payment = office.paid("50.00")
    first = desk.read(cursor)
    again = desk.read(first.until)
    assert again.payments[payment] == first.payments[payment]


def test_payments_of_one_second_are_all_delivered(office: Office, desk: Desk) -> None:
    before = desk.read().until
    bill = office.bill("500.00")
    office.wait(DAY)
    moment = second(office.now())
    made = {one for _ in range(40) for one in office.late(moment, (bill, "1.00"))}
    assert set(desk.read().payments) == made
    assert set(desk.read(before).payments) == made


def test_an_old_cursor_still_finds_everything_since(office: Office, desk: Desk) -> None:
    office.paid("10.00")
    cursor = desk.read().until
    made = set()
    for _ in range(3):
        office.wait(15 * DAY)
        made.add(office.paid("50.00")[1])
    known = desk.read(cursor)
    assert made <= set(known.payments)
    assert office.now() - timedelta(hours=1) < known.until.until


@pytest.mark.parametrize("days", [1, 40])
def test_a_cursor_may_be_used_again(office: Office, desk: Desk, days: int) -> None:
    """The run that read on from it may have failed before anything was stored."""
    cursor = desk.read().until
    office.wait(days * DAY)
    bill, payment = office.paid("50.00")
    assert desk.read(cursor).applied() == desk.read(cursor).applied() == applied(office.world())
    assert (payment, bill) in desk.read(cursor).applied()


def test_since_a_day_brings_what_changed_from_then_on_and_no_cursor(
    office: Office, desk: Desk
) -> None:
    office.wait(30 * DAY)
    bill = office.bill("500.00")
    (old,) = office.late(office.now() - 10 * DAY, (bill, "1.00"))
    (recent,) = office.late(office.now() - 4 * DAY, (bill, "2.00"))
    (new,) = office.pay((bill, "3.00"))
    known = desk.read(since=office.today() - 5 * DAY)
    assert set(known.payments) == {recent, new}
    assert old not in known.payments
    assert known.cursor is None
