"""Money-rules 1.4: what should stand where the policy leaves tax out."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paidsync.policy import Policy
from paidsync.records import Standing
from tests.rules.builders import Books, Row, amounts, outcome, payment, rows_of

WITHOUT_TAX = {1: Policy(start_date=date(2026, 1, 1), tax="exclude")}
BILL = {"bill_total_minor": 120_00, "bill_net_minor": 100_00, "bill_settled_minor": 120_00}


def taxed(check: str, cash: str, *, day: str = "14", **columns: Any) -> Row:
    return payment(check, cash=cash, payment_date=f"2026-03-{day}", **(BILL | columns))


def test_rule_1_4_with_tax_the_cash_is_posted_and_its_tax_kept_beside() -> None:
    (entry,) = rows_of(Books.of(taxed("1", "60.00")).plan().entries)
    assert (entry["amount_minor"], entry["gross_minor"], entry["tax_minor"]) == (
        60_00,
        60_00,
        10_00,
    )


def test_rule_1_4_without_tax_the_net_share_is_posted_and_gross_and_tax_kept_beside() -> None:
    books = Books.of(taxed("1", "60.00", bill_settled_minor=60_00), policies=WITHOUT_TAX)
    (entry,) = rows_of(books.plan().entries)
    assert (entry["amount_minor"], entry["gross_minor"], entry["tax_minor"]) == (
        50_00,
        60_00,
        10_00,
    )


@pytest.mark.parametrize(("cash", "net"), [("0.03", 2), ("0.09", 8)])  # 2.5 and 7.5 cents
def test_rule_1_4_a_half_cent_goes_to_the_even_one(cash: str, net: int) -> None:
    books = Books.of(taxed("1", cash, bill_settled_minor=60_00), policies=WITHOUT_TAX)
    assert amounts(books.plan()) == [("payment", net)]


@given(st.lists(st.integers(1, 50_00), min_size=1, max_size=6), st.integers(0, 99))
def test_rule_1_4_the_parts_of_a_settled_bill_add_up_to_its_net(
    parts: list[int], percent: int
) -> None:
    total = sum(parts)
    net = total * 100 // (100 + percent)
    bill = {"bill_total_minor": total, "bill_net_minor": net, "bill_settled_minor": total}
    payments = [
        payment(str(k), cash_minor=cash, settled_minor=cash, **bill) for k, cash in enumerate(parts)
    ]
    books = Books.of(payments, policies=WITHOUT_TAX)
    planned = books.sync()
    held = [row for row in rows_of(planned.dispositions) if row["disposition"] == "held"]
    if not held:
        assert sum(row["amount_minor"] for row in books.rows) == net
    assert all(row["reason"] == "amount_not_positive" for row in held)


def test_rule_1_4_what_settles_the_bill_later_takes_the_rest() -> None:
    first = taxed("1", "33.33", day="01", bill_settled_minor=33_33)
    books = Books.posted(first, policies=WITHOUT_TAX)
    assert books.net(first) == 27_78  # 27.775
    second, last = taxed("2", "33.33", day="02"), taxed("3", "53.34", day="03")
    for each in (second, last):
        books.payments[each["allocation_id"]] = each
    books.erp_says(first, bill_settled_minor=120_00)
    books.sync()
    assert (books.net(second), books.net(last)) == (27_78, 44_44)
    assert books.net(first) + books.net(second) + books.net(last) == 100_00


def test_rule_1_4_a_discount_is_not_made_up_for_by_the_last_payment() -> None:
    paid = taxed("1", "108.00", settled="120.00")
    books = Books.posted(paid, policies=WITHOUT_TAX)
    assert books.net(paid) == 90_00


def test_rule_1_4_a_target_is_frozen_when_it_is_first_posted() -> None:
    paid = taxed("1", "60.00", bill_settled_minor=60_00)
    books = Books.posted(paid, policies=WITHOUT_TAX)
    books.erp_says(paid, bill_net_minor=96_00, bill_settled_minor=120_00)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, paid)) == ([], ("matched", "right"))


def test_rule_1_4_a_changed_cash_is_a_new_target() -> None:
    paid = taxed("1", "60.00", bill_settled_minor=60_00)
    books = Books.posted(paid, policies=WITHOUT_TAX)
    books.erp_says(paid, cash_minor=30_00, bill_net_minor=96_00)
    assert amounts(books.sync()) == [("reversal", -50_00), ("payment", 24_00)]


def test_rule_1_4_a_voided_part_gives_its_share_to_what_settles_the_bill() -> None:
    first, second = taxed("1", "33.33", day="01"), taxed("2", "86.67", day="02")
    books = Books.posted([first, second], policies=WITHOUT_TAX)
    assert (books.net(first), books.net(second)) == (27_78, 72_22)
    books.erp_says(first, standing=Standing.VOIDED)
    again = taxed("3", "33.33", day="05")
    books.payments[again["allocation_id"]] = again
    books.sync()
    assert (books.net(first), books.net(again)) == (0, 27_78)


@pytest.mark.parametrize("unknown", [{"bill_net_minor": None}, {"bill_total_minor": None}, {"bill_total_minor": 0}])  # fmt: skip  # noqa: E501
def test_rule_1_4_a_bill_whose_net_is_unknown_is_held(unknown: dict[str, Any]) -> None:
    paid = taxed("1", "60.00") | unknown
    planned = Books.of(paid, policies=WITHOUT_TAX).plan()
    assert (amounts(planned), outcome(planned, paid)) == ([], ("held", "missing_amount"))


def test_rule_1_4_nothing_is_posted_where_the_others_took_all_of_the_net() -> None:
    first = taxed("1", "115.00", day="01")
    books = Books.posted(first)  # with tax, under the first policy
    books.new_policy(tax="exclude")
    last = taxed("2", "5.00", day="02")
    books.payments[last["allocation_id"]] = last
    planned = books.plan()
    assert (amounts(planned), outcome(planned, last)) == ([], ("held", "amount_not_positive"))


def test_rule_1_4_history_has_its_share_of_the_bill_and_never_settles_it() -> None:
    paid = taxed("1", "60.01", day="14")
    history = taxed("2", "59.99", day="15", opening=True)
    books = Books.of([paid, history], policies=WITHOUT_TAX)
    books.sync()
    assert (books.net(paid), books.net(history)) == (50_01, 0)  # 100.00 less 49.99


def test_rule_1_4_ids_of_digits_are_taken_as_numbers() -> None:
    bill = {"payment_date": "2026-03-14", **BILL}
    early = payment("a", cash="33.33", payment_id="999", **bill)
    late = payment("b", cash="86.67", payment_id="1000", **bill)
    books = Books.posted([late, early], policies=WITHOUT_TAX)
    assert (books.net(early), books.net(late)) == (27_78, 72_22)
