"""Xero's lists: form, filters, order, pages, and what changed since."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from xero_helpers import Player, playing

LISTS = ("Payments", "Invoices", "CreditNotes", "Prepayments", "Overpayments", "Contacts")
SHORT = ("Payments", "LineItems")


@pytest.fixture(scope="module")
def demo() -> Iterator[Player]:
    with playing("demo") as player:
        yield player


@pytest.fixture
def xero() -> Iterator[Player]:
    with playing() as player:
        yield player


def millis(text: str) -> int:
    found = re.fullmatch(r"/Date\((-?\d+)\+0000\)/", text)
    assert found, text
    return int(found[1])


def idents(rows: list[dict[str, Any]], name: str = "PaymentID") -> list[str]:
    return [row[name] for row in rows]


def test_who_does_not_ask_for_json_gets_xml(demo: Player) -> None:
    for accept in ("*/*", "text/html", "application/xml"):
        reply = demo.call("GET", "Payments", headers={"Accept": accept})
        assert reply.headers["content-type"] == "text/xml; charset=utf-8"
        assert reply.text.startswith("<?xml")
        assert reply.text.count("<PaymentID>") == len(demo.rows("Payments"))
        assert "/Date(" not in reply.text
    wrong = demo.call("GET", "Payments", params={"where": "x"}, headers={"Accept": "*/*"})
    assert (wrong.status_code, "<ApiException>" in wrong.text) == (400, True)


def test_an_answer_is_an_envelope_around_a_list(demo: Player) -> None:
    reply = demo.call("GET", "Organisation")
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    body = reply.json()
    assert set(body) == {"Id", "Status", "ProviderName", "DateTimeUTC", "Organisations"}
    assert body["Status"] == "OK"
    assert re.fullmatch(r"/Date\(\d{13}\)/", body["DateTimeUTC"])
    assert reply.headers["xero-correlation-id"]
    (one,) = body["Organisations"]
    assert (one["BaseCurrency"], one["Timezone"]) == ("USD", "PACIFICSTANDARDTIME")
    again = demo.call("GET", "Organisation").json()
    assert again["Id"] != body["Id"]


def test_amounts_are_numbers_with_two_decimals(demo: Player) -> None:
    text = demo.call("GET", "Payments", params={"page": 1}).text
    amounts = re.findall(r'"(?:Bank)?Amount": ([^,}]+)', text)
    assert amounts
    assert all(re.fullmatch(r"\d+\.\d\d", amount) for amount in amounts)


@pytest.mark.parametrize("name", LISTS)
def test_pages_come_only_when_asked_for(demo: Player, name: str) -> None:
    whole = demo.read(name)
    assert "pagination" not in whole
    paged = demo.read(name, page=1)
    count = len(whole[name])
    pages = -(-count // 100)
    assert paged["pagination"] == {
        "page": 1, "pageSize": 100, "pageCount": pages, "itemCount": count,
    }  # fmt: skip


def test_pages_are_clamped_and_end(demo: Player) -> None:
    whole = idents(demo.rows("Payments"))
    read = [demo.read("Payments", page=page, pageSize=15) for page in (1, 2, 3, 4)]
    assert [len(one["Payments"]) for one in read] == [15, 15, len(whole) - 30, 0]
    assert [ident for one in read for ident in idents(one["Payments"])] == whole
    sizes = {
        asked: demo.read("Payments", page=1, pageSize=asked)["pagination"] for asked in (0, 5000)
    }
    assert [sizes[asked]["pageSize"] for asked in (0, 5000)] == [1, 1000]
    assert demo.read("Payments", page=0)["pagination"]["page"] == 1
    assert demo.refused("Payments", page="first") == "ValidationException"


def test_what_a_list_does_not_have_is_refused(demo: Player) -> None:
    assert demo.refused("Payments", pagesize=10) == "ValidationException"
    assert demo.refused("Payments", IDs="x") == "ValidationException"
    assert demo.refused("BatchPayments", page=1) == "ValidationException"
    assert demo.refused("Organisation", where='Name=="x"') == "ValidationException"
    assert demo.refused("Invoices", Statuses="OPEN") == "ValidationException"
    assert demo.refused("Invoices", IDs="1,2") == "ValidationException"
    assert demo.call("GET", "Payments/not-a-guid").status_code == 404


def test_one_that_is_not_there_is_told_in_plain_text(demo: Player) -> None:
    for name in (*LISTS, "BatchPayments", "Accounts"):
        reply = demo.call("GET", f"{name}/00000000-0000-4000-8000-000000000000")
        assert (reply.status_code, reply.headers["content-type"]) == (
            404,
            "text/plain; charset=utf-8",
        )


def test_bills_have_lines_and_payments_only_when_paged_or_named(demo: Player) -> None:
    paid = demo.rows("Invoices", page=1, where='Status=="PAID"')[0]
    assert paid["LineItems"][0]["LineAmount"] == paid["Total"]
    assert set(paid["Payments"][0]) >= {"PaymentID", "Date", "Amount", "CurrencyRate"}
    assert "Account" not in paid["Payments"][0]
    assert paid["Payments"][0]["HasAccount"] is False
    bare = {row["InvoiceID"]: row for row in demo.rows("Invoices")}[paid["InvoiceID"]]
    assert [bare[name] for name in SHORT] == [[], []]
    by_id = demo.rows("Invoices", IDs=paid["InvoiceID"].replace("-", ""))
    assert by_id == [paid]
    assert demo.rows("Invoices", InvoiceNumbers=paid["InvoiceNumber"]) == [paid]
    assert demo.rows("Invoices", Statuses="PAID,VOIDED")[0]["LineItems"]
    assert demo.one("Invoices", paid["InvoiceID"]) == paid
    short = demo.rows("Invoices", page=1, summaryOnly="true", IDs=paid["InvoiceID"])[0]
    assert not {"Payments", "LineItems", "HasAttachments", "CISDeduction"} & set(short)
    assert short["AmountPaid"] == paid["AmountPaid"]


def test_comma_lists_narrow_bills(demo: Player) -> None:
    rows = demo.rows("Invoices")
    contact = rows[0]["Contact"]["ContactID"]
    mine = {row["InvoiceID"] for row in rows if row["Contact"]["ContactID"] == contact}
    assert set(idents(demo.rows("Invoices", ContactIDs=contact), "InvoiceID")) == mine
    two = ",".join(idents(rows, "InvoiceID")[:2])
    assert len(demo.rows("Invoices", IDs=two)) == 2
    assert demo.rows("Invoices", IDs=two, Statuses="VOIDED") == []


def test_the_order_is_by_change_and_then_by_id(demo: Player) -> None:
    for name, key in (("Payments", "PaymentID"), ("Invoices", "InvoiceID")):
        rows = demo.rows(name)
        assert rows == sorted(rows, key=lambda row: (millis(row["UpdatedDateUTC"]), row[key]))
        assert any(millis(row["UpdatedDateUTC"]) % 1000 for row in rows)
        assert idents(demo.rows(name, order=key), key) == sorted(idents(rows, key))
    days = [row["Date"] for row in demo.rows("Payments", order="Date DESC, PaymentID")]
    assert days == sorted(days, key=millis, reverse=True)
    ties = demo.rows("Payments", order="PaymentType")
    assert idents(ties) == sorted(idents(ties))
    for wrong in ("Colour", "Date UP", "Date DESC PaymentID", "paymentid"):
        assert demo.refused("Payments", order=wrong) == "QueryParseException"


def formats(instant: datetime) -> list[str]:
    pacific = instant.astimezone(timezone(timedelta(hours=-8)))
    return [
        instant.strftime("%Y-%m-%dT%H:%M:%S"),
        instant.strftime("%Y-%m-%dT%H:%M:%SZ"),
        instant.strftime("%Y-%m-%dT%H:%M:%S.999"),
        instant.isoformat(),
        pacific.strftime("%Y-%m-%dT%H:%M:%S.202-08:00"),
        format_datetime(instant, usegmt=True),
    ]


def test_what_changed_since_is_told_to_the_second(demo: Player) -> None:
    rows = demo.rows("Payments")
    middle = millis(rows[20]["UpdatedDateUTC"]) // 1000
    wanted = [row for row in rows if millis(row["UpdatedDateUTC"]) // 1000 >= middle]
    assert 0 < len(wanted) < len(rows)
    for text in formats(datetime.fromtimestamp(middle, UTC)):
        assert demo.rows("Payments", since=text) == wanted, text
    after = formats(datetime.fromtimestamp(middle + 1, UTC))[0]
    assert len(demo.rows("Payments", since=after)) < len(wanted)
    bills = demo.rows("Invoices")
    last = millis(bills[-1]["UpdatedDateUTC"]) // 1000
    both = ",".join((bills[0]["InvoiceID"], bills[-1]["InvoiceID"]))
    (one,) = demo.rows("Invoices", IDs=both, since=formats(datetime.fromtimestamp(last, UTC))[0])
    assert one["InvoiceID"] == bills[-1]["InvoiceID"]
    nothing = demo.read("Payments", since="2099-01-01T00:00:00")
    assert (nothing["Status"], nothing["Payments"]) == ("OK", [])


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00:00", "20261120", "2099-01-01"])
def test_a_time_that_cannot_be_read_gives_everything(demo: Player, text: str) -> None:
    assert len(demo.rows("Payments", since=text)) == len(demo.rows("Payments"))


def test_a_row_that_changes_between_pages_moves_to_the_end(xero: Player) -> None:
    bills = [xero.billed("10.00") for _ in range(4)]
    xero.do("/clock", advance_seconds=5)
    first = xero.rows("Invoices", page=1, pageSize=2)
    xero.paid(first[0]["InvoiceID"])
    second = xero.rows("Invoices", page=2, pageSize=2)
    seen = idents(first, "InvoiceID") + idents(second, "InvoiceID")
    assert first[0]["InvoiceID"] == second[-1]["InvoiceID"]
    assert len(set(seen)) == len(bills) - 1
