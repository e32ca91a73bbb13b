"""The truth as JSON: `GET /truth`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from .company import World
from .judge import Verdict
from .rows import prefix_of
from .truth import Expected, Truth


def as_json(truth: Truth, commitment_id: int | None = None) -> dict[str, Any]:
    """Return what every commitment should hold, and how many allocations are what."""
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
    head = {"commitments": commitments, "totals": dict(totals)}
    return head | counts(truth) | {"stops": stops(truth.view.world)}


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


def stops(world: World) -> list[str]:
    """Return why a run would be refused before it writes: here only money-rules 4.4."""
    policy = world.policies.current
    first = policy.cut_over or policy.start_date
    if first is None:
        return []
    for row in world.procore.payment_rows.by_id.values():
        known = world.memory.foreign.get(row.id)
        origin = known.origin_id if known else row.origin_id
        theirs = bool(origin) and prefix_of(world, origin) is None
        if theirs and row.created_at.astimezone(world.erp.zone).date() >= first:
            return ["other_integration_active"]
    return []


def allocations(
    truth: Truth, payment_id: str | None, bill_id: str | None
) -> dict[str, list[dict[str, Any]]]:
    """Return the opinion on single allocations, parts of split bills one by one."""
    found: Iterable[Verdict] = (
        one
        for one in truth.verdicts
        if payment_id in (None, one.payment_id) and bill_id in (None, one.bill_id)
    )
    return {"allocations": [allocation(one, truth) for one in found]}


def allocation(one: Verdict, truth: Truth) -> dict[str, Any]:
    """Return one allocation: what it is, its target, and what must stand for it now."""
    expected = truth.expected.get(one.prefix)
    return {
        "payment_id": one.payment_id,
        "bill_id": one.bill_id,
        "application_id": one.application,
        "origin_prefix": one.prefix,
        "commitment_id": one.commitment_id,
        "requisition_id": one.requisition_id,
        "disposition": one.disposition,
        "reason": one.reason,
        "settled_minor": one.settled,
        "cash_minor": one.cash,
        "target_minor": one.target,
        "expected_minor": expected.amount if expected else 0,
        "currency": one.currency,
        "policy_version": one.policy.version,
        "link_row_id": one.link,
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
