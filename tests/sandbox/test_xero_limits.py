"""Xero's request limits, and the faults that can be injected in its words."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from xero_helpers import Player, playing


@pytest.fixture
def xero() -> Iterator[Player]:
    with playing() as player:
        yield player


def test_sixty_calls_a_minute(xero: Player) -> None:
    assert xero.do("/erp/rates", per_minute=60)["per_minute"] == 60
    left = [xero.call("GET", "Accounts").headers["x-minlimit-remaining"] for _ in range(60)]
    assert (left[0], left[-1]) == ("59", "0")
    reply = xero.call("GET", "Accounts")
    assert (reply.status_code, reply.content) == (429, b"")
    assert reply.headers["x-rate-limit-problem"] == "minute"
    assert 0 < int(reply.headers["retry-after"]) <= 60
    assert reply.headers["x-minlimit-remaining"] == "0"
    xero.do("/clock", advance_seconds=int(reply.headers["retry-after"]))
    assert xero.call("GET", "Accounts").status_code == 200


def test_a_day_has_an_end_of_its_own(xero: Player) -> None:
    xero.do("/erp/rates", per_day=2)
    first = xero.call("GET", "Accounts")
    assert first.headers["x-daylimit-remaining"] == "1"
    assert first.headers["x-appminlimit-remaining"] == "9999"
    xero.call("GET", "Accounts")
    reply = xero.call("GET", "Accounts")
    assert (reply.status_code, reply.headers["x-rate-limit-problem"]) == (429, "day")
    assert int(reply.headers["retry-after"]) > 86_000
    assert int(reply.headers["x-minlimit-remaining"]) > 0
    xero.do("/erp/rates", per_day=0)
    assert xero.call("GET", "Accounts").status_code == 200


def test_five_calls_at_the_same_time(xero: Player) -> None:
    assert xero.do("/erp/rates", answer_seconds="0.5")["concurrent"] == 5
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: xero.call("GET", "Accounts"), range(8)))
    statuses = [reply.status_code for reply in replies]
    assert sorted(statuses) == [200] * 5 + [429] * 3
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert refused.headers["x-rate-limit-problem"] == "concurrent"
    assert "retry-after" not in refused.headers
    xero.do("/erp/rates", answer_seconds=0, concurrent=0)
    assert xero.call("GET", "Accounts").status_code == 200


def test_who_may_not_come_in_does_not_count(xero: Player) -> None:
    xero.do("/erp/rates", per_minute=1)
    assert xero.call("GET", "Accounts", headers={"xero-tenant-id": None}).status_code == 403
    assert xero.call("GET", "Accounts").status_code == 200


def test_faults_speak_as_xero_does(xero: Player) -> None:
    def injected(**fault: object) -> tuple[int, str, str]:
        xero.do("/faults", system="xero", **fault)
        reply = xero.call("GET", "Accounts")
        return reply.status_code, reply.headers.get("content-type", ""), reply.text

    assert injected(kind="503") == (503, "text/plain; charset=utf-8", "The Organisation is offline")
    assert injected(kind="429", retry_after=7, headers={"X-Rate-Limit-Problem": "day"})[0] == 429
    status, kind, text = injected(kind="500")
    assert (status, kind) == (500, "application/json; charset=utf-8")
    assert "ErrorNumber" in text
    assert "TokenExpired" in injected(kind="status", status=401)[2]
    assert "Forbidden" in injected(kind="status", status=403)[2]
    assert injected(kind="status", status=404)[1] == "text/plain; charset=utf-8"
    assert "ValidationException" in injected(kind="status", status=400)[2]
    assert injected(kind="status", status=412)[2] == "Precondition Failed"
    status, _, text = injected(kind="ok_with_errors")
    assert (status, '"Status": "ERROR"' in text) == (200, True)
    assert injected(kind="expire_tokens")[0] == 401


def test_a_record_may_be_served_otherwise_than_it_is(xero: Player) -> None:
    bill = xero.billed("10.00")
    (payment,) = xero.paid(bill)
    xero.do(
        "/erp/raw", kind="payment", id=payment, changes={"IsReconciled": "true", "Reference": None}
    )
    (row,) = xero.rows("Payments")
    assert (row["IsReconciled"], "Reference" in row) == ("true", False)
    xero.do("/erp/raw", kind="invoice", id=bill, twin={"InvoiceNumber": "again"})
    assert [one["InvoiceNumber"] for one in xero.rows("Invoices")][1] == "again"
    ahead = xero.do("/erp/prepay", vendor_id=row["Invoice"]["Contact"]["ContactID"], amount="5.00")
    xero.do("/erp/raw", kind="prepayment", id=ahead["payment_id"], changes={"Status": "LOST"})
    assert xero.rows("Prepayments")[0]["Status"] == "LOST"


def test_calls_are_counted_by_what_they_ask(xero: Player) -> None:
    (payment,) = xero.paid(xero.billed("10.00"))
    xero.one("Payments", payment)
    counted = xero.http.get(xero.control + "/calls").json()["systems"]["xero"]
    assert counted["GET /api.xro/2.0/Payments/{id}"] == 1
    assert counted["POST /connect/token"] == 1
