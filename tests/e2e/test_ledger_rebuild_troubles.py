"""Money-rule 4.2: what a rebuild makes of rows that are lost, doubled, unclear or another's."""

import pytest
from rebuilding import (
    back_up,
    entries,
    eventful,
    installation,
    lose,
    new_ledger,
    rebuild,
    restore,
    settled_without_posting,
    type_row,
    written_elsewhere,
)
from town import Town, folders, manifest


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


def test_a_rebuild_of_an_unknown_connection_is_wrong_use(town: Town) -> None:
    said = town.paidsync("ledger", "rebuild", "nobody")
    assert said.code == 2
    assert "There is no connection 'nobody'" in said.err
