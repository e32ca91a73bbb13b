"""Money-rules 3.4, 3.7 and 6.3: the edges of what an application allows, and what the holds say."""

from datetime import date
from typing import Any

import pytest

from paidsync.policy import Policy
from paidsync.reasons import Decision, Hold
from paidsync.records import rows_of
from tests.rules.builders import (
    Books,
    Row,
    amounts,
    application,
    fault,
    outcome,
    payment,
    standing_row,
    verdict,
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


REPOSTS = {1: Policy(start_date=START, details_changed="repost")}


@pytest.mark.parametrize("total", [99_98, 100_02, 108_98, 109_02])
@pytest.mark.parametrize("tax", ["included", "left_out"])
def test_rule_3_4_two_minor_units_are_too_many_whatever_the_policy(total: int, tax: str) -> None:
    policy = Policy.model_validate({"start_date": START, "bill_tax": tax})
    to_pay = due(retainage_minor=9_00)
    row = payment(cash="10.00", bill_total_minor=total)
    assert verdict(row, [to_pay], policy=policy)["reason"] == "bill_total_differs"


def test_rule_3_7_the_hold_says_what_would_stand_and_what_is_allowed() -> None:
    first, second = part("1", "80.00"), part("2", "30.00")
    books = Books.posted(first, [due(retainage_minor=5_00)])
    add(books, second)
    assert detail(books, second) == (
        "Application HRC-640 would have 110.00 USD in Payments Issued; the application allows "
        "105.00 USD."
    )
    books.applications["a640"] |= {"invoice_number": None}
    assert detail(books, second).startswith("Application a640 would have")


def test_rule_3_7_the_remark_is_the_payments_alone() -> None:
    paid = part("1", "90.00", bill_number="typed otherwise")
    books = Books.posted(paid, [due(retainage_minor=10_00)])
    books.erp_says(paid, cash_minor=100_01)
    planned = books.plan()
    assert [(each["kind"], each["amber"]) for each in rows_of(planned.entries)] == [
        ("reversal", None),
        ("payment", "bill_number_differs,above_due"),
    ]
    assert rows_of(planned.dispositions)[0]["amber"] == "bill_number_differs,above_due"


def test_rule_6_3_an_entry_that_was_sent_is_not_remarked_anew() -> None:
    paid = part("1", "100.00")
    books = Books.of(paid, [due(retainage_minor=10_00)])
    books.sync(lambda _: "lost")
    books.applications["a640"] = due(90_00, retainage_minor=10_00)
    books.later(minutes=11)
    (entry,) = rows_of(books.plan().entries)
    assert (entry["resumes"], entry["amber"]) == (True, None)


def test_rule_3_7_exactly_what_is_due_bears_no_remark() -> None:
    planned = Books.of(part("1", "100.00"), [due(retainage_minor=10_00)]).plan()
    assert rows_of(planned.entries)[0]["amber"] is None


@pytest.mark.parametrize("standing", ["80.00", "80.01"])
def test_rule_3_7_a_remark_counts_what_stands(standing: str) -> None:
    first, second = part("1", standing), part("2", "20.00")
    books = Books.posted(first, [due(retainage_minor=10_00)])
    add(books, second)
    (entry,) = rows_of(books.plan().entries)
    assert entry["amber"] == (None if standing == "80.00" else "above_due")


def test_rule_3_7_a_correction_that_lowers_the_sum_bears_no_remark() -> None:
    paid = part("1", "90.00")
    books = Books.posted(paid, [due()])
    books.applications["a640"] = due(50_00)
    books.erp_says(paid, cash_minor=80_00)
    assert [each["amber"] for each in rows_of(books.plan().entries)] == [None, None]


@pytest.mark.parametrize("unknown", [due(None, retainage_minor=1, tax_minor=1)])
def test_rule_3_7_what_is_due_unknown_is_no_limit(unknown: Row) -> None:
    planned = Books.of(part("1", "900.00"), [unknown]).plan()
    assert amounts(planned) == [("payment", 900_00)]
    assert rows_of(planned.entries)[0]["amber"] is None


def test_rule_3_7_retainage_below_zero_lowers_no_ceiling() -> None:
    books = Books.of(part("1", "100.00"), [due(retainage_minor=-10_00)])
    assert amounts(books.plan()) == [("payment", 100_00)]


def test_rule_3_7_rows_of_others_and_of_other_applications_do_not_count() -> None:
    first = part("1", "100.00", bill="641")
    both = [due(), application("641", due_minor=100_00)]
    books = Books.posted(first, both)
    books.rows.append(standing_row("55.00", application_id="a640", date="2026-01-02"))
    paid = part("2", "100.00")
    add(books, paid)
    assert amounts(books.plan()) == [("payment", 100_00)]


def test_rule_3_7_a_row_without_an_amount_counts_nothing() -> None:
    paid = part("1", "100.00", bill_settled_minor=100_00)
    books = Books.of(paid, [due()])
    books.rows.append(standing_row(application_id="a640", amount_minor=None, date="2026-01-02"))
    assert amounts(books.plan()) == [("payment", 100_00)]


def test_rule_3_7_one_that_does_not_fit_is_no_hindrance_for_the_next() -> None:
    large, small = part("1", "120.00", 10), part("2", "100.00", 20)
    books = Books.of([large, small], [due()])
    planned = books.sync()
    assert outcome(planned, large) == ("held", "overpays_payment_application")
    assert (books.net(large), books.net(small)) == (0, 100_00)


def test_rule_3_7_on_one_day_the_smaller_id_is_taken_first() -> None:
    later = part("1", "70.00", payment_id="p2")
    first = part("9", "60.00", payment_id="p1")
    planned = Books.of([later, first], [due()]).plan()
    assert outcome(planned, later) == ("held", "overpays_payment_application")
    assert outcome(planned, first) == ("matched", "planned")


def test_rule_3_7_a_move_is_held_by_the_application_that_it_moves_to() -> None:
    paid = part("1", "100.00")
    books = Books.posted(paid, [due()])
    books.applications["a640"] |= {"origin_id": "gone", "invoice_number": "another"}
    books.applications["a1"] = due(99_99, application_id="a1")
    planned = books.plan()
    assert (amounts(planned), outcome(planned, paid)) == (
        [],
        ("held", "overpays_payment_application"),
    )


def test_rule_3_7_a_waived_ceiling_still_leaves_what_the_erp_says_is_paid() -> None:
    paid = part("1", "130.00", bill_settled_minor=130_00)
    books = Books.of(paid, [due()])
    books.decide(paid, Decision.POST)
    assert amounts(books.plan()) == [("payment", 130_00)]
    books.rows.append(standing_row("0.01", application_id="a640", date="2026-01-02"))
    assert outcome(books.plan(), paid) == ("held", "exceeds_erp_paid")


def test_rule_3_7_a_row_that_is_linked_counts_against_the_ceiling() -> None:
    paid = part("1", "100.01")
    typed = standing_row("100.01", application_id="a640")
    books = Books.of(paid, [due()], policies=LINKS, rows=[typed])
    assert outcome(books.plan(), paid) == ("held", "overpays_payment_application")


def test_rule_6_3_a_late_arrival_counts_once() -> None:
    paid = part("1", "100.00", bill_settled_minor=100_00)
    books = Books.of(paid, [due()])
    books.sync(lambda _: "landed")
    planned = books.plan()
    assert (amounts(planned), rows_of(planned.entries)[0]["resumes"]) == (
        [("payment", 100_00)],
        True,
    )


def test_rule_3_7_what_moves_nothing_is_neither_held_nor_remarked() -> None:
    paid = part("1", "100.00", bill_settled_minor=100_00)
    books = Books.posted(paid, [due()], policies=REPOSTS)
    books.erp_says(paid, payment_date="2026-03-15")
    for to_pay, others in ((due(60_00), "0.00"), (due(), "40.00")):
        books.applications["a640"] = to_pay
        books.rows[1:] = [standing_row(others, application_id="a640", date="2026-01-02")]
        planned = books.plan()
        assert amounts(planned) == [("reversal", -100_00), ("payment", 100_00)]
        assert [each["amber"] for each in rows_of(planned.entries)] == [None, None]


@pytest.mark.parametrize(("retainage", "fits"), [(1, True), (0, False)])
def test_rule_3_7_one_minor_unit_more_counts(retainage: int, *, fits: bool) -> None:
    paid = part("1", "100.00")
    books = Books.posted(paid, [due(retainage_minor=retainage)])
    books.erp_says(paid, cash_minor=100_01)
    planned = books.plan()
    if fits:
        assert rows_of(planned.entries)[1]["amber"] == "above_due"
    else:
        assert outcome(planned, paid) == ("held", "overpays_payment_application")


def test_rule_3_7_after_one_that_does_not_fit_the_others_are_still_counted() -> None:
    large, first, second = part("1", "120.00", 10), part("2", "60.00", 11), part("3", "60.00", 12)
    planned = Books.of([large, first, second], [due()]).plan()
    assert [outcome(planned, each)[0] for each in (large, first, second)] == [
        "held",
        "matched",
        "held",
    ]


def test_rule_3_7_everything_of_ours_on_the_application_counts() -> None:
    first, second, third = part("1", "50.00"), part("2", "40.00"), part("3", "10.01")
    books = Books.posted([first, second], [due()])
    books.rows.insert(0, standing_row("1.00", date="2026-01-02"))  # on no application
    add(books, third)
    assert outcome(books.plan(), third) == ("held", "overpays_payment_application")
    books.erp_says(third, cash_minor=10_00)
    assert outcome(books.plan(), third) == ("matched", "planned")


def test_rule_3_7_a_move_from_no_application_is_held_by_the_one_it_moves_to() -> None:
    retained = payment("9", bill="700", retainage_of="640")
    books = Books.of([payment(), retained], [application()])
    books.decide(retained, Decision.POST_WITHOUT_APPLICATION)
    books.sync()
    books.applications["a700"] = application("700", due_minor=99_99)
    assert outcome(books.plan(), retained) == ("held", "overpays_payment_application")


def test_rule_3_4_the_hold_says_that_there_is_no_retainage() -> None:
    row = payment(cash="10.00", bill_total_minor=150_00)
    assert verdict(row, [due()])["detail"] == (
        "Bill HRC-640 is 150.00 USD; application HRC-640 says 100.00 USD is due, with 0.00 USD "
        "retainage and 0.00 USD tax."
    )


def test_rule_3_4_a_mapped_bill_that_the_erp_did_not_show_is_not_compared() -> None:
    named = {"application": "a9", "bills": ["640", "never seen"]}
    policy = Policy.model_validate({"start_date": START, "map": [named]})
    joint = due(application_id="a9", origin_id="GP-77")
    row = payment(cash="10.00", bill_total_minor=150_00)
    assert verdict(row, [joint], policy=policy)["disposition"] == "matched"


def test_rule_3_4_the_hold_names_the_commitments_of_the_bills_lines() -> None:
    row = payment(cash="10.00", bill_total_minor=150_00, named_commitments="SC-1,SC-2")
    assert verdict(row, [due()])["detail"] == "Bill HRC-640 names the commitments SC-1,SC-2."


def test_rule_2_a_fault_says_what_was_seen() -> None:
    row = payment()
    seen = fault(row, Hold.DATE_IN_FUTURE) | {"detail": "It is dated 2027-01-01."}
    assert verdict(row, [due()], faults=[seen])["detail"] == "It is dated 2027-01-01."
