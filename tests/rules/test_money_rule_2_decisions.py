"""Money-rules 2: a decision binds to the allocation's state, and a change reopens the question."""

from typing import Any

import pytest

from paidsync.reasons import Decision, Hold
from paidsync.records import Standing
from tests.rules.builders import (
    Books,
    Row,
    amounts,
    application,
    fault,
    outcome,
    payment,
    standing_row,
)

PAID = payment()
LEFT = ("outside", "left_by_decision")


def beside_a_typed_row() -> Books:
    books = Books.of(PAID)
    books.rows.append(standing_row())
    return books


def test_rule_2_a_hold_that_is_left_is_outside_and_posts_nothing() -> None:
    books = beside_a_typed_row()
    books.decide(PAID, Decision.LEAVE)
    planned = books.sync()
    assert (amounts(planned), outcome(planned, PAID)) == ([], LEFT)


def test_rule_2_a_person_may_call_a_typed_row_another_payment() -> None:
    books = beside_a_typed_row()
    books.decide(PAID, Decision.POST)
    assert amounts(books.sync()) == [("payment", 100_00)]
    assert outcome(books.plan(), PAID) == ("matched", "right")


@pytest.mark.parametrize(
    "change",
    [{"cash_minor": 99_00}, {"vendor_id": "57"}, {"bill_number": "HRC-640A"}],
    ids=["amount", "vendor", "number"],
)
def test_rule_2_a_change_of_state_reopens_what_was_decided(change: dict[str, Any]) -> None:
    books = beside_a_typed_row()
    books.rows[0]["check_number"] = "10457"
    books.decide(PAID, Decision.LEAVE)
    books.erp_says(PAID, **change)
    assert outcome(books.plan(), PAID) == ("held", "looks_like_manual_payment")


def test_rule_2_another_application_reopens_what_was_decided() -> None:
    books = beside_a_typed_row()
    books.decide(PAID, Decision.LEAVE)
    books.applications = {"a9": application(application_id="a9")}
    assert outcome(books.plan(), PAID) == ("held", "looks_like_manual_payment")


def test_rule_2_a_decision_is_about_one_reason_and_not_about_another() -> None:
    books = beside_a_typed_row()
    books.decide(PAID, Decision.POST)
    books.rows[0] |= {"origin_id": "other:1"}
    assert outcome(books.plan(), PAID) == ("held", "other_integration_row")


def test_rule_2_the_other_rules_still_count_after_a_decision() -> None:
    to_pay = application(due_minor=100_00)
    paid = PAID | {"bill_total_minor": 150_00}
    books = Books.of(paid, [to_pay])
    books.decide(paid, Decision.POST)
    assert amounts(books.plan()) == [("payment", 100_00)]
    books.tabs["c1"] = False
    assert outcome(books.plan(), paid) == ("held", "payments_tab_disabled")


def test_rule_2_the_newest_decision_counts() -> None:
    books = beside_a_typed_row()
    books.decide(PAID, Decision.LEAVE)
    (first,) = books.decisions[PAID["allocation_id"]]
    books.decisions[PAID["allocation_id"]].append(first._replace(decision=Decision.POST))
    assert amounts(books.plan()) == [("payment", 100_00)]


def two_of_a_number() -> tuple[Books, Row]:
    paid = payment(bill="650", bill_number="HRC-640")
    both = [
        application(application_id=each, origin_id=f"GP-{each}", due_minor=None)
        for each in ("a1", "a2")
    ]
    return Books.of(paid, both), paid


def test_rule_2_a_person_links_a_payment_to_its_application() -> None:
    books, paid = two_of_a_number()
    assert outcome(books.plan(), paid) == ("held", "ambiguous_match")
    books.decide(paid, Decision.LINK, "a2")
    books.sync()
    assert [row["application_id"] for row in books.rows] == ["a2"]
    assert outcome(books.plan(), paid) == ("matched", "right")


def test_rule_2_a_link_to_an_application_that_is_gone_is_no_link() -> None:
    books, paid = two_of_a_number()
    books.decide(paid, Decision.LINK, "a3")
    assert outcome(books.plan(), paid) == ("held", "ambiguous_match")


