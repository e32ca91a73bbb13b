"""What must stand in Procore, worked out from both systems' stores by the money rules alone.

Per allocation: the cash now applied if it is matched; nothing if the payment was voided, edited
away or never postable; what rightly stood before, if the allocation is held since (a hold never
moves money). A payment deleted in the ERP after it was posted stays until a person decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from .company import World
from .judge import Judge, Verdict, refused_place
from .memory import Stood
from .view import View


@dataclass(slots=True)
class Expected:
    """One allocation's net on one commitment, in minor units."""

    prefix: str
    commitment_id: int
    requisition_id: int | None
    amount: int
    verdict: Verdict


@dataclass
class Truth:
    """Every allocation judged, and what should stand."""

    view: View
    verdicts: list[Verdict] = field(default_factory=list)
    expected: dict[str, Expected] = field(default_factory=dict)


def tell(world: World) -> Truth:
    """Judge the whole world."""
    view = View(world)
    truth = Truth(view)
    judge = Judge(view)
    gone = _gone(view, judge)
    blocked_bills = {v.bill_id for v in gone if v.reason == "deleted_in_erp"}
    live: set[str] = set()
    for payment in world.erp.payments.rows.values():
        for verdict in judge.allocations(payment):
            live.add(verdict.prefix)
            _settle(truth, verdict, verdict.bill_id in blocked_bills)
    for verdict in gone:
        if verdict.prefix not in live and verdict.target and verdict.commitment_id:
            truth.verdicts.append(verdict)
            _expect(truth, verdict, verdict.commitment_id, verdict.requisition_id, verdict.target)
    return truth


def _expect(
    truth: Truth, verdict: Verdict, commitment_id: int, requisition_id: int | None, amount: int
) -> None:
    if amount:
        truth.expected[verdict.prefix] = Expected(
            verdict.prefix, commitment_id, requisition_id, amount, verdict
        )


def _settle(truth: Truth, verdict: Verdict, deleted_sibling: bool) -> None:
    """Decide what stands for one live allocation."""
    view, memory = truth.view, truth.view.world.memory
    truth.verdicts.append(verdict)
    if verdict.prefix in memory.drifted:
        place = memory.drifted[verdict.prefix]
        verdict.put("held", "drift_in_procore")
        standing = view.standing(verdict.prefix, place.commitment_id)
        _expect(truth, verdict, place.commitment_id, place.requisition_id, standing)
        return
    if verdict.commitment_id is not None and _twice(view, verdict):
        stood = memory.stood.get(verdict.prefix)
        verdict.put("held", "duplicate_in_procore")
        amount = stood.amount if stood else verdict.target or 0
        _expect(truth, verdict, verdict.commitment_id, verdict.requisition_id, amount)
        return
    if verdict.disposition == "matched":
        assert verdict.commitment_id is not None
        assert verdict.target is not None
        standing = view.standing(verdict.prefix, verdict.commitment_id)
        if not deleted_sibling or standing == verdict.target:
            place_id, target = verdict.commitment_id, verdict.target
            moved = memory.stood.get(verdict.prefix)
            if moved is not None and moved.commitment_id != place_id:
                reason = refused_place(view, moved.commitment_id)
                if reason:
                    verdict.put("held", reason)
                    _keep(truth, verdict, moved)
                    return
            _expect(truth, verdict, place_id, verdict.requisition_id, target)
            return
        verdict.put("held", "deleted_in_erp")
    if verdict.reason == "credit_application":
        return  # judged, not held: no cash is applied now, so nothing stands
    kept = memory.stood.get(verdict.prefix)
    due = memory.due.get(verdict.prefix)
    lost = verdict.reason in ("no_application", "application_not_synced", "ambiguous_match")
    if kept is None and lost and due:
        standing = view.standing(verdict.prefix, due.commitment_id)
        kept = due if standing == due.amount else None
    if kept is not None and kept.amount:
        if lost:
            verdict.put("held", "application_unlinked")
        _keep(truth, verdict, kept)


