"""Payments that were voided, deleted, edited or moved: the next reading says so."""

from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.erp import PaymentStatus, VoidStyle
from tests.connectors.suite.bench import Can, Deleted, needs, where
from tests.connectors.suite.desk import Desk
from tests.connectors.suite.office import Office, applied

SPANS = pytest.mark.parametrize(
    "span",
    [timedelta(seconds=1), timedelta(days=2), timedelta(days=45)],
    ids=["soon", "days later", "weeks later"],
)


@SPANS
def test_a_voided_payment_is_void_with_the_next_reading(
    office: Office, desk: Desk, span: timedelta
) -> None:
    bill, payment = office.paid("80.00", number="10457", date="2026-03-31")
    known = desk.read()
    office.wait(span)
    office.void(payment)
    found = desk.read(known.until).payments[payment]
    assert found.status is PaymentStatus.VOIDED
    assert (found.number, str(found.date)) == ("10457", "2026-03-31")
    assert found.version != known.payments[payment].version
    if VoidStyle.STATUS in desk.able.void_styles:
        assert [part.bill_id for part in found.allocations] == [bill]
    else:
        assert {part.bill_id for part in found.allocations} <= {bill}


def test_a_payment_voided_before_anybody_looked_pays_nothing(office: Office, desk: Desk) -> None:
    _, payment = office.paid("80.00")
    office.void(payment)
    known = desk.read()
    assert known.payments[payment].status is PaymentStatus.VOIDED
    assert known.applied() == {}


def test_a_check_that_is_voided_and_issued_again_pays_once(office: Office, desk: Desk) -> None:
    bill, first = office.paid("80.00", number="10457")
    cursor = desk.read().until
    office.void(first)
    (second,) = office.pay((bill, "80.00"), number="10457")
    known = desk.read(cursor)
    assert first != second
    assert {known.payments[one].number for one in (first, second)} == {"10457"}
    assert known.applied() == {(second, bill): Decimal("80.00")}
    assert desk.erp.bills([bill])[bill].settled == 80


def test_a_void_of_one_part_leaves_the_other(office: Office, desk: Desk) -> None:
    bill = office.bill("100.00")
    (first,) = office.pay((bill, "40.00"))
    (second,) = office.pay((bill, "60.00"))
    cursor = desk.read().until
    office.void(first)
    found = desk.read(cursor).payments[first]
    assert found.status is PaymentStatus.VOIDED
    assert desk.read().applied() == {(second, bill): Decimal("60.00")}
    assert desk.erp.bills([bill])[bill].settled == 60


@where(lambda bench: bench.deleted is Deleted.GONE)
def test_a_deleted_payment_is_named_by_the_feed_and_no_longer_read(
    office: Office, desk: Desk
) -> None:
    bill, payment = office.paid("80.00")
    cursor = desk.read().until
    office.delete(payment)
    known = desk.read(cursor)
    (gone,) = known.gone
    assert gone.payment_id == payment
    assert gone.deleted_at.utcoffset() == timedelta(0)
    assert abs(gone.deleted_at - office.now()) < timedelta(minutes=1)
    assert known.payments == {}
    assert desk.erp.payments([payment]) == {}
    assert desk.read().payments == {}
    assert desk.erp.bills([bill])[bill].settled == 0


@where(lambda bench: bench.deleted is Deleted.VOIDED)
def test_a_deleted_payment_is_void(office: Office, desk: Desk) -> None:
    bill, payment = office.paid("80.00")
    cursor = desk.read().until
    office.delete(payment)
    assert desk.read(cursor).payments[payment].status is PaymentStatus.VOIDED
    assert desk.payment(payment).status is PaymentStatus.VOIDED
    assert desk.read().applied() == {}
    assert desk.erp.bills([bill])[bill].settled == 0


@where(lambda bench: bench.deleted is not None)
def test_a_payment_made_and_deleted_between_two_readings_pays_nothing(
    office: Office, desk: Desk
) -> None:
    kept = office.paid("80.00")
    cursor = desk.read().until
    office.delete(office.paid("50.00")[1])
    known = desk.read(cursor)
    assert set(known.applied()) <= {kept[::-1]}
    assert set(desk.read().applied()) == {kept[::-1]}


@needs(Can.EDIT)
@SPANS
def test_an_edited_payment_comes_as_it_is_now(office: Office, desk: Desk, span: timedelta) -> None:
    bill, payment = office.paid("80.00", number="10457", date="2026-03-31")
    known = desk.read()
    office.wait(span)
    parts = [{"bill_id": bill, "amount": "30.00"}]
    office.do("/erp/edit", payment_id=payment, number="9", date="2026-04-02", bills=parts)
    before, found = known.payments[payment], desk.read(known.until).payments[payment]
    assert (found.number, str(found.date)) == ("9", "2026-04-02")
    assert [(part.bill_id, part.cash) for part in found.allocations] == [(bill, 30)]
    assert found.total == 30
    assert found.version != before.version
    assert before.modified_at is not None
    assert found.modified_at is not None
    assert found.modified_at >= before.modified_at + span


@needs(Can.EDIT)
def test_a_bill_taken_off_a_payment_is_no_longer_paid_by_it(office: Office, desk: Desk) -> None:
    first, second = office.bill("80.00"), office.bill("20.00")
    (payment,) = office.pay((first, "80.00"), (second, "20.00"))
    cursor = desk.read().until
    office.do("/erp/edit", payment_id=payment, bills=[{"bill_id": second, "amount": "20.00"}])
    found = desk.read(cursor).payments[payment]
    assert [(part.bill_id, part.cash) for part in found.allocations] == [(second, 20)]
    assert found.whole
    assert desk.erp.bills([first])[first].settled == 0


@needs(Can.REAPPLY)
def test_a_payment_moved_to_another_bill_pays_that_one(office: Office, desk: Desk) -> None:
    first, payment = office.paid("80.00")
    second = office.bill("80.00")
    cursor = desk.read().until
    office.do("/erp/reapply", payment_id=payment, from_bill=first, to_bill=second)
    known = desk.read(cursor)
    assert known.applied() == {(payment, second): Decimal("80.00")}
    assert known.applied() == applied(office.world())
    settled = desk.erp.bills([first, second])
    assert (settled[first].settled, settled[second].settled) == (0, 80)


@needs(Can.EDIT)
def test_each_edit_is_a_version_of_its_own(office: Office, desk: Desk) -> None:
    _, payment = office.paid("80.00")
    versions = [desk.payment(payment).version]
    for number in ("1", "2", "3"):
        office.wait(timedelta(seconds=1))
        office.do("/erp/edit", payment_id=payment, number=number)
        versions.append(desk.payment(payment).version)
    assert len(set(versions)) == len(versions)


def test_what_did_not_change_keeps_its_version(office: Office, desk: Desk) -> None:
    _, payment = office.paid("80.00")
    before = desk.read().payments[payment]
    office.wait(timedelta(days=3))
    office.paid("50.00")
    assert desk.read().payments[payment] == before
