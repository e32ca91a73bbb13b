"""Which of two readings of one payment counts (money-rules 1.1). Pure."""

from dataclasses import replace
from typing import Any

from connectors.erp import BillPayment
from paidsync.reasons import Hold


def older(payment: BillPayment, *, than: BillPayment) -> bool:
    """Whether it is an earlier version; edits of one second are told apart by a counted version."""
    stamp, other = payment.modified_at, than.modified_at
    if stamp is None or other is None or stamp > other:
        return False
    if stamp < other:
        return True
    versions = payment.version, than.version
    return all(each.isdecimal() for each in versions) and int(versions[0]) < int(versions[1])


def contradicts(payment: BillPayment, known: BillPayment) -> bool:
    """Whether one version of a payment was told in two ways; once seen, it stays so in this run."""
    if (payment.modified_at, payment.version) != (known.modified_at, known.version):
        return False
    return known.fault is Hold.DUPLICATE_ALLOCATION or _facts(payment) != _facts(known)


def _facts(payment: BillPayment) -> tuple[Any, ...]:
    """What money depends on, in any order of the bills."""
    parts = {(each.bill_id, each.currency, each.settled, each.cash) for each in payment.allocations}
    return payment.status, payment.number, payment.date, payment.currency, payment.total, parts


def both(payment: BillPayment, known: BillPayment) -> BillPayment:
    """Two contradicting versions: held, with the bills of either."""
    named = {each.bill_id for each in payment.allocations}
    more = (each for each in known.allocations if each.bill_id not in named)
    return replace(
        payment, fault=Hold.DUPLICATE_ALLOCATION, allocations=(*payment.allocations, *more)
    )
