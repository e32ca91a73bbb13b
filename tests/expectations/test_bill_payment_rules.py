"""Each rule for allocations: what keeps it, what breaks it, and that not one row is lost."""

from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.erp import PaymentMethod
from expectations import ask, bill_payments, gate, rules
from paidsync.reasons import RunStopped, Stop
from paidsync.records import ALLOCATIONS, FAULTS, Standing

TODAY = date(2026, 3, 15)
GOOD: dict[str, Any] = {
    "standing": "live",
    "payment_number": "10457",
    "payment_date": "2026-03-14",
    "payment_method": "check",
    "bill_number": "HRC-2291",
    "currency": "USD",
    "settled_minor": 100_00,
    "cash_minor": 100_00,
    "discount_minor": 0,
    "credit_minor": 0,
    "withheld_minor": 0,
    "payment_currency": "USD",
    "payment_total_minor": 100_00,
    "payment_credits_minor": 0,
    "payment_unapplied_minor": 0,
    "bill_total_minor": 100_00,
    "split_in_proportion": False,
    "fresh": True,
    "opening": False,
}
NO_TOTALS = {"payment_total_minor": None, "bill_total_minor": None}


def row(name: str, **changes: Any) -> dict[str, Any]:
    ids = {"allocation_id": name, "payment_id": f"payment of {name}", "bill_id": f"bill of {name}"}
    return GOOD | ids | changes


def judged(*rows: dict[str, Any]) -> gate.Verdict:
    return bill_payments.validate(ALLOCATIONS.frame(rows), today=TODAY)


def broken_by(verdict: gate.Verdict, rule: rules.Rule) -> list[str]:
    return [str(i) for i in verdict.faults.loc[verdict.faults["rule"] == rule.id, "row_id"]]


def amounts(settled: int | None, cash: int | None, **others: Any) -> dict[str, Any]:
    return {"settled_minor": settled, "cash_minor": cash} | NO_TOTALS | others


