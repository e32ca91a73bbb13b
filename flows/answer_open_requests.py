"""Finds presses of Procore's button that no webhook told of; every five minutes."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from prefect import flow, get_run_logger, runtime
from prefect.client.schemas.objects import State
from prefect.states import Completed

from connectors.connection import ConnectionFile
from connectors.errors import AccessRefused, NotThere, OutsideError
from connectors.procore.records import ErpRequest, RequestDetail
from flows.presses import Office, answer, is_in_hand, is_ours, office_of, pass_on
from flows.starting import MOST_TRIES, StartedInVain, fate, start_answer
from paidsync.ledger import Ledger
from paidsync.ledger.inbound import Press
from paidsync.settings import settings
from tasks.answer import called_off, given_up
from tasks.desk import stored_connection

# Presses are looked for among so many of the newest requests that are open.
_MOST_LOOKS = 10
# Procore's clock is not ours.
_SKEW = timedelta(minutes=5)


@flow(
    name="answer-open-requests",
    flow_run_name="look for presses that nobody answered",
    timeout_seconds=240,
)
def answer_open_requests() -> State:
    """Start an answer for each press that nobody took up, and pass on what is still to be told."""
    ledger = Ledger(settings().ledger_url).require_current()
    started: list[str] = []
    troubles: list[str] = []
    try:
        for row in ledger.connections.all():
            connection = stored_connection(ledger, row.name)
            if connection.listener is None or not connection.listener.answers_the_button:
                continue
            since = datetime.fromisoformat(row.connected_at) - _SKEW
            try:
                with office_of(connection) as office:
                    for press in ledger.inbound.unclosed(row.name):
                        pass_on(ledger, office.requests, press)
                    request = _next_press(ledger, office, connection, since)
                    if request is not None:
                        _start(ledger, office, row.name, request)
                        started.append(f"{row.name} {request.request_id}")
            except (OutsideError, StartedInVain) as trouble:
                # The others' buttons are pressed all the same.
                troubles.append(f"{row.name}: {trouble}")
                get_run_logger().warning("%s: %s", row.name, trouble)
    finally:
        ledger.close()
    said = f"Started {', '.join(started) or 'none'}."
    return Completed(message=" ".join([said, *troubles])[:1000])


def _start(ledger: Ledger, office: Office, name: str, request: ErpRequest) -> None:
    """Start the answer; where run after run died, tell the person so, and raise StartedInVain."""
    press = ledger.inbound.press(name, request.request_id)
    try:
        start_answer(name, request.request_id, press)
    except StartedInVain:
        run_id = str(runtime.flow_run.id)
        ids = {"detail_id": request.detail_id or "", "run_id": run_id}
        if ledger.inbound.claim(name, request.request_id, **ids, seen=press, asked_by=None):
            answer(ledger, office.requests, name, request.request_id, given_up(MOST_TRIES))
        raise


def _next_press(
    ledger: Ledger, office: Office, connection: ConnectionFile, since: datetime
) -> ErpRequest | None:
    """The newest press that waits: one in each go, so that many old ones do not start many runs.

    Presses from before the connection existed were somebody else's to answer.
    """
    lines = {line.detail_id: line for line in office.requests.details() if line.is_open}
    looks = 0
    for request_id in _candidates(office, connection.name, lines.values()) if lines else ():
        press = ledger.inbound.press(connection.name, request_id)
        if press is not None and (is_in_hand(press) or _is_called_off(ledger, office, press)):
            continue
        looks += 1
        if looks > _MOST_LOOKS:
            break
        try:
            request = office.requests.get(request_id)
        except NotThere:
            continue
        is_late = request.created_at is None or request.created_at > since
        if is_ours(request, connection) and request.detail_id in lines and is_late:
            return request
    return None


def _is_called_off(ledger: Ledger, office: Office, press: Press) -> bool:
    """Whether a person cancelled the run that took the press up: then that is the answer."""
    if not press.claims or fate(press.claims[-1]) != "called off":
        return False
    said = called_off(press.claims[-1])
    answer(ledger, office.requests, press.connection, press.request_id, said)
    return True


def _candidates(office: Office, name: str, lines: Iterable[RequestDetail]) -> list[str]:
    """Requests that an open line names, or that the connection's hook told of; newest first."""
    named = {line.request_id for line in lines if line.request_id and line.request_id.isdigit()}
    try:
        told = office.hooks.told_of(name)
    except (AccessRefused, NotThere):  # no right to see webhooks: what the lines name must do
        told = []
    return sorted(named | set(told), key=int, reverse=True)
