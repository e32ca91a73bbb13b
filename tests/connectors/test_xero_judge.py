"""Which error an answer of Xero is."""

import json
from typing import Any

import pytest

from connectors.errors import (
    AccessRefused,
    Garbled,
    NotThere,
    OutsideError,
    Rejected,
    TryLater,
)
from connectors.http import Reply
from connectors.xero.judge import judge, judge_token

VALIDATION = {
    "ErrorNumber": 10,
    "Type": "ValidationException",
    "Message": "A validation exception occurred",
    "Elements": [{"ValidationErrors": [{"Message": "Date is not valid."}]}],
}
PARSE = {"ErrorNumber": 16, "Type": "QueryParseException", "Message": "No property Foo"}
EXPIRED = {
    "Type": None,
    "Title": "Unauthorized",
    "Status": 401,
    "Detail": "TokenExpired: token expired at 11/20/2026 05:16:59",
    "Instance": "c0ffee00-0000-4000-8000-000000000001",
    "Extensions": {},
}
FORBIDDEN = EXPIRED | {
    "Title": "Forbidden", "Status": 403, "Detail": "AuthenticationUnsuccessful",
}  # fmt: skip
OFFLINE = "The Organisation is offline"
PLAIN = {"content-type": "text/plain; charset=utf-8"}


def reply(status: int, body: Any, text: str | None = None, **headers: str) -> Reply:
    raw = json.dumps(body) if text is None else text
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply("GET /Payments", status, names, body, raw, None)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "says"),
    [
        (400, VALIDATION, Rejected, "ValidationException", "occurred: Date is not valid."),
        (400, PARSE, Rejected, "QueryParseException", "No property Foo."),
        (401, EXPIRED, AccessRefused, "TokenExpired", "Unauthorized: TokenExpired: token exp"),
        (403, FORBIDDEN, AccessRefused, "AuthenticationUnsuccessful", "organisation is refused"),
        (404, None, NotThere, None, "Answered 404."),
        (412, None, Rejected, None, "TLS"),
        (429, None, TryLater, "unnamed", "The rate limit (unnamed) is used up."),
        (500, VALIDATION, TryLater, "ValidationException", "validation exception"),
        (500, None, TryLater, None, "Answered 500."),
        (501, None, Rejected, None, "Answered 501."),
        (503, None, TryLater, None, "offline for some minutes"),
        (302, None, Garbled, None, "Answered 302."),
        (400, {"Elements": ["?", {"ValidationErrors": "?"}]}, Rejected, None, "Answered 400."),
        (200, {"Status": "OK"}, type(None), None, ""),
        (200, [], type(None), None, ""),
        (200, {"Payments": []}, Garbled, None, "not the documented JSON"),
        (200, None, Garbled, None, "not the documented JSON"),
        (200, "OK", Garbled, None, "not the documented JSON"),
    ],
)
def test_answers(
    status: int, body: Any, kind: type[OutsideError], code: str | None, says: str
) -> None:
    error = judge(reply(status, body))
    assert type(error) is kind
    if error is not None:
        assert (error.status, error.code) == (status, code)
        assert says in str(error)


@pytest.mark.parametrize("problem", ["minute", "day", "concurrent", "appminute"])
def test_a_rate_limit_is_named(problem: str) -> None:
    error = judge(reply(429, None, "", x_rate_limit_problem=problem))
    assert type(error) is TryLater
    assert f"({problem})" in str(error)


@pytest.mark.parametrize("status", [200, 500, 503])
def test_xml_and_html_are_never_quoted(status: int) -> None:
    for text in ("<Response><Status>OK</Status></Response>", "<html>maintenance</html>"):
        error = judge(reply(status, None, text))
        assert type(error) is (Garbled if status == 200 else TryLater)
        assert "<" not in str(error)


def test_plain_text_is_quoted() -> None:
    error = judge(Reply("GET /Payments", 503, PLAIN, None, OFFLINE, None))
    assert OFFLINE in str(error)


def test_a_refusal_has_the_number_that_xero_gave_it() -> None:
    error = judge(reply(403, FORBIDDEN))
    assert error is not None
    assert error.request_id == EXPIRED["Instance"]
    assert "`tenant_id`" in str(error)
    assert "new refresh token" in str(judge(reply(401, EXPIRED)))


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (400, {"error": "invalid_grant"}, AccessRefused, "put the new refresh token where"),
        (400, {"error": "invalid_client"}, AccessRefused, "`client_id` and `client_secret`"),
        (400, {"error": "invalid_scope"}, AccessRefused, "`scopes`"),
        (400, {"error": "unauthorized_client"}, AccessRefused, "custom connection"),
        (400, {"error": "invalid_request"}, Rejected, "answered 400"),
        (400, {"error": ["invalid_grant"]}, Rejected, "answered 400"),
        (503, None, TryLater, "answered 503"),
        (200, None, Garbled, "no access token"),
        (200, {"access_token": ""}, Garbled, "no access token"),
    ],
)
def test_the_token_endpoint(status: int, body: Any, kind: type[OutsideError], says: str) -> None:
    error = judge_token(reply(status, body, "a-token-in-the-body"))
    assert type(error) is kind
    assert says in str(error)
    assert "a-token" not in str(error)


def test_a_token_is_good() -> None:
    assert judge_token(reply(200, {"access_token": "a"})) is None
