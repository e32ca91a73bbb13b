"""What the listener records: every genuine event that matters, once, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from house import (
    BOTH,
    COMPANY,
    INTUIT,
    PROCORE,
    SECRET,
    House,
    connection,
    paid,
    pressed,
    served,
    signed,
    store,
)

from listener.doors import Doors
from paidsync.ledger import Ledger

PRESS = ("procore", "acme-us", "562950000001")


def test_a_press_is_recorded_and_somebody_is_woken(house: House) -> None:
    assert house.procore() == 204
    assert house.records == [PRESS]
    assert house.woken == [1]
    (row,) = house.heard
    assert row["handled_at"] is None


def test_only_what_is_needed_of_an_event_is_kept(house: House) -> None:
    house.procore(metadata={"note": "somebody's private word"})
    (row,) = house.heard
    assert row["body"] == {"what": "ERP Requests", "record_id": "562950000001"}


@pytest.mark.parametrize(
    "shape",
    [
        pressed(api_version="v2"),
        pressed(api_version="v3.0", related_resources=[]),
        {
            "id": "01JDQ2V5T8ZK9M3X4N6P7R8S9T",
            "timestamp": "2026-11-26T10:00:00Z",
            "company_id": str(COMPANY),
            "payload_version": "v4.0",
            "reason": "create",
            "resource_type": "ERP Requests",
            "resource_id": "562950000001",
        },
    ],
)
def test_every_payload_version_of_procore_is_read(house: House, shape: dict[str, Any]) -> None:
    body = json.dumps(shape).encode()
    assert house.knock(PROCORE, body, authorization=f"Bearer {SECRET}") == 204
    assert house.records == [PRESS]


def test_a_webhook_delivered_again_is_the_same_event(house: House) -> None:
    assert [house.procore() for _ in range(3)] == [204, 204, 204]
    assert house.records == [PRESS]


def test_an_event_that_was_acted_on_stays_so_when_it_comes_again(house: House) -> None:
    house.procore()
    house.ledger.inbound.handled(house.ledger.inbound.waiting())
    assert house.procore() == 204
    assert house.ledger.inbound.waiting() == []


def test_events_out_of_order_are_all_recorded(house: House) -> None:
    for number in (3, 1, 2):
        assert house.procore(id=number, timestamp=f"2026-11-26T10:00:0{number}Z") == 204
    assert len(house.heard) == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"event_type": "update"},
        {"event_type": "delete"},
        {"event_type": None},
        {"resource_name": "Company Vendors"},
        {"resource_name": "erp requests"},
        {"resource_id": None},
        {"resource_id": "../../oauth/token"},
        {"resource_id": True},
        {"id": None, "ulid": None},
        {"company_id": 4712},
        {"company_id": None},
    ],
)
def test_other_events_of_procore_are_answered_and_record_nothing(
    old_house: House, changed: dict[str, Any]
) -> None:
    assert old_house.procore(**changed) == 204
    assert old_house.heard == []


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b'"create"', b"{}", b"[[[]]]"])
def test_json_of_another_shape_is_answered_and_records_nothing(
    old_house: House, body: bytes
) -> None:
    assert old_house.knock(PROCORE, body, authorization=f"Bearer {SECRET}") == 204
    assert old_house.knock(INTUIT, body, intuit_signature=signed(body)) == 204
    assert old_house.heard == []


def test_a_payment_in_the_erp_is_a_hint(house: House) -> None:
    assert house.intuit([paid(1), paid(2, type="qbo.bill.updated.v1")]) == 204
    assert house.records == [
        ("quickbooks_online", "acme-us", "801"),
        ("quickbooks_online", "acme-us", "802"),
    ]


@pytest.mark.parametrize("kind", ["deleted", "void", "voided", "updated", "created"])
def test_every_kind_of_change_to_a_payment_counts(house: House, kind: str) -> None:
    assert house.intuit([paid(1, type=f"qbo.billpayment.{kind}.v1")]) == 204
    assert len(house.heard) == 1


def test_unknown_types_do_not_hold_back_the_events_beside_them(house: House) -> None:
    events = [paid(1, type="qbo.invoice.created.v1"), {}, None, 7, paid(2, id=None), paid(3)]
    assert house.intuit(events, media="application/cloudevents-batch+json") == 204
    assert house.records == [("quickbooks_online", "acme-us", "803")]


def test_the_old_body_of_intuit_is_answered_and_records_nothing(house: House) -> None:
    assert house.intuit({"eventNotifications": [{"realmId": "1"}]}) == 204
    assert house.heard == []


def test_one_body_for_several_companies_reaches_each_connection_of_the_app(tmp_path: Path) -> None:
    with served(tmp_path) as house:
        other = "9130350000000000003"
        store(house.ledger, connection("acme-ca", realm=other, **BOTH))
    with served(tmp_path) as house:
        events = [paid(1), paid(2, intuitaccountid=other), paid(3, intuitaccountid="77")]
        assert house.intuit(events) == 204
        assert sorted(house.records) == [
            ("quickbooks_online", "acme-ca", "802"),
            ("quickbooks_online", "acme-us", "801"),
        ]


def test_an_event_reaches_no_connection_that_shares_another_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_OTHER", "the-verifier-token-of-another-app")
    with served(tmp_path) as house:
        store(house.ledger, connection("acme-twin", erp_secret={"env": "HOUSE_OTHER"}))
    with served(tmp_path) as house:
        assert house.intuit([paid(1)]) == 204
        assert house.records == [("quickbooks_online", "acme-us", "801")]


def test_a_connection_whose_secret_is_missing_keeps_the_others_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    ledger.upgrade()
    store(ledger, connection("acme-us", **BOTH))
    store(ledger, connection("broken", procore_secret={"env": "NOT_SET"}))
    store(ledger, connection("weak", procore_secret={"env": "WEAK"}))
    monkeypatch.setenv("WEAK", "hunter2")
    doors = Doors()
    for _ in range(3):
        doors.refresh(ledger)
    assert doors.paths == [PROCORE, INTUIT]
    assert caplog.text.count("NOT_SET is not set") == 1
    assert "shorter than 24 characters" in caplog.text
    assert "hunter2" not in caplog.text
    ledger.close()
