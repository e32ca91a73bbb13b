"""Money-rule 2: what the ERP says is paid on bills, beside what is known of their payments."""

from typing import Any

import pytest

from tasks.control_totals import compare_bills
from tasks.findings import control_lines, control_totals, told_by_no_feed, unexplained_bills


def bill(**changes: Any) -> dict[str, Any]:
    return {
        "bill_id": "640", "number": "HRC-640", "currency": "USD", "total_minor": 500_00,
        "settled_minor": 300_00, "paid_cash_minor": None,
    } | changes  # fmt: skip


def paid(settled: int | None = 300_00, **changes: Any) -> dict[str, Any]:
    return {
        "payment_id": "7", "bill_id": "640", "standing": "live", "currency": "USD",
        "settled_minor": settled, "cash_minor": settled,
    } | changes  # fmt: skip


def compared(*payments: dict[str, Any], **changes: Any) -> tuple[int, list[str]]:
    found = compare_bills([bill(**changes)], payments, erp_title="The ERP")
    return found["compared"], found["unexplained"]


def test_rule_2_a_bill_whose_payments_are_all_known_is_explained() -> None:
    assert compared(paid()) == (1, [])
    assert compared(paid(100_00), paid(200_00, standing="not_issued")) == (1, [])
    assert compared(settled_minor=0) == (1, [])


@pytest.mark.parametrize("standing", ["voided", "deleted", "reapplied"])
def test_rule_2_what_the_erp_says_beyond_the_payments_is_a_payment_that_is_missing(
    standing: str,
) -> None:
    missing = (
        "The ERP says that 300.00 USD is paid on bill HRC-640; its payments come to 299.99 USD."
    )
    assert compared(paid(299_99), paid(1, standing=standing)) == (1, [missing])
    said = compared(number=None)[1]
    assert "on bill 640; its payments come to 0.00 USD" in said[0]


def test_rule_2_a_bill_with_less_paid_than_its_payments_say_lacks_none() -> None:
    assert compared(paid(300_01)) == (1, [])


def test_rule_2_cash_is_compared_with_cash_where_the_erp_parts_it() -> None:
    assert compared(paid(300_00, cash_minor=250_00), paid_cash_minor=250_00) == (1, [])
    assert len(compared(paid(300_00, cash_minor=250_00), paid_cash_minor=260_00)[1]) == 1


@pytest.mark.parametrize(
    "unknown",
    [{"settled": None}, {"currency": "CAD"}, {"currency": None}, {"standing": "disappeared"}],
    ids=str,
)
def test_rule_2_where_one_payment_cannot_be_told_nothing_is_compared(
    unknown: dict[str, Any],
) -> None:
    assert compared(paid(1), paid(**unknown)) == (0, [])


def test_rule_2_a_bill_that_says_nothing_is_not_compared() -> None:
    assert compared(paid(1), settled_minor=None) == (0, [])


def test_many_bills_are_counted_and_the_first_are_named() -> None:
    bills = {"compared": 9, "unexplained": [f"Bill {number}." for number in range(7)]}
    context = {"control_total": None, "bills_compared": bills}
    assert unexplained_bills(context) == [*bills["unexplained"][:5], "And 2 more bills."]
    assert control_totals(context)["bills"] == {"compared": 9, "unexplained": 7}
    [line] = control_lines(control_totals(context), "The ERP")
    assert line == "Of 9 bills, 7 have more paid on them than their payments come to."
    nothing = {"control_total": None, "bills_compared": None}
    assert unexplained_bills(nothing) == control_lines(control_totals(nothing), "The ERP") == []


def test_what_was_found_is_told_with_bill_and_amount() -> None:
    row = paid(480_00, payment_number="77", document_date="2026-11-01", bill_number="B-1")
    assert told_by_no_feed(["7"], [row, row | {"payment_id": "8"}]) == [
        "Payment 77 of 2026-11-01, bill B-1: 480.00 USD, live in the ERP."
    ]
    blank = row | {"payment_number": None, "document_date": None, "bill_number": None}
    for unknown in ({"cash_minor": None}, {"currency": None}, {"currency": "?"}):
        assert told_by_no_feed(["7"], [blank | unknown]) == [
            "Payment 7 of -, bill 640: amount unknown, live in the ERP."
        ]
