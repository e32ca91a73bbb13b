"""What a rebuild writes into the ledger (money-rules 4.2), on both databases."""

from typing import Any

import pytest
from ledger_rows import UK, US, allocation, connect, entry, plan, posted, store

from paidsync.ledger import Ledger
from paidsync.ledger.entries import SEEN


def found(n: int = 1, **changes: Any) -> dict[str, Any]:
    """An entry as it is made again from its row."""
    more = {
        "links": None,
        "state": "verified",
        "plan_hash": "hash-of-old",
        "route": None,
        "sent_at": "2026-03-02T10:00:00+00:00",
        "contract_payment_id": f"cp-{n}",
        "posted_at": "2026-03-02T10:00:00+00:00",
        "message": None,
    }
    return entry(n) | more | changes


def rebuilt(ledger: Ledger, *rows: dict[str, Any]) -> None:
    with ledger.engine.begin() as db:
        ledger.entries.rebuilt(db, US, rows, "run-9")


def test_a_rebuilt_entry_counts_as_sent_and_verified(ledger: Ledger) -> None:
    lost = found(2, state="missing_in_procore", contract_payment_id=None)
    rebuilt(ledger, found(), lost)
    kept = ledger.entries.of_connection(US)
    one, two = kept[entry()["origin_id"]], kept[entry(2)["origin_id"]]
    assert (one["state"], one["verified_run"], one["run_id"]) == ("verified", "run-9", "run-9")
    assert one["verified_at"] is not None
    assert (two["state"], two["verified_run"], two["verified_at"]) == (
        "missing_in_procore",
        None,
        None,
    )
    assert ledger.entries.known_ids(US) == set(kept)
    assert ledger.entries.of_connection(UK) == {}
    # By which route it was sent is not known, so that the next first write goes ahead alone.
    assert ledger.entries.first_write_is_ahead(US, "contract_payments", 1)


def test_a_rebuilt_entry_replaces_what_was_only_planned(ledger: Ledger) -> None:
    plan(ledger, entry(amount_minor=1))
    rebuilt(ledger, found())
    (kept,) = ledger.entries.of_connection(US).values()
    assert (kept["state"], kept["amount_minor"]) == ("verified", 125_000)


def test_what_was_sending_is_found_standing(ledger: Ledger) -> None:
    plan(ledger, entry(), entry(2))
    for each in (entry(), entry(2)):
        ledger.entries.sending(US, each["origin_id"], route="r", run_id="run-1")
    ledger.entries.note(US, entry()["origin_id"], "no answer")
    with ledger.engine.begin() as db:
        ledger.entries.found_standing(db, US, {entry()["origin_id"]: "cp-7"}, "run-9")
    kept = ledger.entries.of_connection(US)
    one = kept[entry()["origin_id"]]
    assert (one["state"], one["contract_payment_id"], one["message"]) == ("verified", "cp-7", None)
    assert one["posted_at"] is not None
    assert one["verified_run"] == "run-9"
    assert kept[entry(2)["origin_id"]]["state"] == "sending"


def test_what_was_posted_keeps_the_time_at_which_it_was(ledger: Ledger) -> None:
    posted(ledger, entry())
    before = ledger.entries.of_connection(US)[entry()["origin_id"]]["posted_at"]
    with ledger.engine.begin() as db:
        ledger.entries.found_standing(db, US, {entry()["origin_id"]: "cp-1"}, "run-9")
    assert ledger.entries.of_connection(US)[entry()["origin_id"]]["posted_at"] == before


@pytest.mark.parametrize("state", SEEN)
def test_a_ledger_has_sent_something_once_any_connection_has(ledger: Ledger, state: str) -> None:
    def has_sent() -> bool:
        with ledger.engine.begin() as db:
            return ledger.entries.any_sent_at_all(db)

    plan(ledger, entry())
    assert not has_sent()
    with ledger.engine.begin() as db:
        ledger.entries.rebuilt(db, UK, [found(state=state)], "run-9")
    assert has_sent()


def test_an_installation_is_taken_over_and_the_audit_trail_says_so(ledger: Ledger) -> None:
    before = ledger.connections.installation_id()
    with ledger.engine.begin() as db:
        ledger.connections.take_over_installation(db, "0123456789abcdef", "run-9")
    assert ledger.connections.installation_id() == "0123456789abcdef"
    with ledger.engine.begin() as db:
        query = "SELECT kind, run_id FROM audit_event"
        assert [tuple(row) for row in db.exec_driver_sql(query)] == [
            ("installation_taken_over", "run-9")
        ]
        ledger.connections.take_over_installation(db, before, "run-9")  # as the next test finds it
    assert ledger.audit.broken_at() is None


def test_lost_policy_versions_get_the_present_policy(ledger: Ledger) -> None:
    connect(ledger)
    present = ledger.connections.policy(US, 1)
    with ledger.engine.begin() as db:
        added = ledger.connections.restore_policies(db, US, {1, 4, 2}, "run-9")
    assert added == [2, 4]
    assert ledger.connections.policies(US) == {1: present, 2: present, 4: present}
    connection = ledger.connections.get(US)
    assert connection is not None
    assert connection.policy_version == 4
    assert connect(ledger) == 4
    assert connect(ledger, policy={"start_date": "2026-06-01"}) == 5
    assert ledger.audit.broken_at() is None


def test_known_policy_versions_stay_as_they_are(ledger: Ledger) -> None:
    connect(ledger)
    connect(ledger, policy={"start_date": "2026-06-01"})
    with ledger.engine.begin() as db:
        assert ledger.connections.restore_policies(db, US, {1, 2}, "run-9") == []
    assert connect(ledger, policy={"start_date": "2026-06-01"}) == 2


def test_an_allocation_with_entries_is_no_opening_history(ledger: Ledger) -> None:
    old, other = allocation(opening=True), allocation("101", opening=True)
    store(ledger, old, other)
    with ledger.engine.begin() as db:
        ledger.allocations.not_history(db, US, [old["allocation_id"]])
    ids = [old["allocation_id"], other["allocation_id"]]
    rows = {row["allocation_id"]: row for row in ledger.allocations.by_id(US, ids)}
    assert [rows[each]["opening"] for each in ids] == [False, True]
