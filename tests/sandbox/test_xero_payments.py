"""Payments and batches of Xero, and what they do to bills."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from xero_helpers import WRITING, Player, amounts, messages, playing, vendor_of

DELETE = {"Status": "DELETED"}


@pytest.fixture
def xero() -> Iterator[Player]:
    with playing() as player:
        yield player


@pytest.fixture
def writer(xero: Player) -> Player:
    xero.may(WRITING)
    return xero


def test_one_payment_pays_one_bill(xero: Player) -> None:
    bill = xero.billed("1000.10", number="HRC-7")
    made = xero.do("/erp/pay", bills=[{"bill_id": bill, "amount": "400.05"}], number="881")
    (row,) = xero.rows("Payments")
    assert row["PaymentID"] == made["payment_id"]
    assert (row["Amount"], row["BankAmount"], row["CurrencyRate"]) == (
        Decimal("400.05"), Decimal("400.05"), 1,
    )  # fmt: skip
    assert (row["PaymentType"], row["Status"]) == ("ACCPAYPAYMENT", "AUTHORISED")
    assert (row["Reference"], row["HasAccount"], row["IsReconciled"]) == ("881", True, False)
    assert "BatchPaymentID" not in row
    assert set(row["Account"]) == {"AccountID", "Code"}
    short = row["Invoice"]
    assert (short["InvoiceID"], short["InvoiceNumber"], short["Type"]) == (bill, "HRC-7", "ACCPAY")
    assert not {"Status", "Total", "Date", "AmountDue"} & set(short)
    assert amounts(xero, bill) == ["AUTHORISED", Decimal("600.05"), Decimal("400.05"), 0]
    full = xero.one("Payments", row["PaymentID"])
    assert full["Account"]["Name"] == "Checking"
    assert full["Invoice"]["AmountDue"] == Decimal("600.05")
    assert full["Invoice"]["UpdatedDateUTC"] == full["UpdatedDateUTC"]
    xero.paid(bill)
    assert amounts(xero, bill) == ["PAID", 0, Decimal("1000.10"), 0]
    assert len(xero.one("Invoices", bill)["Payments"]) == 2
    assert "FullyPaidOnDate" in xero.one("Invoices", bill)


def test_several_bills_at_once_are_a_batch(xero: Player) -> None:
    bills = [xero.billed("100.00"), xero.billed("250.50")]
    payments = xero.paid(*bills, number="EFT 20261119 of many days")
    (batch,) = xero.rows("BatchPayments")
    assert (batch["Type"], batch["Status"], batch["TotalAmount"]) == (
        "PAYBATCH", "AUTHORISED", Decimal("350.50"),
    )  # fmt: skip
    assert [one["PaymentID"] for one in batch["Payments"]] == payments
    assert [one["Invoice"]["InvoiceID"] for one in batch["Payments"]] == bills
    assert batch["Details"] == "EFT 20261119 of ma"
    rows = xero.rows("Payments")
    assert {row["BatchPaymentID"] for row in rows} == {batch["BatchPaymentID"]}
    assert {row["BatchPayment"]["TotalAmount"] for row in rows} == {Decimal("350.50")}
    assert {row["Reference"] for row in rows} == {"EFT 20261119 of many days"}
    assert xero.one("BatchPayments", batch["BatchPaymentID"]) == batch


def test_a_deleted_payment_stays_with_its_amount(writer: Player) -> None:
    bill = writer.billed("1000.10")
    (payment,) = writer.paid(bill, number="881")
    before = writer.one("Payments", payment)
    writer.do("/clock", advance_seconds=60)
    since = writer.world.clock.now().strftime("%Y-%m-%dT%H:%M:%S")
    assert writer.rows("Payments", since=since) == []
    reply = writer.call("POST", f"Payments/{payment}", json=DELETE)
    assert reply.json()["Payments"][0]["Status"] == "DELETED"
    (after,) = writer.rows("Payments", since=since)
    assert (after["Status"], after["Amount"]) == ("DELETED", before["Amount"])
    assert after["BankAmount"] == before["BankAmount"]
    assert after["UpdatedDateUTC"] > before["UpdatedDateUTC"]
    assert after["Invoice"]["InvoiceID"] == bill
    assert amounts(writer, bill) == ["AUTHORISED", Decimal("1000.10"), 0, 0]
    assert writer.one("Invoices", bill)["Payments"] == []
    (moved,) = writer.rows("Invoices", since=since)
    assert moved["InvoiceID"] == bill
    again = messages(writer.call("POST", f"Payments/{payment}", json=DELETE))
    assert again == ["This payment has already been deleted"]


def test_a_batch_is_deleted_as_a_whole(writer: Player) -> None:
    bills = [writer.billed("100.00"), writer.billed("250.50")]
    payments = writer.paid(*bills)
    (batch,) = writer.rows("BatchPayments")
    ident = batch["BatchPaymentID"]
    alone = messages(writer.call("POST", f"Payments/{payments[0]}", json=DELETE))
    assert "part of a batch" in alone[0]
    done = writer.call("POST", f"BatchPayments/{ident}", json=DELETE)
    (after,) = done.json()["BatchPayments"]
    assert (after["Status"], after["TotalAmount"], after["Payments"]) == ("DELETED", 350.50, [])
    assert [row["Status"] for row in writer.rows("Payments")] == ["DELETED", "DELETED"]
    assert [amounts(writer, bill)[0] for bill in bills] == ["AUTHORISED", "AUTHORISED"]
    again = writer.call("POST", "BatchPayments", json={"BatchPaymentID": ident} | DELETE)
    assert "already" in messages(again)[0]


def test_an_accountant_deletes_a_batch_with_any_of_its_payments(xero: Player) -> None:
    payments = xero.paid(xero.billed("100.00"), xero.billed("250.50"))
    xero.do("/erp/void", payment_id=payments[1])
    assert [row["Status"] for row in xero.rows("Payments")] == ["DELETED", "DELETED"]


def test_a_foreign_bill_is_paid_in_its_own_currency(xero: Player) -> None:
    bill = xero.billed("1000.00", commitment=8)
    xero.paid(bill)
    (row,) = xero.rows("Payments")
    assert (row["Amount"], row["BankAmount"]) == (1000, 730)
    assert row["CurrencyRate"] == Decimal("1.369863")
    assert row["Invoice"]["CurrencyCode"] == "CAD"
    assert xero.one("Invoices", bill)["CurrencyRate"] == Decimal("1.369863")
    two = [xero.billed("10.00", commitment=8), xero.billed("20.00", commitment=8)]
    xero.paid(*two)
    assert xero.rows("BatchPayments")[0]["TotalAmount"] == Decimal("21.90")


def test_a_card_charge_comes_from_an_account_without_a_code(xero: Player) -> None:
    xero.paid(xero.billed("10.00"), method="credit_card")
    (row,) = xero.rows("Payments")
    assert set(row["Account"]) == {"AccountID"}
    account = xero.one("Accounts", row["Account"]["AccountID"])
    assert account["BankAccountType"] == "CREDITCARD"


def test_a_late_payment_has_an_old_stamp(xero: Player) -> None:
    bill = xero.billed("10.00")
    xero.do("/clock", advance_seconds=600)
    since = xero.world.clock.now().strftime("%Y-%m-%dT%H:%M:%S")
    old = "2026-01-15T09:00:00Z"
    xero.do("/erp/late", bills=[{"bill_id": bill}], appeared_at=old)
    assert xero.rows("Payments", since=since) == []
    assert len(xero.rows("Payments", since="2026-01-15T09:00:00")) == 1


def test_a_void_bill_is_still_shown(xero: Player) -> None:
    bill = xero.billed("10.00", number="HRC-9")
    (payment,) = xero.paid(bill)
    assert "paid" in xero.cannot("/erp/delete", bill_id=bill)
    xero.do("/erp/void", payment_id=payment)
    xero.do("/erp/delete", bill_id=bill)
    row = xero.one("Invoices", bill)
    assert (row["Status"], row["AmountDue"], row["Total"]) == ("VOIDED", 0, 10)
    assert xero.rows("Invoices", Statuses="VOIDED")[0]["InvoiceID"] == bill
    assert xero.one("Payments", payment)["Invoice"]["Status"] == "VOIDED"
    credit = xero.do("/erp/credit", vendor_id=vendor_of(xero, bill), amount="1.00")["credit_id"]
    xero.do("/erp/delete", credit_id=credit)
    assert [row["Status"] for row in xero.rows("CreditNotes")] == ["VOIDED"]


def test_the_same_seed_gives_the_same_ids() -> None:
    with playing("demo") as first, playing("demo") as second:
        for name in ("Payments", "Invoices", "BatchPayments"):
            ids = [[row[f"{name[:-1]}ID"] for row in one.rows(name)] for one in (first, second)]
            assert ids[0] == ids[1]
        assert first.xero["tenant_id"] == second.xero["tenant_id"]
