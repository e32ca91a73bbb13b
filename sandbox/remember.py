"""Keeps the memory: called just before the ERP's books or Procore's records change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .books.records import Bill, BillPayment, Entity
from .company import World
from .judge import Judge, Verdict
from .memory import Stood
from .neighbours import Neighbours
from .rows import foreign_row, prefix_of, row_index
from .truth import Expected, Truth, tell
from .view import View


def remember_foreign(world: World) -> None:
    """Remember every row that stands now and is not ours."""
    for row in world.procore.payments():
        if prefix_of(world, row.origin_id) is None:
            world.memory.foreign[row.id] = foreign_row(row)


def settle(world: World) -> None:
    """Take note of what was written since the last change, as far as it is right."""
    index, memory = row_index(world), world.memory
    if not index.fresh and not index.pending:
        return
    truth = tell(world)
    _accept_links(world, truth)
    for prefix in index.fresh | {*index.pending.values()}:
        _settle(world, truth, prefix)
    memory.seen_row = max(world.procore.payment_rows.by_id, default=0)


def _accept_links(world: World, truth: Truth) -> None:
    """A typed row that carries our id by the rules is ours from now on (money-rules 4.3)."""
    for ident, verdict in truth.links.items():
        if linked_rightly(world, ident, verdict):
            world.memory.linked.add(ident)
            del world.memory.foreign[ident]


def linked_rightly(world: World, row_id: int, verdict: Verdict) -> bool:
    """Say whether a typed row carries our id as it must, and is otherwise as it was typed."""
    row = world.procore.payment_rows.by_id[row_id]
    known = world.memory.foreign.get(row_id)
    same = known is not None and replace(foreign_row(row), origin_id=known.origin_id) == known
    return same and prefix_of(world, row.origin_id) == verdict.prefix


def _settle(world: World, truth: Truth, prefix: str) -> None:
    memory = world.memory
    stood, expected = memory.stood.get(prefix), truth.expected.get(prefix)
    now = {place: net for place, net in row_index(world).now.get(prefix, {}).items() if net}
    wanted = {}
    if expected is not None:
        wanted = {(expected.commitment_id, expected.requisition_id): expected.amount}
    if now != wanted:
        if stood and now != {(stood.commitment_id, stood.requisition_id): stood.amount}:
            del memory.stood[prefix]
    elif expected is None:
        memory.stood.pop(prefix, None)
    elif expected.verdict.disposition == "matched":
        memory.stood[prefix] = _stood(world, truth, expected)
        memory.sent_bills.add(expected.verdict.bill_id)


def _stood(world: World, truth: Truth, expected: Expected) -> Stood:
    verdict = expected.verdict
    rows = truth.view.rows(expected.commitment_id).ours.get(expected.prefix, [])
    paid = [row.id for row in rows if row.amount > 0]
    typed = verdict.link is not None or (bool(paid) and paid[-1] in world.memory.linked)
    return Stood(
        expected.commitment_id, expected.requisition_id, expected.amount, verdict.cash,
        verdict.policy.version, verdict.check_number, verdict.date, linked=typed,
    )  # fmt: skip


def remember(world: World, payment_ids: Iterable[str]) -> None:
    """Remember what rightly stands, and what is due for the allocations of some payments."""
    settle(world)
    judge = Judge(View(world))
    memory = world.memory
    for ident in dict.fromkeys(payment_ids):
        payment = world.erp.payments.rows.get(ident)
        if payment is None:
            continue
        memory.numbers.setdefault(ident, set()).add(payment.number)
        days = memory.dates.setdefault(ident, set())
        days |= {payment.txn_date, *map(payment.dated, payment.linked_ids("Bill"))}
        verdicts = list(judge.allocations(payment))
        Neighbours(judge).look(verdicts)
        for verdict in verdicts:
            if verdict.disposition == "matched" and verdict.target:
                memory.due[verdict.prefix] = Stood(
                    verdict.place, verdict.requisition_id, verdict.target
                )


def remember_everything(world: World) -> None:
    """Remember before something changes that bears on every allocation: the policy."""
    remember(world, world.erp.payments.rows)


def watch(world: World) -> None:
    """Remember before every change of the books, whoever makes it."""

    def before(row: Entity) -> None:
        if isinstance(row, BillPayment):
            bills = world.erp.bills.rows
            linked = [bills[ident] for ident in row.linked_ids("Bill") if ident in bills]
            remember(world, [row.id, *(p for bill in linked for p in bill.payments)])
        elif isinstance(row, Bill):
            remember(world, row.payments)

    world.erp.before_change.append(before)


def remember_commitment(world: World, commitment_id: int) -> None:
    """Remember before a commitment, one of its applications or one of its rows changes."""
    bills = world.erp.bills.rows
    linked = [
        bills[application.origin_id]
        for application in map(
            world.procore.requisitions.__getitem__, world.procore.invoice_ids(commitment_id)
        )
        if application.origin_id in bills
    ]
    remember(world, [payment for bill in linked for payment in bill.payments])
