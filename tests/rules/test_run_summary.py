"""What a run came to: counts that tie, and one state out of a closed list."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import AccessRefused, TryLater
from paidsync.reasons import Hold, Outside, Pending, RunState, RunStopped, Stop
from paidsync.records import ENTRIES, rows_of, totals
from tasks.summary import STATES, Summary, fill, final_dispositions, state_of, untied
from tests.rules.builders import Books, application, payment

CLOSED_LIST = {
    "Completed", "Held", "Partial", "AwaitingApproval", "Busy", "NothingToDo",
    "Failed", "Refused", "TotalsDiffer",
}  # fmt: skip


def summary(**values: Any) -> Summary:
    return Summary(**({"connection": "acme", "mode": "sync", "run_id": "r1"} | values))


REASONS = {"outside": list(Outside), "pending": list(Pending), "held": list(Hold)}


@st.composite
def decided(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Dispositions of a planned run."""
    rows = []
    for k in range(draw(st.integers(0, 20))):
        kind = draw(st.sampled_from(["outside", "pending", "held", "matched"]))
        rows.append(
            {
                "allocation_id": f"a{k}",
                "disposition": kind,
                "reason": draw(st.sampled_from(REASONS[kind])).value if kind in REASONS else None,
                "outcome": (
                    draw(st.sampled_from(["right", "planned", "left", "not_asked"]))
                    if kind == "matched"
                    else None
                ),
                "detail": None,
                "currency": draw(st.sampled_from(["USD", "CAD", None])),
                "cash_minor": draw(st.one_of(st.none(), st.integers(0, 10**9))),
            }
        )
    return rows


def filled(rows: list[dict[str, Any]], entries: list[dict[str, Any]]) -> Summary:
    made = summary()
    fill(made, rows, entries)
    return made


@given(decided())
@settings(max_examples=40)
def test_rule_2_every_allocation_is_counted_once(rows: list[dict[str, Any]]) -> None:
    made = filled(rows, [])
    parts = [sum(each.values()) for each in (made.outside, made.pending, made.held)]
    matched = [row for row in rows if row["disposition"] == "matched"]
    planned = sum(row["outcome"] == "planned" for row in matched)
    assert made.extracted == len(rows) == sum(parts) + len(matched)
    assert len(matched) == made.already_right + made.left + made.not_asked + planned


@given(decided())
@settings(max_examples=40)
def test_rule_2_money_ties_to_the_minor_unit_per_currency(rows: list[dict[str, Any]]) -> None:
    made = filled(rows, [])
    told: Counter[str] = Counter()
    for part in (made.outside_money, made.pending_money, made.held_money, made.right_money):
        told.update(part)
    wanted: Counter[str] = Counter()
    for row in rows:
        elsewhere = row["outcome"] in ("planned", "left", "not_asked")
        if row["currency"] and not elsewhere:
            wanted[row["currency"]] += row["cash_minor"] or 0
    assert {key: total for key, total in told.items() if total} == {
        key: total for key, total in wanted.items() if total
    }


def entry(state: str, message: str | None = None, **values: Any) -> dict[str, Any]:
    return {
        "origin_id": "q:1:p:b:1",
        "allocation_id": "a0",
        "kind": "payment",
        "amount_minor": 100_00,
        "currency": "USD",
        "state": state,
        "message": message,
    } | values


PLANNED = {"allocation_id": "a0", "disposition": "matched", "outcome": "planned", "reason": None}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([entry("verified")], ("matched", "planned", None)),
        ([entry("verified"), entry("planned")], ("matched", "left", None)),
        ([entry("sending")], ("matched", "left", None)),
        ([entry("posted")], ("matched", "left", None)),
        ([entry("refused", "422: no")], ("held", None, "refused_by_procore")),
        ([entry("refused")], ("held", None, "refused_by_procore")),
        ([entry("verified"), entry("refused", "no")], ("held", None, "refused_by_procore")),
        (
            [entry("sending", "origin_id_conflict: amount 1 instead of 2")],
            ("held", None, "origin_id_conflict"),
        ),
        (
            [entry("refused", "origin_id_conflict: taken")],
            ("held", None, "origin_id_conflict"),
        ),
    ],
)
def test_rule_2_planned_is_posted_left_or_held(
    entries: list[dict[str, Any]], expected: tuple[str, str | None, str | None]
) -> None:
    (row,) = final_dispositions([{**PLANNED, "detail": None}], {"a0": entries})
    assert (row["disposition"], row["outcome"], row["reason"]) == expected
    assert row["disposition"] != "held" or row["detail"]


def test_rule_2_loading_changes_only_what_was_planned() -> None:
    rows = [{**PLANNED, "outcome": "right"}, {**PLANNED, "disposition": "held", "outcome": None}]
    assert final_dispositions(rows, {"a0": [entry("refused")]}) == rows


def test_rule_2_posted_money_is_net_of_reversals() -> None:
    entries = [
        entry("verified"),
        entry("verified", kind="reversal", amount_minor=-30_00),
        entry("posted", amount_minor=5_00, currency="CAD"),
        entry("refused"),
        entry("planned"),
        entry("sending"),
    ]
    made = filled([], entries)
    assert (made.posted, made.reversed, made.verified) == (2, 1, 2)
    assert made.money == {"CAD": 5_00, "USD": 70_00}


