"""Starts one sync for each connection that its policy makes due; hourly, without parameters."""

from datetime import UTC, datetime, timedelta

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.deployments import run_deployment
from prefect.states import Completed

from flows.handle import load_handle
from flows.starting import SYNC
from paidsync.ledger import Ledger
from paidsync.policy import Policy
from paidsync.settings import settings

_EVERY = {
    "hourly": timedelta(hours=1),
    "2h": timedelta(hours=2),
    "4h": timedelta(hours=4),
    "daily": timedelta(days=1),
}
# The schedule ticks on the hour and runs take a while to start: a little early is due.
_SLACK = timedelta(minutes=10)


def is_due(schedule: str, last_started: datetime | None, now: datetime) -> bool:
    """Whether a connection's policy asks for a run now; ``never`` never does. A run that began
    later than now, by a clock that was set back since, puts none off."""
    every = _EVERY.get(schedule)
    if every is None:
        return False
    return last_started is None or not timedelta(0) <= now - last_started < every - _SLACK


@flow(name="sync-all", flow_run_name="sync all connections", timeout_seconds=600)
def sync_all() -> State:
    """Start the due connections' syncs, and do not wait for them."""
    ledger = Ledger(settings().ledger_url).require_current()
    started = []
    try:
        for connection in ledger.connections.all():
            policy = Policy.model_validate(
                ledger.connections.policy(connection.name, connection.policy_version)
            )
            last = ledger.runs.last(connection.name, mode="sync")
            began = datetime.fromisoformat(last.started_at) if last else None
            if not is_due(policy.schedule, began, datetime.now(UTC)):
                get_run_logger().info("%s is not due (%s).", connection.name, policy.schedule)
                continue
            handle = load_handle(connection.name)
            run_deployment(
                SYNC,
                parameters={"connection": handle, "options": {"mode": "sync"}},
                timeout=0,
                tags=[connection.name],
            )
            started.append(connection.name)
    finally:
        ledger.close()
    return Completed(message=f"Started {', '.join(started) or 'none'}.")
