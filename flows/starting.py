"""Starts runs of deployments for those who heard something: the listener, and the poll."""

from collections.abc import Mapping
from typing import Any, Literal, cast
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from flows.handle import load_handle
from flows.triggers import APPROVAL, BUTTON, WEBHOOK, approved_key, early_key, tag_of
from paidsync.ledger.inbound import Press

Fate = Literal["alive", "dead", "called off"]
SYNC = "sync-payments/sync"
ANSWER = "answer-sync-request/answer-sync-request"
# So many runs may die over one press; then a person has to look.
MOST_TRIES = 5


class StartedInVain(Exception):
    """A run was started again and again for the same, and died each time."""


def start_answer(connection: str, request_id: str, press: Press | None) -> None:
    """Start the answer to a press, unless a run for it is on its way.

    Whoever hears of a press starts the same run: its key is made of the request and of how often
    it was taken up. Raises StartedInVain where that was too often.
    """
    taken_up = len(press.claims) if press else 0
    key = f"answer-{connection}-{request_id}-{taken_up}"
    for _ in range(MOST_TRIES - taken_up):
        run = _start(ANSWER, connection, {"request_id": request_id}, BUTTON, key)
        if run.state is None or not run.state.is_final():
            return
        key = f"{key}-{run.id.hex[:8]}"  # it died before it took the request up: another one
    raise StartedInVain(
        f"Request {request_id} of {connection} was started {MOST_TRIES} times, and every run died. "
        "Look at these runs in Prefect, and at the worker."
    )


def start_early(connection: str, key: str) -> None:
    """Start a sync before its time, because the ERP said that something changed; once for a key."""
    options = {"options": {"mode": "sync"}}
    _start(SYNC, connection, options, WEBHOOK, early_key(connection, key))


def start_approved(connection: str, plan: Mapping[str, Any]) -> None:
    """Start the sync that carries out an approved plan, asked for as the plan was; once for an
    approval."""
    asked = {name: value for name, value in plan["asked"].items() if value}
    key = approved_key(connection, f"{plan['plan_hash'][:12]}-{plan['decided_at']}")
    _start(SYNC, connection, {"options": {"mode": "sync", **asked}}, APPROVAL, key)


def _start(
    deployment: str, connection: str, parameters: dict[str, Any], trigger: str, key: str
) -> FlowRun:
    """A run of its own, not waited for; the one that is there, where the key was used before."""
    return cast(
        FlowRun,
        run_deployment(
            deployment,
            parameters={"connection": load_handle(connection), **parameters},
            timeout=0,
            tags=[connection, tag_of(trigger)],
            idempotency_key=key,
            as_subflow=False,
        ),
    )


def fate(run_id: str) -> Fate:
    """What became of a run: may it still come to an end by itself?"""
    with get_client(sync_client=True) as client:
        try:
            state = client.read_flow_run(UUID(run_id)).state
        except ObjectNotFound:
            return "dead"
    if state is None or not state.is_final():
        return "alive"
    return "called off" if state.is_cancelled() else "dead"
