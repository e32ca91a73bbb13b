"""Xero's refusals and their bodies (reference section 7), for the application and for faults."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from starlette.responses import Response

from .render import to_xml

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
XML = "text/xml; charset=utf-8"
NOT_FOUND = "The resource you're looking for cannot be found"
OFFLINE = "The Organisation is offline"
_VALIDATION = "A validation exception occurred"
_NOBODY = str(UUID(int=0))


@dataclass
class XeroFault(Exception):
    """A refusal: a JSON object, or plain text."""

    status: int
    body: dict[str, Any] | str
    headers: dict[str, str] = field(default_factory=dict)

    def response(self, *, as_json: bool = True) -> Response:
        """Answer it; an error envelope is XML for a caller who did not ask for JSON."""
        if isinstance(self.body, str):
            kind = TEXT if self.body else None
            return Response(self.body, self.status, self.headers, kind)
        if not as_json and "ErrorNumber" in self.body:
            text = to_xml(self.body, "ApiException")
            return Response(text, self.status, self.headers, XML)
        return Response(json.dumps(self.body), self.status, self.headers, JSON)


def validation(*messages: str) -> XeroFault:
    """400: the books or the rules of the request refuse it."""
    return refused_elements([{"ValidationErrors": [{"Message": text} for text in messages]}])


def refused_elements(elements: list[dict[str, Any]]) -> XeroFault:
    """400 for a write of several elements, each with its own `ValidationErrors`."""
    body = {"ErrorNumber": 10, "Type": "ValidationException", "Message": _VALIDATION}
    return XeroFault(400, body | {"Elements": elements})


def query_parse(detail: str) -> XeroFault:
    """400: `where` or `order` cannot be understood; the number is assumed."""
    body = {"ErrorNumber": 16, "Type": "QueryParseException", "Message": detail}
    return XeroFault(400, body | {"Elements": []})


def problem(status: int, detail: str, instance: str = _NOBODY) -> XeroFault:
    """401 or 403, answered by the gateway before the accounting system is asked."""
    body = {"Type": None, "Title": HTTPStatus(status).phrase, "Status": status, "Detail": detail}
    return XeroFault(status, body | {"Instance": instance, "Extensions": {}})


def token_expired(at: datetime, instance: str = _NOBODY) -> XeroFault:
    """401 for an access token that was good until `at`."""
    when = at.strftime("%m/%d/%Y %H:%M:%S")
    return problem(401, f"TokenExpired: token expired at {when}", instance)


def not_found() -> XeroFault:
    """404: plain text."""
    return XeroFault(404, NOT_FOUND)


def throttled(reason: str, retry_after: int | None) -> XeroFault:
    """429 with an empty body; the headers say which limit."""
    headers = {"X-Rate-Limit-Problem": reason}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return XeroFault(429, "", headers)


def refusal(status: int, now: datetime) -> XeroFault:
    """Return what Xero says when it refuses with a status, whatever was asked."""
    if status == HTTPStatus.UNAUTHORIZED:
        return token_expired(now)
    if status == HTTPStatus.FORBIDDEN:
        return problem(403, "AuthenticationUnsuccessful")
    if status == HTTPStatus.NOT_FOUND:
        return not_found()
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return throttled("minute", None)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return XeroFault(503, OFFLINE)
    if status == HTTPStatus.BAD_REQUEST:
        return validation("The request was refused")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        message = "An error occurred in Xero. Check the API Status page for current service status."
        return XeroFault(status, {"ErrorNumber": status, "Type": None, "Message": message})
    return XeroFault(status, HTTPStatus(status).phrase)
