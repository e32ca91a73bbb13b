"""Starts one sync for each connection that its policy makes due; hourly, without parameters."""

from datetime import datetime, timedelta

from prefect import flow
from prefect.client.schemas.objects import State

from flows.scheduled import start_each
from paidsync.ledger.tables import SyncRun

_EVERY = {
    "hourly": timedelta(hours=1),
    "2h": timedelta(hours=2),
    "4h": timedelta(hours=4),
    "daily": timedelta(days=1),
}
# The schedule ticks on the hour and runs take a while to start: a little early is due.
_SLACK = timedelta(minutes=10)


def is_due(schedule: str, last: SyncRun | None, now: datetime) -> bool:
    """Whether a connection's policy asks for a run now; ``never`` never does. A run that began
    later than now, by a clock that was set back since, puts none off."""
    every = _EVERY.get(schedule)
    if every is None:
        return False
    if last is None:
        return True
    return not timedelta(0) <= now - datetime.fromisoformat(last.started_at) < every - _SLACK


@flow(name="sync-all", flow_run_name="sync all connections", timeout_seconds=600)
def sync_all() -> State:
    """Start the due connections' syncs, and do not wait for them."""
    return start_each("sync", is_due)
