"""Money-rules 7.1: history of the opening scan stays outside until it changes."""

from typing import Any

import pytest

from paidsync.reasons import Decision
from paidsync.records import Standing
from tests.rules.builders import Books, amounts, application, outcome, payment

OLD = payment(opening=True, payment_date="2025-12-20")
HISTORY = ("outside", "opening_history")
CHANGED = ("held", "changed_before_start")


def test_rule_7_1_history_is_seen_and_not_posted() -> None:
    planned = Books.of(OLD).plan()
    assert (amounts(planned), outcome(planned, OLD)) == ([], HISTORY)


@pytest.mark.parametrize(
    "change",
    [
        {"cash_minor": 90_00},
        {"payment_date": "2026-02-01"},
        {"payment_number": "10499"},
        {"standing": Standing.VOIDED},
        {"standing": Standing.REAPPLIED},
        {"standing": Standing.DELETED},
        {"standing": Standing.DISAPPEARED},
        {"currency": "CAD"},
    ],
    ids=str,
)
def test_rule_7_1_history_that_changes_is_held(change: dict[str, Any]) -> None:
    books = Books.of(OLD)
    books.erp_says(OLD, **change)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, OLD)) == ([], CHANGED)


def test_rule_7_1_the_hold_closes_when_it_is_again_what_it_was() -> None:
    books = Books.of(OLD)
    books.erp_says(OLD, cash_minor=90_00)
    books.erp_says(OLD, cash_minor=100_00)
    assert outcome(books.plan(), OLD) == HISTORY


@pytest.mark.parametrize(
    "applications", [[], [application(origin_id=None)]], ids=["none", "unsynced"]
)
def test_rule_7_1_history_without_a_synced_application_is_never_held(
    applications: list[dict[str, Any]],
) -> None:
    books = Books.of(OLD, applications)
    books.erp_says(OLD, cash_minor=90_00)
    assert outcome(books.plan(), OLD) == HISTORY


def test_rule_7_1_a_person_may_let_procore_follow() -> None:
    books = Books.of(OLD)
    books.erp_says(OLD, cash_minor=90_00)
    books.decide(OLD, Decision.POST)
    assert amounts(books.sync()) == [("payment", 90_00)]
    assert outcome(books.plan(), OLD) == ("matched", "right")


def test_rule_7_1_or_leave_it() -> None:
    books = Books.of(OLD)
    books.erp_says(OLD, cash_minor=90_00)
    books.decide(OLD, Decision.LEAVE)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, OLD)) == ([], ("outside", "left_by_decision"))


def test_rule_7_1_anything_first_seen_later_is_in_scope_whatever_its_date() -> None:
    backdated = payment(payment_date="2025-12-20")
    assert amounts(Books.of(backdated).plan()) == [("payment", 100_00)]
