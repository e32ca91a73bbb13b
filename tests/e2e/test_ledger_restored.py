"""Money-rule 4.2 where a ledger from last week is put back: what stands where no run looks."""

import shutil
from typing import Never

import pytest
from rebuilding import back_up, rebuild, restore
from town import Town


@pytest.fixture
def restored(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A payment that was posted after the backup was voided since, and nothing else happens on its
    commitment: to the ledger of now it never was anything but void."""
    town.paid("500.00")
    town.settled(posted=1)
    back_up(town)
    forgotten = town.paid("70.00", 1)
    town.settled(posted=1)
    town.do("/erp/void", payment_id=forgotten.payment)
    restore(town, monkeypatch)
    return town


def test_rule_4_2_run_folders_that_the_ledger_does_not_know_make_a_sync_look_everywhere(
    restored: Town,
) -> None:
    """Until the ledger was rebuilt, every run looks; from the next extract on none does."""
    town = restored
    town.paid("30.00")
    posts = town.posts
    for mode in ("preview", "sync", "sync"):
        summary = town.sync(mode)
        assert summary["state"] == "Refused", summary
        assert summary["message"].startswith("ledger_behind")
    assert town.posts == posts
    rebuild(town)
    town.settled(state="Completed", posted=1, reversed=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.preflight.read_everything", _nobody_asks)
        assert town.sync()["state"] == "NothingToDo"


def _nobody_asks(*_: object) -> Never:
    raise AssertionError("Every commitment was read, although nothing is unknown.")


def test_rule_4_2_a_ledger_whose_last_runs_sent_nothing_goes_on(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.paid("500.00")
    town.settled(posted=1)
    back_up(town)
    town.settled(state="NothingToDo")
    restore(town, monkeypatch)
    town.paid("30.00", 1)
    town.settled(state="Completed", posted=1)


def test_rule_4_2_a_row_where_no_sync_looks_is_found_by_the_reconcile(restored: Town) -> None:
    """Where the run folders are gone, too, the syncs of the day post what is due elsewhere,
    rightly, and do not see it; the night reads every commitment, stops, and names the rebuild that
    puts everything right."""
    town = restored
    shutil.rmtree(town.data_dir / "runs")
    other = town.paid("30.00")
    summary = town.sync()
    assert (summary["state"], summary["posted"]) == ("Completed", 1)
    assert town.amounts(other.prefix) == ["30.00"]
    [unseen] = town.differences()
    assert (unseen["kind"], unseen["standing_minor"], unseen["expected_minor"]) == (
        "amount",
        7000,
        0,
    )
    posts = town.posts
    summary = town.sync("reconcile")
    assert summary["state"] == "Refused", summary
    assert summary["message"].startswith("ledger_behind")
    [page] = [each["content"] for each in town.artifacts if each["key"] == "summary-bluebird"]
    assert "ledger rebuild" in page
    assert town.posts == posts
    rebuild(town)
    town.settled(state="Completed", posted=0, reversed=1)
    assert town.posts == posts + 1


def test_rule_4_2_a_new_payment_beside_it_stops_the_sync_before_anything_is_sent(
    restored: Town,
) -> None:
    town = restored
    shutil.rmtree(town.data_dir / "runs")
    town.paid("30.00", 1)
    posts = town.posts
    summary = town.sync()
    assert summary["message"].startswith("ledger_behind")
    assert town.posts == posts
    rebuild(town)
    town.settled(state="Completed", posted=1, reversed=1)
