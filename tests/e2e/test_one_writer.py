"""Money-rules 6.5: one writer per Procore company, whoever is slow, dead, or wakes up too late."""

import os
import time
import uuid
from pathlib import Path

import pytest
from meanwhile import just_before
from town import Town, folders, manifest

import flows.sync_payments as flow_module
from flows.sync_payments import SyncOptions
from paidsync.reasons import RunStopped


@pytest.fixture
def billed(town: Town) -> Town:
    """Three bills on three commitments, paid."""
    for place in range(3):
        town.paid(f"{100 + place}.00", place)
    return town


def take(town: Town, run_id: str = "thief") -> None:
    """Another run tries to take the right to write."""
    company = str(town.world.procore.company_id)
    town.ledger.leases.take(company, run_id=run_id, connection="sister", seconds=300)


def robbed(town: Town) -> None:
    """The lease ends while its holder does not move, and another run takes it."""
    town.let_the_lease_end()
    take(town)


def refused(town: Town) -> None:
    """Another run finds it taken."""
    with pytest.raises(RunStopped, match=f"of {town.name} is writing"):
        take(town)


@pytest.mark.parametrize("stage", ["extract", "load_batch"])
def test_rule_6_5_a_slow_run_goes_on_where_nobody_took_its_lease(
    billed: Town, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    just_before(monkeypatch, stage, billed.let_the_lease_end)
    billed.settled(state="Completed", posted=3)


def test_rule_6_5_whoever_reads_keeps_the_right_to_write(
    billed: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    just_before(monkeypatch, "extract", billed.let_the_lease_end)
    just_before(monkeypatch, "validate", lambda: refused(billed))
    billed.settled(state="Completed", posted=3)


@pytest.mark.parametrize("stage", ["extract", "load_batch"])
def test_rule_6_5_a_run_that_was_overtaken_stores_and_sends_nothing_more(
    billed: Town, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    read = billed.ledger.runs.cursor(billed.name, "bill_payments")
    just_before(monkeypatch, stage, lambda: robbed(billed))
    summary = billed.sync()
    assert summary["state"] == "Busy", summary
    assert billed.rows() == []
    if stage == "extract":
        assert billed.ledger.runs.cursor(billed.name, "bill_payments") == read
    billed.let_the_lease_end()
    billed.settled(state="Completed", posted=3)


def test_rule_6_5_a_run_that_still_looks_around_is_not_taken_for_dead(
    billed: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    just_before(monkeypatch, "preflight", lambda: billed.settled(state="Completed", posted=3))
    summary = billed.settled(state="NothingToDo")
    assert [manifest(each)["state"] for each in folders(billed)] == ["NothingToDo", "Completed"]
    assert summary["folder"] == str(folders(billed)[0])


def test_a_run_that_died_before_it_could_write_is_sealed_once_it_is_silent(
    billed: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies() -> None:
        raise SystemExit("The machine is switched off.")

    just_before(monkeypatch, "take_lease", dies)
    with monkeypatch.context() as nothing_more:
        nothing_more.setattr(flow_module, "seal_interrupted", lambda *_: None)
        with pytest.raises(SystemExit):
            billed.sync()
    [dead] = folders(billed)
    billed.settled(state="Completed", posted=3)
    assert not (dead / "manifest.json").exists()
    _silent_for(dead, 3600)
    billed.settled(state="NothingToDo")
    assert manifest(dead)["state"] == "crashed"


def _silent_for(folder: Path, seconds: int) -> None:
    """So much time passes without a sign of life."""
    then = time.time() - seconds
    for path in (*folder.iterdir(), folder):
        os.utime(path, (then, then))


@pytest.mark.parametrize("stage", ["extract", "load_batch", "report"])
def test_rule_6_5_a_holder_that_wakes_up_after_another_did_its_work_ends_busy(
    billed: Town, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    def others_work() -> None:
        billed.let_the_lease_end()
        billed.settled(state="NothingToDo" if stage == "report" else "Completed")

    just_before(monkeypatch, stage, others_work)
    with billed.without_prefect(str(uuid.uuid4()), tag="trigger: command line") as handle:
        state = flow_module.sync_payments.fn(handle, SyncOptions(mode="sync"))
    assert (state.name, state.type.value) == ("Busy", "COMPLETED"), state
    assert "taken over" in (state.message or "")
    assert manifest(folders(billed)[0])["state"] == "crashed"
    assert billed.posts == 3
    # The tokens that it was given too late are kept all the same.
    billed.settled(state="NothingToDo")
