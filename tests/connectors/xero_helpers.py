"""A Xero organisation that answers what a test lays down, over real HTTP; records are invented."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.credentials import SecretRef
from connectors.http import Call
from connectors.xero.client import Xero
from connectors.xero.settings import XeroSettings
from tests.connectors.keeper import MemoryKeeper
from tests.connectors.procore_company import host

TENANT = "aa000000-0000-4000-8000-00000000000a"
BANK = "77aa0000-0000-4000-8000-000000000035"
CARD = "77aa0000-0000-4000-8000-000000000036"
NOW = datetime(2026, 11, 20, 8, 0, 0, tzinfo=UTC)
FIRST_TOKEN = "first-refresh-token"
Answer = Callable[[Request], Response | None]


def guid(number: int) -> str:
    return f"5b0f6c3e-1111-4b7a-9a10-{number:012d}"


def stamp(moment: datetime | date) -> str:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return f"/Date({round(moment.timestamp() * 1000)}+0000)/"


def bill_part(number: int = 640, **more: Any) -> dict[str, Any]:
    """A bill as it stands in a payment of a list."""
    return {
        "Type": "ACCPAY",
        "InvoiceID": guid(number),
        "InvoiceNumber": f"HRC-{number}",
        "Contact": {"ContactID": guid(71), "Name": "Harbor Ridge Concrete"},
        "CurrencyCode": "NZD",
        "Payments": [],
    } | more


def payment(number: int = 1, amount: Any = "700.00", **more: Any) -> dict[str, Any]:
    """A row of the list of payments."""
    return {
        "PaymentID": guid(number),
        "Date": stamp(date(2026, 11, 19)),
        "Amount": amount,
        "BankAmount": amount,
        "Reference": "EFT 20261119",
        "CurrencyRate": 1,
        "PaymentType": "ACCPAYPAYMENT",
        "Status": "AUTHORISED",
        "UpdatedDateUTC": stamp(datetime(2026, 11, 19, 10, 0, 15, 120000, tzinfo=UTC)),
        "HasAccount": True,
        "Account": {"AccountID": BANK, "Code": "090"},
        "Invoice": bill_part(),
    } | more


def applied(bill: int, amount: Any, day: date | None, **more: Any) -> dict[str, Any]:
    """An allocation of a prepayment or an overpayment."""
    invoice = {"InvoiceID": guid(bill), "InvoiceNumber": f"HRC-{bill}"}
    return {"Amount": amount, "Date": stamp(day) if day else None, "Invoice": invoice} | more


def prepayment(number: int = 5, **more: Any) -> dict[str, Any]:
    return {
        "PrepaymentID": guid(number),
        "Type": "SPEND-PREPAYMENT",
        "Contact": {"ContactID": guid(71), "Name": "Harbor Ridge Concrete"},
        "Date": stamp(date(2026, 10, 1)),
        "Status": "AUTHORISED",
        "Total": "1000.00",
        "RemainingCredit": "1000.00",
        "Reference": "ADV-7",
        "CurrencyCode": "NZD",
        "CurrencyRate": 1,
        "Allocations": [],
        "Payments": [],
        "UpdatedDateUTC": stamp(datetime(2026, 11, 1, tzinfo=UTC)),
    } | more


def bill(number: int = 640, **more: Any) -> dict[str, Any]:
    return {
        "Type": "ACCPAY",
        "InvoiceID": guid(number),
        "InvoiceNumber": f"HRC-{number}",
        "Contact": {"ContactID": guid(71), "Name": "Harbor Ridge Concrete"},
        "Date": stamp(date(2026, 11, 2)),
        "Status": "AUTHORISED",
        "SubTotal": "1000.00",
        "TotalTax": "150.00",
        "Total": "1150.00",
        "AmountPaid": "0.00",
        "AmountCredited": "0.00",
        "AmountDue": "1150.00",
        "CurrencyCode": "NZD",
        "Payments": [],
        "CreditNotes": [],
        "Prepayments": [],
        "Overpayments": [],
        "UpdatedDateUTC": stamp(datetime(2026, 11, 3, tzinfo=UTC)),
    } | more


def parsed(row: dict[str, Any]) -> dict[str, Any]:
    """A record as the connector sees it: numbers that are written are Decimal or int."""
    found: dict[str, Any] = json.loads(json.dumps(row), parse_float=Decimal)
    return found


@dataclass
class Organisation:
    """What the organisation holds, a connector on it, and what passed between them."""

    keeper: MemoryKeeper
    settings: XeroSettings
    erp: Xero = field(init=False)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)  # ids that only direct reads show
    whole: dict[str, dict[str, Any]] = field(default_factory=dict)  # as direct reads show them
    about: dict[str, Any] = field(default_factory=dict)  # of the organisation
    tenants: list[dict[str, Any]] = field(default_factory=list)
    largest_page: int = 1000
    answers: list[Answer] = field(default_factory=list)  # asked before all else
    token_answers: list[Response] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def asked(self, resource: str) -> list[Request]:
        """Requests of one list or of documents in it, in order."""
        return [each for each in self.requests if f"/{resource}" in each.url.path]

    def once(self, answer: Answer) -> None:
        """Answer in this way until it answered once."""

        def first(request: Request) -> Response | None:
            found = answer(request)
            if found is not None:
                self.answers.remove(first)
            return found

        self.answers.append(first)

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        self.forms.append({**form, "auth": request.headers["authorization"]})
        self.keeper.events.append("token")
        if self.token_answers:
            return self.token_answers.pop(0)
        number = len(self.forms)
        body = {"access_token": f"access-{number}", "expires_in": 1800, "token_type": "Bearer"}
        if self.settings.refresh_token:
            body["refresh_token"] = f"refresh-{number}"
        return JSONResponse(body)

    async def api(self, request: Request) -> Response:
        self.requests.append(request)
        self.keeper.events.append("api")
        for answer in self.answers:
            found = answer(request)
            if found is not None:
                return found
        parts = request.url.path.strip("/").split("/")
        if parts == ["connections"]:
            return JSONResponse(self.tenants, headers=self.headers)
        assert parts[:2] == ["api.xro", "2.0"]
        if parts[2] == "Organisation":
            return self.envelope({"Organisations": [self.about]})
        if len(parts) == 4:
            return self._one(parts[2], parts[3])
        return self._list(parts[2], request.query_params)

    def envelope(self, body: dict[str, Any], **more: Any) -> Response:
        top = {"Id": guid(0), "Status": "OK", "ProviderName": "a test", "DateTimeUTC": stamp(NOW)}
        return JSONResponse(top | body | more, headers=self.headers)

    def _one(self, resource: str, ident: str) -> Response:
        key = {"Invoices": "InvoiceID"}.get(resource, f"{resource.removesuffix('s')}ID")
        rows = [row for row in self.lists.get(resource, []) if row[key] == ident]
        if ident in self.whole:
            rows = [self.whole[ident]]
        if not rows:
            return Response("The resource you're looking for cannot be found", 404)
        return self.envelope({resource: rows})

    def _list(self, resource: str, query: Any) -> Response:
        rows = [
            row
            for row in self.lists.get(resource, [])
            if not self.hidden & set(map(str, row.values()))
        ]
        named = [row for row in rows if self._is_named(row, query)]
        if "page" not in query:
            return self.envelope({resource: named})
        page, size = int(query["page"]), min(int(query["pageSize"]), self.largest_page)
        about = {
            "page": page,
            "pageSize": size,
            "pageCount": -(-len(named) // size),
            "itemCount": len(named),
        }
        shown = named[(page - 1) * size : page * size]
        return self.envelope({resource: shown}, pagination=about)

    def _is_named(self, row: dict[str, Any], query: Any) -> bool:
        """Ids that a request names; other filters are looked at by the tests."""
        if "IDs" in query:
            return row["InvoiceID"] in query["IDs"].split(",")
        if "PaymentID==guid" in query.get("where", ""):
            return f'"{row["PaymentID"]}"' in query["where"]
        return True


def settings(address: str = "http://127.0.0.1", **changes: Any) -> XeroSettings:
    """Settings that point at a host of the tests."""
    values = {
        "type": "xero",
        "tenant_id": TENANT,
        "client_id": "a-client-id",
        "client_secret": SecretRef(env="XERO_TEST_SECRET"),
        "refresh_token": SecretRef(env="XERO_TEST_REFRESH"),
        "api_url": address,
        "token_url": f"{address}/connect/token",
    }
    return XeroSettings.model_validate(values | changes)


@contextmanager
def organisation(
    monkeypatch: pytest.MonkeyPatch, *, keeper: MemoryKeeper | None = None, **changes: Any
) -> Iterator[Organisation]:
    """An organisation without records, behind a server, and a connector on it that never sleeps."""
    monkeypatch.setenv("XERO_TEST_SECRET", "a-client-secret")
    monkeypatch.setenv("XERO_TEST_REFRESH", FIRST_TOKEN)
    found = Organisation(keeper or MemoryKeeper(), settings(host().address, **changes))
    found.about = {
        "Name": "Demo Builders",
        "BaseCurrency": "NZD",
        "Timezone": "NEWZEALANDSTANDARDTIME",
        "ShortCode": "!x7YzQ",
    }
    found.tenants = [{"id": guid(1), "tenantId": TENANT, "tenantName": "Demo Builders"}]
    found.lists["Accounts"] = [
        {"AccountID": BANK, "BankAccountType": "BANK", "CurrencyCode": "NZD"},
        {"AccountID": CARD, "BankAccountType": "CREDITCARD", "CurrencyCode": "NZD"},
    ]
    host().app = Starlette(
        routes=[
            Route("/connect/token", found.token, methods=["POST"]),
            Route("/{path:path}", found.api, methods=["GET"]),
        ]
    )
    found.erp = Xero(
        found.settings,
        tokens=found.keeper,
        on_call=found.calls.append,
        longest_wait=120,
        sleep=found.slept.append,
    )
    try:
        yield found
    finally:
        found.erp.close()
