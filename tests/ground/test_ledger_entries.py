"""Entries: what was planned may be planned again; what was sent is history."""

from typing import Any

import pytest
from ledger_rows import UK, US, entry, plan, posted, reversal

from paidsync.ledger import Ledger
from paidsync.ledger.entries import SEEN
from paidsync.reasons import RunStopped, Stop

ROUTE = "contract_payments"


def states(ledger: Ledger, *rows: dict[str, Any]) -> dict[str, str]:
    found = ledger.entries.get(US, [row["origin_id"] for row in rows])
    return {origin_id: row["state"] for origin_id, row in found.items()}


def brought_to(ledger: Ledger, row: dict[str, Any], state: str) -> None:
    plan(ledger, row, judged=set())
    if state == "planned":
        return
    ledger.entries.sending(US, row["origin_id"], route=ROUTE, run_id="run-1")
    if state in ("posted", "verified"):
        ledger.entries.posted(US, row["origin_id"], "cp-1")
    if state == "verified":
        ledger.entries.verified(US, [row["origin_id"]], "run-1")
    if state == "refused":
        ledger.entries.refused(US, row["origin_id"], "no")
    if state == "missing_in_procore":
        ledger.entries.missing(US, row["origin_id"], "gone")
    if state == "superseded":
        ledger.entries.superseded(US, row["origin_id"])


def test_a_new_plan_replaces_what_was_planned_for_the_judged_allocations(ledger: Ledger) -> None:
    old, kept = entry(amount_minor=1), entry(payment="101")
    plan(ledger, old, kept)
    new = entry(amount_minor=2, check_number="4712")
    plan(ledger, new, judged={new["allocation_id"]}, plan_hash="hash-2", run_id="run-2")
    found = ledger.entries.get(US, [new["origin_id"], kept["origin_id"]])
    assert found[new["origin_id"]]["amount_minor"] == 2
    assert found[new["origin_id"]]["plan_hash"] == "hash-2"
    assert found[kept["origin_id"]]["plan_hash"] == "hash-1"


def test_a_judged_allocation_that_needs_nothing_any_more_loses_its_plan(ledger: Ledger) -> None:
    plan(ledger, entry(), entry(2, amount_minor=5))
    plan(ledger, judged={entry()["allocation_id"]})
    assert ledger.entries.get(US, [entry()["origin_id"], entry(2)["origin_id"]]) == {}


@pytest.mark.parametrize("state", SEEN)
def test_a_plan_never_touches_an_entry_that_was_sent(ledger: Ledger, state: str) -> None:
    sent = entry()
    brought_to(ledger, sent, state)
    with pytest.raises(RunStopped, match="was sent since it was planned") as stopped:
        plan(ledger, entry(amount_minor=1), entry(2), plan_hash="hash-2")
    assert stopped.value.reason == Stop.PLAN_STALE
    assert states(ledger, entry(2)) == {}
    found = ledger.entries.get(US, [sent["origin_id"]])[sent["origin_id"]]
    assert (found["state"], found["amount_minor"], found["plan_hash"]) == (
        state,
        125_000,
        "hash-1",
    )


def test_a_plan_of_one_connection_leaves_another_s_alone(ledger: Ledger) -> None:
    ledger.entries.plan(UK, [], [entry()], plan_hash="uk", run_id="run-1")
    plan(ledger, entry(amount_minor=1))
    plan(ledger, judged={entry()["allocation_id"]})
    assert ledger.entries.get(UK, [entry()["origin_id"]])[entry()["origin_id"]]["state"] == (
        "planned"
    )


@pytest.mark.parametrize(
    ("state", "seen"),
    [
        ("planned", False),
        ("sending", True),
        ("posted", True),
        ("verified", True),
        ("refused", True),
        ("missing_in_procore", True),
    ],
)
def test_whatever_may_have_been_sent_counts_as_seen(ledger: Ledger, state: str, seen: bool) -> None:
    row = entry()
    brought_to(ledger, row, state)
    assert states(ledger, row) == {row["origin_id"]: state}
    assert ledger.entries.known_ids(US) == ({row["origin_id"]} if seen else set())
    assert ledger.entries.with_entries(US) == ({row["allocation_id"]} if seen else set())
    assert bool(ledger.entries.of_allocations(US, [row["allocation_id"]])) is seen
    assert ledger.entries.commitments_of(US, [row["allocation_id"]]) == (
        {"c1": "p1"} if seen else {}
    )


def test_entries_of_an_allocation_come_in_order_of_n(ledger: Ledger) -> None:
    rows = [entry(n) for n in (10, 2, 1, 3)]
    for row in rows:
        posted(ledger, row)
    found = ledger.entries.of_allocations(US, [rows[0]["allocation_id"]])
    assert [row["n"] for row in found[rows[0]["allocation_id"]]] == [1, 2, 3, 10]


