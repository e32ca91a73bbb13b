"""What waits for a person in a connection, as the command line and the artifacts list it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from paidsync import money
from paidsync.ledger import Ledger
from paidsync.reasons import Decision, Hold
from tasks.pages import is_payable
from tasks.strategies import Row
from tasks.summary import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One hold, with what may be decided about it."""

    number: int
    reason: Hold
    about: str
    seen: str
    choices: tuple[Decision, ...]
    decided: str | None  # since the last run, by whom
    currency: str | None
    cash_minor: int | None


def waiting(ledger: Ledger, connection: str) -> list[Waiting]:
    """The open holds of a connection, the oldest first."""
    return _listed(ledger, connection, ledger.holds.open(connection))


def put_aside(ledger: Ledger, connection: str) -> list[Waiting]:
    """What is no longer held because a person decided so; it may be taken up again."""
    ids = ledger.allocations.put_aside(connection)
    return _listed(ledger, connection, ledger.holds.newest_of(connection, ids))


def _listed(ledger: Ledger, connection: str, holds: Iterable[Row]) -> list[Waiting]:
    holds = list(holds)
    ids = [hold["allocation_id"] for hold in holds]
    paid = {row["allocation_id"]: row for row in ledger.allocations.by_id(connection, ids)}
    decisions = ledger.holds.decisions(connection)
    found = []
    for hold in holds:
        reason = Hold(hold["reason"])
        row = paid.get(hold["allocation_id"], {})
        found.append(
            Waiting(
                number=hold["hold_id"],
                reason=reason,
                about=about(row),
                seen=hold["detail"] or reason.plain,
                choices=reason.decisions,
                decided=_decided(hold, decisions.get(hold["allocation_id"], ())),
                currency=row.get("currency"),
                cash_minor=row.get("cash_minor"),
            )
        )
    return found


def _decided(hold: Row, decisions: Iterable[Row]) -> str | None:
    """The newest decision about this hold, in a sentence."""
    newest = None
    for each in decisions:
        if (each["reason"], each["state"]) == (hold["reason"], hold["state"]):
            newest = each
    if newest is None or newest["at"] < hold["opened_at"]:
        return None
    why = f": {newest['note']}" if newest["note"] else ""
    return f"{newest['decision']}, decided by {newest['by_whom']}{why}"


def about(row: Mapping[str, Any]) -> str:
    """Which payment of which bill it is, in words."""
    if not row:
        return "a payment that the ledger has not read yet"
    cash, currency = row["cash_minor"], row["currency"]
    amount = money.shown(cash, currency) if cash is not None and is_payable(currency) else "?"
    return (
        f"bill {row['bill_number'] or row['bill_id']} of {row['vendor_name'] or '?'}, {amount} of "
        f"{row['payment_date'] or '?'}, check {row['payment_number'] or '-'}"
    )


def sums(held: Iterable[Waiting]) -> Money:
    """What is held, in minor units by currency, as far as it has an amount."""
    found: dict[str, int] = defaultdict(int)
    for each in held:
        if each.cash_minor is not None and each.currency and is_payable(each.currency):
            found[each.currency] += each.cash_minor
    return dict(sorted(found.items()))


def reasons(held: Iterable[Waiting]) -> dict[str, int]:
    """How many are held for which reason, the most frequent first."""
    return dict(Counter(each.reason.value for each in held).most_common())
