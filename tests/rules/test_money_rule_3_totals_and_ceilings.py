"""Money-rules 3.4, 3.6 and 3.7: is the bill what is due, retainage bills, and ceilings."""

from datetime import date
from typing import Any

import pytest

from paidsync.policy import Policy
from paidsync.reasons import Decision
from paidsync.records import Standing
from tests.rules.builders import (
    Books,
    Row,
    amounts,
    application,
    bill,
    outcome,
    payment,
    rows_of,
    said,
    standing_row,
    verdict,
)

START = date(2026, 1, 1)


def due(due_minor: int = 100_00, **columns: Any) -> Row:
    return application(due_minor=due_minor, **columns)


def of_bill(total_minor: int, **columns: Any) -> Row:
    return payment(cash="10.00", bill_total_minor=total_minor, **columns)


@pytest.mark.parametrize(
    ("policy", "right"),
    [
        ({}, [100_00, 110_00, 107_00, 117_00, 93_00, 103_00]),
        ({"bill_retainage": "left_out"}, [100_00, 107_00, 93_00]),
        ({"bill_retainage": "included"}, [110_00, 117_00, 103_00]),
        ({"bill_tax": "included"}, [100_00, 110_00, 107_00, 117_00]),
        ({"bill_tax": "left_out"}, [100_00, 110_00, 93_00, 103_00]),
        ({"bill_retainage": "left_out", "bill_tax": "left_out"}, [100_00, 93_00]),
    ],
)
def test_rule_3_4_the_bills_total_is_what_is_due_by_policy(
    policy: dict[str, Any], right: list[int]
) -> None:
    chosen = Policy.model_validate({"start_date": START} | policy)
    to_pay = due(retainage_minor=10_00, tax_minor=7_00)
    matched = [
        total
        for total in range(90_00, 120_00, 1_00)
        if said(verdict(of_bill(total), [to_pay], policy=chosen)) == ("matched", None)
    ]
    assert matched == sorted(right)


