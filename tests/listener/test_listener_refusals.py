"""What the listener refuses, and how little it tells: forged, oversized, slow and too frequent."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from house import INTUIT, PROCORE, SECRET, VERIFIER, House, paid, pressed, served, signed

from listener.limits import Limits

GOOD = json.dumps(pressed()).encode()
EVENTS = json.dumps([paid()]).encode()
BEARER = f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer x", SECRET, f"bearer {SECRET}", f"Bearer {SECRET}x", f"Basic {SECRET}"],
)
def test_without_the_secret_nothing_is_recorded(old_house: House, authorization: str) -> None:
    assert old_house.knock(PROCORE, GOOD, authorization=authorization) == 401
    assert old_house.heard == []


@pytest.mark.parametrize(
    "signature",
    [
        "",
        VERIFIER,
        signed(EVENTS, "another token"),
        signed(b"[]"),
        signed(EVENTS).lower(),
        signed(EVENTS)[:-1],
        "é",
    ],
)
def test_a_wrong_signature_records_nothing(old_house: House, signature: str) -> None:
    sent = {"content-type": "application/json", "intuit-signature": signature.encode("latin-1")}
    assert old_house.ask("POST", INTUIT, content=EVENTS, headers=sent).status_code == 401
    assert old_house.heard == []


def test_a_signed_body_that_was_changed_on_the_way_is_refused(old_house: House) -> None:
    changed = EVENTS.replace(b"801", b"802")
    assert old_house.knock(INTUIT, changed, intuit_signature=signed(EVENTS)) == 401


def test_the_secret_of_one_system_opens_no_door_of_the_other(old_house: House) -> None:
    assert old_house.knock(PROCORE, GOOD, intuit_signature=signed(GOOD, SECRET)) == 401
    assert old_house.knock(INTUIT, EVENTS, authorization=BEARER) == 401


def test_a_stranger_cannot_tell_which_connections_exist(old_house: House) -> None:
    answers = set()
    for place in ("procore/acme-us", "procore/deaf", "procore/nobody", "xero/acme-us", "x/y"):
        reply = old_house.ask("POST", f"/{place}", content=GOOD, headers={"authorization": "no"})
        answers.add((reply.status_code, reply.content, tuple(sorted(reply.headers))))
    assert answers == {(401, b"", ("connection", "content-length", "date"))}


def test_even_the_right_secret_opens_only_its_own_door(old_house: House) -> None:
    for path in ("/procore/deaf", "/procore/nobody", "/xero/acme-us"):
        assert old_house.knock(path, GOOD, authorization=BEARER) == 401


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_webhooks_are_posted(old_house: House, method: str) -> None:
    reply = old_house.ask(method, PROCORE, headers={"authorization": BEARER})
    assert reply.status_code == 405
    assert old_house.heard == []


def test_other_paths_do_not_exist(old_house: House) -> None:
    for path in ("/", "/procore", "/procore/acme-us/more", "/docs", "/openapi.json"):
        assert old_house.ask("POST", path).status_code in (404, 405)


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
def test_another_content_type_is_refused(old_house: House, media: str) -> None:
    assert old_house.knock(PROCORE, GOOD, media=media, authorization=BEARER) == 415
    assert old_house.heard == []


def test_half_a_body_is_to_be_sent_again(old_house: House) -> None:
    assert old_house.knock(PROCORE, GOOD[:-5], authorization=BEARER) == 400
    deep = b"[" * 30_000
    assert old_house.knock(PROCORE, deep, authorization=BEARER) == 400


def test_more_than_64_kib_are_refused_unread(old_house: House) -> None:
    body = GOOD.ljust(64 * 1024)
    assert old_house.knock(PROCORE, body + b" ", authorization=BEARER) == 413
    with old_house.line() as line:
        head = f"POST {PROCORE} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"
        line.sendall(head.encode())
        assert line.recv(100).startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))
    assert old_house.heard == []


def test_64_kib_are_taken(house: House) -> None:
    assert house.knock(PROCORE, GOOD.ljust(64 * 1024), authorization=BEARER) == 204
    assert len(house.heard) == 1


def test_a_body_without_a_length_is_cut_off_at_the_limit(old_house: House) -> None:
    def one_too_many() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * 1024
        yield b" "

    reply = old_house.ask(
        "POST", PROCORE, content=one_too_many(), headers={"authorization": BEARER}
    )
    assert reply.status_code == 413


def test_a_slow_body_is_given_up(tmp_path: Path) -> None:
    with served(tmp_path, limits=Limits(body_seconds=0.3)) as house, house.line() as line:
        head = f"POST {PROCORE} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(GOOD)}\r\n"
        head += f"Content-Type: application/json\r\nAuthorization: {BEARER}\r\n\r\n"
        line.sendall(head.encode() + GOOD[:10])
        began = time.monotonic()
        assert line.recv(100).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - began < 3
        assert house.heard == []


@pytest.mark.parametrize("sent", [b"", b"POST /procore/ac", b"POST / HTTP/1.1\r\nHost: x\r\nA: "])
def test_a_connection_that_says_nothing_or_half_is_ended(tmp_path: Path, sent: bytes) -> None:
    with served(tmp_path, limits=Limits(connection_seconds=0.5)) as house, house.line() as line:
        line.sendall(sent)
        began = time.monotonic()
        try:
            assert line.recv(100) == b""
        except ConnectionResetError:
            pass
        assert 0.2 < time.monotonic() - began < 5
        assert house.procore() == 204  # the others are served meanwhile and afterwards


def test_a_connection_carries_one_request(old_house: House) -> None:
    with old_house.line() as line:
        line.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        said = b""
        while part := line.recv(1000):
            said += part
    assert said.count(b"HTTP/1.1 200") == 1


def test_who_knocks_too_often_has_to_wait(tmp_path: Path) -> None:
    with served(tmp_path, limits=Limits(burst=5, per_second=0.001)) as house:
        statuses = [house.procore(id=number) for number in range(1, 9)]
        assert statuses == [204] * 5 + [429] * 3
        reply = house.ask("POST", PROCORE)
        assert reply.headers["retry-after"] == "30"
        assert house.ask("GET", "/health").status_code == 200
        assert len(house.heard) == 5


def test_behind_a_proxy_each_source_is_counted_by_itself(tmp_path: Path) -> None:
    limits = Limits(burst=2, per_second=0.001)
    with served(tmp_path, limits=limits, proxy="127.0.0.1") as house:
        for source, expected in (("192.0.2.1", [401, 401, 429]), ("192.0.2.2", [401, 401, 429])):
            got = [house.knock(PROCORE, GOOD, x_forwarded_for=source) for _ in range(3)]
            assert got == expected


def test_without_a_proxy_nobody_chooses_where_he_comes_from(tmp_path: Path) -> None:
    with served(tmp_path, limits=Limits(burst=2, per_second=0.001)) as house:
        got = [house.knock(PROCORE, GOOD, x_forwarded_for=f"192.0.2.{n}") for n in range(3)]
        assert got == [401, 401, 429]


def test_logs_hold_no_secret_and_no_body(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    private = "somebody's private word"
    body = json.dumps(pressed(note=private)).encode()
    assert house.knock(PROCORE, body, authorization=BEARER) == 204
    assert house.knock(PROCORE, body, authorization="Bearer guessed") == 401
    assert house.knock(PROCORE, body[:-1], authorization=BEARER) == 400
    assert "Heard at /procore/acme-us" in caplog.text
    for word in (private, SECRET, VERIFIER, "guessed"):
        assert word not in caplog.text


def test_a_ledger_that_is_busy_makes_the_sender_come_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with served(tmp_path, limits=Limits(record_seconds=0.3)) as house:
        with house.ledger.engine.begin():  # somebody writes for a long time
            began = time.monotonic()
            assert house.procore() == 503
            assert time.monotonic() - began < 4
        assert house.procore() == 204
        assert len(house.heard) == 1
    assert "7000000001" not in caplog.text.split("Heard")[0]


def test_health_tells_that_it_lives_and_no_more(old_house: House) -> None:
    reply = old_house.ask("GET", "/health")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})
    assert "server" not in reply.headers


def test_nobody_answers_after_the_end(tmp_path: Path) -> None:
    with served(tmp_path) as house:
        url = house.url
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url}/health", timeout=2)
