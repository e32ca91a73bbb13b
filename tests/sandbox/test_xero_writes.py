"""What the API of Xero makes and deletes, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from xero_helpers import WRITING, Player, amounts, messages, playing

DELETE = {"Status": "DELETED"}


@pytest.fixture
def writer() -> Iterator[Player]:
    with playing() as player:
        player.may(WRITING)
        yield player


def body(bill: str, paid: Any, **more: Any) -> dict[str, Any]:
    head = {"Invoice": {"InvoiceID": bill}, "Account": {"Code": "090"}, "Date": "2026-01-15"}
    return head | {"Amount": paid} | more


def test_payments_are_made_by_the_api(writer: Player) -> None:
    first, second = writer.billed("100.00"), writer.billed("50.00")
    rows = [body(first, "40.00", Reference="77"), body(second, 50)]
    reply = writer.call("PUT", "Payments", json={"Payments": rows})
    assert reply.status_code == 200, reply.text
    made = reply.json()["Payments"]
    assert [one["Amount"] for one in made] == [40.0, 50.0]
    assert made[0]["Reference"] == "77"
    assert made[0]["Date"] == "/Date(1768435200000+0000)/"
    assert amounts(writer, second) == ["PAID", 0, 50, 0]
    single = writer.call("POST", "Payments", json=body(first, 60, Date="/Date(1768435200000)/"))
    assert single.json()["Payments"][0]["Invoice"]["Status"] == "PAID"
    assert writer.rows("BatchPayments") == []


def test_a_payment_may_come_as_xml(writer: Player) -> None:
    bill = writer.billed("100.00")
    text = (
        f"<Payments><Payment><Invoice><InvoiceID>{bill}</InvoiceID></Invoice><Account><Code>090"
        "</Code></Account><Date>2026-01-15</Date><Amount>10.50</Amount></Payment></Payments>"
    )
    kind = {"Content-Type": "application/xml"}
    made = writer.call("PUT", "Payments", content=text, headers=kind).json()["Payments"][0]
    assert made["Amount"] == 10.5
    gone = "<Payment><Status>DELETED</Status></Payment>"
    path = f"Payments/{made['PaymentID']}"
    done = writer.call("POST", path, content=gone, headers=kind)
    assert done.json()["Payments"][0]["Status"] == "DELETED"
    assert (
        "cannot be read" in messages(writer.call("PUT", "Payments", content="<", headers=kind))[0]
    )


def test_payments_that_do_not_fit_are_refused(writer: Player) -> None:
    bill, void = writer.billed("100.00"), writer.billed("100.00")
    writer.do("/erp/delete", bill_id=void)
    paid = writer.billed("5.00")
    writer.paid(paid)
    wrong = {
        "exceeds the amount outstanding": body(bill, 100.01),
        "greater than zero": body(bill, 0),
        "two decimals": body(bill, 1.005),
        "not a number": body(bill, "much"),
        "could not be found": body("00000000-0000-4000-8000-000000000000", 1),
        "Invoice could not": body(void, 1),
        "Authorised": body(paid, 1),
        "Account": body(bill, 1) | {"Account": {"Code": "800"}},
        "not a date": body(bill, 1, Date="soon"),
        "CurrencyRate": body(bill, 1, CurrencyRate=-1),
    }
    for text, element in wrong.items():
        assert text in messages(writer.call("PUT", "Payments", json=element))[0], text
    both = {"Payments": [body(bill, 60), body(bill, 60)]}
    assert len(messages(writer.call("PUT", "Payments", json=both))) == 1
    assert amounts(writer, bill) == ["AUTHORISED", 100, 0, 0]
    for content in ("", "[]", "7", "{"):
        kind = {"Content-Type": "application/json"}
        assert messages(writer.call("PUT", "Payments", content=content, headers=kind))
    assert messages(writer.call("PUT", "Payments", data={"Amount": "1"}))


def test_errors_may_be_told_row_by_row(writer: Player) -> None:
    bill = writer.billed("100.00")
    rows = {"Payments": [body(bill, 60), body(bill, 60)]}
    reply = writer.call("PUT", "Payments", json=rows, params={"summarizeErrors": "false"})
    good, bad = reply.json()["Payments"]
    assert (good["StatusAttributeString"], good["Amount"]) == ("OK", 60.0)
    assert (bad["StatusAttributeString"], bad["HasValidationErrors"]) == ("ERROR", True)
    assert "exceeds" in bad["ValidationErrors"][0]["Message"]
    assert amounts(writer, bill) == ["AUTHORISED", 40, 60, 0]


def test_an_idempotency_key_makes_a_payment_once(writer: Player) -> None:
    bill = writer.billed("100.00")
    key = {"Idempotency-Key": "run-7"}
    first = writer.call("PUT", "Payments", json=body(bill, 10), headers=key).json()["Payments"]
    again = writer.call("PUT", "Payments", json=body(bill, 10), headers=key).json()["Payments"]
    assert first == again
    assert len(writer.rows("Payments")) == 1
    long = {"Idempotency-Key": "x" * 129}
    assert "128" in messages(writer.call("PUT", "Payments", json=body(bill, 10), headers=long))[0]


def test_batches_are_made_by_the_api(writer: Player) -> None:
    bills = [writer.billed("100.00"), writer.billed("50.00")]
    rows = [{"Invoice": {"InvoiceID": bill}, "Amount": 50} for bill in bills]
    head = {"Account": {"Code": "090"}, "Date": "2026-01-15", "Details": "EFT 9", "Payments": rows}
    reply = writer.call("PUT", "BatchPayments", json=head)
    assert reply.status_code == 200, reply.text
    (batch,) = reply.json()["BatchPayments"]
    assert (batch["TotalAmount"], batch["Details"]) == (100.0, "EFT 9")
    assert not any("Reference" in row for row in writer.rows("Payments"))
    foreign = writer.billed("10.00", commitment=8)
    rows = [{"Invoice": {"InvoiceID": foreign}, "Amount": 5}]
    wrong = messages(writer.call("PUT", "BatchPayments", json=head | {"Payments": rows}))
    assert "base currency" in wrong[0]
    assert messages(writer.call("PUT", "BatchPayments", json=head | {"Payments": []}))
    assert amounts(writer, foreign)[2] == 0


def test_only_the_status_of_a_payment_can_be_changed(writer: Player) -> None:
    (payment,) = writer.paid(writer.billed("10.00"))
    for more in (
        {"Reference": "x"},
        {"Amount": 1, "Status": "DELETED"},
        {"Status": "DELETED", "Date": 1},
    ):
        reply = writer.call("POST", f"Payments/{payment}", json=more)
        assert messages(reply) == ["Only Status accepted for updates."]
    reply = writer.call("POST", f"Payments/{payment}", json={"Status": "AUTHORISED"})
    assert "DELETED" in messages(reply)[0]
    gone = writer.call("POST", "Payments", json={"PaymentID": payment} | DELETE)
    assert gone.json()["Payments"][0]["Status"] == "DELETED"
    assert "cannot be edited" in writer.cannot("/erp/edit", payment_id=payment, number="7")
