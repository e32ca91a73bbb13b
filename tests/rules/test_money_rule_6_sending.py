"""Money-rules 6.1 to 6.3, as far as they are decided without sending; and batches."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paidsync.policy import Policy
from paidsync.reasons import Decision, Hold
from paidsync.records import Standing, rows_of
from tasks.batches import in_batches
from tasks.decisions import Decided
from tasks.order import in_sending_order
from tests.rules.builders import (
    Books,
    amounts,
    application,
    commitment,
    outcome,
    payment,
    standing_row,
)

PAID = payment()
LINKS = {1: Policy(start_date=date(2026, 1, 1), typed_rows="link")}
NOTHING: list[tuple[str, int]] = []


def entry(allocation: str, n: int, kind: str, place: str, **columns: Any) -> dict[str, Any]:
    return {
        "allocation_id": allocation,
        "origin_id": f"{allocation}:{n}",
        "n": n,
        "kind": kind,
        "commitment_id": place,
        "date": "2026-03-14",
        "amber": None,
        "policy_version": 1,
        "resumes": False,
    } | columns


PLACES = st.sampled_from(["c1", "c2", "c3", "c4", "c5"])
DATES = st.sampled_from(["2026-03-01", "2026-03-14", "2026-03-31"])


@st.composite
def plans(draw: st.DrawFn, *, circles: bool = True) -> list[dict[str, Any]]:
    """Payments, reversals and both, some of them from one commitment to another."""
    entries = []
    for k in range(draw(st.integers(0, 12))):
        name, first = f"q:1:p{k}:b", draw(st.integers(1, 12))
        here, there = draw(PLACES), draw(PLACES)
        if not circles and here > there:
            here, there = there, here
        what = draw(st.sampled_from(["payment", "reversal", "both", "two reversals"]))
        kinds = {
            "payment": [("payment", there)],
            "reversal": [("reversal", here)],
            "both": [("reversal", here), ("payment", there)],
            "two reversals": [("reversal", here), ("reversal", here), ("payment", there)],
        }[what]
        for n, (kind, place) in enumerate(kinds, start=first):
            remark = draw(st.sampled_from([None, "settled_without_cash"]))
            amber = remark if kind == "payment" else None
            entries.append(entry(name, n, kind, place, date=draw(DATES), amber=amber))
    return draw(st.permutations(entries))


@given(plans())
def test_rule_6_1_in_a_commitment_reversals_go_first_and_then_the_newest(
    entries: list[dict[str, Any]],
) -> None:
    ordered = in_sending_order(entries)
    assert sorted(map(repr, ordered)) == sorted(map(repr, entries))
    for before, after in pairwise(ordered):
        if before["commitment_id"] == after["commitment_id"]:
            assert (before["kind"], after["kind"]) != ("payment", "reversal")
            if before["kind"] == after["kind"] == "payment":
                assert before["date"] >= after["date"]
    places = [each["commitment_id"] for each in ordered]
    changes = sum(before != after for before, after in pairwise(places))
    assert changes == max(0, len(set(places)) - 1), "a commitment is sent in one piece"


def order_of_n_is_kept(entries: list[dict[str, Any]]) -> bool:
    last: dict[str, int] = {}
    for each in entries:
        if each["n"] < last.get(each["allocation_id"], 0):
            return False
        last[each["allocation_id"]] = each["n"]
    return True


@given(plans(circles=False))
def test_rule_6_1_entries_of_one_allocation_go_in_order_of_n(entries: list[dict[str, Any]]) -> None:
    assert order_of_n_is_kept(in_sending_order(entries))


def test_rule_6_1_a_chain_of_moves_gives_before_it_receives() -> None:
    chain = [
        entry("x", 2, "reversal", "c2"),
        entry("x", 3, "payment", "c1"),
        entry("y", 2, "reversal", "c3"),
        entry("y", 3, "payment", "c2"),
    ]
    assert order_of_n_is_kept(in_sending_order(chain))


def test_rule_6_1_what_arrived_late_is_adopted_before_it_is_taken_back() -> None:
    plan = [
        entry("x", 1, "payment", "c1", resumes=True),
        entry("x", 2, "reversal", "c1"),
        entry("x", 3, "payment", "c2"),
        entry("y", 2, "reversal", "c1"),
    ]
    assert order_of_n_is_kept(in_sending_order(plan))


def test_rule_6_1_a_circle_of_moves_ends_in_two_runs() -> None:
    here, there = PAID, payment("10458", "641")
    bills = [application("640", "c1"), application("641", "c2")]
    books = Books.posted([here, there], bills)
    books.applications = {
        "b1": application("640", "c2", application_id="b1"),
        "b2": application("641", "c1", application_id="b2"),
    }
    books.sync()
    books.sync()
    assert (books.net_on(here, "c1"), books.net_on(here, "c2")) == (0, 100_00)
    assert (books.net_on(there, "c1"), books.net_on(there, "c2")) == (100_00, 0)
    assert amounts(books.plan()) == NOTHING


def test_rule_6_1_a_long_chain_of_moves_is_ordered_too() -> None:
    chain = [
        each
        for k in range(2000)
        for each in (
            entry(f"a{k}", 2, "reversal", f"c{k + 1:05d}"),
            entry(f"a{k}", 3, "payment", f"c{k:05d}"),
        )
    ]
    assert order_of_n_is_kept(in_sending_order(chain))


def test_rule_6_1_a_reversal_and_its_replacement_are_held_as_one() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, cash_minor=80_00)
    books.tabs = {"c1": False}
    assert amounts(books.plan()) == NOTHING
    assert books.net(PAID) == 100_00


def test_rule_6_1_after_a_refused_reversal_both_are_planned_again_with_new_numbers() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, cash_minor=80_00)
    books.sync(lambda entry: "refused" if entry["kind"] == "reversal" else "ok")
    assert books.net(PAID) == 100_00
    assert [row["n"] for row in rows_of(books.sync().entries)] == [3, 4]
    assert books.net(PAID) == 80_00


@pytest.mark.parametrize("column", ["amount_minor", "application_id", "commitment_id"], ids=str)
@pytest.mark.parametrize("state", ["sending", "refused"])
def test_rule_6_2_a_row_that_is_not_the_entry_is_never_adopted(state: str, column: str) -> None:
    books = Books.of([PAID, payment("10458", "641")], None)
    books.commitments["c2"] = commitment("c2")
    books.sync(lambda _: "landed")
    (kept,) = books.entries[PAID["allocation_id"]]
    kept["state"] = state
    (row,) = [each for each in books.rows if each["origin_id"] == kept["origin_id"]]
    row[column] = {"amount_minor": -row["amount_minor"], "commitment_id": "c2"}.get(column, "a9")
    planned = books.sync()
    assert outcome(planned, PAID) == ("held", "origin_id_conflict")
    assert PAID["allocation_id"] not in set(planned.entries["allocation_id"])


def test_rule_6_2_a_row_that_is_the_entry_is_adopted_and_not_sent_again() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "landed")
    (again,) = rows_of(books.sync().entries)
    assert again["resumes"]
    assert (books.net(PAID), len(books.sent)) == (100_00, 1)
    assert amounts(books.plan()) == NOTHING


def test_rule_6_2_an_answer_that_was_lost_is_adopted_at_once_without_waiting() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "landed")
    assert len(books.plan().entries) == 1


def test_rule_6_2_what_was_refused_but_stands_is_not_posted_again() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "landed")
    books.entries[PAID["allocation_id"]][0]["state"] = "refused"
    assert amounts(books.plan()) == NOTHING


def test_rule_6_3_no_answer_and_no_row_waits_ten_minutes() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "lost")
    books.later(seconds=599)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == (NOTHING, ("matched", "left"))
    books.later(seconds=1)
    (again,) = rows_of(books.plan().entries)
    assert (again["n"], again["resumes"]) == (1, True)


def test_rule_6_3_an_entry_is_sent_again_exactly_as_it_was() -> None:
    books = Books.of(PAID)
    (first,) = rows_of(books.sync(lambda _: "lost").entries)
    books.later(minutes=10)
    (again,) = rows_of(books.sync().entries)
    assert again == first | {"resumes": True}
    assert books.net(PAID) == 100_00


def test_rule_6_3_an_entry_that_is_no_longer_due_is_superseded() -> None:
    books = Books.of(PAID)
    (first,) = rows_of(books.sync(lambda _: "lost").entries)
    books.erp_says(PAID, cash_minor=80_00, payment_number="10499")
    books.later(minutes=10)
    planned = books.sync()
    assert planned.superseded == [first["origin_id"]]
    (instead,) = rows_of(planned.entries)
    assert (instead["n"], instead["amount_minor"], instead["resumes"]) == (2, 80_00, False)
    assert books.net(PAID) == 80_00


def test_rule_6_3_a_superseded_entry_that_arrives_after_all_is_taken_back() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "landed")
    late = books.rows.pop()
    books.erp_says(PAID, cash_minor=80_00)
    books.later(minutes=10)
    books.sync()
    books.rows.append(late)
    assert amounts(books.sync()) == [("reversal", -100_00)]
    assert books.net(PAID) == 80_00


def test_rule_6_2_what_arrived_late_and_cannot_be_taken_back_is_adopted_and_held() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "landed")
    books.erp_says(PAID, standing=Standing.VOIDED)
    books.tabs = {"c1": False}
    for decide, expected in (
        (False, ("held", "payments_tab_disabled")),
        (True, ("outside", "left_by_decision")),
    ):
        if decide:
            books.decide(PAID, Decision.LEAVE)
        planned = books.plan()
        assert outcome(planned, PAID) == expected
        [adopted] = rows_of(planned.entries)
        assert (adopted["kind"], adopted["n"], adopted["resumes"]) == ("payment", 1, True)
    books.sync()
    assert (amounts(books.plan()), books.net(PAID)) == (NOTHING, 100_00)


def test_rule_6_3_a_reversal_that_is_sent_again_takes_its_replacement_along() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, cash_minor=80_00)
    books.sync(lambda entry: "lost" if entry["kind"] == "reversal" else "ok")
    books.later(minutes=10)
    planned = books.sync()
    assert [(e["n"], e["kind"], e["resumes"]) for e in rows_of(planned.entries)] == [
        (2, "reversal", True),
        (3, "payment", False),
    ]
    assert books.net(PAID) == 80_00


@pytest.mark.parametrize("standing", [Standing.VOIDED, Standing.REAPPLIED, Standing.DELETED])
def test_rule_6_3_what_the_erp_took_back_meanwhile_is_not_sent_again(standing: str) -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "lost")
    books.erp_says(PAID, standing=standing)
    books.later(minutes=10)
    assert (amounts(books.sync()), books.net(PAID)) == (NOTHING, 0)


def test_rule_6_3_what_is_held_meanwhile_is_not_sent_again() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "lost")
    books.applications.clear()
    books.later(minutes=10)
    planned = books.sync()
    assert (amounts(planned), outcome(planned, PAID)) == (NOTHING, ("held", "application_unlinked"))


def test_rule_6_3_what_somebody_typed_meanwhile_is_not_sent_again() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "lost")
    books.rows.append(
        {
            "contract_payment_id": "typed",
            "commitment_id": "c1",
            "amount_minor": 100_00,
            "currency": "USD",
            "date": "2026-03-14",
        }
    )
    books.later(minutes=10)
    planned = books.plan()
    assert outcome(planned, PAID) == ("held", "looks_like_manual_payment")
    assert amounts(planned) == NOTHING


def test_rule_4_3_what_was_typed_instead_of_a_payment_sent_in_vain_is_linked() -> None:
    books = Books.of(PAID, policies=LINKS)
    (first,) = rows_of(books.sync(lambda _: "lost").entries)
    books.rows.append(standing_row())
    books.later(minutes=10)
    planned = books.sync()
    (link,) = rows_of(planned.entries)
    assert (link["n"], link["links"], link["resumes"]) == (2, "typed", False)
    assert planned.superseded == [first["origin_id"]]
    assert (amounts(books.plan()), books.net(PAID)) == (NOTHING, 100_00)


def test_rule_6_3_a_link_that_was_lost_is_sent_again_as_it_was() -> None:
    books = Books.of(PAID, policies=LINKS, rows=[standing_row()])
    (first,) = rows_of(books.sync(lambda _: "lost").entries)
    assert outcome(books.plan(), PAID) == ("matched", "left")
    books.later(minutes=10)
    planned = books.sync()
    assert rows_of(planned.entries) == [first | {"resumes": True}]
    assert planned.superseded == []
    assert (amounts(books.plan()), books.net(PAID)) == (NOTHING, 100_00)


def test_rule_6_2_a_reversal_whose_answer_was_lost_is_adopted_before_a_row_is_linked() -> None:
    books = Books.posted(PAID, policies=LINKS)
    books.erp_says(PAID, standing=Standing.VOIDED)
    books.sync(lambda _: "landed")
    books.erp_says(PAID, standing=Standing.LIVE, cash_minor=100_00)
    books.rows.append(standing_row())
    planned = books.sync()
    assert [(e["n"], e["kind"], e["resumes"], e["links"]) for e in rows_of(planned.entries)] == [
        (2, "reversal", True, None),
        (3, "payment", False, "typed"),
    ]
    assert (amounts(books.plan()), books.net(PAID)) == (NOTHING, 100_00)


def test_rule_6_2_a_reversal_whose_answer_was_lost_is_adopted_where_its_replacement_is_held() -> (
    None
):
    due = application("640", due_minor=100_00)
    books = Books.posted(PAID, [due])
    books.erp_says(PAID, cash_minor=80_00)
    books.sync(lambda _: "landed")
    books.applications["a640"]["due_minor"] = 70_00
    planned = books.sync()
    assert outcome(planned, PAID) == ("held", "overpays_payment_application")
    assert amounts(planned) == [("reversal", -100_00)]
    states = [(entry["n"], entry["state"]) for entry in books.entries[PAID["allocation_id"]]]
    assert states == [(1, "verified"), (2, "verified")]
    assert amounts(books.plan()) == NOTHING


def test_rule_6_2_beside_an_id_that_was_taken_nothing_is_linked() -> None:
    books = taken(policies=LINKS)
    books.rows.append(standing_row())
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == (NOTHING, ("held", "origin_id_conflict"))


def test_rule_6_3_a_late_row_of_a_payment_voided_meanwhile_is_adopted_and_taken_back() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "landed")
    (late,) = books.rows
    books.rows.clear()
    books.erp_says(PAID, standing=Standing.VOIDED)
    books.later(minutes=10)
    books.sync()
    books.rows.append(late)
    assert amounts(books.sync()) == [("reversal", -100_00)]
    assert books.net(PAID) == 0


@given(plan=plans(), commitments=st.integers(1, 4), canary=st.booleans())
def test_rule_5_4_batches_lose_nothing_double_nothing_and_keep_the_order(
    plan: list[dict[str, Any]], commitments: int, *, canary: bool
) -> None:
    entries = in_sending_order(plan)
    batches = in_batches(entries, commitments, canary_of=1 if canary else None)
    flat = [each for batch in batches for each in batch]
    assert all(batches)
    assert sorted(map(repr, flat)) == sorted(map(repr, entries))
    rest = batches
    if canary and len(entries) > 1:
        (first,) = batches[0]
        rest = batches[1:]
        assert first["amber"] is None or all(each["amber"] for each in entries)
        entries = [each for each in entries if each is not first]
    assert [each for batch in rest for each in batch] == entries
    seen = [{each["commitment_id"] for each in batch} for batch in rest]
    assert all(len(places) <= commitments for places in seen)
    assert sum(map(len, seen)) == len(set().union(*seen)), "no commitment is in two batches"


def test_rule_6_1_the_canary_is_sought_where_nothing_has_to_be_taken_back_first() -> None:
    plan = [
        entry("q:1:p1:b", 2, "reversal", "c1"),
        entry("q:1:p2:b", 1, "payment", "c1"),
        entry("q:1:p3:b", 1, "payment", "c2"),
    ]
    [canary] = in_batches(in_sending_order(plan), 25, canary_of=1)[0]
    assert canary["origin_id"] == "q:1:p3:b:1"


def test_rule_5_4_the_canary_is_no_replacement_without_its_reversal() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, cash_minor=80_00)
    entries = rows_of(books.plan().entries)
    assert in_batches(entries, 25, canary_of=1)[0][0]["kind"] == "reversal"


@given(plans(circles=False))
def test_rule_6_1_the_canary_never_goes_ahead_of_its_own_allocation(
    plan: list[dict[str, Any]],
) -> None:
    batches = in_batches(in_sending_order(plan), 2, canary_of=1)
    assert order_of_n_is_kept([each for batch in batches for each in batch])


def test_rule_5_4_a_canary_that_replaces_an_older_policys_entry_takes_its_reversal_along() -> None:
    taxed = {"bill_total_minor": 120_00, "bill_net_minor": 100_00}
    payments = [payment(str(k), bill=str(640 + k), **taxed) for k in range(3)]
    books = Books.posted(payments)
    books.new_policy(tax="exclude")
    books.restate = True
    batches = in_batches(rows_of(books.plan().entries), 25, canary_of=2)
    assert [(e["kind"], e["policy_version"]) for e in batches[0]] == [
        ("reversal", 1),
        ("payment", 2),
    ]
    assert [len(batch) for batch in batches] == [2, 4]


def taken(**more: Any) -> Books:
    """Procore says that our id stands already, though not on this commitment."""
    books = Books.of(PAID, **more)
    books.sync(lambda _: "refused")
    books.entries[PAID["allocation_id"]][0]["message"] = "origin_id_conflict: it is taken"
    return books


def test_rule_6_2_an_id_that_was_taken_is_tried_again_under_the_same_id() -> None:
    books = taken()
    (again,) = rows_of(books.sync().entries)
    assert (again["n"], again["resumes"]) == (1, True)
    assert books.net(PAID) == 100_00


def test_rule_6_2_beside_an_id_that_was_taken_nothing_else_is_posted() -> None:
    books = taken()
    books.erp_says(PAID, cash_minor=80_00)
    planned = books.sync()
    assert (amounts(planned), outcome(planned, PAID)) == (NOTHING, ("held", "origin_id_conflict"))
    books.erp_says(PAID, standing=Standing.VOIDED)
    assert amounts(books.plan()) == NOTHING


def test_rule_6_2_an_id_that_was_taken_may_be_left_at_that() -> None:
    books = taken()
    state = books.plan().dispositions["state"][0]
    books.decisions[PAID["allocation_id"]] = [
        Decided(Hold.ORIGIN_ID_CONFLICT, state, Decision.LEAVE)
    ]
    planned = books.plan()
    assert outcome(planned, PAID) == ("outside", "left_by_decision")
    assert amounts(planned) == NOTHING