# What a row is like: the changes, and the rules that it breaks with the reason of each.
KEEPS: dict[str, dict[str, Any]] = {
    "as it should be": {},
    "settled by a credit": amounts(100_00, 0, credit_minor=100_00),
    "with discount, credit and tax withheld": amounts(
        100_00, 80_00, discount_minor=5_00, credit_minor=10_00, withheld_minor=5_00
    ),
    "parts not given": amounts(1, 1, discount_minor=None, credit_minor=None, withheld_minor=None),
    "a discount is not paid": amounts(
        100_00, 98_00, discount_minor=2_00, payment_total_minor=98_00, bill_total_minor=100_00
    ),
    "the largest credible": amounts(10**13, 10**13),
    "no decimals in this currency": amounts(1, 1, currency="JPY", payment_currency="JPY"),
    "dated today": {"payment_date": "2026-03-15"},
    "dated long ago": {"payment_date": "1970-01-01"},
    "no payment method": {"payment_method": None},
    "empty payment method": {"payment_method": ""},
    "no fault, as an empty text": {"fault": ""},
    "letters of other languages": {"bill_number": "Ræk 0042/ÅÄÖ-発票 №7"},
    "a number of 100 characters": {"bill_number": "9" * 100},
    "a payment in another currency": {
        "payment_currency": "CAD",
        "payment_total_minor": 137_42,
        "home_per_foreign": "0.73",
    },
    "no payment total": {"payment_total_minor": None},
    "no figure for what is unapplied": {"payment_unapplied_minor": None},
    "not read in this run": {"payment_total_minor": 1, "fresh": False},
    "partly unapplied": {"payment_total_minor": 140_00, "payment_unapplied_minor": 40_00},
    "voided and zeroed": amounts(0, 0, standing="voided"),
    "voided without anything": dict.fromkeys(GOOD)
    | {"standing": "voided", "fresh": True, "opening": False},
    "not issued yet": {"standing": "not_issued", "payment_date": "2026-04-01"},
    "deleted": {"standing": "deleted", "bill_number": None},
    "disappeared": {"standing": "disappeared", "currency": "?"},
    "applied elsewhere now": amounts(None, None, standing="reapplied"),
    "voided, with a stated fault": {"standing": "voided", "fault": "bad_currency"},
}
BREAKS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "stated by the connector": (
        amounts(None, None, fault="currency_differs"),
        {"BP-101": "currency_differs"},
    ),
    "stated, and no currency": (
        amounts(None, None, fault="currency_differs", currency=None),
        {"BP-101": "currency_differs", "BP-110": "bad_currency"},
    ),
    "no currency": ({"currency": None, **NO_TOTALS}, {"BP-110": "bad_currency"}),
    "no such currency": ({"currency": "USDX", **NO_TOTALS}, {"BP-110": "bad_currency"}),
    "small letters": ({"currency": "usd", **NO_TOTALS}, {"BP-110": "bad_currency"}),
    "gold": ({"currency": "XAU", **NO_TOTALS}, {"BP-110": "bad_currency"}),
    "nothing settled, so it seems": (amounts(None, 5), {"BP-120": "missing_amount"}),
    "cash not given": (amounts(5, None), {"BP-120": "missing_amount"}),
    "zero settled": (amounts(0, 0), {"BP-121": "amount_not_positive"}),
    "negative": (
        amounts(-5, -5),
        {"BP-121": "amount_not_positive", "BP-122": "amount_not_positive"},
    ),
    "negative cash": (
        amounts(5, -5, credit_minor=10),
        {"BP-122": "amount_not_positive"},
    ),
    "too large": (amounts(10**13 + 1, 10**13 + 1), {"BP-123": "amount_precision"}),
    "too large a credit": (
        amounts(10**13 + 1, 0, credit_minor=10**13 + 1),
        {"BP-123": "amount_precision"},
    ),
    "a negative discount": (
        amounts(95, 100, discount_minor=-5),
        {"BP-124": "cash_split_unknown"},
    ),
    "one cent lost": (amounts(100_00, 99_99), {"BP-125": "cash_split_unknown"}),
    "one cent lost of a great deal": (
        amounts(2**53 + 1, 2**53),
        {"BP-123": "amount_precision", "BP-125": "cash_split_unknown"},
    ),
    "the payment is larger": ({"payment_total_minor": 100_01}, {"BP-126": "cash_split_unknown"}),
    "the payment is smaller": ({"payment_total_minor": 99_99}, {"BP-126": "cash_split_unknown"}),
    "more than the bill": ({"bill_total_minor": 99_99}, {"BP-127": "amount_exceeds_bill"}),
    "no date": ({"payment_date": None}, {"BP-130": "date_in_future"}),
    "no such day": ({"payment_date": "2026-02-30"}, {"BP-130": "date_in_future"}),
    "a day and an hour": ({"payment_date": "2026-03-14T00:00:00"}, {"BP-130": "date_in_future"}),
    "the day in another form": ({"payment_date": "03/14/2026"}, {"BP-130": "date_in_future"}),
    "the first day of all": ({"payment_date": "0001-01-01"}, {"BP-130": "date_in_future"}),
    "tomorrow": ({"payment_date": "2026-03-16"}, {"BP-131": "date_in_future"}),
    "no number": ({"bill_number": None}, {"BP-140": "missing_bill_number"}),
    "an empty number": ({"bill_number": ""}, {"BP-140": "missing_bill_number"}),
    "a blank number": ({"bill_number": " \t\u00a0"}, {"BP-140": "missing_bill_number"}),
    "a long number": ({"bill_number": "9" * 101}, {"BP-141": "bad_bill_number"}),
    "a padded number": ({"bill_number": " HRC-2291"}, {"BP-142": "bad_bill_number"}),
    "a number with a hard space after it": (
        {"bill_number": "HRC-2291\u00a0"},
        {"BP-142": "bad_bill_number"},
    ),
    "a line end inside": ({"bill_number": "HRC\n2291"}, {"BP-143": "bad_bill_number"}),
    "a letter that has no width": ({"bill_number": "HRC\u200b2291"}, {"BP-143": "bad_bill_number"}),
    "letters lost on the way": ({"bill_number": "HRC\ufffd2291"}, {"BP-143": "bad_bill_number"}),
    "paid in kind": ({"payment_method": "barter"}, {"BP-150": "unknown_payment_method"}),
    "everything at once": (
        {"payment_method": "barter", "payment_date": None, "bill_number": None, "currency": "?"}
        | NO_TOTALS,
        {
            "BP-110": "bad_currency",
            "BP-130": "date_in_future",
            "BP-140": "missing_bill_number",
            "BP-150": "unknown_payment_method",
        },
    ),
}
TOGETHER = [
    row("once", bill_id="b1", payment_id="twice", payment_total_minor=None),
    row("again", bill_id="b1", payment_id="twice", payment_total_minor=None, cash_minor=100_00),
    row("again", bill_id="b1", payment_id="twice", payment_total_minor=None, standing="voided"),
    row("two bills 1", payment_id="two bills", payment_total_minor=190_00),
    row("two bills 2", payment_id="two bills", payment_total_minor=190_00),
    row("credit used 1", payment_id="credit used", payment_total_minor=190_00),
    row("credit used 2", payment_id="credit used", payment_total_minor=190_00),
    row("one moved away 1", payment_id="one moved away"),
    row("one moved away 2", payment_id="one moved away", standing="reapplied"),
    row("one without amount 1", payment_id="one without amount", payment_total_minor=1),
    row("one without amount 2", payment_id="one without amount", fault="cash_split_unknown"),
]
TOGETHER[5]["payment_credits_minor"] = TOGETHER[6]["payment_credits_minor"] = 10_00
TOGETHER[10].update(settled_minor=None, cash_minor=None, payment_total_minor=1)


