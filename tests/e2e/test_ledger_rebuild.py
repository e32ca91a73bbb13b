"""Money-rule 4.2: a lost or outdated ledger is rebuilt from Procore and the ERP alone."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from town import Paid, Said, Town, call_log, folders, manifest

from paidsync.settings import settings

LINK = 'typed_rows = "link"'
POST = {"route": "/rest/v1.0/contract_payments", "method": "POST"}
# What an entry is about; the rest says when and by which run it was sent or read.
FACTS = (
    "origin_id", "allocation_id", "n", "kind", "reverses", "links", "payment_id", "bill_id",
    "project_id", "commitment_id", "application_id", "application_number", "amount_minor",
    "currency", "date", "invoice_number", "invoice_date", "check_number", "payment_method",
    "notes", "gross_minor", "tax_minor", "policy_version", "state", "plan_hash",
    "contract_payment_id",
)  # fmt: skip


def entries(town: Town) -> list[dict[str, Any]]:
    ledger = town.ledger
    found = ledger.entries.of_connection(town.name)
    ledger.close()
    return [{name: found[key][name] for name in FACTS} for key in sorted(found)]


def installation(town: Town) -> str:
    ledger = town.ledger
    found = ledger.connections.installation_id()
    ledger.close()
    return found


def lose(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger's files are gone; the rotated token with them."""
    town.ledger.close()
    for file in town.data_dir.glob("ledger.sqlite3*"):
        file.unlink()
    monkeypatch.setenv("TOWN_ERP_TOKEN", town.do("/erp/tokens")["refresh_token"])


def new_ledger(town: Town, policy: str = "", *, start_date: str = "2000-01-01") -> None:
    """A person makes a new one, from the same connection file."""
    file = town.file(policy, start_date=start_date)
    for arguments in (["ledger", "upgrade"], ["connect", str(file)]):
        assert town.paidsync(*arguments).code == 0


def back_up(town: Town) -> None:
    town.ledger.close()
    shutil.copy(town.data_dir / "ledger.sqlite3", town.data_dir / "backup")


def restore(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    lose(town, monkeypatch)
    shutil.copy(town.data_dir / "backup", town.data_dir / "ledger.sqlite3")


def rebuild(town: Town) -> Said:
    """A rebuild that works; it writes nothing to Procore."""
    before = repr(town.rows())
    said = town.paidsync("ledger", "rebuild", town.name)
    assert said.code == 0, said.err
    assert repr(town.rows()) == before
    return said


def stops_behind(town: Town) -> None:
    """A sync sees that Procore knows more than the ledger, and writes nothing."""
    town.do("/calls/reset")
    summary = town.sync()
    assert summary["state"] == "Refused"
    assert summary["message"].startswith("ledger_behind")
    assert town.posts == 0


def settled_without_posting(town: Town, **expected: Any) -> dict[str, Any]:
    return town.settled(posted=0, reversed=0, **expected)


def eventful(town: Town) -> dict[str, Paid]:
    """Payments, a part payment, a void, an edited amount and a check over three bills; synced."""
    story = {
        "plain": town.paid("500.00"),
        "voided": town.paid("750.00", date=town.day(10)),
        "edited": town.paid("80.00", 3),
    }
    part = town.billed("900.00", 1)
    pay = town.do("/erp/pay", bills=[{"bill_id": part["bill_id"], "amount": "300.00"}])
    story["part"] = town.pair(pay, part)
    bills = [town.billed(amount, place) for amount, place in (("10", 0), ("20", 0), ("30", 3))]
    check = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]} for bill in bills])
    story |= {f"check {k}": town.pair(check, bill) for k, bill in enumerate(bills)}
    town.settled(posted=7)
    town.do("/erp/void", payment_id=story["voided"].payment)
    less = [{"bill_id": story["edited"].bill, "amount": "60.00"}]
    town.do("/erp/edit", payment_id=story["edited"].payment, bills=less)
    town.settled(posted=1, reversed=2)
    return story


def type_row(town: Town, **row: Any) -> int:
    place = town.commitments[0]
    return int(town.do("/procore/row", commitment_id=place, **row)["payment_row_id"])


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


def written_elsewhere(town: Town, installation_id: str) -> int:
    """A row under the ids of an allocation, that another installation says it posted."""
    one = town.paid("20.00", 3)
    row = type_row(town, amount="20.00", origin_id=f"{one.prefix}:1")
    data = json.dumps({"installation": installation_id, "kind": "payment"})
    next(each for each in town.rows() if each.id == row).origin_data = data
    return row


