"""What a probe wrote and learned, and what people accepted, survives in the ledger."""

from typing import Any

import pytest
from ledger_rows import UK, US

from paidsync import origin
from paidsync.ledger import Ledger

MINE = "0123456789abcdef"


def sending(ledger: Ledger, n: int, commitment: str = "c1") -> str:
    name = origin.probe_id(MINE, n)
    ledger.probes.sending(
        {
            "origin_id": name,
            "n": n,
            "connection": US,
            "project_id": "7",
            "commitment_id": commitment,
        }
    )
    return name


def test_a_probe_row_is_noted_before_it_is_sent_and_its_number_never_used_again(
    ledger: Ledger,
) -> None:
    assert ledger.probes.next_n() == 1
    first, second = sending(ledger, 1), sending(ledger, 2, "c2")
    assert ledger.probes.next_n() == 3
    ledger.probes.became(first, "taken_back")
    ledger.probes.became(second, "standing")
    assert [row["origin_id"] for row in ledger.probes.left(US)] == [second]
    assert ledger.probes.left(UK) == []
    assert ledger.probes.standing_on(["c2"]) == [second]
    assert ledger.probes.standing_on(["c1"]) == []
    assert ledger.audit.broken_at() is None


def test_the_newest_answer_counts_and_what_was_not_asked_again_stays(ledger: Ledger) -> None:
    told = {"seen": "422", "commitment_id": "c1", "asked_by": "me"}
    ledger.probes.learned(US, [{"question": q, "answer": "yes", **told} for q in ("a", "b")])
    ledger.probes.learned(US, [{"question": "a", "answer": "no", **told}])
    ledger.probes.learned(US, [])
    found = {question: row["answer"] for question, row in ledger.probes.answers(US).items()}
    assert found == {"a": "no", "b": "yes"}
    assert ledger.probes.answers(UK) == {}


def test_accepted_rows_are_kept_with_their_decision_and_in_the_audit_trail(ledger: Ledger) -> None:
    decide: dict[str, Any] = {
        "subject": "hold",
        "subject_id": "q:1:p:b",
        "reason": "drift_in_procore",
        "state": "as it was",
        "decision": "accept",
        "by_whom": "controller@bluebird.example",
        "note": "seen",
    }
    row = {"commitment_id": "c1", "amount_minor": 2**40, "date": "2026-03-14", "notes": "not kept"}
    ledger.holds.decide(US, **decide, accepted={"q:1:p:b:1": row, "q:1:p:b:2": None})
    ledger.holds.decide(US, **decide)
    first, second = ledger.holds.decisions(US)["q:1:p:b"]
    changed, gone = first["accepted"]
    assert (changed["origin_id"], changed["amount_minor"]) == ("q:1:p:b:1", 2**40)
    assert (changed["removed"], gone["removed"], gone["amount_minor"]) == (False, True, None)
    assert second["accepted"] == []
    assert ledger.audit.broken_at() is None


def test_a_refused_decision_is_in_the_audit_trail_and_decides_nothing(ledger: Ledger) -> None:
    ledger.holds.note_refusal(US, 7, decision="post", by_whom="me", note=None, why="not yours")
    assert ledger.holds.decisions(US) == {}
    assert ledger.audit.broken_at() is None


def test_a_hold_that_stays_open_says_what_was_seen_last(ledger: Ledger) -> None:
    held = {"allocation_id": "a", "reason": "drift_in_procore", "state": "1"}
    ledger.holds.reconcile(US, ["a"], [{**held, "detail": "300 instead of 333"}], "r1")
    ledger.holds.reconcile(US, ["a"], [{**held, "detail": "5 instead of 333"}], "r2")
    (hold,) = ledger.holds.open(US)
    assert (hold["detail"], hold["opened_run"]) == ("5 instead of 333", "r1")
    assert ledger.holds.get(US, hold["hold_id"]) == hold
    assert ledger.holds.get(UK, hold["hold_id"]) is None
    ledger.holds.reconcile(US, ["a"], [], "r3")
    assert [row["closed_run"] for row in ledger.holds.newest_of(US, ["a"])] == ["r3"]


@pytest.mark.parametrize(
    ("name", "is_probe", "n"),
    [
        (origin.probe_id(MINE, 12), True, 12),
        (origin.probe_id("another", 12), True, None),
        ("paidsync-probe:0123456789abcdef:0", False, None),
        ("paidsync-probe:0123456789abcdef", False, None),
        ("paidsync-probe:a:b:c:1", False, None),
        ("quickbooks_online:9130:p1:640:1", False, None),
        ("", False, None),
    ],
)
def test_a_probes_id_is_known_and_is_no_entrys(name: str, is_probe: bool, n: int | None) -> None:
    assert origin.is_probe(name) is is_probe
    assert origin.probe_number(name, MINE) == n
    assert origin.parse(name) is None or not is_probe
