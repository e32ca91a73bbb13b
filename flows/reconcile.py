"""Starts a reconcile for each connection: at night, and again within it where one did not get
through."""

from datetime import datetime, timedelta

from prefect import flow
from prefect.client.schemas.objects import State

from flows.scheduled import start_each
from paidsync.ledger.tables import SyncRun

# The schedule ticks for some hours of each night, and all of them are closer together than this.
_A_NIGHT = timedelta(hours=12)
# How a reconcile ends that has not looked at everything, for a reason that may pass.
_AGAIN = ("Busy", "Failed", "Partial", "crashed")


def is_owed(schedule: str, last: SyncRun | None, now: datetime) -> bool:
    """Whether a connection is still to be reconciled in this night. One that is never synced by
    itself is not reconciled by itself either."""
    if schedule == "never":
        return False
    if last is None or last.state in _AGAIN:
        return True
    # One that began later than now did so by a clock that was set back since.
    return not timedelta(0) <= now - datetime.fromisoformat(last.started_at) <= _A_NIGHT


@flow(name="reconcile", flow_run_name="reconcile all connections", timeout_seconds=600)
def reconcile() -> State:
    """Start the reconciles that this night still owes, and do not wait for them."""
    return start_each("reconcile", is_owed)
