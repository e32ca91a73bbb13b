"""Money-rule 4.2: a lost or outdated ledger is rebuilt from Procore and the ERP alone."""

from collections.abc import Callable

import pytest
from rebuilding import (
    LINK,
    POST,
    back_up,
    entries,
    eventful,
    installation,
    lose,
    new_ledger,
    rebuild,
    restore,
    settled_without_posting,
    stops_behind,
    type_row,
)
from town import Town, call_log, manifest

from paidsync.settings import settings


def test_rule_4_2_a_lost_ledger_is_rebuilt_and_a_sync_posts_nothing_that_stands(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = eventful(town)
    before, own = entries(town), installation(town)
    lose(town, monkeypatch)
    new_ledger(town)
    stops_behind(town)
    said = rebuild(town)
    assert "Rows of PaidSync's own: 8 payments, 2 reversals, 920.00 USD net." in said.out
    assert "Added 10 entries, corrected 0." in said.out
    assert f"goes on as installation {own}" in said.out
    assert said.out.splitlines()[-1] == "Next: paidsync sync bluebird --preview"
    assert entries(town) == before
    assert installation(town) == own
    settled_without_posting(town, held={}, already_right=6)
    town.do("/erp/void", payment_id=story["plain"].payment)
    town.settled(posted=0, reversed=1)
    paid, back = town.rows(of=story["plain"].prefix)
    for name in ("contract_id", "requisition_id", "invoice_number", "check_number", "date"):
        assert getattr(back, name) == getattr(paid, name), name
    assert (back.payment_method, back.amount) == (paid.payment_method, -paid.amount)
    assert back.origin_id == f"{story['plain'].prefix}:2"
    more = [{"bill_id": story["edited"].bill, "amount": "70.00"}]
    town.do("/erp/edit", payment_id=story["edited"].payment, bills=more)
    town.settled(posted=1, reversed=1)
    numbers = [row.origin_id.rpartition(":")[2] for row in town.rows(of=story["edited"].prefix)]
    assert numbers == ["1", "2", "3", "4", "5"]


def test_rule_4_2_a_rebuild_without_a_sync_before_it_knows_the_same(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    eventful(town)
    before = entries(town)
    lose(town, monkeypatch)
    new_ledger(town)
    rebuild(town)
    assert entries(town) == before
    settled_without_posting(town, held={}, already_right=6)


def test_rule_4_2_a_second_rebuild_changes_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    eventful(town)
    lose(town, monkeypatch)
    new_ledger(town)
    rebuild(town)
    before = entries(town)
    said = rebuild(town)
    assert "Added 0 entries, corrected 0." in said.out
    assert "installation" not in said.out
    assert entries(town) == before
    settled_without_posting(town, already_right=6)
    rebuild(town)
    assert entries(town) == before
    settled_without_posting(town)


def test_rule_4_2_a_linked_row_is_still_ours_after_a_rebuild(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = build(policy=LINK)
    one = town.paid("100.00")
    row = type_row(town, amount="100.00", date=town.day(2), notes="by hand")
    town.settled(posted=1)
    before = entries(town)
    assert [entry["links"] for entry in before] == [str(row)]
    lose(town, monkeypatch)
    new_ledger(town, LINK)
    rebuild(town)
    # The row is on no application; which one it was matched to, only the ERP's bill says.
    assert entries(town) == [{**before[0], "application_number": None}]
    settled_without_posting(town)
    town.do("/erp/void", payment_id=one.payment)
    town.settled(reversed=1)
    assert town.amounts(one.prefix) == ["100.00", "-100.00"]


def test_rule_4_2_an_old_backup_learns_what_was_posted_since(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = town.paid("500.00"), town.paid("40.00", 1)
    town.settled(posted=2)
    back_up(town)
    late = town.paid("70.00", 1)
    town.do("/erp/void", payment_id=one.payment)
    town.settled(posted=1, reversed=1)
    before = entries(town)
    restore(town, monkeypatch)
    stops_behind(town)
    said = rebuild(town)
    assert "Added 2 entries, corrected 0." in said.out
    assert entries(town) == before
    settled_without_posting(town)
    town.do("/erp/void", payment_id=late.payment)
    town.do("/erp/void", payment_id=other.payment)
    town.settled(reversed=2)


def test_rule_4_2_what_the_ledger_was_still_sending_is_verified(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIDSYNC_SENDING_GRACE_SECONDS", "600")
    settings.cache_clear()
    one = town.paid("500.00")
    town.fault("late_commit", seconds=3600, **POST)
    town.sync()
    assert [entry["state"] for entry in town.entries(one.prefix)] == ["sending"]
    town.do("/faults/commit-late")
    said = rebuild(town)
    assert "Added 0 entries, corrected 1." in said.out
    (entry,) = town.entries(one.prefix)
    assert (entry["state"], entry["contract_payment_id"]) == ("verified", str(town.rows()[0].id))
    settled_without_posting(town, already_right=1)


def test_rule_4_2_what_was_planned_otherwise_gives_way_to_what_stands(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = town.paid("500.00")
    town.fault("429", retry_after=3600, **POST)
    town.sync()
    town.mend()
    back_up(town)
    town.do("/erp/edit", payment_id=one.payment, bills=[{"bill_id": one.bill, "amount": "450.00"}])
    town.settled(posted=1)
    before = entries(town)
    restore(town, monkeypatch)
    assert [(each["state"], each["amount_minor"]) for each in entries(town)] == [("planned", 50000)]
    said = rebuild(town)
    assert "Added 0 entries, corrected 1." in said.out
    assert entries(town) == before
    settled_without_posting(town, already_right=1)


@pytest.mark.parametrize("tried", [True, False], ids=["after a sync", "at once"])
def test_rule_7_1_and_4_2_opening_history_stays_outside_but_not_what_was_posted(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch, tried: bool
) -> None:
    town = build(connect=False)
    history = town.paid("10.00", date=town.day(60))
    town.connect(start_date=town.day(30))
    settled_without_posting(town, outside={"opening_history": 1})
    backdated = town.paid("25.00", date=town.day(50))
    town.settled(posted=1)
    lose(town, monkeypatch)
    new_ledger(town, start_date=town.day(30))
    if tried:
        stops_behind(town)
    rebuild(town)
    settled_without_posting(town, outside={"opening_history": 1}, already_right=1)
    assert town.rows(of=history.prefix) == []
    town.do("/erp/void", payment_id=backdated.payment)
    town.settled(reversed=1)


def test_rule_4_2_an_inactive_project_is_read_too(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = town.paid("100.00")
    town.settled(posted=1)
    before = entries(town)
    project = town.world.procore.commitments[town.commitments[0]].project_id
    town.do("/procore/project", id=project, active=False)
    lose(town, monkeypatch)
    new_ledger(town)
    rebuild(town)
    assert entries(town) == before
    town.do("/procore/project", id=project, active=True)
    summary = settled_without_posting(town)
    assert summary["already_right"] == 1
    town.do("/erp/void", payment_id=one.payment)
    town.settled(reversed=1)


def test_rule_5_5_and_4_2_a_lost_policy_version_is_never_given_to_another_policy(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = build()
    town.paid("100.00")
    town.connect('schedule = "4h"')
    town.settled(posted=1)
    assert [entry["policy_version"] for entry in entries(town)] == [2]
    lose(town, monkeypatch)
    new_ledger(town)
    said = rebuild(town)
    assert "Policy 2 was lost" in said.out
    stored = town.ledger.connections.policies(town.name)
    assert sorted(stored) == [1, 2]
    assert stored[1] == stored[2]
    settled_without_posting(town, already_right=1)
    new_ledger(town, 'schedule = "daily"')
    assert sorted(town.ledger.connections.policies(town.name)) == [1, 2, 3]


def test_a_rebuild_is_a_run_with_evidence(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.paid("100.00")
    town.settled(posted=1)
    rebuild(town)
    last = town.ledger.runs.last(town.name)
    assert last is not None
    assert (last.mode, last.state, last.trigger) == ("rebuild", "Completed", "command line")
    told = manifest(last.folder)
    assert told["summary"]["commitments"] == len(town.commitments)
    assert (told["summary"]["payments"], told["summary"]["money"]) == (1, {"USD": 10000})
    assert {"contract_payments.parquet", "entries.parquet", "allocations.parquet"} <= set(
        told["files"]
    )
    assert told["previous_manifest"] == _manifest_before(town)
    calls = [call for call in call_log(last.folder) if call["system"] == "Procore"]
    assert {call["method"] for call in calls} == {"GET"}
    assert town.ledger.audit.broken_at() is None
    assert town.paidsync("ledger", "status").code == 0
    town.settled(state="NothingToDo")


def _manifest_before(town: Town) -> str:
    ledger = town.ledger
    with ledger.engine.begin() as db:
        query = "SELECT manifest FROM sync_run WHERE mode = 'sync'"
        (found,) = db.exec_driver_sql(query).scalars()
    ledger.close()
    return str(found)
