"""Every documented error body becomes one readable sentence and the right class."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

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
from connectors.procore.judge import judge, judge_login
from tests.connectors.procore_company import CLIENT_SECRET, SECRET_NAME, scripted

HTML = "<!DOCTYPE html><html><body>Sign in</body></html>"


def _judged(status: int, body: Any) -> OutsideError | None:
    text = body if isinstance(body, str) else json.dumps(body)
    parsed = None if isinstance(body, str) else body
    return judge(Reply("POST /x", status, {}, parsed, text, "request-1"))


CASES: list[tuple[int, Any, type[OutsideError], str]] = [
    (
        400,
        {
            "code": 400,
            "message": "amount is missing",
            "fields": "amount",
            "reason": "",
            "error": "",
        },
        Rejected,
        "amount is missing.",
    ),
    (
        400,
        {"code": 400, "message": "", "fields": "date", "reason": "Bad value", "error": "x"},
        Rejected,
        "Bad value; fields: date.",
    ),
    (422, {"errors": {"amount": ["can't be blank"]}}, Rejected, "amount can't be blank."),
    (422, {"errors": {"base": ["Too late"], "date": "is odd"}}, Rejected, "Too late; date is odd."),
    (422, {"errors": "Contract does not allow payments"}, Rejected, "Contract does not allow"),
    (422, {"errors": ["One", "Two!"]}, Rejected, "One; Two!"),
    (404, {"message": "Record not found", "exception": "RecordNotFound"}, NotThere, "Record not"),
    (
        422,
        {
            "error": {
                "code": "UNPROCESSABLE_ENTITY",
                "message": "Invalid",
                "details": [{"reason_code": "BLANK", "source": "title"}],
            }
        },
        Rejected,
        "Invalid; title BLANK.",
    ),
    (429, "You have surpassed the max number of requests for an hour.", TryLater, "surpassed"),
    (429, {"error": "You have surpassed your rate limit"}, TryLater, "surpassed your rate limit."),
    (409, {"message": "State conflict"}, Conflict, "State conflict."),
    (409, "", Conflict, "Answered 409 without a reason."),
    (422, {"errors": {"origin_id": ["has already been taken"]}}, Conflict, "origin_id has already"),
    (422, {"message": "Origin ID must be unique"}, Conflict, "Origin ID must be unique."),
    (422, {"errors": {"origin_id": ["is too long (maximum is 255)"]}}, Rejected, "too long"),
    (
        422,
        {"message": "The record is locked by its origin_id and cannot be edited"},
        Rejected,
        "locked by its origin_id",
    ),
    (401, {"error": "invalid_token", "error_description": "Expired"}, AccessRefused, "Expired."),
    (403, HTML, AccessRefused, "A page for browsers came instead of an answer."),
    (302, "", Garbled, "Answered 302"),
    (502, HTML, TryLater, "A page for browsers"),
    (406, {"code": 406, "message": "Unknown fields: colour"}, Rejected, "Unknown fields: colour."),
    (408, "", TryLater, "408"),
    (410, "", Rejected, "410"),
    (200, "<html>", Garbled, "not JSON"),
    (201, {"errors": {"base": ["could not be saved"]}}, Rejected, "could not be saved."),
    (
        200,
        {"entities": [], "errors": [{"amount": "1.0", "errors": {"origin_id": ["taken"]}}]},
        Conflict,
        "origin_id taken.",
    ),
]


@pytest.mark.parametrize(("status", "body", "kind", "says"), CASES)
def test_an_error_body_becomes_a_sentence_and_a_class(
    status: int, body: Any, kind: type[OutsideError], says: str
) -> None:
    error = _judged(status, body)
    assert type(error) is kind
    assert says in error.message
    assert error.message[-1] in ".!?"
    assert (error.status, error.request_id) == (status, "request-1")
    assert error.action


@pytest.mark.parametrize("body", [{"id": 7, "errors": []}, {"id": 7, "errors": ["note"]}, [], {}])
def test_a_record_with_or_without_remarks_is_a_good_answer(body: Any) -> None:
    assert _judged(200, body) is None


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("App is not connected to this company", "App Management"),
        ("The commitments tool is not enabled", "Switch the tool on"),
        ("This action needs Admin permission on the commitments tool", "service account"),
    ],
)
def test_a_403_says_what_to_do(message: str, advice: str) -> None:
    error = _judged(403, {"code": 403, "message": message, "fields": "", "reason": "", "error": ""})
    assert isinstance(error, AccessRefused)
    assert advice in error.action


def test_a_message_is_one_short_line() -> None:
    error = _judged(400, {"message": "bad\r\n\x1b[31m" + "long " * 200})
    assert error is not None
    assert len(error.message) < 310
    assert error.message.isprintable()


def test_a_login_answer_is_never_quoted() -> None:
    told = {"error": "invalid_client", "error_description": f"{CLIENT_SECRET} is wrong"}
    for status in (400, 401):
        error = judge_login(Reply("POST /oauth/token", status, {}, told, json.dumps(told), None))
        assert isinstance(error, AccessRefused)
        assert "invalid_client" in error.message
        assert CLIENT_SECRET not in str(error)
    odd = judge_login(Reply("POST /oauth/token", 200, {}, None, CLIENT_SECRET, None))
    assert isinstance(odd, Garbled)
    assert CLIENT_SECRET not in str(odd)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, CLIENT_SECRET)


@pytest.mark.parametrize("text", [HTML, '[{"id": 1, "amount": "1', '[{"id": 1, "amount": NaN}]'])
def test_a_page_or_half_an_answer_is_read_again(text: str) -> None:
    answers = [text, '[{"id": 1, "amount": "2.5"}]']

    def answer(_: Request) -> Response:
        return PlainTextResponse(answers.pop(0), headers={"Total": "1"})

    with scripted(answer) as there:
        listing = there.procore.contract_payments("1", "2")
    assert [str(row.amount) for row in listing.rows] == ["2.5"]


def test_a_503_is_waited_for_as_long_as_it_asks() -> None:
    answers: list[Response] = [
        PlainTextResponse("busy", status_code=503, headers={"Retry-After": "7"}),
        JSONResponse({"id": 1, "login": "x"}),
    ]
    with scripted(lambda _: answers.pop(0)) as there:
        assert there.procore.caller().login == "x"
    assert any(wait > 6 for wait in there.waits)


def test_a_company_that_is_not_listed_is_refused_with_those_that_are() -> None:
    listed = [{"id": 7, "name": "Other Builders"}, {"id": 8, "name": None}]
    with (
        scripted(lambda _: JSONResponse(listed, headers={"Total": "2"})) as there,
        pytest.raises(AccessRefused, match=r"Other Builders \(7\)") as error,
    ):
        there.procore.company_name()
    assert "Install the app" in error.value.action


def test_permissions_without_tools_are_garbled() -> None:
    with scripted(lambda _: JSONResponse({"tools": None})) as there, pytest.raises(Garbled):
        there.procore.erp_tool()


def test_of_two_users_with_one_address_the_active_one_counts() -> None:
    row = {"email_address": "ada@hallam.example", "erp_integrated_accountant": True}
    users = [{**row, "id": 1, "is_active": False}, {**row, "id": 2, "is_active": True}]
    with scripted(lambda _: JSONResponse(users)) as there:
        found = there.procore.user("ada@hallam.example")
    assert found is not None
    assert (found.user_id, found.is_accounting_approver) == ("2", True)