@pytest.fixture(scope="module")
def verdict() -> gate.Verdict:
    """Every case in one frame: rows must not disturb each other."""
    alone = [row(name, **changes) for name, changes in KEEPS.items()]
    bad = [row(name, **changes) for name, (changes, _) in BREAKS.items()]
    return judged(*alone, *bad, *TOGETHER)


def reasons_of(verdict: gate.Verdict, name: str) -> dict[str, str]:
    own = verdict.faults[verdict.faults["row_id"] == name]
    return dict(zip(own["rule"], own["reason"], strict=True))


@pytest.mark.parametrize("name", KEEPS)
def test_a_row_that_keeps_every_rule_is_not_held(verdict: gate.Verdict, name: str) -> None:
    assert reasons_of(verdict, name) == {}


@pytest.mark.parametrize("name", BREAKS)
def test_a_row_that_breaks_a_rule_is_held_for_its_reason(verdict: gate.Verdict, name: str) -> None:
    assert reasons_of(verdict, name) == BREAKS[name][1]


def test_every_hold_rule_has_a_row_that_breaks_it(verdict: gate.Verdict) -> None:
    holds = {rule.id for rule in rules.BILL_PAYMENTS if rule.severity == "hold"}
    assert set(verdict.faults["rule"]) == holds


def test_both_versions_of_a_duplicate_are_held_whatever_they_say(verdict: gate.Verdict) -> None:
    assert broken_by(verdict, rules.ALLOCATION_UNIQUE) == ["again", "again"]


def test_a_payment_that_does_not_tie_out_holds_all_of_its_live_rows(verdict: gate.Verdict) -> None:
    untied = broken_by(verdict, rules.PAYMENT_TIES_OUT)
    assert untied == [
        "the payment is larger",
        "the payment is smaller",
        "two bills 1",
        "two bills 2",
    ]


