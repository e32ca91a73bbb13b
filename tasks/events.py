"""What a run tells Prefect's event feed: that it ended, new holds, and posted reversals.

One event each with counts and totals, never one a payment; `deploy/automations.yaml` listens to
them. They are only told: nothing waits for them, and no run fails because of them.
"""

from typing import Any

from prefect import get_run_logger
from prefect.events import emit_event
from prefect.settings import PREFECT_API_URL

from paidsync import money
from tasks.desk import Desk
from tasks.strategies import Row
from tasks.summary import Money, Summary, by_currency

FINISHED = "paidsync.run.finished"
HOLDS = "paidsync.holds.opened"
REVERSALS = "paidsync.reversals.posted"

_COUNTS = (
    "extracted",
    "posted",
    "reversed",
    "verified",
    "already_right",
    "left",
    "planned",
    "planned_reversals",
    "held",
    "pending",
    "outside",
    "calls",
)


def tell(at: Desk, summary: Summary, entries: list[Row], held: list[Row]) -> None:
    """Tell the events of a run that has ended; ``entries`` as the ledger has them after it."""
    if not PREFECT_API_URL.value():
        return  # without a server Prefect would start one only to lose these
    try:
        for event, payload in _events(at, summary, entries, held):
            emit_event(event, resource=_resource(at, summary), payload=_about(at) | payload)
    except Exception:  # noqa: BLE001 - an event is a view; the run stands as it is
        get_run_logger().warning("Prefect was not told of this run's events.", exc_info=True)


def _events(
    at: Desk, summary: Summary, entries: list[Row], held: list[Row]
) -> list[tuple[str, dict[str, Any]]]:
    events: list[tuple[str, dict[str, Any]]] = [(FINISHED, _finished(summary))]
    if not at.run.posts:
        return events
    opened = _opened(at, held)
    if opened:
        count: dict[str, int] = {}
        for row in opened:
            count[row["reason"]] = count.get(row["reason"], 0) + 1
        events.append((HOLDS, _counted(len(opened), by_currency(opened, "cash_minor"), count)))
    reversals = [
        entry
        for entry in entries
        if entry["kind"] == "reversal" and entry["state"] in ("posted", "verified")
    ]
    if reversals:
        sums = by_currency(reversals, "amount_minor")
        events.append((REVERSALS, _counted(len(reversals), sums)))
    return events


def _opened(at: Desk, held: list[Row]) -> list[Row]:
    """Of what is held, the holds that this attempt opened; an earlier one has told its own."""
    attempt = at.ledger.runs.get(at.run.run_id)
    own = {
        row["allocation_id"]
        for row in at.ledger.holds.open(at.run.connection)
        if attempt and row["opened_run"] == attempt.run_id
        if row["opened_at"] >= attempt.started_at
    }
    return [row for row in held if row["allocation_id"] in own]


def _resource(at: Desk, summary: Summary) -> dict[str, str]:
    """The connection; what an automation may choose by is in its labels."""
    return {
        "prefect.resource.id": f"paidsync.connection.{at.run.connection}",
        "prefect.resource.name": at.run.connection,
        "paidsync.mode": at.run.mode,
        "paidsync.state": summary.state,
        "paidsync.schedule": at.policy.schedule,
    }


def _about(at: Desk) -> dict[str, str]:
    run = at.run
    return {"connection": run.connection, "run": run.run_id, "mode": run.mode}


def _finished(summary: Summary) -> dict[str, Any]:
    return {
        "state": summary.state,
        **{name: getattr(summary, name) for name in _COUNTS},
        "money": {
            "posted": _texts(summary.money),
            "planned": _texts(summary.planned_money),
            "already_right": _texts(summary.right_money),
            "held": _texts(summary.held_money),
            "pending": _texts(summary.pending_money),
            "outside": _texts(summary.outside_money),
        },
    }


def _counted(count: int, sums: Money, reasons: dict[str, int] | None = None) -> dict[str, Any]:
    more = {"reasons": dict(sorted(reasons.items()))} if reasons else {}
    return {"count": count, "money": _texts(sums), **more}


def _texts(sums: Money) -> dict[str, str]:
    """Money as an API takes it, by currency; a code that is no currency has no decimals."""
    return {code: _text(total, code) for code, total in sums.items()}


def _text(total: int, code: str) -> str:
    try:
        return money.plain(total, code)
    except money.UnknownCurrency:
        return f"{total} minor units"
