"""Runs, the generations of their extracts, and cursors that only go forward."""

from typing import Any

import pytest
from ledger_rows import UK, US, connect, open_run

from paidsync.ledger import Ledger
from paidsync.reasons import RunStopped, Stop

MONDAY, TUESDAY = "2026-03-02T10:00:00+00:00", "2026-03-03T10:00:00+00:00"


def claim(ledger: Ledger, run_id: str, connection: str = US) -> int:
    with ledger.engine.begin() as db:
        return ledger.runs.claim_generation(db, connection, run_id)


def move(ledger: Ledger, seen: tuple[str, str] | None, until: str, **more: str) -> None:
    told: dict[str, Any] = {"mark": "", "run_id": "run-1"} | more
    with ledger.engine.begin() as db:
        ledger.runs.move_cursor(db, US, "payments", seen=seen, until=until, **told)


def test_a_run_is_unfinished_until_it_is_closed(ledger: Ledger) -> None:
    open_run(ledger, "run-1")
    open_run(ledger, "run-2")
    open_run(ledger, "run-3", UK)
    assert [run.run_id for run in ledger.runs.unfinished(US)] == ["run-1", "run-2"]
    ledger.runs.close("run-1", state="Completed", message="done", manifest="ab", summary={"n": 1})
    assert [run.run_id for run in ledger.runs.unfinished(US)] == ["run-2"]
    closed = ledger.runs.get("run-1")
    assert closed is not None
    assert (closed.state, closed.manifest, closed.summary) == ("Completed", "ab", {"n": 1})
    assert closed.ended_at is not None


def test_the_next_attempt_of_a_run_opens_it_again_and_keeps_its_generation(ledger: Ledger) -> None:
    connect(ledger)
    open_run(ledger, "run-1")
    claim(ledger, "run-1")
    ledger.runs.close("run-1", state="Failed", message="", manifest="ab", summary={})
    open_run(ledger, "run-1")
    again = ledger.runs.get("run-1")
    assert again is not None
    assert (again.state, again.ended_at, again.manifest) == (None, None, None)
    assert again.generation == 1


def test_the_last_run_is_the_newest_ended_one_of_its_mode(ledger: Ledger) -> None:
    for run_id, mode in (("run-1", "sync"), ("run-2", "preview"), ("run-3", "sync")):
        open_run(ledger, run_id, mode=mode)
    assert ledger.runs.last(US) is None
    for run_id in ("run-1", "run-2"):
        ledger.runs.close(run_id, state="Completed", message="", manifest="", summary={})
    newest, sync = ledger.runs.last(US), ledger.runs.last(US, mode="sync")
    assert newest is not None
    assert newest.run_id == "run-2"
    assert sync is not None
    assert sync.run_id == "run-1"
    assert ledger.runs.get("nobody") is None


def test_each_extract_has_the_next_generation_of_its_connection(ledger: Ledger) -> None:
    connect(ledger)
    connect(ledger, UK)
    assert [claim(ledger, "run-1"), claim(ledger, "run-2"), claim(ledger, "run-3", UK)] == [1, 2, 1]


def test_rule_7_1_the_first_extract_is_the_first_whatever_it_found(ledger: Ledger) -> None:
    connect(ledger)
    connect(ledger, UK)
    assert ledger.runs.is_first(US)
    claim(ledger, "run-1")
    assert not ledger.runs.is_first(US)
    assert ledger.runs.is_first(UK)


def test_rule_6_4_a_plan_that_a_later_extract_overtook_is_refused(ledger: Ledger) -> None:
    connect(ledger)
    number = claim(ledger, "run-1")
    ledger.runs.require_generation(US, number)
    claim(ledger, "run-2")
    with pytest.raises(RunStopped, match="run run-2 has read the ERP since") as stopped:
        ledger.runs.require_generation(US, number)
    assert stopped.value.reason == Stop.PLAN_STALE


def test_a_retry_knows_whether_another_run_has_extracted_since(ledger: Ledger) -> None:
    connect(ledger)
    for run_id in ("run-1", "run-2"):
        open_run(ledger, run_id)
    assert ledger.runs.last_reader_but(US, "run-1") == "0"
    claim(ledger, "run-1")
    assert ledger.runs.last_reader_but(US, "run-1") == "0"
    claim(ledger, "run-2")
    assert ledger.runs.last_reader_but(US, "run-1") == "2"
    assert ledger.runs.last_reader_but(US, "run-2") == "1"


def test_a_generation_is_not_taken_when_the_extract_is_not_stored(ledger: Ledger) -> None:
    connect(ledger)

    def fail() -> None:
        with ledger.engine.begin() as db:
            ledger.runs.claim_generation(db, US, "run-1")
            raise RunStopped(Stop.SCHEMA_CHANGED, "")

    with pytest.raises(RunStopped):
        fail()
    ledger.runs.require_generation(US, 0)


def test_a_cursor_moves_from_where_it_was_seen(ledger: Ledger) -> None:
    assert ledger.runs.cursor(US, "payments") is None
    move(ledger, None, MONDAY, mark="m1")
    assert ledger.runs.cursor(US, "payments") == (MONDAY, "m1")
    move(ledger, (MONDAY, "m1"), TUESDAY, mark="m2")
    assert ledger.runs.cursor(US, "payments") == (TUESDAY, "m2")
    assert ledger.runs.cursor(US, "applications") is None
    assert ledger.runs.cursor(UK, "payments") is None


def test_a_cursor_may_stay_where_it_is_with_another_mark(ledger: Ledger) -> None:
    move(ledger, None, MONDAY)
    move(ledger, (MONDAY, ""), MONDAY, mark="m2")
    assert ledger.runs.cursor(US, "payments") == (MONDAY, "m2")


def test_a_cursor_that_would_go_back_stops_the_run(ledger: Ledger) -> None:
    move(ledger, None, TUESDAY)
    with pytest.raises(RunStopped, match="cursor of payments would go back"):
        move(ledger, (TUESDAY, ""), MONDAY)
    assert ledger.runs.cursor(US, "payments") == (TUESDAY, "")


@pytest.mark.parametrize("seen", [None, (MONDAY, "m2"), ("2026-03-01T10:00:00+00:00", "")])
def test_a_cursor_that_was_moved_meanwhile_stops_the_run(
    ledger: Ledger, seen: tuple[str, str] | None
) -> None:
    move(ledger, None, MONDAY, mark="m1")
    with pytest.raises(RunStopped, match="moved the cursor of payments meanwhile") as stopped:
        move(ledger, seen, TUESDAY)
    assert stopped.value.reason == Stop.PLAN_STALE
    assert ledger.runs.cursor(US, "payments") == (MONDAY, "m1")


def test_what_was_stored_with_a_cursor_that_could_not_move_is_not_kept(ledger: Ledger) -> None:
    connect(ledger)
    move(ledger, None, TUESDAY)

    def fail() -> None:
        with ledger.engine.begin() as db:
            ledger.runs.claim_generation(db, US, "run-1")
            ledger.runs.move_cursor(
                db, US, "payments", seen=(MONDAY, ""), until=TUESDAY, mark="", run_id="run-1"
            )

    with pytest.raises(RunStopped):
        fail()
    ledger.runs.require_generation(US, 0)
