"""A small Procore company over real HTTP, and the published schemas to hold it against."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from openapi_schema_validator import OAS31Validator
from starlette.types import ASGIApp

from sandbox.procore import ProcoreStore, RateLimits, create_app, create_auth_app

CLIENT = {"client_id": "procore-client", "client_secret": "procore-secret"}
COMPANY_ID = 900_100
SUBSET = "procore-openapi-subset.json"
PAYMENTS = "/rest/v1.0/contract_payments"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 31, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        """Move by a time span."""
        self.now += timedelta(**span)


class Switch:
    """Both hosts of the present company on one port, told apart by the path."""

    def __init__(self) -> None:
        self.hosts: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on."""
        oauth = scope["type"] == "http" and scope["path"].startswith("/oauth")
        await self.hosts["auth" if oauth else "api"](scope, receive, send)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve an app on a free loopback port; gives its address."""
    config = uvicorn.Config(app, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    # asyncio switches Nagle's delay (40 ms a reply) off only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)  # from now on a connection waits instead of being refused
    port = listener.getsockname()[1]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=5)


@dataclass
class Company:
    """The store, its clock and limits, an authorised client, and some ids."""

    store: ProcoreStore
    clock: Clock
    rates: RateLimits
    http: httpx.Client
    project: int
    other_project: int
    hidden_project: int
    vendor: int
    commitment: int
    order: int
    no_payments: int
    void: int
    invoice: int
    typed: int

    def scope(self, **more: Any) -> dict[str, Any]:
        """The query of the payments routes."""
        return {"project_id": self.project, "contract_id": self.commitment} | more

    def post(self, *, contract_id: int | None = None, **payment: Any) -> httpx.Response:
        """POST a contract payment with the given attributes."""
        body = {
            "project_id": self.project,
            "contract_id": contract_id or self.commitment,
            "contract_payment": {"amount": "1250.50", "date": "2026-03-31"} | payment,
        }
        return self.http.post(PAYMENTS, json=body)

    def patch(self, payment_id: int, **payment: Any) -> httpx.Response:
        """PATCH a contract payment with the given attributes."""
        body = self.scope(contract_payment=payment)
        return self.http.patch(f"{PAYMENTS}/{payment_id}", json=body)

    def delete(self, payment_id: int) -> httpx.Response:
        """DELETE a contract payment."""
        return self.http.delete(f"{PAYMENTS}/{payment_id}", params=self.scope())

    def listed(self, path: str = PAYMENTS, **query: Any) -> Any:
        """A list's answer, which must be 200."""
        response = self.http.get(path, params=query or self.scope())
        assert response.status_code == 200, response.text
        return response.json()


def token(http: httpx.Client, **grant: str) -> dict[str, Any]:
    """Ask for a token; client credentials unless told otherwise."""
    form = CLIENT | ({"grant_type": "client_credentials"} | grant)
    response = http.post("/oauth/token", data=form)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def company(switch: Switch, http: httpx.Client) -> Company:
    """A company with a subcontract, a purchase order, one invoice and one typed payment."""
    clock = Clock()
    store = ProcoreStore(company_id=COMPANY_ID, company_name="Hallam Builders", clock=clock)
    rates = RateLimits(hourly=100_000, spike=100_000)
    project = store.add_project(name="Quay Street", number="24-101", origin_id="job-1")
    other = store.add_project(name="Old Mill", number="24-102", active=False)
    hidden = store.add_project(name="Not permitted", number="24-103", hidden=True)
    vendor = store.add_vendor(name="Northgate Steel", origin_id="vendor-1")

    def commitment(number: str, **more: Any) -> int:
        values: dict[str, Any] = {
            "kind": "work_order",
            "grand_total": Decimal(100000),
            "title": "Steel",
        }
        return store.add_commitment(
            project_id=project, vendor_id=vendor, number=number, **(values | more)
        )

    subcontract = commitment("SC-001", origin_id="sc-1")
    invoice = store.add_requisition(
        commitment_id=subcontract,
        invoice_number="INV-9",
        due=Decimal(9000),
        retainage=Decimal(1000),
        tax=Decimal(0),
        billing_date=date(2026, 3, 20),
        origin_id="bill-9",
    )
    store.erp.add_request("sync_contract_payments")
    store.add_user(login="ada@hallam.example", name="Ada Moss", erp_integrated_accountant=True)
    api = create_app(store, rates=rates, **CLIENT)
    switch.hosts = {"api": api, "auth": create_auth_app(store, **CLIENT)}
    http.headers = httpx.Headers({"Procore-Company-Id": str(COMPANY_ID)})
    http.headers["Authorization"] = f"Bearer {token(http)['access_token']}"
    return Company(
        store=store,
        clock=clock,
        rates=rates,
        http=http,
        project=project,
        other_project=other,
        hidden_project=hidden,
        vendor=vendor,
        commitment=subcontract,
        order=commitment("PO-001", kind="purchase_order"),
        no_payments=commitment("SC-002", allow_payments=False),
        void=commitment("SC-003", status="Void"),
        invoice=invoice,
        typed=store.type_payment(
            commitment_id=subcontract,
            amount=Decimal("100.00"),
            date=date(2026, 3, 1),
            check_number="A1",
        ),
    )


def subset() -> dict[str, Any]:
    """The published operations, or a skip that says what is missing."""
    folder = os.environ.get("PAIDSYNC_REFERENCE")
    file = Path(folder) / SUBSET if folder else None
    if file is None or not file.is_file():
        reason = f"PAIDSYNC_REFERENCE does not name a folder with {SUBSET}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    document: dict[str, Any] = json.loads(file.read_text())
    return document


class Published:
    """The reference as validators per path, method and status.

    Nullability is not published and the reference says to take every response field as
    nullable, so each property may also be null.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.paths: dict[str, Any] = document["paths"]
        self._components = _nullable(document["components"])
        self._templates = {
            path: re.compile(re.sub(r"\{\w+\}", r"[^/]+", path) + r"\Z") for path in self.paths
        }

    def template(self, method: str, path: str) -> str:
        """The published path that an address belongs to, the most literal one."""
        fitting = [
            p for p, r in self._templates.items() if r.match(path) and method in self.paths[p]
        ]
        assert fitting, f"{method} {path} is not published"
        return str(min(fitting, key=lambda p: p.count("{")))

    def check(self, response: httpx.Response) -> tuple[str, str, str]:
        """Hold a real answer against the schema of its path and status."""
        method = response.request.method.lower()
        template = self.template(method, response.request.url.path)
        responses = self.paths[template][method]["responses"]
        status = str(response.status_code)
        place = (method, template, status)
        declared = responses.get(status) or responses.get("default")
        assert declared is not None, f"{place} is not declared: {response.text}"
        for name in declared.get("headers", {}):
            if name.startswith("X-Rate"):
                assert name in response.headers, f"{place} lacks {name}"
        schema = declared.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return place
        whole = _nullable(schema) | {"components": self._components}
        errors = sorted(OAS31Validator(whole).iter_errors(response.json()), key=str)
        assert not errors, f"{place}: {errors[0].message} at {errors[0].json_path}"
        return place


def _nullable(schema: Any) -> Any:
    """The schema with null allowed for every property."""
    if isinstance(schema, list):
        return [_nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {name: _nullable(value) for name, value in schema.items()}
    properties = copy.get("properties")
    if isinstance(properties, dict):
        copy["properties"] = {
            name: {"anyOf": [value, {"type": "null"}]} for name, value in properties.items()
        }
    return copy
