"""QuickBooks Online's two fault bodies and the exception for one (reference 10.1)."""

from __future__ import annotations

import json
from datetime import datetime
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from .shapes import pacific_millis

_REFUSALS = {
    401: ("3200", "AuthenticationFailed", "AUTHENTICATION"),
    403: ("3100", "ApplicationAuthorizationFailed", "AUTHORIZATION"),
    429: ("3001", "ThrottleExceeded", "SERVICE"),
}


class QboFault(Exception):
    """An application fault, answered with capitalised keys."""

    def __init__(
        self,
        code: str,
        message: str,
        detail: str,
        *,
        element: str = "",
        status: int = 400,
        kind: str = "ValidationFault",
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.message = message
        self.detail = detail
        self.element = element
        self.status = status
        self.kind = kind

    def body(self) -> dict[str, Any]:
        """Return the `Fault` object."""
        error = {
            "Message": self.message,
            "Detail": self.detail,
            "code": self.code,
            "element": self.element,
        }
        return {"Error": [error], "type": self.kind}


def parser_error(detail: str) -> QboFault:
    """4000: the statement does not parse."""
    return QboFault("4000", "Error parsing query", f"QueryParserError: {detail}")


def invalid_query(detail: str) -> QboFault:
    """4001: the statement parses but names an invalid property or value."""
    return QboFault("4001", "Invalid query", f"QueryValidationError: {detail}")


def missing(name: str) -> QboFault:
    """2020: a required parameter is missing."""
    detail = f"Required parameter {name} is missing in the request"
    return QboFault(
        "2020",
        "Required param missing, need to supply the required value for the API",
        detail,
        element=name,
    )


def unsupported(name: str) -> QboFault:
    """2010: a property or parameter that does not exist."""
    detail = f"Property Name:{name} specified is unsupported or invalid"
    return QboFault("2010", "Request has invalid or unsupported property", detail, element=name)


def not_found(kind: str, ident: str) -> QboFault:
    """610: the object does not exist or was made inactive."""
    detail = (
        "Object Not Found : Something you're trying to use has been made inactive. "
        f"Check the fields with accounts, customers, items, vendors or employees. ({kind} {ident})"
    )
    return QboFault("610", "Object Not Found", detail)


def stale(kind: str, ident: str) -> QboFault:
    """5010: somebody changed the object since the caller read it."""
    detail = f"Stale Object Error : You and another user were working on {kind} {ident}."
    return QboFault("5010", "Stale Object Error", detail)


def business(detail: str) -> QboFault:
    """6000: a rule of the books refuses the change."""
    text = f"Business Validation Error: {detail}"
    return QboFault("6000", "A business validation error has occurred while processing", text)


def unsupported_operation(detail: str) -> QboFault:
    """500: the operation is not supported."""
    return QboFault("500", "Unsupported Operation", f"Operation {detail} is not supported.")


def fault_response(fault: QboFault, now: datetime, headers: dict[str, str]) -> Response:
    """Answer an application fault."""
    body = {"Fault": fault.body(), "time": pacific_millis(now)}
    return Response(json.dumps(body), fault.status, headers, "application/json")


def gateway_body(
    status: int, code: str, name: str, detail: str, kind: str, now: datetime
) -> dict[str, Any]:
    """Return a fault of the gateway, with lower-case keys and null siblings."""
    message = f"message={name}; errorCode={int(code):06d}; statusCode={status}"
    error = {"message": message, "detail": detail, "code": code, "element": None}
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": kind},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "time": int(now.timestamp() * 1000),
    }


def gateway_response(
    status: int,
    code: str,
    name: str,
    detail: str,
    kind: str,
    now: datetime,
    headers: dict[str, str],
) -> Response:
    """Answer a fault of the gateway."""
    body = gateway_body(status, code, name, detail, kind, now)
    return Response(json.dumps(body), status, headers, "application/json")


def refusal(status: int, now: datetime) -> dict[str, Any]:
    """Return what the gateway says when it refuses with a status, whatever was asked."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        found = ("10000", "ServiceFault", "SERVICE")
    else:
        found = _REFUSALS.get(status, ("0", HTTPStatus(status).phrase, "SERVICE"))
    code, name, kind = found
    return gateway_body(status, code, name, name, kind, now)
