"""Each rule for payment applications, and the rules for an extract as a whole."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from expectations import gate, payment_applications, rules, run
from paidsync.reasons import Hold, RunStopped, Stop
from paidsync.records import PAYMENT_APPLICATIONS

GOOD: dict[str, Any] = {
    "project_id": "7",
    "commitment_id": "42",
    "number": "3",
    "vendor_id": "v1",
    "due_minor": 100_00,
    "currency": "USD",
}


def judged(*rows: dict[str, Any]) -> gate.Verdict:
    return payment_applications.validate(PAYMENT_APPLICATIONS.frame([GOOD | row for row in rows]))


@pytest.fixture(scope="module")
def verdict() -> gate.Verdict:
    return judged(
        {"application_id": "synced", "origin_id": "640"},
        {"application_id": "not synced", "vendor_id": None, "due_minor": None},
        {"application_id": "not synced either", "origin_id": " ", "currency": None},
        {"application_id": "one of two", "origin_id": "655"},
        {"application_id": "the other", "origin_id": "655 "},
        {"application_id": "bad currency", "currency": "EURO"},
        {"application_id": "no vendor", "origin_id": "701", "vendor_id": ""},
        {"application_id": "no amount due", "origin_id": "702", "due_minor": None},
    )


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        (rules.ONE_APPLICATION_PER_BILL, ["one of two", "the other"]),
        (rules.APPLICATION_CURRENCY_KNOWN, ["bad currency"]),
        (rules.APPLICATION_HAS_VENDOR, ["no vendor"]),
    ],
)
def test_a_rule_holds_the_rows_that_break_it(
    verdict: gate.Verdict, rule: rules.Rule, rows: list[str]
) -> None:
    own = verdict.faults[verdict.faults["rule"] == rule.id]
    assert list(own["row_id"]) == rows
    assert set(own["reason"]) == {rule.reason}


def test_no_other_row_is_held(verdict: gate.Verdict) -> None:
    assert len(verdict.faults) == 4
    assert verdict.stops == []


def test_a_missing_amount_due_is_noted_and_holds_nothing(verdict: gate.Verdict) -> None:
    (noted,) = [entry for entry in verdict.checked if entry["severity"] == "note"]
    assert (noted["rule"], noted["rows"], noted["failed"]) == ("PA-201", 8, 1)
    assert "PA-201" not in set(verdict.faults["rule"])


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([{"application_id": None}], rules.APPLICATION_IDS),
        ([{"application_id": "1", "commitment_id": ""}], rules.APPLICATION_IDS),
        ([{"application_id": "1", "project_id": None}], rules.APPLICATION_IDS),
        ([{"application_id": "1"}, {"application_id": "1"}], rules.APPLICATION_UNIQUE),
    ],
)
def test_a_listing_that_cannot_be_right_stops_the_run(
    rows: list[dict[str, Any]], rule: rules.Rule
) -> None:
    verdict = judged({"application_id": "good"}, *rows)
    assert [stopped.id for stopped, _ in verdict.stops] == [rule.id]
    with pytest.raises(RunStopped, match=rule.id):
        verdict.raise_stops()


def test_rules_have_ids_of_their_own_and_fitting_reasons() -> None:
    ids = [rule.id for rule in rules.ALL_RULES]
    assert len(set(ids)) == len(ids)
    for group in (rules.BILL_PAYMENTS, rules.PAYMENT_APPLICATIONS, rules.RUN):
        assert [rule.id for rule in group] == sorted(rule.id for rule in group)
    for rule in rules.ALL_RULES:
        assert isinstance(rule.reason, Stop if rule.severity == "stop" else Hold)
        assert rule.plain.endswith(".")


def test_a_count_that_is_not_the_erps_stops_with_both_figures() -> None:
    ((rule, detail),) = run.control_totals(
        999, 1000, first=date(2026, 3, 1), last=date(2026, 3, 31)
    )
    assert (rule.id, rule.reason) == ("RUN-001", Stop.SCHEMA_CHANGED)
    assert detail == (
        "The extract has 999 payments dated 2026-03-01 to 2026-03-31; the ERP counts 1,000."
    )


def test_sums_are_compared_per_currency_to_the_minor_unit() -> None:
    stops = run.control_totals(
        3,
        3,
        first=date(2026, 3, 1),
        last=date(2026, 3, 31),
        ours_minor={"USD": 100_00, "NZD": 5_00},
        theirs_minor={"USD": 100_01, "NZD": 5_00, "": 1},
    )
    assert [rule.id for rule, _ in stops] == ["RUN-002", "RUN-002"]
    without_currency, dollars = (detail for _, detail in stops)
    assert "(no currency) payments" in without_currency
    assert "0 minor units; the ERP's own sum is 1 minor units." in without_currency
    assert dollars == (
        "The extract's USD payments dated 2026-03-01 to 2026-03-31 add up to 100.00 USD; the ERP's "
        "own sum is 100.01 USD."
    )


@pytest.mark.parametrize("theirs", [None, {"USD": 100_00}])
def test_figures_that_agree_or_are_not_given_stop_nothing(theirs: dict[str, int] | None) -> None:
    day = date(2026, 3, 1)
    assert (
        run.control_totals(
            1, 1, first=day, last=day, ours_minor={"USD": 100_00}, theirs_minor=theirs
        )
        == []
    )


def test_a_cursor_may_stand_still_or_go_on_but_not_back() -> None:
    early = datetime(2026, 3, 1, 8, tzinfo=UTC)
    late = datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert run.cursor_advances(None, early) == []
    assert run.cursor_advances(early, early) == []
    assert run.cursor_advances(early, late) == []
    ((rule, detail),) = run.cursor_advances(late, early, stream="bills")
    assert rule.id == "RUN-003"
    assert "cursor of bills would go back from 2026-03-01T09:00:00+00:00" in detail
    assert run.cursor_advances(early, late.replace(tzinfo=None)) != []