def tie(**changes: Any) -> list[str]:
    whole = {"rows": 2, "totals": {"USD": 100_00}}
    values: dict[str, Any] = {
        "extracted": whole,
        "decided": whole,
        "rows": [PLANNED],
        "planned": [entry("planned")],
        "entries": [entry("verified")],
        "loaded": True,
    }
    return untied(**(values | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"decided": {"rows": 1, "totals": {"USD": 100_00}}},
        {"decided": {"rows": 2, "totals": {"USD": 99_99}}},
        {"decided": {"rows": 2, "totals": {"CAD": 100_00}}},
        {"rows": [{**PLANNED, "outcome": None}]},
        {"entries": []},
        {"entries": [entry("verified", amount_minor=99_99)]},
        {"planned": []},
        {"entries": [entry("posted")]},
    ],
    ids=[
        "a row less", "a cent less", "another currency", "matched and nothing more",
        "an entry lost", "an entry changed", "an entry too many", "posted and not read back",
    ],
)  # fmt: skip
def test_rule_2_totals_that_do_not_tie_are_said(changes: dict[str, Any]) -> None:
    assert tie() == []
    assert len(tie(**changes)) == 1


def test_rule_2_a_plan_that_was_not_loaded_is_not_compared_with_the_ledger() -> None:
    assert tie(entries=[], loaded=False) == []


@given(order=st.permutations(range(3)), refused=st.booleans())
@settings(max_examples=6)
def test_rule_2_extract_match_plan_and_load_tie(*, order: list[int], refused: bool) -> None:
    paid = [payment(), payment("10458", "641", "60.00"), payment("10459", "900")]
    books = Books.of([paid[k] for k in order], [application("640"), application("641")])
    extracted = totals(books.dispositions(), "cash_minor")
    planned = books.plan()
    books.post(planned, lambda each: "refused" if refused and each["bill_id"] == "641" else "ok")
    kept = {
        key: [{**each, "message": None} for each in entries]
        for key, entries in books.entries.items()
    }
    entries = [each for mine in kept.values() for each in mine]
    decided_rows = rows_of(planned.dispositions)
    final = final_dispositions(decided_rows, kept)
    assert (
        untied(
            extracted={"rows": 3, "totals": extracted},
            decided={
                "rows": len(decided_rows),
                "totals": totals(planned.dispositions, "cash_minor"),
            },
            rows=final,
            planned=rows_of(planned.entries),
            entries=entries,
            loaded=True,
        )
        == []
    )
    made = filled(final, entries)
    assert (made.posted, sum(made.held.values())) == ((1, 1) if refused else (2, 0))
    sent = totals(ENTRIES.frame(rows_of(planned.entries)), "amount_minor")
    assert sent == {"USD": 160_00}
    assert made.money == {"USD": 100_00 if refused else 160_00}


# The run's state


def test_the_list_of_states_is_closed() -> None:
    assert set(STATES) == CLOSED_LIST
    assert set(RunState) == CLOSED_LIST
    assert {name for name, kind in STATES.items() if kind == "FAILED"} == {
        "Failed",
        "Refused",
        "TotalsDiffer",
    }
    assert set(STATES.values()) == {"COMPLETED", "FAILED"}


@pytest.mark.parametrize("reason", list(Stop))
def test_a_stop_is_refused_and_a_taken_lease_is_busy(reason: Stop) -> None:
    state, message = state_of(summary(), RunStopped(reason, "Seen here."), limited=False)
    assert state == ("Busy" if reason is Stop.LEASE_HELD else "Refused")
    assert message == f"{reason.value}: Seen here. {reason.action}"


EVERYTHING = {
    "totals_differ": ["A cent."],
    "left": 1,
    "held": {"missing_amount": 1},
    "pending": {"not_issued_yet": 1},
    "posted": 1,
}


@pytest.mark.parametrize(
    ("without", "limited", "expected"),
    [
        ([], False, "TotalsDiffer"),
        (["totals_differ"], False, "Partial"),
        (["totals_differ", "left"], True, "Partial"),
        (["totals_differ", "left"], False, "Held"),
        (["totals_differ", "left", "held"], False, "Completed"),
        (["totals_differ", "left", "held", "posted"], False, "Completed"),
        (["totals_differ", "left", "held", "pending"], False, "Completed"),
        (list(EVERYTHING), False, "NothingToDo"),
        (list(EVERYTHING), True, "Partial"),
    ],
)
def test_the_gravest_state_wins(without: list[str], expected: str, *, limited: bool) -> None:
    values = {name: value for name, value in EVERYTHING.items() if name not in without}
    state, message = state_of(summary(**values), None, limited=limited)
    assert (state, bool(message)) == (expected, True)


@pytest.mark.parametrize(
    "trouble",
    [
        AccessRefused("No.", system="Procore"),
        TryLater("Down.", system="Procore"),
        ValueError("A fault of ours."),
    ],
)
def test_whatever_else_ends_a_run_is_failed_even_where_totals_differ(trouble: Exception) -> None:
    state, message = state_of(summary(**EVERYTHING), trouble, limited=False)
    assert (state, message) == ("Failed", str(trouble))


@pytest.mark.parametrize("count", ["posted", "reversed", "planned", "planned_reversals"])
def test_anything_done_or_that_would_be_done_is_completed(count: str) -> None:
    assert state_of(summary(**{count: 1}), None, limited=False)[0] == "Completed"


@given(rows=decided(), stop=st.sampled_from([None, *Stop]), limited=st.booleans())
@settings(max_examples=40)
def test_every_run_ends_in_a_state_of_the_list(
    *, rows: list[dict[str, Any]], stop: Stop | None, limited: bool
) -> None:
    trouble = RunStopped(stop, "Seen.") if stop else None
    assert state_of(filled(rows, []), trouble, limited=limited)[0] in CLOSED_LIST


def test_a_preview_says_what_it_would_do() -> None:
    made = summary(mode="preview", planned=3, planned_reversals=1, held={"missing_amount": 2})
    state, message = state_of(made, None, limited=False)
    assert state == "Held"
    assert message.startswith("would post 3, would reverse 1, already right 0, held 2")
