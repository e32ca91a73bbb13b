"""Answers a press of Procore's button: runs the sync, then tells Procore what came of it."""

import time
from datetime import timedelta

from prefect import flow, get_run_logger, runtime, tags
from prefect.client.schemas.objects import State
from prefect.states import Completed

from connectors.procore.records import ErpRequest
from connectors.procore.requests import Requests
from flows.handle import PaidsyncConnection
from flows.presses import answer, is_in_hand, is_ours, office_of
from flows.sync_payments import SyncOptions, sync_payments
from flows.triggers import BUTTON, tag_of
from paidsync.ledger import Ledger
from paidsync.settings import settings
from tasks.answer import Answer, answer_of, busy
from tasks.desk import stored_connection
from tasks.opening import LONGEST_RUN

_BUSY_AGAIN_SECONDS = 15


def _run_name() -> str:
    parameters = runtime.flow_run.parameters
    return f"{parameters['connection'].connection} button {parameters['request_id']}"


@flow(
    name="answer-sync-request",
    flow_run_name=_run_name,
    timeout_seconds=(LONGEST_RUN + timedelta(minutes=15)).total_seconds(),
    retries=0,
    persist_result=False,
    validate_parameters=True,
)
def answer_sync_request(connection: PaidsyncConnection, request_id: str) -> State:
    """Run the sync that a person asked for in Procore, and close their request.

    Args:
        connection: The connection whose button was pressed.
        request_id: Procore's number of the ERP request.
    """
    own = settings()
    ledger = Ledger(own.ledger_url).require_current()
    name = connection.connection
    try:
        with office_of(stored_connection(ledger, name)) as office:
            requests = office.requests
            request = requests.get(request_id)
            who = None if request.user_id is None else requests.person(request.user_id)
            why_not = _take_up(ledger, requests, name, request, who)
            if why_not is not None:
                get_run_logger().info("%s", why_not)
                return Completed(name="NothingToDo", message=why_not)
            said = _sync(ledger, connection, who)
            answer(ledger, requests, name, request_id, said)
    finally:
        ledger.close()
    return Completed(message=f"Answered {said.status}: {' '.join(said.messages)}"[:1000])


def _take_up(
    ledger: Ledger, requests: Requests, name: str, request: ErpRequest, who: str | None
) -> str | None:
    """Make the request this run's own; answers why not, where it is not for this run."""
    if not is_ours(request, stored_connection(ledger, name)) or request.detail_id is None:
        return f"Request {request.request_id} ({request.name}) is not the button of {name}."
    run_id = str(runtime.flow_run.id)
    press = ledger.inbound.press(name, request.request_id)
    if press is not None and press.status is not None:
        return f"Request {request.request_id} has its answer already."
    if press is not None and press.claims[-1:] == (run_id,):
        return None  # a retry of this very run
    if press is not None and is_in_hand(press):
        return f"Run {press.claims[-1]} answers request {request.request_id}."
    line = requests.detail(request)
    if line is not None and not line.is_open:
        return f"Request {request.request_id} is closed in Procore ({line.status})."
    taken = ledger.inbound.claim(
        name,
        request.request_id,
        detail_id=request.detail_id,
        run_id=run_id,
        seen=press,
        asked_by=who,
    )
    return None if taken else f"Another run took request {request.request_id} up at this moment."


def _sync(ledger: Ledger, connection: PaidsyncConnection, asked_by: str | None) -> Answer:
    """The sync as a run of its own below this one, again while another one writes."""
    patience = time.monotonic() + settings().button_patience_seconds
    options = SyncOptions(mode="sync", requested_by=asked_by)
    while True:
        with tags(tag_of(BUTTON), connection.connection):
            state = sync_payments(connection, options, return_state=True)
        run_id = str(state.state_details.flow_run_id)
        run = ledger.runs.get(run_id)
        if state.name != "Busy":
            summary = run.summary if run is not None and run.summary else None
            return answer_of(summary, erp=connection.erp, run_id=run_id)
        if time.monotonic() >= patience:
            return busy(state.message or "")
        get_run_logger().info("Another run writes; trying again in a while. %s", state.message)
        time.sleep(_BUSY_AGAIN_SECONDS)
