"""Money-rules 5, last line: a drift that a person accepted is never repaired, and what the ERP
changes later is measured against what stands."""

import pytest

from paidsync.reasons import Decision
from paidsync.records import Standing
from tests.rules.builders import Books, amounts, application, outcome, payment

PAID = payment()
ACCEPTED = ("outside", "drift_accepted")
HELD = ("held", "drift_in_procore")


def accepted(**change: object) -> Books:
    """A payment of 100.00 whose row somebody changed, or without a change removed; accepted."""
    books = Books.posted(PAID)
    if change:
        books.rows[0] |= change
    else:
        books.rows.clear()
    books.decide(PAID, Decision.ACCEPT)
    return books


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"amount_minor": 99_00},
        {"date": "2020-01-02"},
        {"check_number": "1"},
        {"invoice_number": "X"},
        {"application_id": None},
    ],
    ids=str,
)
def test_rule_5_what_is_accepted_is_never_repaired(change: dict[str, object]) -> None:
    books = accepted(**change)
    books.new_policy(details_changed="repost")
    planned = books.sync()
    assert (amounts(planned), outcome(planned, PAID)) == ([], ACCEPTED)
    books.restate = True
    assert amounts(books.plan()) == []


@pytest.mark.parametrize("standing", [Standing.VOIDED, Standing.REAPPLIED])
def test_rule_5_what_stands_is_taken_back_when_the_payment_is_gone(standing: str) -> None:
    books = accepted(amount_minor=99_00)
    books.erp_says(PAID, standing=standing)
    assert amounts(books.sync()) == [("reversal", -99_00)]
    assert books.net(PAID) == 0
    assert outcome(books.plan(), PAID) == ("matched", "right")


def test_rule_5_another_amount_is_posted_after_what_stands_was_taken_back() -> None:
    books = accepted(amount_minor=99_00)
    books.erp_says(PAID, cash_minor=90_00)
    assert amounts(books.sync()) == [("reversal", -99_00), ("payment", 90_00)]
    assert outcome(books.plan(), PAID) == ("matched", "right")


def test_rule_5_the_same_cash_under_another_number_leaves_what_stands() -> None:
    books = accepted(amount_minor=99_00)
    books.erp_says(PAID, bill_number="HRC-640A")
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], ("matched", "right"))


def test_rule_5_in_the_place_of_a_removed_row_nothing_is_posted_without_a_person() -> None:
    books = accepted()
    books.erp_says(PAID, cash_minor=90_00)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], HELD)
    books.decide(PAID, Decision.ACCEPT)
    assert outcome(books.plan(), PAID) == ACCEPTED


def test_rule_5_a_removed_row_of_a_payment_that_is_voided_is_no_question() -> None:
    books = accepted()
    books.erp_says(PAID, standing=Standing.VOIDED)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], ("matched", "right"))


@pytest.mark.parametrize("again", [{"amount_minor": 5_00}, {"date": "2020-01-02"}], ids=str)
def test_rule_5_a_further_change_was_not_accepted(again: dict[str, object]) -> None:
    books = accepted(amount_minor=99_00)
    books.rows[0] |= again
    assert outcome(books.plan(), PAID) == HELD
    books.decide(PAID, Decision.ACCEPT)
    assert outcome(books.plan(), PAID) == ACCEPTED


def test_rule_5_an_accepted_row_that_is_removed_later_was_not_accepted_so() -> None:
    books = accepted(amount_minor=99_00)
    books.rows.clear()
    assert outcome(books.plan(), PAID) == HELD


def test_rule_5_a_row_that_comes_back_as_it_was_sent_is_right() -> None:
    books = accepted(amount_minor=99_00)
    books.rows[0]["amount_minor"] = 100_00
    assert outcome(books.plan(), PAID) == ("matched", "right")


@pytest.mark.parametrize("decision", [Decision.RETRY, Decision.LEAVE])
def test_rule_2_another_decision_takes_the_acceptance_back(decision: Decision) -> None:
    books = accepted(amount_minor=99_00)
    (first,) = books.decisions[PAID["allocation_id"]]
    books.decisions[PAID["allocation_id"]].append(first._replace(decision=decision, accepted=()))
    expected = HELD if decision is Decision.RETRY else ("outside", "left_by_decision")
    assert outcome(books.plan(), PAID) == expected


def test_rule_2_trying_again_takes_back_whatever_was_decided() -> None:
    books = Books.of(PAID, [application(due_minor=80_00)])
    books.decide(PAID, Decision.LEAVE)
    (first,) = books.decisions[PAID["allocation_id"]]
    books.decisions[PAID["allocation_id"]].append(first._replace(decision=Decision.RETRY))
    assert outcome(books.plan(), PAID) == ("held", "overpays_payment_application")


def test_rule_1_4_the_bills_other_payments_do_not_make_up_for_an_accepted_drift() -> None:
    bill = {"bill_total_minor": 120_00, "bill_net_minor": 100_00}
    first = payment("1", cash="60.00", **bill, bill_settled_minor=60_00)
    books = Books.posted(first, policies=Books().policies)
    books.new_policy(tax="exclude")
    books = Books.posted(first, policies={1: books.policy})
    assert books.net(first) == 50_00
    books.rows[0]["amount_minor"] = 40_00
    books.decide(first, Decision.ACCEPT)
    last = payment("2", cash="60.00", payment_date="2026-03-15", **bill, bill_settled_minor=120_00)
    books.payments[last["allocation_id"]] = last
    books.erp_says(first, bill_settled_minor=120_00)
    books.sync()
    assert (books.net(first), books.net(last)) == (40_00, 50_00)


def test_rule_4_3_a_probes_cent_is_no_payment_of_anybodys() -> None:
    cent = payment(cash="0.01")
    books = Books.of(cent, [application(due_minor=1)])
    row = {"contract_payment_id": "probe", "application_id": "a640", "amount_minor": 1}
    typed = {**row, "origin_id": "paidsync-probe:0123456789abcdef:7"}
    books.rows.append(
        {
            "project_id": "7", "commitment_id": "c1", "currency": "USD", "date": "2026-03-14",
            "invoice_number": None, "check_number": "10457", "notes": None, "origin_data": None,
            "external_payment_id": None, "created_at": None, **typed,
        }
    )  # fmt: skip
    books.payments[cent["allocation_id"]] |= {"bill_settled_minor": 1}
    assert amounts(books.sync()) == [("payment", 1)]
