"""Keeps the memory: called just before the ERP's books or Procore's records change."""

from __future__ import annotations

from collections.abc import Iterable

from .company import World
from .judge import Judge
from .memory import ForeignRow, Stood
from .procore.model import ContractPayment
from .quickbooks_online.records import Bill, BillPayment, Entity
from .view import View


def foreign_row(row: ContractPayment) -> ForeignRow:
    """Return what nobody but the control may change of a row that is not ours."""
    return ForeignRow(
        row.contract_id, row.amount, row.date, row.check_number, row.invoice_number,
        row.requisition_id, row.origin_id,
    )  # fmt: skip


def remember_foreign(world: World) -> None:
    """Remember every row that stands now and is not ours."""
    view = View(world)
    for row in world.procore.payments():
        if view.prefix_of(row.origin_id) is None:
            world.memory.foreign[row.id] = foreign_row(row)


def remember(world: World, payment_ids: Iterable[str]) -> None:
    """Remember what is due and what rightly stands for the allocations of some payments."""
    view = View(world)
    judge = Judge(view)
    memory = world.memory
    for ident in dict.fromkeys(payment_ids):
        payment = world.erp.payments.rows.get(ident)
        if payment is None:
            continue
        memory.numbers.setdefault(ident, set()).add(payment.number)
        memory.dates.setdefault(ident, set()).add(payment.txn_date)
        for verdict in judge.allocations(payment):
            stood = memory.stood.get(verdict.prefix)
            if verdict.disposition == "matched" and verdict.target and verdict.commitment_id:
                now = Stood(verdict.commitment_id, verdict.requisition_id, verdict.target)
                memory.due[verdict.prefix] = now
                if view.standing(verdict.prefix, now.commitment_id) == now.amount:
                    memory.stood[verdict.prefix] = now
                    continue
            if stood and view.standing(verdict.prefix, stood.commitment_id) != stood.amount:
                del memory.stood[verdict.prefix]


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
