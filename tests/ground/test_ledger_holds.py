"""A hold is bound to its allocation's state; it closes when its cause goes (money-rules 2)."""

from typing import Any

from ledger_rows import UK, US

from paidsync.ledger import Ledger


def held(allocation: str = "a", reason: str = "vendor_differs", state: str = "1") -> dict[str, Any]:
    return {"allocation_id": allocation, "reason": reason, "detail": "seen", "state": state}


def reconcile(ledger: Ledger, judged: str, *rows: dict[str, Any], run: str = "r1") -> Any:
    return ledger.holds.reconcile(US, judged.split(), rows, run)


def test_a_held_allocation_opens_a_hold(ledger: Ledger) -> None:
    assert reconcile(ledger, "a b", held("a")) == (1, 0)
    (hold,) = ledger.holds.open(US)
    assert (hold["allocation_id"], hold["reason"], hold["opened_run"]) == (
        "a",
        "vendor_differs",
        "r1",
    )
    assert ledger.holds.open(UK) == []


def test_the_same_hold_stays_open_from_run_to_run(ledger: Ledger) -> None:
    reconcile(ledger, "a", held())
    assert reconcile(ledger, "a", held(), run="r2") == (0, 0)
    (hold,) = ledger.holds.open(US)
    assert hold["opened_run"] == "r1"


def test_a_hold_closes_when_its_cause_goes(ledger: Ledger) -> None:
    reconcile(ledger, "a", held())
    assert reconcile(ledger, "a", run="r2") == (0, 1)
    assert ledger.holds.open(US) == []


def test_a_changed_state_closes_the_hold_and_opens_another(ledger: Ledger) -> None:
    reconcile(ledger, "a", held())
    assert reconcile(ledger, "a", held(state="2"), run="r2") == (1, 1)
    (hold,) = ledger.holds.open(US)
    assert (hold["state"], hold["opened_run"]) == ("2", "r2")


def test_another_reason_closes_the_hold_and_opens_another(ledger: Ledger) -> None:
    reconcile(ledger, "a", held())
    assert reconcile(ledger, "a", held(reason="ambiguous_match"), run="r2") == (1, 1)
    assert [hold["reason"] for hold in ledger.holds.open(US)] == ["ambiguous_match"]


def test_a_cause_that_comes_back_opens_a_new_hold(ledger: Ledger) -> None:
    reconcile(ledger, "a", held())
    reconcile(ledger, "a", run="r2")
    assert reconcile(ledger, "a", held(), run="r3") == (1, 0)
    assert [hold["opened_run"] for hold in ledger.holds.open(US)] == ["r3"]


def test_a_hold_on_an_allocation_that_was_not_judged_stays(ledger: Ledger) -> None:
    reconcile(ledger, "a b", held("a"), held("b"))
    assert reconcile(ledger, "b", run="r2") == (0, 1)
    assert [hold["allocation_id"] for hold in ledger.holds.open(US)] == ["a"]


def test_a_decision_is_kept_with_its_state_and_is_in_the_audit_trail(ledger: Ledger) -> None:
    decide = {
        "subject": "hold",
        "subject_id": "q:1:p:b",
        "reason": "ambiguous_match",
        "state": "as it was",
        "by_whom": "controller@bluebird.example",
        "note": "seen",
    }
    ledger.holds.decide(US, **decide, decision="leave")
    ledger.holds.decide(US, **decide, decision="link", application_id="812")
    kept = ledger.holds.decisions(US)["q:1:p:b"]
    assert [(each["decision"], each["application_id"]) for each in kept] == [
        ("leave", None),
        ("link", "812"),
    ]
    assert {each["state"] for each in kept} == {"as it was"}
    assert ledger.audit.broken_at() is None
    with ledger.engine.connect() as db:
        events = db.exec_driver_sql("SELECT body FROM audit_event WHERE kind = 'decision'").all()
    assert len(events) == 2
