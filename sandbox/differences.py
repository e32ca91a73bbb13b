"""Compares Procore's rows with the truth; an empty list means that they are equal."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from .company import World
from .money import to_minor
from .procore.model import ContractPayment
from .remember import foreign_row
from .truth import Expected, Truth, tell
from .view import View


def differences(world: World) -> list[dict[str, Any]]:
    """Return everything in Payments Issued that should not be as it is."""
    truth = tell(world)
    found = _amounts(truth)
    found += _details(truth)
    found += _duplicates(world, truth.view)
    found += _foreign(world, truth.view)
    return found


def _amounts(truth: Truth) -> list[dict[str, Any]]:
    """Net per commitment, application and allocation."""
    view = truth.view
    standing: dict[tuple[int, int | None, str], int] = defaultdict(int)
    for commitment_id, commitment in view.world.procore.commitments.items():
        for prefix, rows in view.rows(commitment_id).ours.items():
            for row in rows:
                key = (commitment_id, row.requisition_id, prefix)
                standing[key] += to_minor(row.amount, commitment.currency)
    wanted = {
        (one.commitment_id, one.requisition_id, one.prefix): one.amount
        for one in truth.expected.values()
    }
    found = []
    for key in sorted(set(standing) | set(wanted), key=str):
        stands, should = standing.get(key, 0), wanted.get(key, 0)
        if stands != should:
            commitment_id, requisition_id, prefix = key
            found.append(
                {
                    "kind": "amount",
                    "commitment_id": commitment_id,
                    "requisition_id": requisition_id,
                    "origin_prefix": prefix,
                    "expected_minor": should,
                    "standing_minor": stands,
                    "currency": view.commitment(commitment_id).currency,
                }
            )
    return found


def _details(truth: Truth) -> list[dict[str, Any]]:
    """The newest row of a standing allocation shows a date and number that the payment once had."""
    found = []
    for expected in truth.expected.values():
        rows = truth.view.rows(expected.commitment_id).ours.get(expected.prefix, [])
        paid = [row for row in rows if row.amount > 0]
        if paid:
            found += _detail(truth, expected, paid[-1])
    return found


def _detail(truth: Truth, expected: Expected, row: ContractPayment) -> list[dict[str, Any]]:
    memory, verdict = truth.view.world.memory, expected.verdict
    payment = truth.view.world.erp.payments.rows.get(verdict.payment_id)
    if payment is None:
        return []
    dates = memory.dates.get(payment.id, set()) | {payment.txn_date}
    numbers = memory.numbers.get(payment.id, set()) | {payment.number}
    found: list[tuple[str, str | None, str | None]] = []
    if row.date not in dates:
        found.append(("date", payment.txn_date.isoformat(), row.date.isoformat()))
    if (row.check_number or None) not in {number or None for number in numbers}:
        found.append(("check_number", payment.number, row.check_number))
    return [
        {
            "kind": f"wrong_{name}",
            "commitment_id": expected.commitment_id,
            "origin_prefix": expected.prefix,
            "payment_row_id": row.id,
            "expected": should,
            "standing": stands,
        }
        for name, should, stands in found
    ]


def _duplicates(world: World, view: View) -> list[dict[str, Any]]:
    origins = Counter(row.origin_id for row in world.procore.payments() if row.origin_id)
    return [
        {"kind": "duplicate_origin_id", "origin_id": origin, "rows": count}
        for origin, count in origins.items()
        if count > 1
    ]


def _foreign(world: World, view: View) -> list[dict[str, Any]]:
    """Rows that are not ours: none may be changed, removed or added but through the control."""
    found: list[dict[str, Any]] = []
    rows = {row.id: row for row in world.procore.payments()}
    for ident, before in world.memory.foreign.items():
        if ident not in rows:
            found.append({"kind": "foreign_row_missing", "payment_row_id": ident})
        elif foreign_row(rows[ident]) != before:
            found.append({"kind": "foreign_row_changed", "payment_row_id": ident})
    for ident, row in rows.items():
        if ident not in world.memory.foreign and view.prefix_of(row.origin_id) is None:
            found.append(
                {
                    "kind": "row_without_owner",
                    "payment_row_id": ident,
                    "commitment_id": row.contract_id,
                    "origin_id": row.origin_id,
                }
            )
    return found
