"""``paidsync holds`` and ``paidsync decide``: what waits for a person."""

from typing import Any

from cli.faults import WrongUse
from paidsync import money
from paidsync.ledger import Ledger
from paidsync.reasons import Decision, Hold
from paidsync.records import rows_of
from paidsync.settings import settings
from tasks.desk import stored_connection


def holds(name: str) -> int:
    """List the open holds, the oldest first, each with what may be decided."""
    ledger = Ledger(settings().ledger_url).require_current()
    stored_connection(ledger, name)
    waiting = ledger.holds.open(name)
    stored = ledger.allocations.by_id(name, [hold["allocation_id"] for hold in waiting])
    paid = {row["allocation_id"]: row for row in rows_of(stored)}
    for hold in waiting:
        reason = Hold(hold["reason"])
        print(f"{hold['hold_id']:>6}  {reason}  {_about(paid.get(hold['allocation_id'], {}))}")
        print(f"        {hold['detail'] or reason.plain}")
        choices = " | ".join(reason.decisions) or "nothing to decide here"
        print(f"        {reason.action} ({choices})")
    print(f"{len(waiting)} held in {name}.")
    ledger.close()
    return 0


def decide(
    name: str,
    hold_id: int,
    decision: str,
    *,
    application_id: str | None,
    by_whom: str,
    note: str | None,
) -> int:
    """Keep a person's decision about a hold, bound to the allocation as it is now."""
    ledger = Ledger(settings().ledger_url).require_current()
    stored_connection(ledger, name)
    hold = next((each for each in ledger.holds.open(name) if each["hold_id"] == hold_id), None)
    if hold is None:
        raise WrongUse(
            f"{name} has no open hold {hold_id}. List them with `paidsync holds {name}`."
        )
    chosen = _chosen(Hold(hold["reason"]), decision, application_id)
    ledger.holds.decide(
        name,
        subject="hold",
        subject_id=hold["allocation_id"],
        reason=hold["reason"],
        state=hold["state"],
        decision=chosen.value,
        application_id=application_id,
        by_whom=by_whom,
        note=note,
    )
    print(
        f"Hold {hold_id} ({hold['reason']}): {chosen}, by {by_whom} (claimed). {chosen.plain} "
        f"Run `paidsync sync {name}`."
    )
    ledger.close()
    return 0


def _chosen(reason: Hold, decision: str, application_id: str | None) -> Decision:
    if decision not in tuple(reason.decisions):
        choices = ", ".join(reason.decisions) or "nothing"
        raise WrongUse(f"About {reason} {choices} can be decided, not {decision!r}.")
    chosen = Decision(decision)
    if (chosen is Decision.LINK) != (application_id is not None):
        raise WrongUse(
            "`link` needs --application with the id of a payment application in Procore; no other "
            "decision takes one."
        )
    return chosen


def _about(row: dict[str, Any]) -> str:
    if not row:
        return ""
    amount = (
        money.shown(row["cash_minor"], row["currency"])
        if row["cash_minor"] is not None and row["currency"]
        else "?"
    )
    return (
        f"bill {row['bill_number'] or row['bill_id']} of {row['vendor_name'] or '?'}, {amount} of "
        f"{row['payment_date'] or '?'}, check {row['payment_number'] or '-'}"
    )
