"""The clock of the machine was a day ahead and is put right: whatever the ledger wrote by it lies
in the future. Nothing is sent twice for it, and nothing waits for the day to come round."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from town import Paid, Town, folders, manifest

from flows.reconcile import is_owed
from flows.sync_all import is_due
from paidsync.settings import settings

_POST = {"route": "contract_payments", "method": "POST"}
# What the ledger writes by the clock of its machine; cursors go by the ERP's.
_STAMPS = {
    "sync_run": ("started_at", "ended_at"),
    "entry": ("sent_at", "posted_at", "verified_at"),
    "hold": ("opened_at", "closed_at"),
    "lease": ("expires_at",),
    "token": ("saved_at", "locked_until"),
}


def _set_back(town: Town, *, days: int = 1) -> None:
    """By the clock of now everything was written so many days from now."""
    town.ledger.close()
    with closing(sqlite3.connect(town.data_dir / "ledger.sqlite3")) as db:
        for table, columns in _STAMPS.items():
            for column in columns:
                query = f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL"
                for row, stamp in db.execute(query).fetchall():
                    ahead = datetime.fromisoformat(stamp) + timedelta(days=days)
                    written = ahead.isoformat(timespec="microseconds")
                    db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (written, row))
        db.commit()


def _unanswered(town: Town) -> Paid:
    """A payment that stands, and one that Procore never took although nobody said so."""
    town.paid("5.00", 1)
    town.settled(posted=1)
    one = town.paid("100.00")
    town.fault("status", status=503, **_POST)
    assert town.sync()["state"] == "Partial"
    return one


def _patience(patch: pytest.MonkeyPatch, seconds: int) -> None:
    patch.setenv("PAIDSYNC_SENDING_GRACE_SECONDS", str(seconds))
    settings.cache_clear()


def test_rule_6_3_a_write_from_the_future_is_waited_for_from_now_on(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the grace it is not sent again; after it, it is, and not a day later."""
    one = _unanswered(town)
    _set_back(town)
    _patience(monkeypatch, 600)
    summary = town.sync()
    assert (summary["state"], summary["left"]) == ("Partial", 1), summary
    assert town.posts == 2
    _patience(monkeypatch, 0)
    town.settled(state="Completed", posted=1)
    assert town.amounts(one.prefix) == ["100.00"]


def test_rule_6_3_a_late_commit_from_the_future_is_adopted(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = town.paid("100.00")
    town.fault("late_commit", **_POST)
    assert town.sync()["state"] == "Partial"
    _set_back(town)
    _patience(monkeypatch, 600)
    assert town.sync()["left"] == 1
    town.do("/faults/commit-late")
    town.settled(state="Completed", posted=1)
    assert (town.amounts(one.prefix), town.posts) == (["100.00"], 1)


def test_rule_6_5_a_dead_writers_lease_from_the_future_ends_like_any_other(town: Town) -> None:
    town.paid("100.00")
    ledger = town.ledger
    company, lasts = str(town.world.procore.company_id), settings().lease_seconds
    ledger.leases.take(company, run_id="dead", connection=town.name, seconds=lasts)
    _set_back(town)
    assert town.sync()["state"] == "Busy"
    with ledger.engine.begin() as db:
        [ends] = db.exec_driver_sql("SELECT expires_at FROM lease").scalars()
    ledger.close()
    assert datetime.fromisoformat(ends) <= datetime.now(UTC) + timedelta(seconds=lasts)
    town.let_the_lease_end()
    town.settled(state="Completed", posted=1)


def test_everything_else_goes_on_as_before(town: Town) -> None:
    """New payments, corrections, a hold that closes, the chain of evidence; the run folders of now
    sort before the older ones, and nothing minds."""
    one = town.paid("100.00")
    for place in range(1, 4):
        town.paid(f"{place}0.00", place)
    typed = town.do("/procore/row", commitment_id=town.commitments[5], amount="7.00")
    town.paid("7.00", 5)
    town.settled(state="Held", posted=4, held={"looks_like_manual_payment": 1})
    _set_back(town)
    before = town.ledger.runs.last_manifest(town.name)
    town.do("/erp/void", payment_id=one.payment)
    town.do("/procore/row/remove", payment_row_id=typed["payment_row_id"])
    town.paid("30.00", 2)
    summary = town.settled(state="Completed", posted=2, reversed=1, held={})
    assert manifest(summary["folder"])["previous_manifest"] == before
    assert len(folders(town)) == 2
    assert town.ledger.audit.broken_at() is None
    assert town.paidsync("ledger", "status").code == 0
    town.settled(state="NothingToDo")


@pytest.mark.parametrize("schedule", ["hourly", "daily"])
def test_a_last_run_in_the_future_does_not_put_the_next_one_off(town: Town, schedule: str) -> None:
    town.sync("reconcile")
    _set_back(town)
    now = datetime.now(UTC)
    last = town.ledger.runs.last(town.name, mode="reconcile")
    assert last is not None
    assert is_due(schedule, last, now)
    assert is_owed(schedule, last, now)
