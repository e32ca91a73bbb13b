"""Money-rules 4.5, 4.3 and 5.3: the edges of what the ERP says is paid, links, and deletions."""

from datetime import date
from typing import Any

import pytest

from paidsync.policy import Policy
from paidsync.records import Standing, rows_of
from tests.rules.builders import (
    Books,
    Row,
    amounts,
    application,
    bill,
    outcome,
    payment,
    standing_row,
)

START = date(2026, 1, 1)
LINKS = {1: Policy(start_date=START, typed_rows="link")}


def due(due_minor: int | None = 100_00, **columns: Any) -> Row:
    return application(due_minor=due_minor, **columns)


def part(check: str, cash: str, day: int = 14, **columns: Any) -> Row:
    return payment(check, cash=cash, payment_date=f"2026-03-{day:02d}", **columns)


def add(books: Books, *payments: Row) -> None:
    books.payments |= {each["allocation_id"]: each for each in payments}


def detail(books: Books, of: Row) -> str:
    frame = books.plan().dispositions
    (row,) = rows_of(frame[frame["allocation_id"] == of["allocation_id"]])
    return str(row["detail"])


def test_rule_4_5_the_hold_says_what_would_stand_and_what_was_paid() -> None:
    paid = part("1", "60.00", bill_settled_minor=60_00)
    books = Books.of(paid)
    books.rows.append(standing_row("7.00", application_id="a640", date="2026-01-02"))
    assert detail(books, paid) == (
        "Application HRC-640 would have 67.00 USD in Payments Issued; QuickBooks Online says was "
        "paid on its bill 60.00 USD."
    )


def test_rule_4_5_a_credit_on_the_bill_leaves_no_room_for_cash_that_was_not_paid() -> None:
    paid = part("1", "60.00", bill_settled_minor=100_00)
    books = Books.of(paid)
    books.rows.append(standing_row("40.00", application_id="a640", date="2026-01-02"))
    assert amounts(books.plan()) == [("payment", 60_00)]  # settled by whatever is all that is known
    books.bills["640"] = bill("640", settled_minor=100_00, paid_cash_minor=60_00)
    assert outcome(books.plan(), paid) == ("held", "exceeds_erp_paid")
    assert detail(books, paid).endswith("was paid on its bill 60.00 USD.")


def test_rule_4_5_what_lowers_the_sum_is_never_held() -> None:
    paid = part("1", "90.00", bill_settled_minor=90_00)
    books = Books.posted(paid)
    books.rows.append(standing_row("50.00", application_id="a640", date="2026-01-02"))
    books.erp_says(paid, cash_minor=80_00, bill_settled_minor=80_00)
    assert amounts(books.plan()) == [("reversal", -90_00), ("payment", 80_00)]


def test_rule_4_5_where_one_of_the_bills_is_unknown_nothing_is_compared() -> None:
    policy = Policy.model_validate(
        {"start_date": START, "map": [{"application": "a9", "bills": ["640", "641"]}]}
    )
    joint = application("640", application_id="a9", origin_id="GP-77", invoice_number="X")
    paid = part("1", "60.00", bill_settled_minor=60_00)
    books = Books.of(paid, [joint], policies={1: policy})
    books.rows.append(standing_row("50.00", application_id="a9", date="2026-01-02"))
    assert amounts(books.plan()) == [("payment", 60_00)]
    books.bills["641"] = bill("641", settled_minor=40_00)
    assert outcome(books.plan(), paid) == ("held", "exceeds_erp_paid")


def test_rule_4_5_a_bill_outside_the_map_counts_alone() -> None:
    policy = Policy.model_validate(
        {"start_date": START, "map": [{"application": "a9", "bills": ["641"]}]}
    )
    paid = part("1", "60.00", bill_settled_minor=60_00)
    books = Books.of(paid, policies={1: policy})
    books.bills["641"] = bill("641", settled_minor=40_00)
    books.rows.append(standing_row("0.01", application_id="a640", date="2026-01-02"))
    assert outcome(books.plan(), paid) == ("held", "exceeds_erp_paid")


def test_rule_4_5_the_first_of_two_payments_takes_what_is_left() -> None:
    first = part("1", "60.00", 10, bill_settled_minor=100_00)
    second = part("2", "40.01", 11, bill_settled_minor=100_00)
    planned = Books.of([second, first]).plan()
    assert outcome(planned, first) == ("matched", "planned")
    assert outcome(planned, second) == ("held", "exceeds_erp_paid")


def test_rule_4_5_a_row_that_is_linked_counts_once() -> None:
    paid = part("1", "100.00", bill_settled_minor=100_00)
    typed = standing_row(application_id="a640")
    books = Books.of(paid, [due()], policies=LINKS, rows=[typed])
    assert amounts(books.plan()) == [("payment", 100_00)]
    assert rows_of(books.plan().entries)[0]["links"] == "typed"