@pytest.mark.parametrize(
    ("cents", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_rule_3_4_one_minor_unit_is_tolerated(cents: int, *, fits: bool) -> None:
    row = verdict(of_bill(100_00 + cents), [due()])
    assert said(row) == (("matched", None) if fits else ("held", "bill_total_differs"))


def test_rule_3_4_the_hold_says_both_totals() -> None:
    row = verdict(of_bill(150_00), [due(retainage_minor=10_00)])
    assert row["detail"] == (
        "Bill HRC-640 is 150.00 USD; application HRC-640 says 100.00 USD is due, with 10.00 USD "
        "retainage and 0.00 USD tax."
    )


def test_rule_3_4_a_bill_whose_lines_name_several_commitments_is_said_so() -> None:
    row = verdict(of_bill(150_00, named_commitments="SC-1,SC-2"), [due()])
    assert said(row) == ("held", "bill_spans_commitments")
    row = verdict(of_bill(150_00, named_commitments="SC-1"), [due()])
    assert said(row) == ("held", "bill_total_differs")


@pytest.mark.parametrize("unknown", [{"bill_total_minor": None}, {}])
def test_rule_3_4_what_is_not_known_is_not_compared(unknown: dict[str, Any]) -> None:
    to_pay = due() if unknown else application(due_minor=None)
    assert said(verdict(of_bill(150_00) | unknown, [to_pay])) == ("matched", None)


def test_rule_3_4_only_the_first_match_is_compared() -> None:
    first, second = of_bill(100_00), of_bill(100_00) | payment("2", cash="10.00")
    changed = [each | {"bill_total_minor": 150_00} for each in (first, second)]
    assert said(verdict(changed[1], [due()])) == ("held", "bill_total_differs")
    assert said(verdict(changed[1], [due()], beside=[changed[0]], posted=[first])) == (
        "matched",
        None,
    )


def retainage_bill(**columns: Any) -> Row:
    return payment("9", bill="700", retainage_of="640", **columns)


def release(**columns: Any) -> Row:
    given = {
        "application_id": "r1",
        "origin_id": "R",
        "invoice_number": "RET-1",
        "invoice_type": "retainage_release",
    }
    return application("700", **(given | columns))


def test_rule_3_6_a_retainage_bill_follows_its_original_to_the_release_application() -> None:
    row = verdict(retainage_bill(), [application(), release()], bills=[bill("640")])
    assert (said(row), row["application_id"]) == (("matched", None), "r1")
    assert row["rule"] == "by_released_retainage"


@pytest.mark.parametrize(
    "elsewhere",
    [
        release(commitment_id="c2"),
        release(origin_id="641"),
        release(invoice_type="progress"),
    ],
)
def test_rule_3_6_without_a_release_application_on_the_commitment_it_is_held(
    elsewhere: Row,
) -> None:
    row = verdict(retainage_bill(), [application(), elsewhere], bills=[bill("640"), bill("641")])
    assert said(row) == ("held", "retainage_without_application")
    assert row["commitment_id"] == "c1"


def test_rule_3_6_two_release_applications_are_never_guessed() -> None:
    two = [application(), release(), release(application_id="r2", origin_id="R2")]
    row = verdict(retainage_bill(), two, bills=[bill("640")])
    assert said(row) == ("held", "ambiguous_match")


def test_rule_3_6_a_release_application_that_is_not_synced_yet_is_pending() -> None:
    row = verdict(retainage_bill(), [application(), release(origin_id=None)], bills=[bill("640")])
    assert said(row) == ("pending", "application_not_synced")


def test_rule_3_6_its_own_id_comes_first() -> None:
    own = application("700", invoice_type="retainage_release", application_id="r3")
    row = verdict(retainage_bill(), [application(), release(), own], bills=[bill("640")])
    assert (said(row), row["application_id"]) == (("matched", None), "r3")


def test_rule_3_6_an_original_that_is_not_matched_leads_nowhere() -> None:
    row = verdict(retainage_bill(), [release()], bills=[bill("640")])
    assert said(row) == ("outside", "no_payment_application")


def test_rule_3_6_a_decision_posts_it_to_the_commitment_without_an_application() -> None:
    paid = retainage_bill()
    books = Books.of([payment(), paid], [application()])
    books.decide(paid, Decision.POST_WITHOUT_APPLICATION)
    books.sync()
    (row,) = (each for each in books.rows if each["invoice_number"] == "HRC-700")
    assert (row["commitment_id"], row["application_id"]) == ("c1", None)
    assert outcome(books.plan(), paid) == ("matched", "right")
    books.erp_says(paid, standing=Standing.VOIDED)
    books.sync()
    assert books.net(paid) == 0


def part(check: str, cash: str, day: int = 14, **columns: Any) -> Row:
    return payment(check, cash=cash, payment_date=f"2026-03-{day:02d}", **columns)


def test_rule_3_7_above_due_is_posted_and_amber() -> None:
    paid = part("1", "105.00")
    books = Books.of(paid, [due(retainage_minor=10_00)])
    planned = books.sync()
    assert amounts(planned) == [("payment", 105_00)]
    assert rows_of(planned.entries)[0]["amber"] == "above_due"
    assert rows_of(planned.dispositions)[0]["amber"] == "above_due"


@pytest.mark.parametrize(
    ("policy", "ceiling"), [({}, 117_00), ({"tax": "exclude"}, 110_00)], ids=["with", "without"]
)
def test_rule_3_7_the_ceiling_is_due_and_retainage_and_tax_by_policy(
    policy: dict[str, Any], ceiling: int
) -> None:
    chosen = {1: Policy.model_validate({"start_date": START} | policy)}
    bill_ = {"bill_total_minor": 110_00, "bill_net_minor": 110_00}
    for above, expected in ((0, "planned"), (1, "overpays_payment_application")):
        paid = payment(cash_minor=ceiling + above, settled_minor=ceiling + above, **bill_)
        to_pay = due(retainage_minor=10_00, tax_minor=7_00)
        assert outcome(Books.of(paid, [to_pay], policies=chosen).plan(), paid)[1] == expected


def test_rule_3_7_what_stands_stays_and_what_no_longer_fits_is_held() -> None:
    first = part("1", "80.00", 20)
    books = Books.posted(first, [due()])
    late, small = part("2", "30.00", 1), part("3", "20.00", 2)
    for each in (late, small):
        books.payments[each["allocation_id"]] = each
    planned = books.sync()
    assert outcome(planned, late) == ("held", "overpays_payment_application")
    assert (books.net(first), books.net(late), books.net(small)) == (80_00, 0, 20_00)


def test_rule_3_7_payments_are_taken_by_date() -> None:
    newer, older = part("1", "70.00", 20), part("2", "60.00", 10)
    books = Books.of([newer, older], [due()])
    planned = books.sync()
    assert outcome(planned, newer) == ("held", "overpays_payment_application")
    assert books.net(older) == 60_00


def test_rule_3_7_a_correction_counts_with_its_net_effect_and_is_held_as_one() -> None:
    paid = part("1", "90.00")
    books = Books.posted(paid, [due()])
    books.erp_says(paid, cash_minor=100_00)
    assert amounts(books.plan()) == [("reversal", -90_00), ("payment", 100_00)]
    books.erp_says(paid, cash_minor=100_01)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, paid)) == (
        [],
        ("held", "overpays_payment_application"),
    )


