"""The rows of Payments Issued, by owner and place, as they are and as they were before.

"Before" is just before the last change of the world. Judging on what stood then, and comparing
with what stands now, a wrong posting can never justify itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from .company import World
from .memory import ForeignRow
from .money import to_minor
from .procore.model import ContractPayment

_PROBE = re.compile(r"paidsync-probe:[^:]+:[1-9]\d*")
_OUR_TAIL = re.compile(r"^(?P<prefix>.+):(?P<n>\d+)$")

Place = tuple[int, int | None]
"""A commitment and, on it, an application or none."""


def prefix_of(world: World, origin_id: str | None) -> str | None:
    """Return the allocation prefix if an id is one of ours."""
    if not origin_id or not origin_id.startswith(world.own_prefix):
        return None
    found = _OUR_TAIL.match(origin_id)
    return found["prefix"] if found and found["prefix"].count(":") == 3 else None


def is_probe(origin_id: str | None) -> bool:
    """Say whether an id is that of a probe's row: a cent that is nobody's payment."""
    return _PROBE.fullmatch(origin_id or "") is not None


def foreign_row(row: ContractPayment) -> ForeignRow:
    """Return what nobody but the control may change of a row that is not ours."""
    return ForeignRow(
        row.contract_id, row.amount, row.date, row.check_number, row.invoice_number,
        row.requisition_id, row.origin_id, row.payment_method, row.payment_number, row.notes,
        row.external_payment_id,
    )  # fmt: skip


@dataclass(slots=True)
class Rows:
    """The contract payments of one commitment: ours by prefix, and everybody else's."""

    ours: dict[str, list[ContractPayment]] = field(default_factory=dict)
    foreign: list[ContractPayment] = field(default_factory=list)


@dataclass(slots=True)
class RowIndex:
    """Every row, sorted out once; sums in minor units.

    A typed row that carries our id since the last change (`pending`, row id to prefix) counts as
    foreign in `before` and `rows`, and as ours in `now`: whether the link is right is to be judged.
    """

    rows: dict[int, Rows] = field(default_factory=dict)
    before: dict[str, dict[Place, int]] = field(default_factory=dict)
    now: dict[str, dict[Place, int]] = field(default_factory=dict)
    ours_on: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    all_on: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    fresh: set[str] = field(default_factory=set)
    pending: dict[int, str] = field(default_factory=dict)


def row_index(world: World) -> RowIndex:
    """Return the index; it is made anew when a row or the memory of rows has changed."""
    memory = world.memory
    rows = world.procore.payment_rows
    key = (rows.changes, memory.seen_row, len(memory.linked), len(memory.foreign))
    if world.row_index is None or world.row_index[0] != key:
        world.row_index = (key, _index(world))
    index: RowIndex = world.row_index[1]
    return index


def _index(world: World) -> RowIndex:
    index, memory = RowIndex(), world.memory
    for row in world.procore.payment_rows.by_id.values():
        if is_probe(row.origin_id):
            continue
        amount = to_minor(row.amount, world.procore.commitments[row.contract_id].currency)
        place = (row.contract_id, row.requisition_id)
        on = index.rows.setdefault(row.contract_id, Rows())
        prefix = prefix_of(world, row.origin_id)
        if prefix is not None:
            _add(index.now, prefix, place, amount)
        if prefix is None or row.id in memory.foreign:
            on.foreign.append(row)
            if prefix is not None:
                index.pending[row.id] = prefix
            if row.requisition_id is not None:
                index.all_on[row.requisition_id] += amount
            continue
        on.ours.setdefault(prefix, []).append(row)
        if row.id > memory.seen_row:
            index.fresh.add(prefix)
            continue
        _add(index.before, prefix, place, amount)
        if row.requisition_id is not None:
            index.ours_on[row.requisition_id] += amount
            index.all_on[row.requisition_id] += amount
    return index


def _add(sums: dict[str, dict[Place, int]], prefix: str, place: Place, amount: int) -> None:
    found = sums.setdefault(prefix, {})
    found[place] = found.get(place, 0) + amount
