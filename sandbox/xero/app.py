"""The Accounting API's addresses, and those of the connections (reference sections 2 to 5)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import endpoints, writes
from .body import Element, parse
from .connections import Connections
from .faultbodies import JSON, XML, XeroFault, not_found, validation
from .gate import Gate
from .lists import Collection, Lists, View, modified_since
from .rates import RateLimits
from .render import to_json, to_xml
from .shapes import organisation
from .store import Organisation
from .tokens import Tokens, guid

BASE = "/api.xro/2.0"
LONGEST_KEY = 128
_Answer = dict[str, Any]
_Handler = Callable[[Request], Awaitable[_Answer]]
_Write = Callable[[Request, list[Element]], list[_Answer]]


class AccountingApi:
    """Answers for one organisation."""

    def __init__(
        self, org: Organisation, tokens: Tokens, connections: Connections, rates: RateLimits
    ) -> None:
        self.org = org
        self.gate = Gate(tokens, connections)
        self.connections = connections
        self.rates = rates
        self.lists = Lists(org)
        self._answers = 0
        self._requests = 0
        self._replies: dict[str, _Answer] = {}

    def app(self) -> Starlette:
        """Build the routes."""
        routes = [
            Route("/connections", self._connections, methods=["GET"]),
            Route("/connections/{ident}", self._disconnect, methods=["DELETE"]),
            self._route("GET", "/Organisation", "settings", self._organisation),
        ]
        for collection in endpoints.COLLECTIONS:
            path, area = f"/{collection.name}", collection.area
            routes.append(self._route("GET", path, area, self._list(collection)))
            routes.append(self._route("GET", path + "/{ident}", area, self._one(collection)))
        table: list[tuple[str, str, _Handler]] = [
            ("PUT", "/Payments", self._writing("Payments", self._create_payments)),
            ("POST", "/Payments", self._writing("Payments", self._post_payments)),
            ("POST", "/Payments/{ident}", self._writing("Payments", self._delete_payment)),
            ("PUT", "/BatchPayments", self._writing("BatchPayments", self._create_batches)),
            ("POST", "/BatchPayments", self._writing("BatchPayments", self._delete_batches)),
            ("POST", "/BatchPayments/{ident}", self._writing("BatchPayments", self._delete_batch)),
        ]
        routes += [self._route(method, path, "payments", run) for method, path, run in table]
        return Starlette(routes=routes)

    # Coming in and going out

    def _route(self, method: str, path: str, area: str, handler: _Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            as_json = "application/json" in request.headers.get("accept", "")
            headers = self._correlation()
            try:
                self.gate.check(request, area, writing=method != "GET")
                refused = self.rates.admit()
                headers |= self.rates.headers()
                if refused is not None:
                    raise refused
                return self._written(await self._run(handler, request), headers, as_json=as_json)
            except XeroFault as fault:
                response = fault.response(as_json=as_json)
                response.headers.update(headers)
                return response

        return Route(BASE + path, endpoint, methods=[method])

    def _correlation(self) -> dict[str, str]:
        self._requests += 1
        return {"xero-correlation-id": guid(self.org.seed, "request", self._requests)}

    async def _run(self, handler: _Handler, request: Request) -> _Answer:
        self.rates.running += 1
        try:
            if self.rates.answer_seconds:
                await asyncio.sleep(self.rates.answer_seconds)
            return await handler(request)
        finally:
            self.rates.running -= 1

    def envelope(self) -> _Answer:
        """Return what stands around every answer."""
        self._answers += 1
        now = int(self.org.clock.epoch() * 1000)
        return {
            "Id": guid(self.org.seed, "answer", self._answers),
            "Status": "OK",
            "ProviderName": "PaidSync sandbox",
            "DateTimeUTC": f"/Date({now})/",
        }

    def _written(self, body: _Answer, headers: dict[str, str], *, as_json: bool) -> Response:
        whole = self.envelope() | body
        if as_json:
            return Response(to_json(whole), 200, headers, JSON)
        return Response(to_xml(whole), 200, headers, XML)

    @staticmethod
    def _known(request: Request, names: frozenset[str]) -> None:
        for name in request.query_params:
            if name not in names:
                raise validation(f"The parameter {name} is not one of this address")

    @staticmethod
    def _ident(request: Request) -> str:
        try:
            return str(UUID(request.path_params["ident"]))
        except ValueError:
            raise not_found() from None

    # Reading

    async def _organisation(self, request: Request) -> _Answer:
        self._known(request, frozenset())
        return {"Organisations": [organisation(self.org)]}

    def _list(self, collection: Collection) -> _Handler:
        async def handler(request: Request) -> _Answer:
            self._known(request, collection.known())
            since = modified_since(request.headers.get("if-modified-since"))
            with self.org.lock:
                return self.lists.answer(collection, request.query_params, since)

        return handler

    def _one(self, collection: Collection) -> _Handler:
        async def handler(request: Request) -> _Answer:
            self._known(request, collection.params & {"unitdp"})
            with self.org.lock:
                row = self._row(collection, self._ident(request))
                shape = collection.shape(row, self.org, View({}, full=True, alone=True))
            return {collection.name: [shape]}

        return handler

    def _row(self, collection: Collection, ident: str) -> Any:
        row = collection.find(self.org, ident)
        if row is None:
            raise not_found()
        return row

    # Writing

    def _writing(
        self, name: str, run: Callable[[Request, list[Element]], list[_Answer]]
    ) -> _Handler:
        """Read the body and carry it out once per Idempotency-Key."""

        async def handler(request: Request) -> _Answer:
            self._known(request, frozenset({"summarizeErrors"}))
            key = request.headers.get("idempotency-key")
            if key is not None and len(key) > LONGEST_KEY:
                raise validation(f"The Idempotency-Key is longer than {LONGEST_KEY} characters")
            raw = await request.body()
            with self.org.lock:
                if key is not None and key in self._replies:
                    return self._replies[key]
                elements = parse(raw, request.headers.get("content-type", ""), name)
                answer = {name: run(request, elements)}
                if key is not None:
                    self._replies[key] = answer
                return answer

        return handler

    def _create_payments(self, request: Request, elements: list[Element]) -> list[_Answer]:
        summarize = request.query_params.get("summarizeErrors", "true").lower() != "false"
        return writes.create_payments(elements, self.org, summarize=summarize)

    def _post_payments(self, request: Request, elements: list[Element]) -> list[_Answer]:
        """POST creates, too; with an id it is a change, and the only one is to delete."""
        (element,) = _single(elements)
        if "PaymentID" not in element:
            return self._create_payments(request, elements)
        row = self._row(endpoints.PAYMENTS, str(element["PaymentID"]).lower())
        return [writes.delete_payment(row, element, self.org)]

    def _delete_payment(self, request: Request, elements: list[Element]) -> list[_Answer]:
        (element,) = _single(elements)
        row = self._row(endpoints.PAYMENTS, self._ident(request))
        return [writes.delete_payment(row, element, self.org)]

    def _create_batches(self, request: Request, elements: list[Element]) -> list[_Answer]:
        (element,) = _single(elements)
        return [writes.create_batch(element, self.org)]

    def _delete_batches(self, request: Request, elements: list[Element]) -> list[_Answer]:
        (element,) = _single(elements)
        row = self._row(endpoints.BATCH_PAYMENTS, str(element.get("BatchPaymentID")).lower())
        return [writes.delete_batch(row, element, self.org)]

    def _delete_batch(self, request: Request, elements: list[Element]) -> list[_Answer]:
        (element,) = _single(elements)
        row = self._row(endpoints.BATCH_PAYMENTS, self._ident(request))
        return [writes.delete_batch(row, element, self.org)]

    # Connections: no tenant, no scope, always JSON

    async def _connections(self, request: Request) -> Response:
        try:
            access = self.gate.caller(request)
        except XeroFault as fault:
            return fault.response()
        return JSONResponse(self.connections.shown(access.client_id))

    async def _disconnect(self, request: Request) -> Response:
        try:
            access = self.gate.caller(request)
            if not self.connections.remove(access.client_id, request.path_params["ident"]):
                raise not_found()
        except XeroFault as fault:
            return fault.response()
        return Response(status_code=204)


def _single(elements: list[Element]) -> list[Element]:
    if len(elements) != 1:
        raise validation("This request takes one element")
    return elements


def create_app(
    org: Organisation, tokens: Tokens, connections: Connections, rates: RateLimits
) -> Starlette:
    """Build the Accounting API of one organisation."""
    return AccountingApi(org, tokens, connections, rates).app()
