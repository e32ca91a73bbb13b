"""Money-rules 3, 2 and 1.2: doubts about a match, what they are called and what is said of them."""

from datetime import date
from typing import Any

import pytest

from paidsync.policy import Policy
from paidsync.reasons import Decision, Hold
from paidsync.records import Standing, rows_of
from tasks.decisions import Decided
from tasks.rows import NO_BILL
from tests.rules.builders import (
    Row,
    application,
    bill,
    commitment,
    fault,
    judged,
    payment,
    said,
    verdict,
)

MATCHED = ("matched", None)


def retained(**columns: Any) -> Row:
    return payment("9", bill="700", retainage_of="640", **columns)


def release(**columns: Any) -> Row:
    given = {"application_id": "r1", "origin_id": "R", "invoice_type": "retainage_release"}
    return application("700", **(given | {"invoice_number": "RET-1"} | columns))


def linked(row: Row, application_id: str, *applications: Row) -> dict[str, list[Decided]]:
    """A person linked the payment to an application, whatever the hold was."""
    state = verdict(row, applications)["state"]
    decided = Decided(Hold.AMBIGUOUS_MATCH, state, Decision.LINK, application_id)
    return {row["allocation_id"]: [decided]}


def test_rule_2_a_link_answers_which_application_it_is_and_nothing_else() -> None:
    row, both = payment(), [application(), application(application_id="a2")]
    decisions = linked(row, "a2", *both)
    for reason, expected in (
        (Hold.AMBIGUOUS_MATCH, MATCHED),
        (Hold.AMOUNT_EXCEEDS_BILL, ("held", "amount_exceeds_bill")),
    ):
        answer = verdict(row, both, decisions=decisions, faults=[fault(row, reason)])
        assert (said(answer), answer["application_id"]) == (expected, "a2")


def test_rule_2_a_doubt_about_the_application_that_nobody_answered_holds() -> None:
    faults = [fault(application(), Hold.AMBIGUOUS_MATCH)]
    answer = verdict(payment(), [application()], faults=faults)
    assert said(answer) == ("held", "ambiguous_match")


def test_rule_2_a_link_to_an_application_that_procore_does_not_show_is_no_link() -> None:
    row, both = payment(), [application(), application(application_id="a2")]
    answer = verdict(row, both, decisions=linked(row, "gone", *both))
    assert said(answer) == ("held", "ambiguous_match")


def test_rule_2_a_later_decision_takes_a_link_back() -> None:
    row, both = payment(), [application(), application(application_id="a2")]
    decisions = linked(row, "a2", *both)
    first = decisions[row["allocation_id"]][0]
    later = first._replace(decision=Decision.LEAVE)
    both_decided = {row["allocation_id"]: [first, later]}
    assert said(verdict(row, both, decisions=decisions)) == MATCHED
    assert said(verdict(row, both, decisions=both_decided)) == ("outside", "left_by_decision")
    of_another_state = {row["allocation_id"]: [first, later._replace(state="another")]}
    assert said(verdict(row, both, decisions=of_another_state)) == MATCHED


def test_rule_2_a_link_has_no_word_where_it_names_no_application() -> None:
    row, both = payment(), [application(), application(application_id="a2")]
    first = linked(row, "a2", *both)[row["allocation_id"]][0]
    post = first._replace(decision=Decision.POST)
    answer = verdict(row, [application()], decisions={row["allocation_id"]: [post]})
    assert (said(answer), answer["application_id"]) == (MATCHED, "a640")


@pytest.mark.parametrize(
    ("commitments", "home", "expected"),
    [
        ("CAD", "USD", ("held", "currency_differs")),
        ("USD", "CAD", MATCHED),
        (None, "CAD", ("held", "currency_differs")),
        (None, "USD", MATCHED),
    ],
)
def test_rule_1_2_the_commitments_own_currency_comes_before_the_companys(
    commitments: str | None, home: str, expected: tuple[str, str | None]
) -> None:
    places = [commitment(currency=commitments)]
    answer = verdict(payment(), [application()], commitments=places, home_currency=home)
    assert said(answer) == expected
    if expected != MATCHED:
        assert answer["detail"] == "Bill HRC-640 is in USD, commitment SC-c1 in CAD."


