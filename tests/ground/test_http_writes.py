"""A write is sent exactly once, whatever happens; a lost answer is an unknown outcome."""

import httpx
import pytest
from http_helpers import Outside, breaking_server, ok, status

from connectors.errors import (
    AccessRefused,
    Conflict,
    Garbled,
    NotThere,
    OutsideError,
    RateLimited,
    Rejected,
    TryLater,
    UnknownOutcome,
    WrongSettings,
    is_transient,
)
from sandbox.demo.processes import free_port


def test_a_good_write_is_sent_once_as_json() -> None:
    outside = Outside(ok('{"id": 7}'))
    assert outside.post({"amount": "12.50", "name": "Zoë"}).body == {"id": 7}
    (request,) = outside.requests
    assert request.headers["content-type"] == "application/json"
    assert request.read() == b'{"amount": "12.50", "name": "Zo\\u00eb"}'


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (status(500), UnknownOutcome),
        (status(502, "<html>"), UnknownOutcome),
        (status(503), UnknownOutcome),
        (status(504), UnknownOutcome),
        (status(408), UnknownOutcome),
        (ok('{"id": 1'), UnknownOutcome),
        (ok(""), UnknownOutcome),
        (ok("<html>welcome</html>"), UnknownOutcome),
        (ok('{"id": NaN}'), UnknownOutcome),
        (ok('{"id": 1e99999999999999999999}'), UnknownOutcome),
        (ok("[" * 100_000), UnknownOutcome),
        (httpx.ReadTimeout("slow"), UnknownOutcome),
        (httpx.WriteTimeout("slow"), UnknownOutcome),
        (httpx.ReadError("reset"), UnknownOutcome),
        (httpx.WriteError("reset"), UnknownOutcome),
        (httpx.RemoteProtocolError("closed"), UnknownOutcome),
        (httpx.ConnectError("refused"), TryLater),
        (httpx.ConnectTimeout("far"), TryLater),
        (httpx.PoolTimeout("full"), TryLater),
        (status(400), Rejected),
        (status(401), AccessRefused),
        (status(403), AccessRefused),
        (status(404), NotThere),
        (status(409), Conflict),
        (status(422), Rejected),
        (status(429), TryLater),
        (status(307, location="https://api.example/elsewhere"), UnknownOutcome),
    ],
    ids=lambda value: getattr(value, "__name__", None) or repr(value)[:40],
)
def test_a_write_is_sent_exactly_once_whatever_comes_back(
    answer: httpx.Response | Exception, error: type[OutsideError]
) -> None:
    outside = Outside(answer, renew=lambda: None)
    with pytest.raises(OutsideError) as raised:
        outside.post()
    assert type(raised.value) is error
    assert len(outside.requests) == 1
    assert len(outside.calls) == 1
    assert outside.clock.slept == []


def test_an_unknown_outcome_is_never_tried_again() -> None:
    outside = Outside(status(500, x_request_id="r-9"))
    with pytest.raises(UnknownOutcome) as raised:
        outside.post()
    assert not is_transient(raised.value)
    assert str(raised.value) == (
        "Example, POST /rest/things: Answered 500. (request r-9) "
        "Nothing is sent again before it was read back."
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"id": 1}',
        b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"id": 1}\r\n',
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    ],
    ids=["nothing", "half a head", "half a body", "half the chunks", "no gzip"],
)
def test_a_connection_that_breaks_off_leaves_an_unknown_outcome(answer: bytes) -> None:
    with breaking_server(answer) as (address, taken):
        outside = Outside(ok(), base_url=address, transport=None)
        with pytest.raises(UnknownOutcome):
            outside.post()
        outside.http.close()
    assert len(taken) == 1


def test_a_server_that_is_not_there_took_nothing() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    outside = Outside(ok(), base_url=address, transport=None)
    with pytest.raises(TryLater, match=r"Not reached \(ConnectError\)"):
        outside.post()
    outside.http.close()


def test_a_write_that_would_have_to_wait_too_long_is_not_sent() -> None:
    outside = Outside(ok(), longest_wait=60)
    outside.pace.block(61)
    with pytest.raises(RateLimited, match="rate limit is used up until"):
        outside.post()
    assert outside.requests == []
    assert outside.calls == []


@pytest.mark.parametrize("code", [429, 503])
def test_after_a_refused_write_nothing_is_sent_before_the_time_that_was_named(code: int) -> None:
    outside = Outside(status(code, retry_after="20"), ok())
    with pytest.raises(OutsideError):
        outside.post()
    outside.get()
    assert sum(outside.clock.slept) >= 20


def test_a_write_to_another_host_is_not_sent() -> None:
    outside = Outside(ok())
    with pytest.raises(Garbled, match="another host"):
        outside.http.write("POST", "https://elsewhere.example/x", route="/x", body={})
    assert outside.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "http://api.example",
        "http://localhost.example",
        "http://10.0.0.7",
        "http://127.0.0.1.example",
        "ftp://api.example",
        "api.example",
        "https://",
        "https:///path",
        "",
    ],
)
def test_only_https_goes_out_of_this_machine(address: str) -> None:
    with pytest.raises(WrongSettings, match="not an https address") as raised:
        Outside(ok(), base_url=address)
    assert "https://" in raised.value.action


@pytest.mark.parametrize(
    "address",
    ["https://api.example", "http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"],
)
def test_https_and_this_machine_itself_are_fine(address: str) -> None:
    outside = Outside(ok(), base_url=address)
    assert outside.post().status == 200
