"""The bills behind the payments: what they say, and that what a payment changes is found."""

from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.erp import Bill
from tests.connectors.suite.bench import Can, needs
from tests.connectors.suite.desk import Desk
from tests.connectors.suite.office import Office, row


def only(desk: Desk, ident: str) -> Bill:
    """One bill, read by its id."""
    return desk.erp.bills([ident])[ident]


def test_a_bill_says_what_the_vendor_billed(office: Office, desk: Desk) -> None:
    ident = office.bill("1200.50", number="HRC-17", date="2026-02-28")
    found = only(desk, ident)
    vendor = row(office.world(), "vendors", office.vendor())
    assert (found.bill_id, found.number, str(found.date)) == (ident, "HRC-17", "2026-02-28")
    assert (found.vendor_id, found.vendor_name) == (vendor["id"], vendor["name"])
    assert (found.currency, found.total, found.settled) == ("USD", Decimal("1200.50"), 0)
    assert found.version
    assert found.modified_at is None or found.modified_at.utcoffset() == timedelta(0)
    assert found.retainage_of is None
    assert found.commitments == frozenset()


def test_a_bill_without_a_number_has_none(office: Office, desk: Desk) -> None:
    assert only(desk, office.bill("80.00", number=None)).number is None


def test_a_bill_parts_net_and_tax_where_it_is_promised(office: Office, desk: Desk) -> None:
    taxed, plain = office.bill("1150.00", tax="150.00"), office.bill("80.00")
    found = desk.erp.bills([taxed, plain])
    assert found[taxed].total == 1150
    if desk.able.parts_tax:
        assert (found[taxed].net, found[taxed].tax) == (1000, 150)
        assert (found[plain].net, found[plain].tax) == (80, 0)
    else:
        assert (found[taxed].net, found[taxed].tax) == (None, None)


def test_a_foreign_bill_is_in_its_own_currency(office: Office, desk: Desk) -> None:
    currency, _ = office.bench.foreign
    found = only(desk, office.bill("500.00", currency=currency))
    assert (found.currency, found.total) == (currency, 500)


def test_a_bill_says_what_of_it_is_settled_and_by_which_payments(
    office: Office, desk: Desk
) -> None:
    bill = office.bill("100.00")
    made = [office.pay((bill, amount))[0] for amount in ("30.00", "45.00")]
    found = only(desk, bill)
    assert found.settled == 75
    names = desk.able.bill_names_payments
    assert found.payment_ids == (frozenset(made) if names else None)
    office.void(made[0])
    found = only(desk, bill)
    assert found.settled == 45
    assert found.payment_ids == (frozenset(made[1:]) if names else None)


def test_cash_on_a_bill_is_told_only_where_credits_are_told_apart(
    office: Office, desk: Desk
) -> None:
    bill, _ = office.paid("100.00")
    found = only(desk, bill)
    assert found.paid_cash in (None, Decimal(100))


def test_a_credit_settles_a_bill_but_is_no_cash_on_it(office: Office, desk: Desk) -> None:
    bill = office.bill("100.00")
    office.pay((bill, "100.00"), credits=[office.credit("10.00")])
    found = only(desk, bill)
    assert found.settled == 100
    assert found.paid_cash in (None, Decimal(90))


def test_without_a_cursor_there_are_no_bills_to_catch_up_with(office: Office, desk: Desk) -> None:
    office.paid("80.00")
    found, cursor = desk.erp.changed_bills(None)
    assert found == []
    assert cursor.until <= office.now()


@pytest.mark.parametrize("days", [0, 1, 45])
def test_bills_that_payments_changed_are_found(office: Office, desk: Desk, days: int) -> None:
    bill, untouched = office.bill("100.00"), office.bill("7.00")
    office.wait(timedelta(days=1))
    _, cursor = desk.erp.changed_bills(None)
    office.wait(timedelta(days=days))
    (payment,) = office.pay((bill, "30.00"))
    new = office.bill("20.00")
    found, later = desk.erp.changed_bills(cursor)
    assert {one.bill_id: one.settled for one in found} == {bill: 30, new: 0}
    assert untouched not in {one.bill_id for one in found}
    assert cursor.until <= later.until <= office.now()
    office.wait(timedelta(days=days))
    office.void(payment)
    voided, _ = desk.erp.changed_bills(later)
    assert {one.bill_id: one.settled for one in voided}[bill] == 0


def test_an_edited_bill_comes_as_it_is_now(office: Office, desk: Desk) -> None:
    bill = office.bill("100.00", number="OLD-1")
    _, cursor = desk.erp.changed_bills(None)
    before = only(desk, bill)
    office.wait(timedelta(minutes=30))
    office.do("/erp/edit", bill_id=bill, number="NEW-1", amount="90.00", date="2026-02-01")
    (found,), _ = desk.erp.changed_bills(cursor)
    assert (found.number, found.total, found.settled) == ("NEW-1", 90, 0)
    assert str(found.date) == "2026-02-01"
    assert found.version != before.version


@needs(Can.EDIT_PAID_BILL)
def test_a_bill_that_is_paid_in_part_and_edited_keeps_what_is_settled(
    office: Office, desk: Desk
) -> None:
    bill = office.bill("100.00")
    office.pay((bill, "30.00"))
    _, cursor = desk.erp.changed_bills(None)
    office.wait(timedelta(minutes=30))
    office.do("/erp/edit", bill_id=bill, amount="90.00")
    (found,), _ = desk.erp.changed_bills(cursor)
    assert (found.bill_id, found.total, found.settled) == (bill, 90, 30)


def test_a_bill_read_by_its_id_is_the_one_that_the_changes_name(office: Office, desk: Desk) -> None:
    _, cursor = desk.erp.changed_bills(None)
    made = [office.paid("80.00")[0], office.bill("20.00")]
    found, _ = desk.erp.changed_bills(cursor)
    assert {one.bill_id: one for one in found} == desk.erp.bills(made)
