"""The Accounting API's addresses (reference sections 2, 4, 7 and 10)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .body import parse_json
from .cdc import changes
from .faultbodies import (
    QboFault,
    fault_response,
    gateway_response,
    missing,
    not_found,
    unsupported,
    unsupported_operation,
)
from .oauth import Tokens
from .query import answer, entity_name, read_one
from .rates import RateLimits
from .shapes import company_info, pacific_millis, preferences, shape
from .store import Company
from .writes import write

MAX_BATCH = 30
_Handler = Callable[[Request], Awaitable[dict[str, Any]]]


class AccountingApi:
    """Answers one realm; every other realm is refused with 403 and code 3100."""

    def __init__(self, company: Company, tokens: Tokens, rates: RateLimits) -> None:
        self.company = company
        self.tokens = tokens
        self.rates = rates
        self._replies: dict[str, dict[str, Any]] = {}
        self._requests = 0

    def app(self) -> Starlette:
        """Build the routes; addresses are case sensitive."""
        base = "/v3/company/{realm}"
        table: list[tuple[str, list[str], _Handler, set[str]]] = [
            (f"{base}/query", ["GET"], self._query, {"query"}),
            (f"{base}/query", ["POST"], self._posted_query, set()),
            (f"{base}/cdc", ["GET"], self._cdc, {"entities", "changedSince"}),
            (f"{base}/batch", ["POST"], self._batch, {"requestid"}),
            (f"{base}/preferences", ["GET"], self._preferences, set()),
            (f"{base}/companyinfo/{{ident}}", ["GET"], self._company_info, set()),
            (f"{base}/{{entity}}/{{ident}}", ["GET"], self._read, set()),
            (f"{base}/{{entity}}", ["POST"], self._write, {"operation", "include", "requestid"}),
        ]
        routes = [
            Route(path, self._guarded(handler, params), methods=methods)
            for path, methods, handler, params in table
        ]
        return Starlette(routes=routes)

    def _headers(self) -> dict[str, str]:
        self._requests += 1
        return {"intuit_tid": f"1-sandbox-{self._requests:08d}", "QBO-Version": "sandbox"}

    def _guarded(
        self, handler: _Handler, params: set[str]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            headers = self._headers()
            refused = self._refusal(request, headers)
            if refused is not None:
                return refused
            try:
                self._check(request, params | {"minorversion"})
                with self.company.lock:
                    body = await handler(request)
            except QboFault as fault:
                return fault_response(fault, self.company.clock.now(), headers)
            return Response(json.dumps(body), 200, headers, "application/json")

        return endpoint

    def _refusal(self, request: Request, headers: dict[str, str]) -> Response | None:
        now = self.company.clock.now()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.tokens.accepts(token):
            detail = "Token expired" if token else "Missing or malformed token"
            return gateway_response(
                401, "3200", "AuthenticationFailed", detail, "AUTHENTICATION", now, headers
            )
        if request.path_params["realm"] != self.company.realm:
            return gateway_response(
                403, "3100", "ApplicationAuthorizationFailed", "The app is not authorised",
                "AUTHORIZATION", now, headers,
            )  # fmt: skip
        if not self.rates.admit(batch=request.url.path.endswith("/batch")):
            return gateway_response(
                429, "3001", "ThrottleExceeded", "Request limit reached", "SERVICE", now, headers
            )
        return None

    @staticmethod
    def _check(request: Request, params: set[str]) -> None:
        for name in request.query_params:
            if name not in params:
                raise unsupported(name)
        accept = request.headers.get("accept", "")
        if "application/json" not in accept:
            detail = "The sandbox answers JSON only: send the header Accept: application/json"
            raise QboFault("2010", "Request has invalid or unsupported property", detail)

    @staticmethod
    def _check_type(request: Request, *allowed: str) -> None:
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind not in allowed:
            detail = f"Content-Type {kind or '(none)'} is not {' or '.join(allowed)}"
            raise QboFault("2010", "Request has invalid or unsupported property", detail)

    def _time(self) -> dict[str, str]:
        return {"time": pacific_millis(self.company.clock.now())}

    async def _query(self, request: Request) -> dict[str, Any]:
        text = request.query_params.get("query")
        if not text:
            raise missing("query")
        return {"QueryResponse": answer(text, self.company)} | self._time()

    async def _posted_query(self, request: Request) -> dict[str, Any]:
        self._check_type(request, "application/text", "text/plain")
        text = (await request.body()).decode()
        if not text:
            raise missing("query")
        return {"QueryResponse": answer(text, self.company)} | self._time()

    async def _cdc(self, request: Request) -> dict[str, Any]:
        query = request.query_params
        return changes(query.get("entities", ""), query.get("changedSince", ""), self.company)

    async def _preferences(self, request: Request) -> dict[str, Any]:
        return {"Preferences": preferences(self.company)} | self._time()

    async def _company_info(self, request: Request) -> dict[str, Any]:
        ident = request.path_params["ident"]
        if ident != self.company.realm:
            raise not_found("CompanyInfo", ident)
        return {"CompanyInfo": company_info(self.company)} | self._time()

    def _entity(self, request: Request) -> str:
        name = request.path_params["entity"]
        kind = entity_name(name)
        if kind is None or name != kind.lower():
            raise unsupported_operation(name)
        return kind

    async def _read(self, request: Request) -> dict[str, Any]:
        kind, ident = self._entity(request), request.path_params["ident"]
        row = read_one(kind, ident, self.company)
        if row is None:
            raise not_found(kind, ident)
        return {kind: shape(row, self.company)} | self._time()

    async def _write(self, request: Request) -> dict[str, Any]:
        kind = self._entity(request)
        self._check_type(request, "application/json")
        query = request.query_params
        again = query.get("requestid")
        if again is not None and again in self._replies:
            return self._replies[again]
        body = parse_json(await request.body())
        done = write(kind, body, query.get("operation"), query.get("include"), self.company)
        reply = done | self._time()
        if again is not None:
            self._replies[again] = reply
        return reply

    async def _batch(self, request: Request) -> dict[str, Any]:
        self._check_type(request, "application/json")
        items = parse_json(await request.body()).get("BatchItemRequest")
        if not isinstance(items, list) or not items:
            raise missing("BatchItemRequest")
        if len(items) > MAX_BATCH:
            detail = f"The batch has {len(items)} items; at most {MAX_BATCH} are allowed"
            raise QboFault("1040", "Batch size exceeded", detail)
        replies = []
        for item in items:
            try:
                replies.append({"bId": item.get("bId")} | self._batch_item(item))
            except QboFault as fault:
                replies.append({"bId": item.get("bId"), "Fault": fault.body()})
        return {"BatchItemResponse": replies} | self._time()

    def _batch_item(self, item: dict[str, Any]) -> dict[str, Any]:
        if "Query" in item:
            return {"QueryResponse": answer(str(item["Query"]), self.company)}
        if "CDCQuery" in item:
            asked = item["CDCQuery"]
            found = changes(asked.get("Entities", ""), asked.get("ChangedSince", ""), self.company)
            return {"CDCResponse": found["CDCResponse"]}
        operation = item.get("operation")
        kind = next((name for name in item if entity_name(name) == name), None)
        if kind is None:
            raise unsupported_operation("of the batch item")
        if operation not in ("create", "update", "delete"):
            raise unsupported_operation(f"{operation}")
        mode = None if operation == "create" else operation
        return write(kind, item[kind], mode, None, self.company)


def create_app(company: Company, tokens: Tokens, rates: RateLimits) -> Starlette:
    """Build the Accounting API of one company."""
    return AccountingApi(company, tokens, rates).app()
