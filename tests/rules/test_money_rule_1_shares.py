"""Money-rules 1.4 and 3.2: what belongs to a bill that this run did not read, and odd parts."""

from datetime import date
from typing import Any

from paidsync.policy import Policy
from paidsync.records import Standing, rows_of
from tasks.splits import Splits
from tests.rules.builders import (
    ERP,
    ERP_COMPANY,
    Books,
    Row,
    application,
    outcome,
    payment,
)

START = date(2026, 1, 1)
WITHOUT_TAX = {1: Policy(start_date=START, tax="exclude")}
BILL = {"bill_total_minor": 120_00, "bill_net_minor": 100_00, "bill_settled_minor": 120_00}


def taxed(check: str, cash: str, **columns: Any) -> Row:
    return payment(check, cash=cash, **(BILL | columns))


def forget(books: Books, of: Row) -> None:
    """The next run has no reason to read this payment."""
    del books.payments[of["allocation_id"]]


def add(books: Books, *payments: Row) -> None:
    books.payments |= {each["allocation_id"]: each for each in payments}


def test_rule_1_4_what_was_posted_before_and_is_not_read_now_has_its_share() -> None:
    first = taxed("1", "33.33", bill_settled_minor=33_33)
    books = Books.posted(first, policies=WITHOUT_TAX)
    forget(books, first)
    last = taxed("2", "86.67")
    add(books, last)
    books.sync()
    assert (books.net(first), books.net(last)) == (27_78, 72_22)


def test_rule_1_4_a_share_that_was_posted_with_tax_is_made_up_for() -> None:
    first = taxed("1", "33.33", bill_settled_minor=33_33)
    books = Books.posted(first)
    books.new_policy(tax="exclude")
    forget(books, first)
    last = taxed("2", "86.67")
    add(books, last)
    books.sync()
    assert (books.net(first), books.net(last)) == (33_33, 66_67)


def test_rule_1_4_what_was_posted_of_another_bill_is_no_share_of_this_one() -> None:
    other = taxed("1", "60.00", bill="641")
    books = Books.posted(other, [application("640"), application("641")])  # with its tax
    books.new_policy(tax="exclude")
    forget(books, other)
    part, last = taxed("2", "20.00"), taxed("3", "100.00")
    add(books, part, last)
    books.sync()
    assert (books.net(part), books.net(last)) == (16_67, 83_33)


def split(*parts: tuple[str, str], **more: Any) -> Policy:
    named = [{"application": each, "percent": percent} for each, percent in parts]
    return Policy.model_validate(
        {"start_date": START, "split": [{"bill": "640", "parts": named}]} | more
    )


HALVES = split(("a1", "50"), ("a2", "50"), tax="exclude")


def whole(check: str, cash: str, **columns: Any) -> Row:
    return taxed(check, cash, **columns) | dict.fromkeys(
        ("discount_minor", "credit_minor", "withheld_minor"), 0
    )


def parts_of(row: Row, policies: dict[int, Policy], sent: dict[str, int]) -> list[Row]:
    return Splits(policies, max(policies), sent).of(row, ERP, ERP_COMPANY)


def test_rule_1_4_one_part_of_a_split_bill_takes_nothing_from_the_other() -> None:
    places = [
        application(each, application_id=each, origin_id=f"G-{each}") for each in ("a1", "a2")
    ]
    first = parts_of(whole("1", "33.34", bill_settled_minor=33_34), {1: HALVES}, {})
    books = Books.posted(first, places, policies={1: HALVES})
    for each in first:
        forget(books, each)
    last = parts_of(whole("2", "86.66"), {1: HALVES}, {})
    add(books, *last)
    books.sync()
    assert [books.net(each) for each in first] == [13_89, 13_89]
    assert [books.net(each) for each in last] == [36_11, 36_11]


def test_rule_5_5_parts_stay_as_the_newest_policy_split_them_under_which_they_were_sent() -> None:
    row = whole("1", "100.00")
    policies = {
        1: HALVES,
        2: split(("a1", "60"), ("a2", "40")),
        3: Policy(start_date=START),
    }
    ids = [f"{row['allocation_id']}@{each}" for each in ("a1", "a2")]
    for sent, cash in (
        ({ids[0]: 1, ids[1]: 1}, [50_00, 50_00]),
        ({ids[0]: 2, ids[1]: 2}, [60_00, 40_00]),
        ({ids[0]: 1, ids[1]: 2}, [60_00, 40_00]),
    ):
        assert [each["cash_minor"] for each in parts_of(row, policies, sent)] == cash