@pytest.mark.parametrize("elsewhere", ["a640", None])
def test_rule_4_3_a_link_is_refused_where_only_one_thing_differs(elsewhere: str | None) -> None:
    paid = payment()
    books = Books.of(paid, policies=LINKS, rows=[standing_row(application_id=elsewhere)])
    assert len(books.plan().entries) == 1
    books.rows[0] |= {"amount_minor": 100_01, "check_number": "10457"}
    assert len(books.plan().entries) == 0
    books.rows[0] |= {"amount_minor": 100_00, "application_id": "a9"}
    assert len(books.plan().entries) == 0


def test_rule_4_3_rows_of_others_do_not_stop_a_link_elsewhere() -> None:
    first, second = payment(), payment("20", bill="641", cash="5.00")
    third = payment("30", bill="642", cash="7.00")
    books = Books.of([third, second, first], policies=LINKS)
    books.rows += [
        standing_row("5.00"),
        standing_row("5.00", contract_payment_id="twin"),
        standing_row("7.00", contract_payment_id="elsewhere", application_id="a640"),
        standing_row(contract_payment_id="one"),
    ]
    planned = books.plan()
    assert [each["links"] for each in rows_of(planned.entries)] == ["one"]
    assert outcome(planned, second) == ("held", "looks_like_manual_payment")
    assert outcome(planned, third) == ("held", "looks_like_manual_payment")


@pytest.mark.parametrize(
    ("standing", "reason"),
    [(Standing.DELETED, "deleted_in_erp"), (Standing.DISAPPEARED, "disappeared_from_erp")],
)
def test_rule_5_3_new_payments_of_the_bill_wait_and_others_do_not(
    standing: str, reason: str
) -> None:
    first = part("1", "50.00")
    books = Books.posted(first, [due(), application("641")])
    books.erp_says(first, standing=standing)
    same_bill, other_bill = part("2", "50.00"), part("3", "50.00", bill="641")
    add(books, same_bill, other_bill)
    planned = books.plan()
    assert outcome(planned, same_bill) == ("held", reason)
    assert outcome(planned, other_bill) == ("matched", "planned")
    assert detail(books, same_bill) == (
        "Another payment of bill HRC-640 is no longer in the ERP and waits for a decision; this "
        "one waits with it."
    )


def test_rule_5_3_a_deletion_is_named_before_a_disappearance() -> None:
    payments = [part("1", "10.00"), part("2", "10.00"), part("3", "10.00")]
    for order in (payments, payments[::-1]):
        books = Books.posted(order)
        gone = (Standing.DISAPPEARED, Standing.DELETED, Standing.DISAPPEARED)
        for each, standing in zip(payments, gone, strict=True):
            books.erp_says(each, standing=standing)
        new = part("4", "10.00")
        add(books, new)
        assert outcome(books.plan(), new) == ("held", "deleted_in_erp")


def test_rule_5_3_a_reversal_of_the_bill_does_not_wait() -> None:
    first, second = part("1", "50.00"), part("2", "50.00")
    books = Books.posted([first, second])
    books.erp_says(first, standing=Standing.DELETED)
    books.erp_says(second, standing=Standing.VOIDED)
    assert amounts(books.plan()) == [("reversal", -50_00)]


def test_rule_5_3_the_hold_says_what_still_stands() -> None:
    paid = part("1", "1234.50")
    books = Books.posted(paid)
    books.erp_says(paid, standing=Standing.DELETED)
    assert detail(books, paid) == (
        "Payment 1 of 2026-03-14 was deleted in QuickBooks Online; 1,234.50 USD still stand in "
        "Procore."
    )
    books.erp_says(paid, payment_number=None)
    assert detail(books, paid).startswith("Payment p1 of 2026-03-14 was deleted")


@pytest.mark.parametrize(("unpaid", "fits"), [(0, True), (1, False)])
def test_rule_4_5_one_minor_unit_more_counts(unpaid: int, *, fits: bool) -> None:
    paid = part("1", "100.00", bill_settled_minor=100_00)
    books = Books.posted(paid)
    books.erp_says(paid, cash_minor=100_01, bill_settled_minor=100_01 - unpaid)
    expected = ("matched", "planned") if fits else ("held", "exceeds_erp_paid")
    assert outcome(books.plan(), paid) == expected


def test_rule_4_5_a_bill_that_was_posted_whole_is_counted_whole_after_it_is_split() -> None:
    paid = payment("1", cash="60.00", bill_settled_minor=60_00)
    books = Books.posted(paid)
    books.new_policy(
        split=[
            {
                "bill": "640",
                "parts": [{"application": each, "percent": "50"} for each in ("a1", "a2")],
            }
        ]
    )
    books.erp_says(paid, cash_minor=70_00)
    assert outcome(books.plan(), paid) == ("held", "exceeds_erp_paid")


def test_rule_4_5_rows_of_others_count_for_every_payment_of_the_run() -> None:
    first = part("1", "60.00", 10, bill_settled_minor=105_00)
    second = part("2", "40.00", 11, bill_settled_minor=105_00)
    books = Books.of([first, second])
    books.rows.append(standing_row("10.00", application_id="a640", date="2026-01-02"))
    planned = books.plan()
    assert outcome(planned, first) == ("matched", "planned")
    assert outcome(planned, second) == ("held", "exceeds_erp_paid")
