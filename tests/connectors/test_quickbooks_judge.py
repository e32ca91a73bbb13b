"""Which error an answer of QuickBooks Online is."""

import json
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import (
    AccessRefused,
    Conflict,
    Garbled,
    NotThere,
    OutsideError,
    Rejected,
    TryLater,
)
from connectors.http import Reply
from connectors.quickbooks_online.judge import judge, judge_token


def reply(status: int, body: Any, text: str | None = None) -> Reply:
    raw = json.dumps(body) if text is None else text
    return Reply("GET /cdc", status, {}, body, raw, "1-abc")


def upper(code: str, kind: str = "ValidationFault") -> dict[str, Any]:
    error = {"Message": "Invalid query", "Detail": "Property Foo not found", "code": code}
    return {"Fault": {"Error": [error], "type": kind}, "time": "2026-11-20T12:00:00-08:00"}


def lower(code: str, kind: str = "AUTHENTICATION") -> dict[str, Any]:
    error = {"message": f"errorCode={code}", "detail": None, "code": code, "element": None}
    return {"fault": {"error": [error], "type": kind}, "queryResponse": None, "time": 1}


@pytest.mark.parametrize(
    ("status", "body", "kind", "shown"),
    [
        (401, lower("3200"), AccessRefused, 401),
        (401, lower("003200"), AccessRefused, 401),
        (200, lower("003200"), AccessRefused, 401),  # renewed like any 401
        (403, lower("3100", "AUTHORIZATION"), AccessRefused, 403),
        (403, upper("3201", "AuthorizatonFault"), AccessRefused, 403),
        (403, upper("120"), AccessRefused, 403),
        (429, lower("3001", "SERVICE"), TryLater, 429),
        (400, upper("4000"), Rejected, 400),
        (400, upper("4001"), Rejected, 400),
        (400, upper("2020"), Rejected, 400),
        (400, upper("500"), Rejected, 400),
        (400, upper("610"), NotThere, 400),
        (400, upper("5010"), Conflict, 400),
        (400, upper("6000"), Rejected, 400),
        (400, upper("99999"), Rejected, 400),
        (200, upper("10000", "SystemFault"), TryLater, 200),
        (200, upper("77", "SystemFault"), TryLater, 200),
        (200, upper("99999"), Rejected, 200),
        (400, upper("1", "AuthenticationFault"), AccessRefused, 401),
        (400, upper("1", "AuthorizatonFault"), AccessRefused, 403),
        (500, upper("4000"), TryLater, 500),
        (200, {"CDCResponse": [{"Fault": upper("10000")["Fault"]}]}, TryLater, 200),
        (200, {"Fault": {}}, Rejected, 200),
        (200, {"Fault": {"Error": ["?"], "type": "SystemFault"}}, TryLater, 200),
        (200, {"time": "now"}, Garbled, 200),
        (200, [1], Garbled, 200),
        (404, {}, NotThere, 404),
        (302, {}, Garbled, 302),
    ],
)
def test_faults(status: int, body: Any, kind: type[OutsideError], shown: int) -> None:
    error = judge(reply(status, body))
    assert type(error) is kind
    assert error.status == shown
    assert error.request_id == "1-abc"


@pytest.mark.parametrize(
    ("status", "kind"), [(200, Garbled), (502, TryLater), (403, AccessRefused)]
)
def test_html_is_no_answer(status: int, kind: type[OutsideError]) -> None:
    error = judge(reply(status, None, "<html>Bad Gateway</html>"))
    assert type(error) is kind
    assert "html" not in str(error)


@pytest.mark.parametrize("payload", ["QueryResponse", "CDCResponse", "CompanyInfo", "Preferences"])
def test_a_payload_is_good(payload: str) -> None:
    assert judge(reply(200, {payload: {}, "time": "now"})) is None


def test_message_says_what_quickbooks_said() -> None:
    error = judge(reply(400, upper("4001")))
    assert "Invalid query: Property Foo not found." in str(error)
    assert error is not None
    assert error.code == "4001"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant"}, AccessRefused),
        (401, {"error": "invalid_client"}, AccessRefused),
        (400, {"error": "invalid_request"}, Rejected),
        (429, None, TryLater),
        (503, None, TryLater),
        (200, None, Garbled),
        (200, {"access_token": ""}, Garbled),
        (200, {"access_token": Decimal(1)}, Garbled),
    ],
)
def test_token_faults(status: int, body: Any, kind: type[OutsideError]) -> None:
    error = judge_token(reply(status, body, "AB1-token-in-the-body"))
    assert type(error) is kind
    assert "AB1" not in str(error)


def test_token_answer_is_good() -> None:
    assert judge_token(reply(200, {"access_token": "a"})) is None