def test_rule_3_2_every_amount_is_split() -> None:
    amounts = {
        "settled_minor": 100_05,
        "cash_minor": 90_01,
        "discount_minor": 10_03,
        "credit_minor": 1,
        "withheld_minor": 7,
    }
    first, last = parts_of(whole("1", "1.00") | amounts, {1: HALVES}, {})
    assert {name: first[name] for name in amounts} == {
        "settled_minor": 50_02,  # half of a minor unit goes to the even one
        "cash_minor": 45_00,
        "discount_minor": 5_02,
        "credit_minor": 0,
        "withheld_minor": 4,
    }
    assert {name: last[name] for name in amounts} == {
        "settled_minor": 50_03,
        "cash_minor": 45_01,
        "discount_minor": 5_01,
        "credit_minor": 1,
        "withheld_minor": 3,
    }


def test_rule_3_2_an_amount_that_is_unknown_stays_unknown_in_every_part() -> None:
    unknown = whole("1", "1.00") | {"cash_minor": None, "withheld_minor": None}
    for part in parts_of(unknown, {1: HALVES}, {}):
        assert (part["settled_minor"], part["cash_minor"], part["withheld_minor"]) == (
            50,
            None,
            None,
        )


def test_rule_1_4_the_hold_names_the_bill_by_its_number_or_else_its_id() -> None:
    unknown = taxed("1", "60.00", bill_net_minor=None)
    (row,) = rows_of(Books.of(unknown, policies=WITHOUT_TAX).plan().dispositions)
    assert row["detail"] == (
        "The policy leaves tax out, and QuickBooks Online does not say what bill HRC-640 is "
        "without tax."
    )
    nameless = unknown | {"bill_number": None}
    (row,) = rows_of(Books.of(nameless, policies=WITHOUT_TAX).plan().dispositions)
    assert "what bill 640 is" in row["detail"]


def test_rule_1_4_the_hold_says_that_the_others_took_it_all() -> None:
    first = taxed("1", "115.00", payment_date="2026-03-01")
    books = Books.posted(first)
    books.new_policy(tax="exclude")
    last = taxed("2", "5.00")
    add(books, last)
    planned = books.plan()
    assert outcome(planned, last) == ("held", "amount_not_positive")
    details = [row["detail"] for row in rows_of(planned.dispositions) if row["detail"]]
    assert details == [
        "Without tax nothing is left of bill HRC-640 for this payment: others took it all."
    ]


def test_rule_1_4_what_is_not_issued_yet_has_no_share() -> None:
    queued = [taxed(str(k), "0.01", standing=Standing.NOT_ISSUED) for k in range(3)]
    paid = taxed("9", "119.97")
    books = Books.of([*queued, paid], policies=WITHOUT_TAX)
    books.sync()
    assert books.net(paid) == 99_98  # and not 100.00 less three times 0.01


def test_rule_1_4_a_credit_is_never_what_settles_the_bill() -> None:
    parts = [
        taxed("1", "33.33", payment_date="2026-03-01"),
        taxed("2", "33.33", payment_date="2026-03-02"),
        taxed("3", "53.34", payment_date="2026-03-03"),
        taxed("4", "0.00", settled="5.00", payment_date="2026-03-04"),
    ]
    books = Books.of(parts, policies=WITHOUT_TAX)
    books.sync()
    assert [books.net(each) for each in parts] == [27_78, 27_78, 44_44, 0]


def test_rule_1_4_where_exactly_nothing_is_left_nothing_is_posted() -> None:
    first = taxed("1", "100.00", payment_date="2026-03-01")
    books = Books.posted(first)  # with its tax, all of the bill's net
    books.new_policy(tax="exclude")
    last = taxed("2", "20.00")
    add(books, last)
    assert outcome(books.plan(), last) == ("held", "amount_not_positive")
