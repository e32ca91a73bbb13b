"""A Procore company of the sandbox over real HTTP, and a host that answers whatever it is told."""

from __future__ import annotations

import email.utils
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.credentials import SecretRef
from connectors.http import Call
from connectors.procore.client import Procore
from connectors.procore.routes import ContractPaymentsRoute
from connectors.procore.settings import ProcoreSettings
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.doorway import Doorway, Line
from sandbox.faults import Faults
from sandbox.procore.app import create_app
from sandbox.procore.auth_app import create_auth_app
from sandbox.procore.rates import RateLimits
from sandbox.procore.store import ProcoreStore
from sandbox.procore.trouble import Procore as Trouble

CLIENT_ID = "a-client-id"
CLIENT_SECRET = "a-client-secret-9f3c"
SECRET_NAME = "PAIDSYNC_TEST_PROCORE_SECRET"
COMPANY_ID = 562949953400001
DAY = date(2026, 3, 31)


class Host:
    """One server for the whole test session; each test puts an application of its own behind it."""

    def __init__(self) -> None:
        self.app: ASGIApp = Starlette()
        # Nagle's delay is switched off only where the protocol is named.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # from here on a call waits for the server instead of being refused
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            self._serve,
            http=Line,
            interface="asgi3",
            lifespan="off",
            log_level="error",
            date_header=False,
        )
        server = uvicorn.Server(config)
        threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@cache
def host() -> Host:
    """The server, started when it is first needed."""
    return Host()


@dataclass
class Company:
    """The store and what moves it, a client, and what the client did."""

    store: ProcoreStore
    clock: Clock
    rates: RateLimits
    faults: Faults
    procore: Procore
    project: str
    vendor: str
    commitment: str
    calls: list[Call] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    @property
    def route(self) -> ContractPaymentsRoute:
        """The way to post."""
        return ContractPaymentsRoute(self.procore)

    def add_commitment(self, number: str, **more: Any) -> str:
        """A commitment in the project."""
        values: dict[str, Any] = {
            "project_id": int(self.project),
            "vendor_id": int(self.vendor),
            "kind": "work_order",
            "number": number,
            "title": "Steel",
            "grand_total": Decimal(100000),
        }
        return str(self.store.add_commitment(**(values | more)))

    def add_application(self, number: str, **more: Any) -> str:
        """A payment application on the commitment."""
        values: dict[str, Any] = {
            "commitment_id": int(self.commitment),
            "invoice_number": number,
            "due": Decimal("900.00"),
            "billing_date": DAY,
        }
        return str(self.store.add_requisition(**(values | more)))

    def type_payments(self, count: int) -> None:
        """Rows typed by hand on the commitment: 1.00, 2.00 and so on."""
        for number in range(1, count + 1):
            self.store.type_payment(
                commitment_id=int(self.commitment), amount=Decimal(number), date=DAY
            )

    def statuses(self) -> list[int | None]:
        """What every call so far was answered with."""
        return [call.status for call in self.calls]

    def routes(self) -> list[str]:
        """What every call so far asked for."""
        return [call.route for call in self.calls]


@contextmanager
def company(*, longest_wait: float = 120.0) -> Iterator[Company]:
    """A company with one project and one subcontract. Waiting moves the sandbox's clock."""
    clock = Clock()
    store = ProcoreStore(company_id=COMPANY_ID, company_name="Hallam Builders", clock=clock.now)
    rates = RateLimits(hourly=100_000, spike=100_000)
    credentials = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    api = create_app(store, rates=rates, **credentials)
    auth = create_auth_app(store, **credentials)

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        await (auth if scope["path"].startswith("/oauth") else api)(scope, receive, send)

    faults = Faults(clock, seed=1)
    host().app = _dated(Doorway(both, Trouble(), Calls(), faults), clock)
    calls: list[Call] = []
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds)

    project = store.add_project(name="Quay Street", number="24-101", origin_id="job-1")
    vendor = store.add_vendor(name="Northgate Steel", origin_id="vendor-1")
    procore = Procore(
        settings(host().address), on_call=calls.append, longest_wait=longest_wait, sleep=sleep
    )
    found = Company(
        store=store,
        clock=clock,
        rates=rates,
        faults=faults,
        procore=procore,
        project=str(project),
        vendor=str(vendor),
        commitment="",
        calls=calls,
        waits=waits,
    )
    found.commitment = found.add_commitment("SC-001", origin_id="sc-1")
    try:
        yield found
    finally:
        procore.close()


def settings(address: str, **more: Any) -> ProcoreSettings:
    """Settings that point at a host of the tests."""
    return ProcoreSettings(
        company_id=COMPANY_ID,
        api_url=address,
        auth_url=address,
        client_id=CLIENT_ID,
        client_secret=SecretRef(env=SECRET_NAME),
        **more,
    )


@dataclass
class Scripted:
    """A host that answers with what ``answer`` makes of a request."""

    procore: Procore
    calls: list[Call]
    waits: list[float]
    address: str
    requests: list[Request]


@contextmanager
def scripted(answer: Callable[[Request], Response], *, lifetime: Any = 5400) -> Iterator[Scripted]:
    """A client of such a host; every token request is granted a new token."""
    calls: list[Call] = []
    waits: list[float] = []
    requests: list[Request] = []

    async def token(request: Request) -> Response:
        tokens = sum(call.route == "/oauth/token" for call in calls)
        return JSONResponse({"access_token": f"token-{tokens + 1}", "expires_in": lifetime})

    async def api(request: Request) -> Response:
        await request.body()
        requests.append(request)
        return answer(request)

    methods = ["GET", "POST", "PATCH", "DELETE"]
    host().app = Starlette(
        routes=[
            Route("/oauth/token", token, methods=["POST"]),
            Route("/{path:path}", api, methods=methods),
        ]
    )
    procore = Procore(
        settings(host().address), on_call=calls.append, longest_wait=120.0, sleep=waits.append
    )
    try:
        yield Scripted(procore, calls, waits, host().address, requests)
    finally:
        procore.close()


def _dated(app: ASGIApp, clock: Clock) -> ASGIApp:
    """Answers carry the sandbox's own time, as a server's Date header does."""

    async def dated(scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = email.utils.format_datetime(clock.now(), usegmt=True)
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"date"]
                message = {**message, "headers": [*kept, (b"date", now.encode())]}
            await send(message)

        await app(scope, receive, stamped)

    return dated
