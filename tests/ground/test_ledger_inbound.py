"""Presses of Procore's button in the ledger: taken up by one run at a time, answered once."""

from paidsync.ledger import Ledger

IDS = {"detail_id": "77", "asked_by": "ada@acme.example"}


def test_a_press_is_taken_up_by_one_run(ledger: Ledger) -> None:
    assert ledger.inbound.press("acme-us", "5") is None
    assert ledger.inbound.claim("acme-us", "5", run_id="one", seen=None, **IDS)
    assert not ledger.inbound.claim("acme-us", "5", run_id="two", seen=None, **IDS)
    press = ledger.inbound.press("acme-us", "5")
    assert press is not None
    assert (press.claims, press.detail_id, press.status) == (("one",), "77", None)


def test_a_dead_runs_press_is_taken_up_by_one_other(ledger: Ledger) -> None:
    ledger.inbound.claim("acme-us", "5", run_id="one", seen=None, **IDS)
    seen = ledger.inbound.press("acme-us", "5")
    assert ledger.inbound.claim("acme-us", "5", run_id="two", seen=seen, **IDS)
    assert not ledger.inbound.claim("acme-us", "5", run_id="three", seen=seen, **IDS)
    press = ledger.inbound.press("acme-us", "5")
    assert press is not None
    assert press.claims == ("one", "two")


def test_an_answer_waits_until_procore_has_it(ledger: Ledger) -> None:
    ledger.inbound.claim("acme-us", "5", run_id="one", seen=None, **IDS)
    assert ledger.inbound.unclosed("acme-us") == []
    ledger.inbound.answer("acme-us", "5", run_id="one", status="success", messages=["Posted 1."])
    (press,) = ledger.inbound.unclosed("acme-us")
    assert (press.status, press.messages, press.closed) == ("success", ("Posted 1.",), False)
    assert ledger.inbound.unclosed("acme-ca") == []
    ledger.inbound.closed("acme-us", "5")
    assert ledger.inbound.unclosed("acme-us") == []


def test_an_answered_press_is_never_taken_up_again(ledger: Ledger) -> None:
    ledger.inbound.claim("acme-us", "5", run_id="one", seen=None, **IDS)
    ledger.inbound.answer("acme-us", "5", run_id="one", status="failed", messages=[])
    seen = ledger.inbound.press("acme-us", "5")
    assert not ledger.inbound.claim("acme-us", "5", run_id="two", seen=seen, **IDS)


def test_the_same_request_number_of_two_connections_are_two_presses(ledger: Ledger) -> None:
    assert ledger.inbound.claim("acme-us", "5", run_id="one", seen=None, **IDS)
    assert ledger.inbound.claim("acme-ca", "5", run_id="two", seen=None, **IDS)


def test_pressing_and_answering_are_in_the_audit_trail(ledger: Ledger) -> None:
    ledger.inbound.claim("acme-us", "5", run_id="one", seen=None, **IDS)
    ledger.inbound.answer("acme-us", "5", run_id="one", status="success", messages=["Posted 1."])
    assert ledger.audit.broken_at() is None
    with ledger.engine.begin() as db:
        rows = db.exec_driver_sql("SELECT kind, run_id FROM audit_event ORDER BY number").all()
    assert [tuple(row) for row in rows][-2:] == [
        ("button_pressed", "one"),
        ("button_answered", "one"),
    ]


def test_an_event_that_comes_twice_is_one_row(ledger: Ledger) -> None:
    for record in ("1", "2"):
        body = {"record_id": record}
        ledger.inbound.record("procore", "acme-us:9", connection="acme-us", body=body)
    (heard,) = ledger.inbound.waiting()
    assert heard.record_id == "1"
    ledger.inbound.handled([heard])
    assert ledger.inbound.waiting() == []
