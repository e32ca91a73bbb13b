"""The ERP's own control totals, against what was read and what the ledger holds (money-rules 2)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from connectors.erp import BillPayment, Cursor
from expectations.run import control_totals
from paidsync import money
from paidsync.records import Standing
from tasks.desk import Desk
from tasks.limits import paid_on
from tasks.strategies import Row


def count_payments(
    at: Desk,
    delivered: Mapping[str, BillPayment],
    *,
    until: Cursor,
    gone: Collection[str],
    first: date,
    last: date,
) -> dict[str, Any] | None:
    """Our payments dated first..last beside the ERP's own count; ``detail`` says how they differ.

    Ours are those just delivered, and those kept from earlier runs but ``gone``. None where the
    ERP cannot count, or counts what changed meanwhile: then the next run compares.
    """
    if not at.erp.capabilities.control_count:
        return None
    theirs = at.erp.control_total(first, last, until=until.until)
    if theirs is None:
        return None
    recent = {
        key
        for key, each in delivered.items()
        if each.modified_at is not None and each.modified_at >= until.until
    }
    if not theirs.bounded and recent:
        return None
    days = first.isoformat(), last.isoformat()
    ours = at.ledger.allocations.payments_dated(at.run.connection, *days)
    ours -= {*delivered, *gone}
    ours |= {
        key
        for key, each in delivered.items()
        if each.date and first <= each.date <= last and key not in recent
    }
    stops = control_totals(len(ours), theirs.count, first=first, last=last)
    return {
        "first": days[0],
        "last": days[1],
        "ours": len(ours),
        "theirs": theirs.count,
        "changed_before": until.until.isoformat(),
        "detail": stops[0][1] if stops else None,
    }


def compare_bills(
    bills: Iterable[Row], allocations: Iterable[Row], *, erp_title: str
) -> dict[str, Any]:
    """Bills on which the ERP says more is paid than the payments known of them come to: a payment
    is missing. It is the one sum that every ERP keeps. Pure.

    ``bills`` are records.BILLS, ``allocations`` every one that is known of them. Left out are bills
    of which either side is unknown. Where the ERP says less, nothing is missing, and rule 4.5 sees
    to it that no more is posted.
    """
    paying: dict[str, list[Row]] = defaultdict(list)
    for row in allocations:
        if row["standing"] in (Standing.LIVE, Standing.NOT_ISSUED, Standing.DISAPPEARED):
            paying[row["bill_id"]].append(row)
    compared = 0
    unexplained = []
    for bill in bills:
        ours, theirs = _paid_by(paying[bill["bill_id"]], bill), paid_on(bill)
        if ours is None or theirs is None:
            continue
        compared += 1
        if theirs > ours:
            unexplained.append(
                f"{erp_title} says that {money.shown(theirs, bill['currency'])} is paid on bill "
                f"{bill['number'] or bill['bill_id']}; its payments come to "
                f"{money.shown(ours, bill['currency'])}."
            )
    return {"compared": compared, "unexplained": unexplained}


def _paid_by(payments: Iterable[Row], bill: Row) -> int | None:
    """What payments come to on their bill, as the bill counts it; None where one cannot be told."""
    amount = "settled_minor" if bill["paid_cash_minor"] is None else "cash_minor"
    total = 0
    for row in payments:
        told = row["standing"] != Standing.DISAPPEARED and row["currency"] == bill["currency"]
        if not told or row[amount] is None:
            return None
        total += row[amount]
    return total