def test_rule_4_2_rows_of_another_installation_refuse_a_ledger_that_has_sent(
    town: Town,
) -> None:
    town.paid("500.00")
    town.settled(posted=1)
    own, before = installation(town), entries(town)
    for mine in town.rows():
        town.do("/procore/row/remove", payment_row_id=mine.id)
    row = written_elsewhere(town, "another")
    said = town.paidsync("ledger", "rebuild", town.name)
    assert said.code == 1
    assert f"installation another wrote 1: row {row} on commitment" in said.err
    assert own in said.err
    assert entries(town) == before
    assert installation(town) == own
    assert manifest(folders(town)[-1])["state"] == "Refused"


def test_rule_4_2_rows_of_two_installations_refuse_even_an_empty_ledger(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.paid("500.00")
    town.settled(posted=1)
    first = installation(town)
    written_elsewhere(town, "another")
    lose(town, monkeypatch)
    new_ledger(town)
    own = installation(town)
    said = town.paidsync("ledger", "rebuild", town.name)
    assert said.code == 1
    assert "installation another wrote 1" in said.err
    assert f"installation {first} wrote 1" in said.err
    assert entries(town) == []
    assert installation(town) == own


def test_rule_4_2_rows_whose_origin_data_is_lost_are_told_by_sign_and_amount(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = eventful(town)
    before = entries(town)
    for row in town.rows():
        row.origin_data = None
    lose(town, monkeypatch)
    new_ledger(town)
    own = installation(town)
    rebuild(town)
    known = ("origin_id", "n", "kind", "reverses", "payment_id", "bill_id", "amount_minor", "state")
    told, kept = (
        [{name: entry[name] for name in known} for entry in each]
        for each in (entries(town), before)
    )
    assert told == kept
    assert installation(town) == own
    settled_without_posting(town, already_right=6)
    town.do("/erp/void", payment_id=story["plain"].payment)
    town.settled(reversed=1)


def test_rule_4_2_half_a_list_leaves_nothing_behind(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.paid("500.00")
    town.paid("20.00", 3)
    town.settled(posted=2)
    before = entries(town)
    lose(town, monkeypatch)
    new_ledger(town)
    town.fault("truncated", route="/rest/v1.0/contract_payments", rate=1.0, after=3)
    said = town.paidsync("ledger", "rebuild", town.name)
    assert said.code == 1
    assert entries(town) == []
    assert town.ledger.runs.is_first(town.name)
    assert manifest(folders(town)[-1])["state"] == "Failed"
    town.mend()
    rebuild(town)
    assert entries(town) == before
    settled_without_posting(town, already_right=2)


def test_rule_4_2_a_reading_that_fails_in_passing_is_tried_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.paid("500.00")
    town.settled(posted=1)
    before = entries(town)
    lose(town, monkeypatch)
    new_ledger(town)
    town.fault("html_error", status=200, route="/rest/v1.0/contract_payments", count=2)
    rebuild(town)
    assert entries(town) == before


def test_rule_4_2_an_erp_that_breaks_off_leaves_nothing_behind(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.paid("500.00")
    town.settled(posted=1)
    before = entries(town)
    lose(town, monkeypatch)
    new_ledger(town)
    own = installation(town)
    town.fault("status", status=401, system="quickbooks_online", route="/query", rate=1.0)
    said = town.paidsync("ledger", "rebuild", town.name)
    assert said.code == 1
    assert entries(town) == []
    assert installation(town) == own
    town.mend()
    rebuild(town)
    assert entries(town) == before
    settled_without_posting(town, already_right=1)


def test_rule_4_2_drift_is_still_found_after_a_rebuild(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = town.paid("500.00"), town.paid("20.00", 3)
    town.settled(posted=2)
    back_up(town)
    restore(town, monkeypatch)
    rebuild(town)
    (changed,), (removed,) = town.rows(of=one.prefix), town.rows(of=other.prefix)
    town.do("/procore/row/change", payment_row_id=changed.id, amount="1.00")
    town.do("/procore/row/remove", payment_row_id=removed.id)
    said = rebuild(town)
    assert "1 entries do not stand as they were sent and 1 are gone" in said.out
    summary = town.sync()
    assert (summary["posted"], summary["held"]) == (0, {"drift_in_procore": 2})


def test_rule_4_2_a_reversal_without_its_payment_is_drift(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = town.paid("500.00")
    town.settled(posted=1)
    town.do("/erp/void", payment_id=one.payment)
    town.settled(reversed=1)
    town.do("/procore/row/remove", payment_row_id=town.rows(of=one.prefix)[0].id)
    lose(town, monkeypatch)
    new_ledger(town)
    rebuild(town)
    assert [entry["state"] for entry in town.entries(one.prefix)] == [
        "missing_in_procore",
        "verified",
    ]
    summary = town.sync()
    assert (summary["posted"], summary["held"]) == (0, {"drift_in_procore": 1})


def test_rule_4_2_two_rows_with_one_id_are_one_entry_and_held(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = town.paid("500.00")
    town.settled(posted=1)
    (row,) = town.rows(of=one.prefix)
    twin = type_row(
        town, amount="500.00", origin_id=row.origin_id, duplicate_origin=True,
        requisition_id=one.application,
    )  # fmt: skip
    lose(town, monkeypatch)
    new_ledger(town)
    said = rebuild(town)
    assert f"Rows {row.id}, {twin} bear the same id ({row.origin_id})" in said.out
    assert len(entries(town)) == 1
    summary = town.sync()
    assert (summary["posted"], summary["held"]) == (0, {"duplicate_in_procore": 1})


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


def test_rule_4_2_what_happened_while_nobody_looked_is_taken_back_or_held(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    voided, moved, deleted = town.paid("100.00"), town.paid("200.00"), town.paid("300.00", 3)
    kept = [town.paid(amount, 1) for amount in ("1.00", "2.00", "3.00", "4.00", "5.00")]
    town.settled(posted=3 + len(kept))
    target = town.billed("200.00")
    lose(town, monkeypatch)
    town.do("/erp/void", payment_id=voided.payment)
    town.do(
        "/erp/reapply", payment_id=moved.payment, from_bill=moved.bill, to_bill=target["bill_id"]
    )
    town.do("/erp/delete", payment_id=deleted.payment)
    new_ledger(town)
    said = rebuild(town)
    assert "3 of them stand in Procore only; the next sync looks for them." in said.out
    town.settled(posted=1, reversed=2, held={"deleted_in_erp": 1})
    assert town.net(voided.prefix) == town.net(moved.prefix) == 0


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


def test_rule_3_2_and_4_2_parts_of_a_divided_bill_need_the_policy_that_divides_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = town.billed("100.01", application=False)
    parts = [
        town.do(
            "/procore/application/add",
            commitment_id=town.commitments[place],
            invoice_number=f"PART-{place}",
            due=due,
            origin_id=f"gateway:{place}",
        )["requisition_id"]
        for place, due in ((0, "60.01"), (3, "40.00"))
    ]
    shares = zip(parts, ("60", "40"), strict=True)
    listed = ", ".join(f'{{ application = "{each}", percent = "{pc}" }}' for each, pc in shares)
    divided = f'[[policy.split]]\nbill = "{bill["bill_id"]}"\nparts = [{listed}]'
    town.connect(divided)
    paid = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    town.settled(posted=2)
    before = entries(town)
    lose(town, monkeypatch)
    new_ledger(town)
    said = town.paidsync("ledger", "rebuild", town.name)
    assert said.code == 1
    assert f"is ours ({before[0]['origin_id']}), but it is a part of bill" in said.err
    assert entries(town) == []
    new_ledger(town, divided)
    rebuild(town)
    assert entries(town) == before
    settled_without_posting(town, already_right=2)
    town.do("/erp/void", payment_id=paid["payment_id"])
    town.settled(reversed=2)


def test_rule_6_5_and_4_2_a_rebuild_waits_for_no_writer_and_gives_the_lease_back(
    town: Town,
) -> None:
    company = str(town.running.ready["procore"]["company_id"])
    ledger = town.ledger
    held = ledger.leases.take(company, run_id="run-9", connection="other", seconds=300)
    said = town.paidsync("ledger", "rebuild", town.name)
    assert said.code == 1
    assert "Run run-9 of other is writing" in said.err
    ledger.leases.check(held, seconds=300)
    ledger.leases.release(held)
    rebuild(town)
    settled_without_posting(town)


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


def test_a_rebuild_of_an_unknown_connection_is_wrong_use(town: Town) -> None:
    said = town.paidsync("ledger", "rebuild", "nobody")
    assert said.code == 2
    assert "There is no connection 'nobody'" in said.err
