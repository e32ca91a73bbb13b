"""Rows in Procore that are not ours and look like the payment we are about to post (rule 4.3)."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import NamedTuple

from paidsync.numbers import normalised
from paidsync.reasons import Hold, Outside
from tasks.strategies import Row

_NEAR = timedelta(days=7)


class Alike(NamedTuple):
    """A row that stands in the way, why, and what was seen."""

    reason: Hold | Outside
    detail: str
    row: Row


def look_alikes(row: Row, *, amounts: Collection[int], others: Iterable[Row]) -> list[Alike]:
    """Rows beside which nothing may be posted for an allocation.

    ``others`` are the commitment's rows that we do not own; ``amounts`` what the allocation and
    the whole check pay on that commitment. The same check number, or within seven days the same
    amount.
    """
    found = []
    for other in others:
        same_check = normalised(row["payment_number"]) is not None and normalised(
            row["payment_number"]
        ) == normalised(other["check_number"])
        same_amount = other["amount_minor"] in amounts and _near(row["payment_date"], other["date"])
        if same_check or same_amount:
            why = "the same check number" if same_check else "the same amount within seven days"
            found.append(_alike(other, why))
    return found


def _alike(other: Row, why: str) -> Alike:
    seen = (
        f"Row {other['contract_payment_id']} of {other['date']} has {why} "
        f"(check {other['check_number'] or '-'})."
    )
    if other["external_payment_id"]:
        return Alike(Outside.PAID_BY_PROCORE_PAY, seen, other)
    if other["origin_id"]:
        detail = f"{seen} Its origin is {other['origin_id']}."
        return Alike(Hold.OTHER_INTEGRATION_ROW, detail, other)
    return Alike(Hold.LOOKS_LIKE_MANUAL_PAYMENT, seen, other)


def _near(ours: str | None, theirs: str | None) -> bool:
    try:
        return abs(date.fromisoformat(ours or "") - date.fromisoformat(theirs or "")) <= _NEAR
    except ValueError:
        return False
