"""Compares Procore's rows with the truth; an empty list means that they are equal."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .company import World
from .procore.model import ContractPayment
from .remember import linked_rightly
from .rows import foreign_row, is_probe, prefix_of
from .truth import Expected, Truth, tell


def differences(world: World) -> list[dict[str, Any]]:
    """Return everything in Payments Issued that should not be as it is."""
    truth = tell(world)
    found = _amounts(truth)
    found += _details(truth)
    found += _duplicates(world)
    found += _foreign(world, truth)
    return found


def _amounts(truth: Truth) -> list[dict[str, Any]]:
    """Net per commitment, application and allocation."""
    view = truth.view
    standing: dict[tuple[int, int | None, str], int] = {
        (*place, prefix): net
        for prefix, places in view.index.now.items()
        for place, net in places.items()
    }
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
    """The newest row of a standing allocation shows its date and number.

    That is one that the payment once had; the present one where the policy posts changes anew. A
    row that drifted is held as it is, and a typed row that was linked keeps what was typed.
    """
    found = []
    for expected in truth.expected.values():
        rows = truth.view.rows(expected.commitment_id).ours.get(expected.prefix, [])
        paid = [row for row in rows if row.amount > 0]
        if paid and expected.verdict.reason not in ("drift_in_procore", "drift_accepted"):
            found += _detail(truth, expected, paid[-1])
    return found


def _detail(truth: Truth, expected: Expected, row: ContractPayment) -> list[dict[str, Any]]:
    world, verdict = truth.view.world, expected.verdict
    payment = world.erp.payments.rows.get(verdict.payment_id)
    if payment is None:
        return []
    day = payment.dated(verdict.bill_id)
    dates, numbers = {day}, {payment.number or None}
    anew = verdict.disposition == "matched" and verdict.policy.details_changed == "repost"
    if row.id in world.memory.linked or row.id in world.memory.accepted:
        return []
    if not anew:
        dates |= world.memory.dates.get(payment.id, set())
        numbers |= {number or None for number in world.memory.numbers.get(payment.id, set())}
    found: list[tuple[str, str | None, str | None]] = []
    if row.date not in dates:
        found.append(("date", day.isoformat(), row.date.isoformat()))
    if (row.check_number or None) not in numbers:
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


def _duplicates(world: World) -> list[dict[str, Any]]:
    origins = Counter(row.origin_id for row in world.procore.payments() if row.origin_id)
    return [
        {"kind": "duplicate_origin_id", "origin_id": origin, "rows": count}
        for origin, count in origins.items()
        if count > 1
    ]


def _foreign(world: World, truth: Truth) -> list[dict[str, Any]]:
    """Rows that are not ours: none may be changed, removed or added but through the control.

    A typed row that has to carry our id (money-rules 4.3) may change in this alone, and must.
    """
    found: list[dict[str, Any]] = []
    rows, links = world.procore.payment_rows.by_id, truth.links
    for ident, before in world.memory.foreign.items():
        if ident not in rows:
            found.append({"kind": "foreign_row_missing", "payment_row_id": ident})
        elif ident in links and linked_rightly(world, ident, links[ident]):
            continue
        elif foreign_row(rows[ident]) != before:
            found.append({"kind": "foreign_row_changed", "payment_row_id": ident})
        elif ident in links:
            prefix = links[ident].prefix
            found.append({"kind": "not_linked", "payment_row_id": ident, "origin_prefix": prefix})
    for ident, row in rows.items():
        if is_probe(row.origin_id):
            continue
        if ident not in world.memory.foreign and prefix_of(world, row.origin_id) is None:
            found.append(
                {
                    "kind": "row_without_owner",
                    "payment_row_id": ident,
                    "commitment_id": row.contract_id,
                    "origin_id": row.origin_id,
                }
            )
    return found
