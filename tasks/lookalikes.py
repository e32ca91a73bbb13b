"""Rows in Procore that are not ours and look like the payment we are about to post (rule 4.3)."""

from collections.abc import Iterable
from datetime import date, timedelta

from paidsync.numbers import normalised
from paidsync.reasons import Hold, Outside
from tasks.strategies import Row

_NEAR = timedelta(days=7)


def looks_alike(
    row: Row, *, amount: int, check_total: int, others: Iterable[Row]
) -> tuple[Hold | Outside, str] | None:
    """What stands in the way of posting ``amount`` for an allocation, if anything.

    ``others`` are the commitment's rows that we do not own; ``check_total`` is what the whole
    check pays on that commitment. The same check number, or within seven days the same amount.
    """
    for other in others:
        same_check = normalised(row["payment_number"]) is not None and normalised(
            row["payment_number"]
        ) == normalised(other["check_number"])
        same_amount = other["amount_minor"] in (amount, check_total) and _near(
            row["payment_date"], other["date"]
        )
        if not same_check and not same_amount:
            continue
        why = "the same check number" if same_check else "the same amount within seven days"
        seen = (
            f"Row {other['contract_payment_id']} of {other['date']} has {why} "
            f"(check {other['check_number'] or '-'})."
        )
        if other["external_payment_id"]:
            return Outside.PAID_BY_PROCORE_PAY, seen
        if other["origin_id"]:
            return Hold.OTHER_INTEGRATION_ROW, f"{seen} Its origin is {other['origin_id']}."
        return Hold.LOOKS_LIKE_MANUAL_PAYMENT, seen
    return None


def _near(ours: str | None, theirs: str | None) -> bool:
    try:
        return abs(date.fromisoformat(ours or "") - date.fromisoformat(theirs or "")) <= _NEAR
    except ValueError:
        return False
