"""How a documented operation becomes a route: strict query, body, lock, error shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.procore.call import Call
from sandbox.procore.errors import ApiError, bad_request, forbidden
from sandbox.procore.store import ProcoreStore
from sandbox.procore.tokens import Token

HEADER = "procore-company-id"
MISSING_HEADER = (
    "Missing Procore-Company-Id header! Send the id of the company that this call is about."
)
NOT_CONNECTED = "App is not connected to this company"
_BODY_METHODS = ("POST", "PATCH", "PUT")


@dataclass(frozen=True, slots=True)
class Operation:
    """A method and path with the query parameters the reference lists for it.

    ``query`` holds plain names; ``filters`` the names inside ``filters[...]``. With
    ``header_optional`` only service accounts must send ``Procore-Company-Id`` (reference 2.2).
    ``body`` lets a DELETE carry one.
    """

    method: str
    path: str
    handler: Callable[[Call], Any]
    query: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    status: int = 200
    header_optional: bool = False
    body: bool = False

    @property
    def v2(self) -> bool:
        """Whether the path belongs to v2, with its own error shape."""
        return self.path.startswith("/rest/v2")

    def parameters(self) -> frozenset[str]:
        """Every accepted query name, arrays with and without their brackets."""
        names = [f"filters[{name}]" for name in self.filters]
        return frozenset([*self.query, *names, *(f"{name}[]" for name in names)])


def routes(store: ProcoreStore, operations: Sequence[Operation]) -> list[Route]:
    """Routes for these operations, in their order."""
    return [_route(store, operation) for operation in operations]


def _route(store: ProcoreStore, operation: Operation) -> Route:
    accepted = operation.parameters()

    async def endpoint(request: Request) -> Response:
        try:
            _check_company(store, operation, request)
            for name in request.query_params:
                if name not in accepted:
                    raise bad_request(f"Unknown query parameter {name}", name)
            body = await _body(operation, request)
            call = Call(
                store=store,
                token=request.scope["procore.token"],
                path=request.path_params,
                query=request.query_params,
                url=str(request.url),
                body=body,
            )
            with store.lock:
                answer = operation.handler(call)
                content = None if answer is None else _encode(answer)
        except ApiError as error:
            return error.response(v2=operation.v2)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        media = None if content is None else "application/json"
        return Response(content, operation.status, call.headers, media)

    return Route(operation.path, endpoint, methods=[operation.method])


def _check_company(store: ProcoreStore, operation: Operation, request: Request) -> None:
    token: Token = request.scope["procore.token"]
    header = request.headers.get(HEADER)
    if header is None:
        if operation.header_optional and not token.service_account:
            return
        raise bad_request(MISSING_HEADER, "Procore-Company-Id")
    if not header.isascii() or not header.isdigit():
        raise bad_request("Procore-Company-Id is not an integer", "Procore-Company-Id")
    ours = str(store.company_id)
    named = (
        header,
        request.path_params.get("company_id", ours),
        request.query_params.get("company_id", ours),
    )
    if any(value != ours for value in named):
        raise forbidden(NOT_CONNECTED)


async def _body(operation: Operation, request: Request) -> Any:
    if operation.method not in _BODY_METHODS and not operation.body:
        return None
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise ApiError(406, "Content-Type must be application/json", fields="Content-Type")
    try:
        return json.loads(await request.body())
    except ValueError:
        raise bad_request("The body is not valid JSON") from None


def _encode(answer: Any) -> bytes:
    return bytes(JSONResponse(answer).body)
