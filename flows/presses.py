"""Presses of Procore's button: where they are found, whose they are, and how answers get back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import runtime

from connectors.connection import ConnectionFile
from connectors.http import Call
from connectors.procore.client import Procore
from connectors.procore.hooks import Hooks
from connectors.procore.records import ErpRequest
from connectors.procore.requests import SYNC_PAYMENTS, Requests
from flows.starting import fate
from paidsync.ledger import Ledger
from paidsync.ledger.inbound import Press
from paidsync.settings import settings
from tasks.answer import Answer, Status
from tasks.opening import LONGEST_RUN


@dataclass(frozen=True, slots=True)
class Office:
    """Where a connection's Procore company asks, and how it tells that it did."""

    requests: Requests
    hooks: Hooks


@contextmanager
def office_of(connection: ConnectionFile) -> Iterator[Office]:
    """The ERP requests and webhooks of a connection's Procore company."""

    def not_logged(_call: Call) -> None:
        """No run folder; the sync logs its own calls in its folder."""

    waits = settings().longest_wait_seconds
    procore = Procore(connection.procore, on_call=not_logged, longest_wait=waits)
    try:
        yield Office(Requests(procore), Hooks(procore))
    finally:
        procore.close()


def is_ours(request: ErpRequest, connection: ConnectionFile) -> bool:
    """Whether it is the button, of this company, with a line to close."""
    return (
        request.name == SYNC_PAYMENTS
        and request.company_id == str(connection.procore.company_id)
        and request.detail_id is not None
    )


def is_in_hand(press: Press) -> bool:
    """Whether a press was answered, or a run is still about to."""
    if press.status is not None:
        return True
    if datetime.now(UTC) - press.claimed_at > LONGEST_RUN:
        return False
    return bool(press.claims) and fate(press.claims[-1]) == "alive"


def answer(ledger: Ledger, requests: Requests, name: str, request_id: str, said: Answer) -> None:
    """Keep the answer, then close the request; the poll closes it where this cannot."""
    ledger.inbound.answer(
        name,
        request_id,
        run_id=str(runtime.flow_run.id),
        status=said.status,
        messages=said.messages,
    )
    press = ledger.inbound.press(name, request_id)
    if press is not None:
        pass_on(ledger, requests, press)


def pass_on(ledger: Ledger, requests: Requests, press: Press) -> None:
    """Give Procore the answer that is kept."""
    status: Status = "success" if press.status == "success" else "failed"
    requests.close(press.detail_id, status, press.messages)
    ledger.inbound.closed(press.connection, press.request_id)
