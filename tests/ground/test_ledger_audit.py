"""The audit trail shows it when somebody changed or removed a row."""

import json
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import text

from paidsync.ledger import Ledger


def append(ledger: Ledger, **body: Any) -> str:
    with ledger.engine.begin() as db:
        return ledger.audit.append(db, "decision", body, of="acme-us", run_id="run-1")


@pytest.fixture
def five(ledger: Ledger) -> Ledger:
    """A trail of five events."""
    for number in range(1, 6):
        append(ledger, number=number, name="Zoë", amount_minor=2**60 + number, none=None)
    return ledger


def test_an_untouched_trail_is_whole(five: Ledger) -> None:
    assert five.audit.broken_at() is None


def test_an_empty_trail_is_whole(ledger: Ledger) -> None:
    assert ledger.audit.broken_at() is None


def test_each_event_names_the_hash_of_the_one_before(ledger: Ledger) -> None:
    first, second = append(ledger, a=1), append(ledger, a=2)
    with ledger.engine.begin() as db:
        rows = db.execute(text("SELECT previous, hash FROM audit_event ORDER BY number")).all()
    assert [tuple(row) for row in rows] == [("0" * 64, first), (first, second)]


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit_event SET body = '{}' WHERE number = 3", 3),
        ("UPDATE audit_event SET kind = 'x' WHERE number = 1", 1),
        ("UPDATE audit_event SET at = '2020-01-01' WHERE number = 5", 5),
        ("UPDATE audit_event SET connection = NULL WHERE number = 2", 2),
        ("UPDATE audit_event SET run_id = 'other' WHERE number = 4", 4),
        ("DELETE FROM audit_event WHERE number = 3", 4),
        ("DELETE FROM audit_event WHERE number = 1", 2),
        ("UPDATE audit_event SET number = 9 WHERE number = 5", 9),
    ],
)
def test_a_changed_or_removed_event_is_found(five: Ledger, statement: str, broken: int) -> None:
    with five.engine.begin() as db:
        db.execute(text(statement))
    assert five.audit.broken_at() == broken


def test_a_changed_event_with_its_hash_made_anew_is_found_at_the_next_one(five: Ledger) -> None:
    with five.engine.begin() as db:
        db.execute(text("DELETE FROM audit_event WHERE number > 1"))
    append(five, number=2, amount_minor=1)
    forged = json.dumps({"number": 1, "amount_minor": 0})
    with five.engine.begin() as db:
        db.execute(
            text("UPDATE audit_event SET body = :body, hash = :hash WHERE number = 1"),
            {"body": forged, "hash": "f" * 64},
        )
    assert five.audit.broken_at() == 1


def test_an_event_is_gone_when_its_transaction_is(ledger: Ledger) -> None:
    class Trouble(Exception):
        pass

    def fail() -> None:
        with ledger.engine.begin() as db:
            ledger.audit.append(db, "decision", {})
            raise Trouble

    with pytest.raises(Trouble):
        fail()
    append(ledger, after=True)
    assert ledger.audit.broken_at() is None


def test_two_runs_that_append_at_once_make_one_unbroken_trail(
    ledger: Ledger, ledger_url: str
) -> None:
    other = Ledger(ledger_url)
    started, hashes = Event(), []

    def second() -> None:
        started.set()
        hashes.append(append(other, second=True))

    with ledger.engine.begin() as db:
        first = ledger.audit.append(db, "decision", {"first": True})
        thread = Thread(target=second)
        thread.start()
        started.wait(10)
        thread.join(0.2)  # it waits for this transaction
        assert thread.is_alive()
    thread.join(20)
    other.close()
    assert len(hashes) == 1
    assert hashes != [first]
    assert ledger.audit.broken_at() is None