def _twice(view: View, verdict: Verdict) -> bool:
    """Say whether two rows carry one of the allocation's ids (money-rules 4.6)."""
    assert verdict.commitment_id is not None
    rows = view.rows(verdict.commitment_id).ours.get(verdict.prefix, [])
    return len({row.origin_id for row in rows}) < len(rows)


def _keep(truth: Truth, verdict: Verdict, stood: Stood) -> None:
    _expect(truth, verdict, stood.commitment_id, stood.requisition_id, stood.amount)


def _gone(view: View, judge: Judge) -> list[Verdict]:
    """Judge the prefixes in Procore whose allocation is no longer in the ERP."""
    world = view.world
    live = {
        world.prefix(payment.id, bill)
        for payment in world.erp.payments.rows.values()
        for bill in payment.linked_ids("Bill")
    }
    deleted = {stone.id for stone in world.erp.tombstones if stone.kind == "BillPayment"}
    found = []
    for prefix, commitment_id, requisition_id, standing in _places(view):
        if prefix in live:
            continue
        payment_id, bill_id = (unquote(part) for part in prefix.split(":")[2:4])
        currency = view.commitment(commitment_id).currency
        verdict = Verdict(
            payment_id, bill_id, prefix, "outside", "voided_before_posting", 0, 0, currency,
            commitment_id, requisition_id,
        )  # fmt: skip
        stood = world.memory.stood.get(prefix)
        due = world.memory.due.get(prefix)
        if payment_id in deleted:
            right = {one.amount for one in (stood, due) if one is not None}
            verdict.target = standing if standing in right else (stood.amount if stood else 0)
            if verdict.target:
                verdict.put("held", "deleted_in_erp")
        elif standing:
            reason = refused_place(view, commitment_id)
            if reason and stood is not None:
                verdict.target = stood.amount
                verdict.put("held", reason)
        found.append(verdict)
    return found


def _places(view: View) -> list[tuple[str, int, int | None, int]]:
    """Return every prefix that stands anywhere, with its commitment, application and net."""
    found = []
    for commitment_id in view.world.procore.commitments:
        for prefix, rows in view.rows(commitment_id).ours.items():
            net = view.standing(prefix, commitment_id)
            found.append((prefix, commitment_id, rows[-1].requisition_id, net))
    return found


def as_json(truth: Truth, commitment_id: int | None = None) -> dict[str, Any]:
    """Return the answer of `GET /truth`."""
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    totals: Counter[str] = Counter()
    for expected in truth.expected.values():
        totals[truth.view.commitment(expected.commitment_id).currency] += expected.amount
        rows[expected.commitment_id].append(_row(expected))
    commitments = []
    for ident, commitment in truth.view.world.procore.commitments.items():
        if commitment_id in (None, ident):
            commitments.append(
                {
                    "commitment_id": ident,
                    "project_id": commitment.project_id,
                    "number": commitment.number,
                    "currency": commitment.currency,
                    "rows": rows[ident],
                    "sum_minor": sum(row["amount_minor"] for row in rows[ident]),
                }
            )
    return {"commitments": commitments, "totals": dict(totals)} | counts(truth)


def counts(truth: Truth) -> dict[str, Any]:
    """Return how many allocations have which disposition, and why."""
    by: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict in truth.verdicts:
        by[verdict.disposition][verdict.reason or "matched"] += 1
    return {
        "allocations": len(truth.verdicts),
        "matched": by["matched"].total(),
        "outside": by["outside"].total(),
        "pending": by["pending"].total(),
        "held": dict(by["held"]),
        "outside_reasons": dict(by["outside"]),
        "pending_reasons": dict(by["pending"]),
        "voided_payments": sum(p.voided for p in truth.view.world.erp.payments.rows.values()),
    }


def _row(expected: Expected) -> dict[str, Any]:
    verdict = expected.verdict
    return {
        "payment_id": verdict.payment_id,
        "bill_id": verdict.bill_id,
        "requisition_id": expected.requisition_id,
        "origin_prefix": expected.prefix,
        "amount_minor": expected.amount,
        "date": verdict.date.isoformat() if verdict.date else None,
        "check_number": verdict.check_number,
        "bill_number": verdict.bill_number,
    }
