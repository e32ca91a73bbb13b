"""Plans that wait for a person: every step of theirs, and what the audit trail says of it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ledger_rows import UK, US
from sqlalchemy import text

from paidsync.ledger import Ledger, schema
from paidsync.reasons import RunStopped, Stop

NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)
WHOLE = {"restate": None, "projects": []}


def row(digest: str = "a" * 64, *, run: str = "r1", connection: str = US, **more: Any) -> Any:
    return {
        "connection": connection,
        "plan_hash": digest,
        "run_id": run,
        "generation": 1,
        "entries": 2,
        "reversals": 1,
        "money": {"USD": -300},
        **more,
    }


def asked(ledger: Ledger, digest: str = "a" * 64, *makers: str, **more: Any) -> dict[str, Any]:
    waits = {"why": "it is large", "contents": {"x:1": "0"}, "asked": WHOLE}
    return ledger.plans.ask(row(digest, **{**waits, **more}), makers)


def decided(ledger: Ledger, decision: str = "approve", digest: str = "a" * 64) -> dict[str, Any]:
    return ledger.plans.decide(
        US,
        digest,
        decision=decision,
        by_whom="b@x.example",
        proof="code",
        note="seen",
        expires_at=NOW + timedelta(hours=72) if decision == "approve" else None,
        run_id="r9",
    )


def states(ledger: Ledger) -> list[str]:
    """The steps of plans in the audit trail, which is whole."""
    assert ledger.audit.broken_at() is None
    with ledger.engine.begin() as db:
        rows = db.execute(
            text("SELECT body FROM audit_event WHERE kind = 'plan' ORDER BY number")
        ).scalars()
        found = [each if isinstance(each, dict) else json.loads(each) for each in rows]
    return [each["state"] for each in found]


def test_a_plan_that_waits_is_open_until_somebody_decides(ledger: Ledger) -> None:
    plan = asked(ledger, "a" * 64, "a@x.example")
    assert (plan["state"], plan["makers"], plan["decided_by"]) == ("open", ["a@x.example"], None)
    assert ledger.plans.approved(US, NOW) == []
    assert decided(ledger)["state"] == "approved"
    [plan] = ledger.plans.approved(US, NOW)
    assert (plan["decided_by"], plan["proof"], plan["decided_run"]) == ("b@x.example", "code", "r9")
    assert ledger.plans.approved(UK, NOW) == []
    ledger.plans.carried_out(US, "a" * 64, "r9")
    assert ledger.plans.undecided(US) == []
    assert states(ledger) == ["open", "approved", "carried_out"]


def test_everybody_who_asked_for_the_same_plan_is_its_maker(ledger: Ledger) -> None:
    asked(ledger, "a" * 64, "a@x.example")
    asked(ledger, run="r2")
    plan = asked(ledger, "a" * 64, "c@x.example", run="r3")
    assert plan["makers"] == ["a@x.example", "c@x.example"]
    assert (plan["run_id"], states(ledger)) == ("r3", ["open"])


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_decision_about_exactly_this_plan_stands_when_it_is_planned_again(
    ledger: Ledger, decision: str
) -> None:
    asked(ledger)
    before = decided(ledger, decision)["state"]
    assert asked(ledger, run="r2")["state"] == before


def test_a_newer_plan_replaces_every_other_of_the_connection(ledger: Ledger) -> None:
    asked(ledger)
    decided(ledger)
    asked(ledger, "c" * 64, connection=UK)
    asked(ledger, "b" * 64)
    assert [plan["plan_hash"][0] for plan in ledger.plans.undecided(US)] == ["b"]
    assert [plan["plan_hash"][0] for plan in ledger.plans.undecided(UK)] == ["c"]
    with pytest.raises(RunStopped, match="is no longer approved; it is replaced") as stopped:
        ledger.plans.require_approved(US, "a" * 64)
    assert stopped.value.reason is Stop.PLAN_STALE
    with pytest.raises(RunStopped, match="was replaced while it was decided"):
        decided(ledger)
    assert asked(ledger)["state"] == "open"  # planned again, it is asked for again


def test_where_nothing_waits_any_more_the_plan_is_history(ledger: Ledger) -> None:
    asked(ledger, asked={"restate": "net", "projects": []})
    ledger.plans.replace(US, "r2", asked=WHOLE)
    assert len(ledger.plans.undecided(US)) == 1  # an ordinary run says nothing of a restatement
    ledger.plans.replace(US, "r3", asked={"restate": "net", "projects": []})
    assert ledger.plans.undecided(US) == []


def test_an_approval_counts_until_its_time_is_over(ledger: Ledger) -> None:
    asked(ledger)
    decided(ledger)
    last = NOW + timedelta(hours=72)
    assert ledger.plans.approved(US, last - timedelta(seconds=1))
    assert ledger.plans.approved(US, last) == []
    ledger.plans.expire(US, last - timedelta(seconds=1))
    ledger.plans.require_approved(US, "a" * 64)
    ledger.plans.expire(US, last)
    with pytest.raises(RunStopped):
        ledger.plans.require_approved(US, "a" * 64)
    again = asked(ledger, run="r2")
    assert (again["state"], again["decided_by"]) == ("open", None)
    assert states(ledger) == ["open", "approved", "expired", "open"]


def test_a_plan_that_needs_nobody_is_free_and_never_undoes_an_approval(ledger: Ledger) -> None:
    ledger.plans.keep_free(row("f" * 64))
    assert ledger.plans.undecided(US) == []
    asked(ledger)
    decided(ledger)
    ledger.plans.keep_free(row())
    ledger.plans.require_approved(US, "a" * 64)


def test_a_decision_that_was_not_taken_is_in_the_audit_trail(ledger: Ledger) -> None:
    ledger.plans.note_refusal(
        US, "a" * 64, decision="approve", by_whom="c@x.example", why="no approver", run_id=None
    )
    with ledger.engine.begin() as db:
        kinds = db.execute(text("SELECT kind FROM audit_event")).scalars().all()
    assert kinds == ["decision_refused"]


def test_a_plan_refused_before_the_upgrade_is_asked_for_again(empty_url: str) -> None:
    ledger = Ledger(empty_url)
    schema.upgrade(ledger.engine, "0003")
    columns = "connection, plan_hash, run_id, generation, entries, reversals, money, stopped, at"
    with ledger.engine.begin() as db:
        for digest, stopped in (("a", "'too many'"), ("b", "NULL")):
            db.execute(
                text(
                    f"INSERT INTO plan ({columns}) VALUES "
                    f"('{US}', '{digest}', 'r1', 1, 3, 3, '{{}}', {stopped}, '2026-03-09')"
                )
            )
    ledger.upgrade()
    found = {digest: ledger.plans.get(US, digest) for digest in "ab"}
    assert [(plan["state"], plan["why"]) for plan in found.values() if plan] == [
        ("replaced", "too many"),
        ("free", None),
    ]
    assert ledger.plans.undecided(US) == []
    ledger.close()