def test_faults_come_in_the_order_of_the_rules(verdict: gate.Verdict) -> None:
    order = {rule.id: place for place, rule in enumerate(rules.BILL_PAYMENTS)}
    assert verdict.faults["rule"].map(order).is_monotonic_increasing
    first = verdict.first_faults().set_index("row_id")["reason"]
    assert first["everything at once"] == "bad_currency"
    assert first["stated, and no currency"] == "currency_differs"
    assert first.index.is_unique


def test_the_verdict_says_what_was_checked_on_how_many_rows(verdict: gate.Verdict) -> None:
    checked = {entry["rule"]: entry for entry in verdict.checked}
    assert list(checked) == [rule.id for rule in rules.BILL_PAYMENTS]
    rows = len(KEEPS) + len(BREAKS) + len(TOGETHER)
    idle = sum(changes.get("standing", "live") != "live" for changes in KEEPS.values()) + 2
    assert checked["BP-001"]["rows"] == rows
    assert checked["BP-110"]["rows"] == rows - idle
    assert {entry["rule"]: entry["failed"] for entry in verdict.checked if entry["failed"]} == (
        verdict.faults["rule"].value_counts().to_dict()
    )
    assert verdict.stops == []


def test_details_name_what_and_where(verdict: gate.Verdict) -> None:
    detail = verdict.faults.set_index("row_id")["detail"]
    assert detail["one cent lost"] == (
        "The ERP does not say how much cash went to this bill. Seen: settled 100.00 USD, "
        "cash 99.99 USD, discount 0.00 USD, credit 0.00 USD, withheld 0.00 USD; "
        "payment id 'payment of one cent lost', payment number '10457', "
        "bill id 'bill of one cent lost'."
    )
    assert "'HRC<U+000A>2291'" in detail["a line end inside"]
    assert "bill number length 101" in detail["a long number"]
    assert all(len(text) < 400 for text in detail)


def test_faults_are_of_their_schema(verdict: gate.Verdict) -> None:
    assert list(FAULTS.check(verdict.faults).columns) == ["row_id", "rule", "reason", "detail"]


def test_nothing_to_judge_is_no_fault() -> None:
    verdict = judged()
    assert verdict.faults.empty
    assert verdict.stops == []
    assert {entry["rows"] for entry in verdict.checked} == {0}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"allocation_id": None}, rules.ALLOCATION_IDS),
        ({"payment_id": " "}, rules.ALLOCATION_IDS),
        ({"bill_id": "", "standing": "voided"}, rules.ALLOCATION_IDS),
        ({"standing": None}, rules.STANDING_KNOWN),
        ({"standing": "Live"}, rules.STANDING_KNOWN),
        ({"standing": "voided", "fault": "looks odd"}, rules.FAULT_KNOWN),
    ],
)
def test_our_own_words_gone_wrong_stop_the_run(changes: dict[str, Any], rule: rules.Rule) -> None:
    verdict = judged(row("good"), row("bad", **changes))
    assert [stopped.id for stopped, _ in verdict.stops] == [rule.id]
    with pytest.raises(RunStopped, match=rule.id) as stopped:
        verdict.raise_stops()
    assert stopped.value.reason is Stop.SCHEMA_CHANGED
    assert "in 1 rows" in stopped.value.message


def test_a_stop_names_some_rows_and_counts_all() -> None:
    rows = [row(f"A-{place:02}", payment_id=None) for place in range(25)]
    ((_, detail),) = judged(*rows).stops
    assert "'A-19'" in detail
    assert "'A-20'" not in detail
    assert "25 rows" in detail
    assert detail.endswith("and 5 more.")


def test_a_missing_column_stops_the_run() -> None:
    frame = ALLOCATIONS.frame([row("good")]).drop(columns="cash_minor")
    with pytest.raises(RunStopped, match="cash_minor"):
        bill_payments.validate(frame, today=TODAY)


