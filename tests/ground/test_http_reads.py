"""Reads are repeated while that can help, at the pace the other side asks for."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from http_helpers import BASE, Outside, http_date, ok, status

from connectors.errors import (
    AccessRefused,
    Garbled,
    NotThere,
    OutsideError,
    RateLimited,
    Rejected,
    TryLater,
)
from connectors.http import Call

SECRETS = ("bearer-secret", "client-secret-value", "refresh-secret", "1250.55")


@pytest.mark.parametrize(
    "trouble",
    [
        status(500),
        status(502),
        status(408),
        status(302, location="https://api.example/login"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("closed"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_read_is_repeated_until_it_succeeds(trouble: httpx.Response | Exception) -> None:
    outside = Outside(trouble, trouble, ok())
    assert outside.get().body == {"id": 1}
    assert len(outside.requests) == 3
    assert len(outside.calls) == 3
    assert len(outside.clock.slept) == 2


@pytest.mark.parametrize("trouble", [status(500), httpx.ReadTimeout("slow")])
def test_a_read_is_given_up_after_five_tries(trouble: httpx.Response | Exception) -> None:
    outside = Outside(trouble)
    with pytest.raises(TryLater):
        outside.get()
    assert len(outside.requests) == 5
    assert all(0 <= pause <= 30 for pause in outside.clock.slept)


@pytest.mark.parametrize(
    ("code", "error"),
    [(400, Rejected), (401, AccessRefused), (403, AccessRefused), (404, NotThere), (418, Rejected)],
)
def test_a_refused_read_is_not_repeated(code: int, error: type[OutsideError]) -> None:
    outside = Outside(status(code))
    with pytest.raises(error):
        outside.get()
    assert len(outside.requests) == 1


def test_a_401_renews_the_token_once_and_reads_again() -> None:
    token = ["old"]
    outside = Outside(
        lambda request: ok() if request.headers["authorization"] == "new" else status(401),
        headers=lambda: {"authorization": token[0]},
        renew=lambda: token.__setitem__(0, "new"),
    )
    assert outside.get().status == 200
    assert [request.headers["authorization"] for request in outside.requests] == ["old", "new"]


def test_a_second_401_is_final() -> None:
    renewed: list[int] = []
    outside = Outside(status(401), renew=lambda: renewed.append(1))
    with pytest.raises(AccessRefused):
        outside.get()
    assert renewed == [1]
    assert len(outside.requests) == 2


def test_a_403_renews_nothing() -> None:
    renewed: list[int] = []
    outside = Outside(status(403), renew=lambda: renewed.append(1))
    with pytest.raises(AccessRefused):
        outside.get()
    assert renewed == []


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/rest/things?page=2",
        "https://api.example.elsewhere.example/rest",
        "https://api.example:8443/rest",
        "http://api.example/rest",
        "//elsewhere.example/rest",
        "https://user@elsewhere.example/rest",
    ],
)
def test_a_next_link_to_another_host_is_refused_without_a_request(link: str) -> None:
    outside = Outside(ok())
    with pytest.raises(Garbled, match="points to another host"):
        outside.get(link)
    assert outside.requests == []
    assert outside.clock.slept == []


@pytest.mark.parametrize(
    "link", [f"{BASE}/rest/things?page=2", "https://API.example:443/rest/things?page=2"]
)
def test_a_next_link_of_the_same_host_is_followed_as_it_is(link: str) -> None:
    outside = Outside(ok())
    outside.get(link)
    assert str(outside.requests[0].url) == f"{BASE}/rest/things?page=2"


def test_a_redirect_is_not_followed() -> None:
    outside = Outside(status(302, location="https://elsewhere.example/"))
    with pytest.raises(Garbled):
        outside.get()
    assert {request.url.host for request in outside.requests} == {"api.example"}


def test_retry_after_is_obeyed_to_the_second() -> None:
    outside = Outside(status(429, retry_after="17"), ok())
    outside.get()
    assert 17 <= sum(outside.clock.slept) < 18 + 1


def test_a_retry_after_that_is_a_date_is_read_by_the_server_s_own_clock() -> None:
    theirs = datetime(2031, 5, 1, 12, 0, tzinfo=UTC)  # far from ours
    refused = status(
        429, date=http_date(theirs), retry_after=http_date(theirs + timedelta(seconds=40))
    )
    outside = Outside(refused, ok())
    outside.get()
    assert 40 <= sum(outside.clock.slept) < 42


def test_a_window_s_reset_is_read_by_the_server_s_own_clock() -> None:
    theirs = datetime(2001, 5, 1, 12, 0, tzinfo=UTC)
    refused = status(
        429, date=http_date(theirs), x_rate_limit_reset=str(int(theirs.timestamp()) + 50)
    )
    outside = Outside(refused, ok())
    outside.get()
    assert 50 <= sum(outside.clock.slept) < 52


def test_of_retry_after_and_the_window_s_reset_the_later_one_counts() -> None:
    theirs = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
    refused = status(
        429,
        date=http_date(theirs),
        retry_after="5",
        x_rate_limit_reset=str(int(theirs.timestamp()) + 30),
    )
    outside = Outside(refused, ok())
    outside.get()
    assert 30 <= sum(outside.clock.slept) < 32


@pytest.mark.parametrize("after", [{}, {"retry_after": "soon"}, {"retry_after": "-3"}])
def test_a_429_that_names_no_time_is_obeyed_for_a_minute(after: dict[str, str]) -> None:
    outside = Outside(status(429, **after), ok())
    outside.get()
    assert 60 <= sum(outside.clock.slept) < 62


def test_a_429_is_obeyed_even_where_the_system_s_judge_has_no_word_for_it() -> None:
    outside = Outside(status(429, retry_after="20"), ok(), judge=lambda reply: None)
    outside.get()
    assert sum(outside.clock.slept) >= 20


def test_a_wait_longer_than_a_run_may_wait_ends_the_reading_and_says_until_when() -> None:
    outside = Outside(status(429, retry_after="3600"), ok(), longest_wait=120)
    with pytest.raises(RateLimited) as raised:
        outside.get()
    assert len(outside.requests) == 1
    assert sum(outside.clock.slept) < 1 + 1
    assert raised.value.until > datetime.now(UTC) + timedelta(minutes=59)


def test_what_the_headers_say_of_a_window_is_obeyed_before_it_is_overrun() -> None:
    theirs = datetime(2001, 5, 1, 12, 0, tzinfo=UTC)
    last = ok(
        date=http_date(theirs),
        x_rate_limit_limit="100",
        x_rate_limit_remaining="0",
        x_rate_limit_reset=str(int(theirs.timestamp()) + 8),
    )
    outside = Outside(last, ok())
    outside.get()
    outside.get()
    assert outside.clock.slept == [8.0]


@pytest.mark.parametrize(
    "headers",
    [
        {"x_rate_limit_limit": "x", "x_rate_limit_remaining": "0", "x_rate_limit_reset": "1"},
        {"x_rate_limit_remaining": "0"},
        {"date": "yesterday"},
    ],
)
def test_headers_that_make_no_sense_are_left_alone(headers: dict[str, str]) -> None:
    outside = Outside(ok(**headers))
    outside.get()
    assert outside.get().server_time is None
    assert outside.clock.slept == []


def test_numbers_are_decimals_and_never_floats() -> None:
    body = Outside(ok('{"amount": 1250.10, "big": 1e2, "n": 3, "deep": [0.1]}')).get().body
    assert body == {
        "amount": Decimal("1250.10"),
        "big": Decimal(100),
        "n": 3,
        "deep": [Decimal("0.1")],
    }
    assert str(body["amount"]) == "1250.10"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        '{"a": 1',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": 1e99999999999999999999}',
        "[" * 100_000,
        "1" * 5_000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_json_or_no_number_has_no_body(text: str) -> None:
    assert Outside(ok(text)).get().body is None


def test_text_that_no_database_takes_is_replaced_and_all_other_text_kept() -> None:
    body = Outside(ok(r'{"a\u0000": ["x\u0000y", "\ud800z"], "b": "\ud83d\ude00 \\u0000 Zoë"}'))
    assert body.get().body == {"a\ufffd": ["x\ufffdy", "\ufffdz"], "b": "😀 \\u0000 Zoë"}


def test_the_call_log_has_every_call_and_no_secret() -> None:
    outside = Outside(
        status(401, "client-secret-value refused"),
        status(500, "refresh-secret leaked"),
        ok('{"access_token": "bearer-secret"}', x_request_id="r-1"),
        headers=lambda: {"authorization": "Bearer bearer-secret"},
        renew=lambda: None,
    )
    outside.get(
        method="POST",
        content="client_secret=client-secret-value&refresh_token=refresh-secret",
        content_type="application/x-www-form-urlencoded",
        params={"amount": "1250.55"},
    )
    outside.script = [httpx.ReadError("bearer-secret")]
    with pytest.raises(OutsideError) as raised:
        outside.post({"amount": "1250.55"})
    log = [call.as_dict() for call in outside.calls]
    assert [line["status"] for line in log] == [401, 500, 200, None]
    assert log[2]["request_id"] == "r-1"
    assert {line["route"] for line in log} == {"/rest/things"}
    assert set(log[0]) == set(Call.__slots__)
    for secret in SECRETS:
        assert secret not in str(log)
        assert secret not in str(raised.value)


def test_a_fault_in_a_200_is_what_the_system_s_judge_says_it_is() -> None:
    def judge(reply: Any) -> OutsideError | None:
        return Rejected("It says no.", system="Example") if "Fault" in reply.body else None

    outside = Outside(ok('{"Fault": {}}'), judge=judge)
    with pytest.raises(Rejected, match="It says no"):
        outside.get()


def test_every_request_has_a_time_limit() -> None:
    outside = Outside(ok())
    outside.get()
    limits = outside.requests[0].extensions["timeout"]
    assert set(limits) == {"connect", "read", "write", "pool"}
    assert all(0 < seconds <= 60 for seconds in limits.values())