def test_rule_3_1_the_hold_says_whose_bill_it_is() -> None:
    row = payment(vendor_id="57", vendor_name="Kestrel", bill_number="other")
    answer = verdict(row, [application()])
    assert (answer["detail"], answer["rule"]) == (
        "Application HRC-640 names bill 640, which is number other of Kestrel.",
        "by_bill_id",
    )
    nameless = verdict(row | {"vendor_name": None}, [application()])
    assert nameless["detail"].endswith("is number other of 57.")


def test_rule_3_1_the_hold_names_the_applications_of_one_bill() -> None:
    both = [application(), application(application_id="a2", invoice_number="HRC-9")]
    answer = verdict(payment(), both)
    assert (said(answer), answer["application_id"]) == (("held", "ambiguous_match"), None)
    assert (answer["detail"], answer["rule"]) == (
        "Payment applications HRC-640, HRC-9 all name bill 640.",
        "by_bill_id",
    )


def test_rule_3_3_the_hold_counts_bills_and_applications() -> None:
    found = application(origin_id="of another tool")
    answer = verdict(payment(), [found], bills=[bill("555", "hrc640")])
    assert (answer["detail"], answer["rule"], answer["application_id"]) == (
        "Number HRC-640 of this vendor stands on 2 bill(s) and 1 payment application(s).",
        "by_vendor_and_number",
        None,
    )


def test_rule_3_3_what_is_not_synced_yet_is_named() -> None:
    answer = verdict(payment(), [application(origin_id=None)])
    assert (answer["application_id"], answer["commitment_id"], answer["project_id"]) == (
        "a640",
        "c1",
        "7",
    )
    assert (answer["detail"], answer["rule"]) == (
        "Application HRC-640 is not synced with the ERP.",
        "by_vendor_and_number",
    )


@pytest.mark.parametrize(
    ("known", "number"), [([bill("640", "B-1")], "B-1"), ([bill("640") | {"number": None}], "640")]
)
def test_rule_3_6_the_hold_names_the_bill_whose_retainage_it_is(
    known: list[Row], number: str
) -> None:
    answer = verdict(retained(), [application()], bills=known)
    assert (said(answer), answer["rule"]) == (
        ("held", "retainage_without_application"),
        "by_released_retainage",
    )
    assert answer["detail"] == (
        f"It releases the retainage of bill {number}, whose commitment has no release "
        "application in Procore."
    )
    assert (answer["application_id"], answer["commitment_id"], answer["project_id"]) == (
        None,
        "c1",
        "7",
    )


def test_rule_3_6_the_hold_counts_the_release_applications() -> None:
    two = [application(), release(), release(application_id="r2", origin_id=None)]
    answer = verdict(retained(), two, bills=[bill("640")])
    assert (answer["detail"], answer["rule"], answer["application_id"]) == (
        "Commitment of bill HRC-640 has 2 release applications.",
        "by_released_retainage",
        None,
    )


def test_rule_3_6_an_original_of_another_vendor_leads_nowhere() -> None:
    known = [bill("640", "another number", vendor="57")]
    answer = verdict(retained(), [application(), release()], bills=known)
    assert said(answer) == ("outside", "no_payment_application")


def test_rule_1_6_a_payment_whose_bills_cannot_be_read_is_held_and_named() -> None:
    row = payment(bill=NO_BILL, fault="unknown_payment_method")
    answer = verdict(row, [application()])
    plain = Hold.UNKNOWN_PAYMENT_METHOD.plain
    assert said(answer) == ("held", "unknown_payment_method")
    assert answer["detail"] == (
        f"{plain} Which bills it pays cannot be read: payment 10457, id p10457."
    )
    answer = verdict(row | {"payment_number": None}, [application()])
    assert answer["detail"].endswith("payment (no number), id p10457.")


def test_rule_3_8_the_hold_names_the_bill_that_lost_its_application() -> None:
    row = payment()
    assert verdict(row, posted=[row])["detail"] == (
        "No payment application names bill HRC-640 any more."
    )
    nameless = row | {"bill_number": None}
    assert "bill 640 any more" in verdict(nameless, posted=[row])["detail"]
    unsynced = verdict(row, [application(origin_id=None)], posted=[row])
    assert (said(unsynced), unsynced["detail"]) == (
        ("held", "application_unlinked"),
        "Application HRC-640 is not synced with the ERP.",
    )


def test_rule_7_1_the_hold_names_what_changed_before_the_start() -> None:
    row = payment(opening=True) | {"cash_minor": 1_00}
    assert verdict(row, [application()])["detail"] == (
        "Payment 10457 of bill HRC-640 is from before the start date and is no longer what it was "
        "at the first run."
    )
    nameless = payment(opening=True, opening_state="as it was", bill_number=None)
    answer = verdict(nameless | {"payment_number": None}, [application()])
    assert "Payment p10457 of bill 640 is" in answer["detail"]


