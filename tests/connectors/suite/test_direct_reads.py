"""Payments and bills by their ids, and the ERP's own count: the second opinion of each run."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from connectors.erp import PaymentStatus
from tests.connectors.suite.bench import Deleted, where
from tests.connectors.suite.desk import Desk
from tests.connectors.suite.office import Office

ODD = ["999999999", "none'; of ours", "", "9" * 40, "00000000-0000-4000-8000-000000000000"]


def test_a_payment_read_by_its_id_is_the_one_that_the_changes_deliver(
    office: Office, desk: Desk
) -> None:
    first, second = office.bill("700.00"), office.bill("300.00")
    office.pay((first, "700.00"), (second, "120.00"), number="10457")
    office.void(office.paid("50.00")[1])
    known = desk.read()
    assert desk.erp.payments(list(known.payments)) == known.payments


@pytest.mark.parametrize("odd", ODD, ids=["number", "quotes", "empty", "long", "guid"])
def test_what_is_not_there_is_not_in_the_answer(office: Office, desk: Desk, odd: str) -> None:
    bill, payment = office.paid("80.00")
    assert desk.erp.payments([odd, payment]).keys() == {payment}
    assert desk.erp.bills([odd, bill]).keys() == {bill}
    assert desk.erp.payments([odd]) == {}
    assert desk.erp.bills([odd]) == {}


def test_who_asks_for_nothing_gets_nothing_and_no_call_is_made(desk: Desk) -> None:
    assert desk.erp.payments([]) == {}
    assert desk.erp.bills([]) == {}
    assert desk.calls == []


def test_an_id_given_twice_is_one_payment(office: Office, desk: Desk) -> None:
    bill, payment = office.paid("80.00")
    assert desk.erp.payments([payment, payment]).keys() == {payment}
    assert desk.erp.bills([bill, bill]).keys() == {bill}


def test_a_voided_payment_read_by_its_id_is_void(office: Office, desk: Desk) -> None:
    _, payment = office.paid("80.00")
    office.void(payment)
    assert desk.payment(payment).status is PaymentStatus.VOIDED


@where(lambda bench: bench.deleted is not None)
def test_a_deleted_payment_read_by_its_id_is_void_or_not_there(office: Office, desk: Desk) -> None:
    _, payment = office.paid("80.00")
    office.delete(payment)
    found = desk.erp.payments([payment])
    if office.bench.deleted is Deleted.GONE:
        assert found == {}
    else:
        assert found[payment].status is PaymentStatus.VOIDED


def test_a_direct_read_sees_what_happened_this_very_moment(office: Office, desk: Desk) -> None:
    bill = office.bill("100.00")
    for settled in (25, 50, 75, 100):
        (payment,) = office.pay((bill, "25.00"))
        assert desk.payment(payment).status is PaymentStatus.LIVE
        assert desk.erp.bills([bill])[bill].settled == settled


def test_the_control_total_counts_what_was_delivered_for_the_days(
    office: Office, desk: Desk
) -> None:
    day = date(2026, 3, 15)
    for offset in (-1, 0, 0, 1, 1, 1, 2):
        office.paid("80.00", date=str(day + timedelta(days=offset)))
    office.void(office.paid("50.00", date=str(day))[1])
    if office.bench.deleted is Deleted.GONE:
        office.delete(office.paid("50.00", date=str(day))[1])
    known = desk.read()
    until = office.now() + timedelta(seconds=2)
    last = day + timedelta(days=1)
    delivered = [one for one in known.payments.values() if one.date and day <= one.date <= last]
    total = desk.erp.control_total(day, last, until=until)
    assert (total is not None) == desk.able.control_count
    if total is None:
        return
    assert (total.first, total.last, total.count) == (day, last, 6)
    assert total.count == len(delivered)
    assert (total.sums is not None) == desk.able.control_sum
    if total.sums is not None:
        known_totals = [one.total or Decimal(0) for one in delivered]
        assert total.sums == {"USD": sum(known_totals, Decimal(0))}


def test_the_control_total_leaves_out_what_changed_later_or_says_that_it_does_not(
    office: Office, desk: Desk
) -> None:
    day = date(2026, 3, 15)
    office.paid("80.00", date=str(day))
    office.wait(timedelta(minutes=1))
    until = office.now()
    office.wait(timedelta(minutes=1))
    office.paid("50.00", date=str(day))
    total = desk.erp.control_total(day, day, until=until)
    if total is not None:
        assert total.count == (1 if total.bounded else 2)
