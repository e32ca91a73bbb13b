"""What is paid before there is a bill: cash, dated by its application (money-rules 1.5)."""

from datetime import timedelta

from tests.connectors.suite.bench import Can, needs
from tests.connectors.suite.desk import Desk
from tests.connectors.suite.office import Office, applied


def prepaid(office: Office, amount: str, **more: object) -> str:
    """Pay the vendor ahead."""
    answer = office.do("/erp/prepay", vendor_id=office.vendor(), amount=amount, **more)
    return str(answer["payment_id"])


@needs(Can.PREPAY)
def test_a_prepayment_is_a_payment_that_pays_nothing_yet(office: Office, desk: Desk) -> None:
    payment = prepaid(office, "500.00", number="10457", date="2026-03-31")
    found = desk.read().payments[payment]
    assert (found.number, str(found.date)) == ("10457", "2026-03-31")
    assert (found.total, found.unapplied, found.allocations) == (500, 500, ())
    assert desk.payment(payment) == found


@needs(Can.PREPAY, Can.APPLY)
def test_a_prepayment_applied_to_a_bill_is_cash_of_the_day_it_was_applied(
    office: Office, desk: Desk
) -> None:
    payment = prepaid(office, "500.00", date="2026-03-31")
    bill = office.bill("300.00")
    known = desk.read()
    office.wait(timedelta(days=2))
    office.do("/erp/apply", payment_id=payment, bill_id=bill, amount="120.00", date="2026-04-17")
    found = desk.read(known.until).payments[payment]
    (part,) = found.allocations
    assert (part.bill_id, part.settled, part.cash) == (bill, 120, 120)
    assert part.is_prepayment
    assert str(part.applied_on) == "2026-04-17"
    assert (found.total, found.unapplied) == (500, 380)
    assert found.version != known.payments[payment].version
    settled = desk.erp.bills([bill])[bill]
    assert settled.settled == 120
    assert settled.paid_cash in (None, 120)


@needs(Can.PREPAY, Can.APPLY)
def test_a_prepayment_applied_twice_carries_the_later_day(office: Office, desk: Desk) -> None:
    payment = prepaid(office, "500.00", date="2026-03-31")
    bill = office.bill("300.00")
    for amount, day in (("120.00", "2026-04-17"), ("30.00", "2026-04-20"), ("50.00", "2026-04-18")):
        office.do("/erp/apply", payment_id=payment, bill_id=bill, amount=amount, date=day)
    (part,) = desk.read().payments[payment].allocations
    assert (part.settled, part.cash, str(part.applied_on)) == (200, 200, "2026-04-20")


@needs(Can.PREPAY, Can.APPLY, Can.UNAPPLY)
def test_a_prepayment_taken_back_from_a_bill_pays_it_no_more(office: Office, desk: Desk) -> None:
    payment = prepaid(office, "500.00")
    first, second = office.bill("300.00"), office.bill("50.00")
    for bill in (first, second):
        office.do("/erp/apply", payment_id=payment, bill_id=bill)
    known = desk.read()
    assert known.applied() == applied(office.world())
    assert known.payments[payment].unapplied == 150
    office.wait(timedelta(days=2))
    office.do("/erp/unapply", payment_id=payment, bill_id=first)
    found = desk.read(known.until)
    assert list(found.applied()) == [(payment, second)]
    assert found.payments[payment].unapplied == 450
    assert desk.erp.bills([first])[first].settled == 0
