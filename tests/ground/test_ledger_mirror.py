"""Copies of what both systems showed when last read."""

from typing import Any

from ledger_rows import UK, US

from paidsync.ledger import Ledger

COMMITMENT = {
    "commitment_id": "c1",
    "project_id": "p1",
    "project_name": "North Wing",
    "project_active": True,
    "kind": "work_order",
    "number": "SC-1",
    "title": None,
    "status": "Approved",
    "currency": "USD",
    "vendor_id": "v1",
    "updated_at": None,
}
APPLICATION = {
    "application_id": "a1",
    "project_id": "p1",
    "commitment_id": "c1",
    "number": "1",
    "invoice_number": "INV-1",
    "invoice_type": "progress",
    "status": "approved",
    "origin_id": "200",
    "vendor_id": "v1",
    "due_minor": 2**62,
    "retainage_minor": None,
    "tax_minor": 0,
    "currency": "USD",
    "updated_at": None,
}


def payment(number: str, commitment: str = "c1", **changes: Any) -> dict[str, Any]:
    row = {
        "contract_payment_id": number,
        "project_id": "p1",
        "commitment_id": commitment,
        "amount_minor": 100,
        "currency": "USD",
    }
    return row | changes


def keep(ledger: Ledger, commitments: list[str], *rows: dict[str, Any], run: str = "r1") -> None:
    ledger.mirror.store_contract_payments(US, commitments, rows, run)


def kept(ledger: Ledger) -> dict[str, dict[str, Any]]:
    return {row["contract_payment_id"]: row for row in ledger.mirror.contract_payments(US)}


def test_commitments_come_back_as_they_were_read_last(ledger: Ledger) -> None:
    with ledger.engine.begin() as db:
        ledger.mirror.store_commitments(db, US, [COMMITMENT])
        ledger.mirror.store_commitments(db, US, [COMMITMENT | {"project_active": False}])
        ledger.mirror.store_commitments(db, UK, [COMMITMENT | {"status": "Void"}])
    (row,) = ledger.mirror.commitments(US)
    assert row == COMMITMENT | {"project_active": False}


def test_an_application_has_its_vendor_s_erp_id_beside_it(ledger: Ledger) -> None:
    with ledger.engine.begin() as db:
        ledger.mirror.store_applications(db, US, [APPLICATION])
    (row,) = ledger.mirror.applications(US)
    assert row == APPLICATION | {"vendor_origin_id": None}
    with ledger.engine.begin() as db:
        ledger.mirror.store_vendors(
            db, US, [{"vendor_id": "v1", "name": "Zoë", "origin_id": "erp-7"}]
        )
        ledger.mirror.store_vendors(
            db, UK, [{"vendor_id": "v1", "name": "Zoë", "origin_id": "erp-8"}]
        )
    (row,) = ledger.mirror.applications(US)
    assert row["vendor_origin_id"] == "erp-7"
    assert ledger.mirror.vendors(US) == {"v1": "erp-7"}


def test_an_empty_mirror_shows_nothing(ledger: Ledger) -> None:
    assert ledger.mirror.commitments(US) == []
    assert ledger.mirror.applications(US) == []
    assert ledger.mirror.contract_payments(US) == []
    assert ledger.mirror.bills(US) == {}
    assert ledger.mirror.vendors(US) == {}


def test_rows_that_a_commitment_no_longer_shows_go(ledger: Ledger) -> None:
    keep(ledger, ["c1", "c2"], payment("1"), payment("2"), payment("3", "c2"))
    keep(ledger, ["c1"], payment("2", amount_minor=None), run="r2")
    found = kept(ledger)
    assert set(found) == {"2", "3"}
    assert found["2"]["amount_minor"] is None


def test_a_commitment_read_as_empty_shows_nothing(ledger: Ledger) -> None:
    keep(ledger, ["c1"], payment("1"))
    keep(ledger, ["c1"])
    assert kept(ledger) == {}


def test_a_row_that_moved_to_another_commitment_is_there_once(ledger: Ledger) -> None:
    keep(ledger, ["c1"], payment("1"))
    keep(ledger, ["c2"], payment("1", "c2"))
    assert kept(ledger)["1"]["commitment_id"] == "c2"


def test_a_row_that_was_listed_twice_is_kept_once(ledger: Ledger) -> None:
    keep(ledger, ["c1"], payment("1", notes="older"), payment("1", notes="newer"))
    assert kept(ledger)["1"]["notes"] == "newer"


def test_bills_come_back_by_their_id(ledger: Ledger) -> None:
    with ledger.engine.begin() as db:
        ledger.mirror.store_bills(
            db, US, [{"bill_id": "200", "number": "0007", "total_minor": -(2**62)}]
        )
    found = ledger.mirror.bills(US)["200"]
    assert (found["number"], found["total_minor"], found["vendor_id"]) == ("0007", -(2**62), None)


def test_commitments_are_found_by_what_stood_on_them(ledger: Ledger) -> None:
    ours, theirs = payment("1", origin_id="ours:1"), payment("2", "c2", origin_id="theirs:1")
    twin = payment("3", "c3", project_id="p3", origin_id="ours:1")
    keep(ledger, ["c1", "c2", "c3"], ours, theirs, twin)
    assert ledger.mirror.commitments_with(US, ["ours:1", "never:1"]) == {"c1": "p1", "c3": "p3"}
    assert ledger.mirror.commitments_with(UK, ["ours:1"]) == {}
    keep(ledger, ["c3"])
    assert ledger.mirror.commitments_with(US, ["ours:1"]) == {"c1": "p1"}