def test_rule_3_7_what_lowers_the_sum_is_never_held() -> None:
    paid = part("1", "90.00")
    books = Books.posted(paid, [due()])
    books.applications["a640"] = due(50_00)
    books.erp_says(paid, cash_minor=80_00)
    assert amounts(books.plan()) == [("reversal", -90_00), ("payment", 80_00)]


def test_rule_3_7_a_reversal_in_the_same_run_makes_room() -> None:
    first = part("1", "90.00")
    books = Books.posted(first, [due()])
    books.erp_says(first, standing=Standing.VOIDED)
    second = part("2", "95.00")
    books.payments[second["allocation_id"]] = second
    books.sync()
    assert (books.net(first), books.net(second)) == (0, 95_00)


def test_rule_3_7_a_person_may_let_it_through() -> None:
    paid = part("1", "130.00")
    books = Books.of(paid, [due()])
    books.decide(paid, Decision.POST)
    assert amounts(books.sync()) == [("payment", 130_00)]


def test_rule_4_5_rows_of_an_application_stay_within_what_the_erp_says_is_paid() -> None:
    paid = part("1", "60.00", bill_settled_minor=60_00)
    books = Books.of(paid)
    books.rows.append(standing_row("0.01", application_id="a640", date="2026-01-02"))
    planned = books.plan()
    assert (amounts(planned), outcome(planned, paid)) == ([], ("held", "exceeds_erp_paid"))
    books.rows[0]["application_id"] = None
    assert amounts(books.plan()) == [("payment", 60_00)]


def test_rule_4_5_what_others_typed_for_other_payments_of_the_bill_is_no_hindrance() -> None:
    paid = part("1", "60.00", bill_settled_minor=100_00)
    books = Books.of(paid)
    books.rows.append(standing_row("40.00", application_id="a640", date="2026-01-02"))
    assert amounts(books.plan()) == [("payment", 60_00)]


def test_rule_4_5_the_bills_of_one_application_are_counted_together() -> None:
    policy = Policy.model_validate(
        {"start_date": START, "map": [{"application": "a9", "bills": ["640", "641"]}]}
    )
    joint = application("640", application_id="a9", origin_id="GP-77", invoice_number="X")
    paid = part("1", "60.00", bill_settled_minor=60_00)
    books = Books.of(paid, [joint], policies={1: policy})
    books.bills["641"] = bill("641", settled_minor=40_00)
    books.rows.append(standing_row("40.00", application_id="a9", date="2026-01-02"))
    assert amounts(books.plan()) == [("payment", 60_00)]
    books.rows.append(standing_row("0.01", application_id="a9", date="2026-01-02"))
    assert outcome(books.plan(), paid) == ("held", "exceeds_erp_paid")


def test_rule_4_5_the_applications_of_a_split_bill_are_counted_together() -> None:
    halves = {
        "bill": "640",
        "parts": [{"application": each, "percent": "50"} for each in ("a1", "a2")],
    }
    policy = Policy.model_validate({"start_date": START, "split": [halves]})
    parts = [
        application(each, application_id=each, origin_id=each, invoice_number=each)
        for each in ("a1", "a2")
    ]
    payments = [
        payment(cash="50.00", split_application=each, bill_settled_minor=100_00)
        | {"allocation_id": f"quickbooks_online:9130:p10457:640@{each}"}
        for each in ("a1", "a2")
    ]
    books = Books.of(payments, parts, policies={1: policy})
    assert amounts(books.plan()) == [("payment", 50_00)] * 2
    books.rows.append(standing_row("1.00", application_id="a2", date="2026-01-02"))
    planned = books.plan()
    assert sorted(outcome(planned, each)[0] for each in payments) == ["held", "matched"]


def test_rule_4_5_a_person_may_let_it_through() -> None:
    paid = part("1", "60.00", bill_settled_minor=60_00)
    books = Books.of(paid)
    books.rows.append(standing_row("0.01", application_id="a640", date="2026-01-02"))
    books.decide(paid, Decision.POST)
    assert amounts(books.sync()) == [("payment", 60_00)]