def test_a_check_that_cannot_run_is_never_a_pass() -> None:
    frame = pd.DataFrame({"id": ["a"], "amount": [1]})
    rule = rules.SETTLED_POSITIVE
    suite = ask.suite("broken", [ask.between(rule, "no_such_column", 1, None)])
    with pytest.raises(
        RunStopped, match=r"BP-121 could not be checked: .*no_such_column"
    ) as stopped:
        gate.check(frame, [rule], suite, row_id="id")
    assert stopped.value.reason is Stop.SCHEMA_CHANGED


def test_a_rule_without_a_question_stops_the_run() -> None:
    frame = pd.DataFrame({"id": ["a"], "amount": [1]})
    suite = ask.suite("short", [ask.between(rules.SETTLED_POSITIVE, "amount", 1, None)])
    with pytest.raises(RunStopped, match="one question for each rule"):
        gate.check(frame, [rules.SETTLED_POSITIVE, rules.WITHIN_BILL], suite, row_id="id")


def test_rows_are_found_whatever_the_index_of_the_frame() -> None:
    frame = ALLOCATIONS.frame([row("good"), row("bad", bill_number=None), row("good too")])
    frame.index = [7, 7, 7]
    verdict = bill_payments.validate(frame, today=TODAY)
    assert list(verdict.faults["row_id"]) == ["bad"]


def test_the_words_are_those_of_the_rooms_below() -> None:
    assert set(rules.METHODS) == {method.value for method in PaymentMethod}
    standings = {value for name, value in vars(Standing).items() if name.isupper()}
    assert set(bill_payments.STANDINGS) == standings


DEFECTS = st.sampled_from(list(BREAKS.values()))


@settings(max_examples=6, database=None)
@given(st.lists(st.one_of(st.sampled_from(list(KEEPS.values())), DEFECTS), max_size=80))
def test_every_bad_row_is_caught_and_no_good_row_is(
    drawn: list[dict[str, Any] | tuple[dict[str, Any], dict[str, str]]],
) -> None:
    expected: dict[str, dict[str, str]] = {}
    rows = []
    for place, case in enumerate(drawn):
        changes, faults = case if isinstance(case, tuple) else (case, {})
        expected[f"A{place}"] = faults
        rows.append(row(f"A{place}", **changes))
    verdict = judged(*rows)
    assert {name: reasons_of(verdict, name) for name in expected} == expected


part = st.integers(-3, 40)


@settings(max_examples=200, database=None)
@given(st.lists(st.tuples(st.integers(0, 2), part, part, part, part), max_size=12), part, part)
def test_the_tie_out_is_the_rule_of_money_in_plain_arithmetic(
    parts: list[tuple[int, int, int, int, int]], credits_used: int, unapplied: int
) -> None:
    totals = {payment: 40 * payment for payment in range(3)}
    rows = [
        row(
            f"A{place}",
            payment_id=f"P{payment}",
            settled_minor=cash + credit + discount + withheld,
            cash_minor=cash,
            credit_minor=credit,
            discount_minor=discount,
            withheld_minor=withheld,
            payment_total_minor=totals[payment],
            payment_credits_minor=credits_used,
            payment_unapplied_minor=unapplied,
        )
        for place, (payment, cash, credit, discount, withheld) in enumerate(parts)
    ]
    paid = {
        payment: sum(cash + credit for own, cash, credit, _, _ in parts if own == payment)
        for payment in totals
    }
    gaps = bill_payments.tie_out_gap(ALLOCATIONS.frame(rows))
    assert gaps.tolist() == [
        abs(totals[payment] - (paid[payment] - credits_used + unapplied)) for payment, *_ in parts
    ]


def test_the_tie_out_is_exact_where_floats_are_not() -> None:
    rows = [
        row("A1", payment_id="P", settled_minor=2**60 + 1, payment_total_minor=2**60 + 3),
        row("A2", payment_id="P", settled_minor=3, payment_total_minor=2**60 + 3),
    ]
    assert bill_payments.tie_out_gap(ALLOCATIONS.frame(rows)).tolist() == [1, 1]