def test_rule_2_a_link_does_not_outlast_the_state_that_it_was_made_for() -> None:
    books, paid = two_of_a_number()
    books.decide(paid, Decision.LINK, "a2")
    books.sync()
    books.erp_says(paid, cash_minor=90_00)
    planned = books.sync()
    assert outcome(planned, paid)[0] == "held"
    assert books.net(paid) == 100_00, "a lost match never moves money"


def test_rule_3_8_a_person_may_link_a_lost_match_again() -> None:
    books = Books.posted(PAID)
    books.applications = {
        "a9": application(origin_id=None, application_id="a9", invoice_number="Z")
    }
    assert outcome(books.plan(), PAID) == ("held", "application_unlinked")
    books.decide(PAID, Decision.LINK, "a9")
    assert amounts(books.sync()) == [("reversal", -100_00), ("payment", 100_00)]
    assert books.rows[-1]["application_id"] == "a9"


@pytest.mark.parametrize("standing", [Standing.DELETED, Standing.DISAPPEARED])
def test_rule_5_3_one_decision_posts_reversal_and_replacement_together(standing: str) -> None:
    again = payment("10458")
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=standing)
    books.payments[again["allocation_id"]] = again
    assert amounts(books.sync()) == []
    books.decide(PAID, Decision.REVERSE)
    assert amounts(books.sync()) == [("reversal", -100_00), ("payment", 100_00)]
    assert (books.net(PAID), books.net(again)) == (0, 100_00)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], ("matched", "right"))


def test_rule_5_3_what_is_left_stays_and_its_replacement_is_posted() -> None:
    again = payment("10458")
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=Standing.DELETED)
    books.payments[again["allocation_id"]] = again
    books.decide(PAID, Decision.LEAVE)
    planned = books.sync()
    assert outcome(planned, PAID) == LEFT
    assert (books.net(PAID), books.net(again)) == (100_00, 100_00)


def test_rule_5_a_drift_that_is_left_stays_as_it_is_until_the_erp_changes() -> None:
    books = Books.posted(PAID)
    books.rows[0]["amount_minor"] = 99_00
    books.decide(PAID, Decision.LEAVE)
    assert outcome(books.plan(), PAID) == LEFT
    books.erp_says(PAID, standing=Standing.VOIDED)
    assert outcome(books.plan(), PAID) == ("held", "drift_in_procore")


def test_rule_5_a_refusal_that_is_left_is_not_tried_again() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "refused")
    (entry,) = books.entries[PAID["allocation_id"]]
    entry["message"] = "Amount is odd."
    state = books.plan().dispositions["state"][0]
    books.decisions[PAID["allocation_id"]] = [
        _decided(Hold.REFUSED_BY_PROCORE, state),
    ]
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], LEFT)


def _decided(reason: Hold, state: str) -> Any:
    from tasks.decisions import Decided

    return Decided(reason, state, Decision.LEAVE)


def test_rule_2_a_link_answers_which_of_two_applications_that_name_one_bill() -> None:
    both = [application(), application(application_id="a9")]
    books = Books.of(PAID, both, faults=[fault(each, Hold.AMBIGUOUS_MATCH) for each in both])
    assert outcome(books.plan(), PAID) == ("held", "ambiguous_match")
    books.decide(PAID, Decision.LINK, "a9")
    books.sync()
    assert [row["application_id"] for row in books.rows] == ["a9"]


def test_rule_3_4_a_person_links_a_bill_that_spans_commitments() -> None:
    paid = PAID | {"bill_total_minor": 150_00, "named_commitments": "SC-1,SC-2"}
    books = Books.of(paid, [application(due_minor=100_00)])
    assert outcome(books.plan(), paid) == ("held", "bill_spans_commitments")
    books.decide(paid, Decision.LINK, "a640")
    assert amounts(books.sync()) == [("payment", 100_00)]


def test_rule_2_what_the_limits_hold_may_be_left_too() -> None:
    books = Books.of(PAID, [application(due_minor=80_00)])
    assert outcome(books.plan(), PAID) == ("held", "overpays_payment_application")
    books.decide(PAID, Decision.LEAVE)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], LEFT)


def test_rule_5_3_a_payment_that_waits_with_a_deletion_may_be_left_too() -> None:
    again = payment("10458")
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=Standing.DELETED)
    books.payments[again["allocation_id"]] = again
    books.decide(again, Decision.LEAVE)
    assert outcome(books.plan(), again) == LEFT
    assert outcome(books.plan(), PAID) == ("held", "deleted_in_erp")
