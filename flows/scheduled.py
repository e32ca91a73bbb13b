"""Starts runs by themselves: one for each connection whose policy asks for it now."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from prefect import get_run_logger
from prefect.client.schemas.objects import State
from prefect.deployments import run_deployment
from prefect.states import Completed

from flows.handle import load_handle
from flows.starting import SYNC
from paidsync.ledger import Ledger
from paidsync.ledger.tables import SyncRun
from paidsync.policy import Policy
from paidsync.settings import settings

# Of a policy's schedule, the connection's last run of this mode, and now.
Asks = Callable[[str, SyncRun | None, datetime], bool]


def start_each(mode: Literal["sync", "reconcile"], asks: Asks) -> State:
    """Start a run of this mode for each connection that ``asks`` for one, and wait for none."""
    ledger = Ledger(settings().ledger_url).require_current()
    started = []
    try:
        for connection in ledger.connections.all():
            policy = Policy.model_validate(
                ledger.connections.policy(connection.name, connection.policy_version)
            )
            last = ledger.runs.last(connection.name, mode=mode)
            if not asks(policy.schedule, last, datetime.now(UTC)):
                get_run_logger().info(
                    "%s needs no %s now (%s).", connection.name, mode, policy.schedule
                )
                continue
            run_deployment(
                SYNC,
                parameters={
                    "connection": load_handle(connection.name),
                    "options": {"mode": mode},
                },
                timeout=0,
                tags=[connection.name],
            )
            started.append(connection.name)
    finally:
        ledger.close()
    return Completed(message=f"Started {', '.join(started) or 'none'}.")
