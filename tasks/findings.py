"""What a run saw besides what it did, in sentences for the summary. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from paidsync import money
from paidsync.reasons import Remark
from tasks.strategies import Row

_NOTES = {
    Remark.CHECK_NUMBER_CHANGED: ("check number", "payment_number"),
    Remark.DATE_CHANGED: ("date", "payment_date"),
}
# So many bills are named in a run's message; the evidence names all.
_NAMED = 5


def changed_since_posted(rows: Iterable[Row], allocations: Mapping[str, Row]) -> list[str]:
    """The notes of money-rules 5: what is right in Procore but now reads differently in the ERP."""
    return [
        f"Bill {_bill(paid)}: the {what} is {paid[name] or 'empty'} in the ERP now; the row in "
        "Procore keeps what it was posted with."
        for row in rows
        if row["outcome"] == "right"
        for note, (what, name) in _NOTES.items()
        if note in _remarks(row)
        for paid in (allocations[row["allocation_id"]],)
    ]


def beyond_paid(rows: Iterable[Row]) -> list[str]:
    """Applications on which more stands than the ERP says is paid, whoever posted it."""
    return sorted({row["detail"] for row in rows if Remark.BEYOND_PAID in _remarks(row)})


def told_by_no_feed(found: Collection[str], allocations: Iterable[Row]) -> list[str]:
    """What reading everything anew brought to light: a line for each bill of such a payment."""
    payments = set(found)
    return [
        f"Payment {row['payment_number'] or row['payment_id']} of {row['document_date'] or '-'}, "
        f"bill {_bill(row)}: {_amount(row)}, {row['standing']} in the ERP."
        for row in allocations
        if row["payment_id"] in payments
    ]


def control_totals(context: Mapping[str, Any]) -> dict[str, Any]:
    """The ERP's own totals beside ours, as far as this run compared them; plain JSON."""
    bills = context["bills_compared"]
    return {
        "payments": context["control_total"],
        "bills": bills and {**bills, "unexplained": len(bills["unexplained"])},
    }


def control_lines(control: Mapping[str, Any], erp_title: str) -> list[str]:
    """The control totals, for people."""
    lines = []
    if (count := control.get("payments")) is not None:
        lines.append(
            f"Of payments dated {count['first']} to {count['last']} and last changed before "
            f"{count['changed_before'][:16].replace('T', ' ')} UTC, {erp_title} counts "
            f"{count['theirs']:,} and PaidSync {count['ours']:,}."
        )
    if (bills := control.get("bills")) is not None:
        lines.append(
            f"Of {bills['compared']:,} bills, {bills['unexplained']:,} have more paid on them "
            "than their payments come to."
        )
    return lines


def unexplained_bills(context: Mapping[str, Any]) -> list[str]:
    """The first bills of which a payment is missing, and how many more there are."""
    bills: list[str] = (context["bills_compared"] or {}).get("unexplained", [])
    more = len(bills) - _NAMED
    return [*bills[:_NAMED], *([f"And {more} more bills."] if more > 0 else [])]


def _remarks(row: Row) -> set[str]:
    return set((row["amber"] or "").split(","))


def _bill(row: Row) -> str:
    return str(row["bill_number"] or row["bill_id"])


def _amount(row: Row) -> str:
    if row["cash_minor"] is None or row["currency"] is None:
        return "amount unknown"
    try:
        return money.shown(row["cash_minor"], row["currency"])
    except money.MoneyError:
        return "amount unknown"
