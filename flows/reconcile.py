"""Starts a reconcile for each connection: at night, and again within it where one did not get
through."""

from datetime import UTC, datetime, timedelta

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.deployments import run_deployment
from prefect.states import Completed

from flows.handle import load_handle
from flows.starting import SYNC
from paidsync.ledger import Ledger
from paidsync.ledger.tables import SyncRun
from paidsync.policy import Policy
from paidsync.settings import settings

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
    ledger = Ledger(settings().ledger_url).require_current()
    started = []
    try:
        for connection in ledger.connections.all():
            policy = Policy.model_validate(
                ledger.connections.policy(connection.name, connection.policy_version)
            )
            last = ledger.runs.last(connection.name, mode="reconcile")
            if is_owed(policy.schedule, last, datetime.now(UTC)):
                handle = load_handle(connection.name)
                run_deployment(
                    SYNC,
                    parameters={"connection": handle, "options": {"mode": "reconcile"}},
                    timeout=0,
                    tags=[connection.name],
                )
                started.append(connection.name)
            else:
                get_run_logger().info("%s needs none (%s).", connection.name, policy.schedule)
    finally:
        ledger.close()
    return Completed(message=f"Started {', '.join(started) or 'none'}.")