def test_a_reversed_payment_does_not_stand_any_more(ledger: Ledger) -> None:
    first, second, third = entry(), entry(payment="101"), entry(payment="102")
    posted(ledger, first, verified=True)
    posted(ledger, second)
    brought_to(ledger, third, "sending")
    assert ledger.entries.standing_payments(US) == 2
    posted(ledger, reversal(2, first))
    assert ledger.entries.standing_payments(US) == 1
    posted(ledger, entry(3))
    assert ledger.entries.standing_payments(US) == 2


def test_a_reversal_that_was_not_posted_takes_nothing_back(ledger: Ledger) -> None:
    first = entry()
    posted(ledger, first)
    plan(ledger, reversal(2, first), judged=set())
    assert ledger.entries.standing_payments(US) == 1
    brought_to(ledger, reversal(2, first), "sending")
    assert ledger.entries.standing_payments(US) == 1


def test_a_reversal_of_an_unknown_row_does_not_hide_the_other_payments(ledger: Ledger) -> None:
    first = entry()
    posted(ledger, first)
    posted(ledger, reversal(2, entry(payment="101"), reverses=None))
    assert ledger.entries.standing_payments(US) == 1


def test_the_first_write_is_ahead_until_one_of_its_route_and_policy_was_verified(
    ledger: Ledger,
) -> None:
    assert ledger.entries.first_write_is_ahead(US, ROUTE, 1)
    posted(ledger, entry())
    assert ledger.entries.first_write_is_ahead(US, ROUTE, 1)
    ledger.entries.verified(US, [entry()["origin_id"]], "run-1")
    assert not ledger.entries.first_write_is_ahead(US, ROUTE, 1)
    assert ledger.entries.first_write_is_ahead(US, ROUTE, 2)
    assert ledger.entries.first_write_is_ahead(US, "bulk", 1)
    assert ledger.entries.first_write_is_ahead(UK, ROUTE, 1)


def test_an_entry_bears_what_happened_to_it(ledger: Ledger) -> None:
    row = entry()
    brought_to(ledger, row, "sending")
    ledger.entries.note(US, row["origin_id"], "no answer")
    sent = ledger.entries.get(US, [row["origin_id"]])[row["origin_id"]]
    assert (sent["state"], sent["route"], sent["message"]) == ("sending", ROUTE, "no answer")
    assert sent["sent_at"]
    ledger.entries.posted(US, row["origin_id"], "cp-9")
    ledger.entries.verified(US, [row["origin_id"]], "run-2")
    seen = ledger.entries.get(US, [row["origin_id"]])[row["origin_id"]]
    assert (seen["contract_payment_id"], seen["verified_run"], seen["message"]) == (
        "cp-9",
        "run-2",
        None,
    )


def test_an_entry_that_never_left_is_planned_again(ledger: Ledger) -> None:
    row = entry()
    brought_to(ledger, row, "sending")
    ledger.entries.unsent(US, row["origin_id"], sent_by="run-1")
    found = ledger.entries.get(US, [row["origin_id"]])[row["origin_id"]]
    assert (found["state"], found["sent_at"]) == ("planned", None)
    assert ledger.entries.known_ids(US) == set()


@pytest.mark.parametrize("late", ["posted", "refused", "unsent"])
@pytest.mark.parametrize("state", ["sending", "verified"])
def test_what_a_run_learns_after_another_took_its_entry_over_comes_too_late(
    ledger: Ledger, state: str, late: str
) -> None:
    row = entry()
    brought_to(ledger, row, "sending")
    ledger.entries.sending(US, row["origin_id"], route=ROUTE, run_id="run-2")
    if state == "verified":
        ledger.entries.posted(US, row["origin_id"], "cp-2", sent_by="run-2")
        ledger.entries.verified(US, [row["origin_id"]], "run-2")
    before = ledger.entries.get(US, [row["origin_id"]])
    told = {"posted": ("cp-1",), "refused": ("no",), "unsent": ()}[late]
    getattr(ledger.entries, late)(US, row["origin_id"], *told, sent_by="run-1")
    assert ledger.entries.get(US, [row["origin_id"]]) == before


def test_an_entry_is_durably_sending_before_anything_else_happens(
    ledger: Ledger, ledger_url: str
) -> None:
    row = entry()
    brought_to(ledger, row, "sending")
    other = Ledger(ledger_url)
    assert other.entries.known_ids(US) == {row["origin_id"]}
    other.close()


def test_an_entry_that_the_ledger_does_not_have_cannot_change_state(ledger: Ledger) -> None:
    with pytest.raises(LookupError, match="no entry quickbooks_online:1:100:200:1"):
        ledger.entries.sending(US, entry()["origin_id"], route=ROUTE, run_id="run-1")


def test_an_amount_of_64_bits_is_kept(ledger: Ledger) -> None:
    row = entry(amount_minor=-(2**63 - 1))
    plan(ledger, row)
    assert ledger.entries.get(US, [row["origin_id"]])[row["origin_id"]]["amount_minor"] == (
        -(2**63 - 1)
    )