@pytest.mark.parametrize(
    ("settled", "cash", "amber"),
    [
        (100_00, 100_00, None),
        (100_00, 99_99, "settled_without_cash"),
        (100_00, 1, "settled_without_cash"),
        (None, 100_00, None),
        (99_99, 100_00, None),
    ],
)
def test_rule_1_3_less_cash_than_settled_is_amber(
    settled: int | None, cash: int, amber: str | None
) -> None:
    answer = verdict(payment(cash_minor=cash, settled_minor=settled), [application()])
    assert (said(answer), answer["amber"]) == (MATCHED, amber)


def test_rule_1_3_both_remarks_stand_beside_each_other() -> None:
    row = payment(settled="110.00", bill_number="typed otherwise")
    assert verdict(row, [application()])["amber"] == "bill_number_differs,settled_without_cash"


def test_rule_1_3_credits_spread_over_two_commitments_hold_live_payments_only() -> None:
    both = [application("640"), application("641", "c2")]
    first = payment(split_in_proportion=True)
    for beside, expected in (
        (payment(bill="641", split_in_proportion=True), ("held", "cash_split_unknown")),
        (payment(bill="641", split_in_proportion=False), MATCHED),
        (payment(bill="641", split_in_proportion=True, standing=Standing.REAPPLIED), MATCHED),
        (payment("8", bill="641", split_in_proportion=True), MATCHED),
        (payment(bill="900", split_in_proportion=True), ("held", "cash_split_unknown")),
    ):
        assert said(verdict(first, both, beside=[beside])) == expected


def test_rule_2_each_payment_has_its_own_row_of_the_frame() -> None:
    first, second = payment(), payment("10458", bill="641", cash="7.00", currency="CAD")
    both = [application(), application("641", "c2")]
    rows = rows_of(judged([first, second], both))
    assert [(each["currency"], each["cash_minor"], each["commitment_id"]) for each in rows] == [
        ("USD", 100_00, "c1"),
        ("CAD", 7_00, "c2"),
    ]


def test_rule_3_3_only_an_application_that_the_policy_gives_away_is_not_found() -> None:
    halves = [{"application": each, "percent": "50"} for each in ("a640", "a9")]
    found = application(origin_id="of another tool")
    for given, expected in (
        ({"split": [{"bill": "555", "parts": halves}]}, ("outside", "no_payment_application")),
        (
            {"map": [{"application": "a640", "bills": ["555"]}]},
            ("outside", "no_payment_application"),
        ),
        ({"map": [{"application": "a9", "bills": ["555"]}]}, MATCHED),
        (
            {"split": [{"bill": "555", "parts": [halves[1], halves[1] | {"application": "a8"}]}]},
            MATCHED,
        ),
    ):
        policy = Policy.model_validate({"start_date": date(2026, 1, 1)} | given)
        assert said(verdict(payment(), [found], policy=policy)) == expected


def test_rule_3_6_an_original_that_is_not_synced_leads_nowhere() -> None:
    both = [application(origin_id=None), release()]
    answer = verdict(retained(), both, bills=[bill("640")])
    assert said(answer) == ("outside", "no_payment_application")


def test_rule_3_6_the_release_application_comes_before_one_of_the_same_number() -> None:
    same_number = application("700", origin_id="of another tool")
    answer = verdict(retained(), [application(), same_number, release()], bills=[bill("640")])
    assert (said(answer), answer["application_id"]) == (MATCHED, "r1")


def test_rule_1_6_a_queued_credit_waits_like_a_queued_check() -> None:
    row = payment(cash="0.00", settled="100.00", standing=Standing.NOT_ISSUED)
    assert said(verdict(row, [application()])) == ("pending", "not_issued_yet")


def test_rule_1_3_a_credit_on_a_doubtful_bill_is_no_hold() -> None:
    row = payment(cash="0.00", settled="100.00")
    both = [application(), application(application_id="a2")]
    assert said(verdict(row, both)) == ("outside", "credit_application")


def test_rule_2_a_voided_payment_of_rent_is_called_voided() -> None:
    row = payment(bill="900", standing=Standing.VOIDED, cash="0.00")
    assert said(verdict(row)) == ("outside", "voided_before_posting")
