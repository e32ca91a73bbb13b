"""Credit notes, prepayments, overpayments and refunds of Xero."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
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


def test_a_credit_note_settles_without_a_payment(xero: Player) -> None:
    bill = xero.billed("1000.00")
    vendor = vendor_of(xero, bill)
    credit = xero.do("/erp/credit", vendor_id=vendor, amount="150.00", number="CM-1")["credit_id"]
    (open_still,) = xero.rows("CreditNotes")
    assert (open_still["Status"], open_still["RemainingCredit"]) == ("AUTHORISED", 150)
    asked = {"bills": [{"bill_id": bill}], "credits": [{"credit_id": credit, "amount": "100.00"}]}
    xero.do("/erp/pay", **asked, date="2026-01-15")
    assert amounts(xero, bill) == ["PAID", 0, 900, 100]
    (row,) = xero.rows("Payments")
    assert row["Amount"] == 900
    note = xero.one("CreditNotes", credit)
    (use,) = note["Allocations"]
    assert (use["Amount"], use["Date"], use["IsDeleted"]) == (
        100,
        "/Date(1768435200000+0000)/",
        False,
    )
    assert use["Invoice"]["InvoiceID"] == bill
    assert (note["RemainingCredit"], note["Type"]) == (50, "ACCPAYCREDIT")
    (applied,) = xero.one("Invoices", bill)["CreditNotes"]
    assert (applied["CreditNoteID"], applied["AppliedAmount"]) == (credit, 100)
    xero.do("/erp/unapply", credit_id=credit, bill_id=bill)
    assert amounts(xero, bill) == ["AUTHORISED", 100, 900, 0]
    assert xero.one("CreditNotes", credit)["Allocations"] == []


def test_a_bill_that_a_credit_note_settles_has_no_payment_at_all(xero: Player) -> None:
    bill = xero.billed("150.00")
    vendor = vendor_of(xero, bill)
    credit = xero.do("/erp/credit", vendor_id=vendor, amount="150.00")["credit_id"]
    made = xero.do("/erp/pay", bills=[{"bill_id": bill}], credits=[{"credit_id": credit}])
    assert made["payments"] == []
    assert xero.rows("Payments") == []
    assert amounts(xero, bill) == ["PAID", 0, 0, 150]
    assert xero.one("CreditNotes", credit)["Status"] == "PAID"


def test_a_credit_note_settles_no_more_than_what_is_to_be_paid(xero: Player) -> None:
    first, second = xero.billed("1000.00"), xero.billed("500.00")
    vendor = vendor_of(xero, first)
    credit = xero.do("/erp/credit", vendor_id=vendor, amount="150.00")["credit_id"]
    bills = [{"bill_id": first, "amount": "60.00"}, {"bill_id": second, "amount": "50.00"}]
    made = xero.do("/erp/pay", bills=bills, credits=[{"credit_id": credit, "amount": "100.00"}])
    assert [one["total"] for one in made["payments"]] == ["10.00"]
    assert amounts(xero, first) == ["AUTHORISED", 940, 0, 60]
    assert amounts(xero, second) == ["AUTHORISED", 450, 10, 40]
    assert xero.one("CreditNotes", credit)["RemainingCredit"] == 50


def test_what_is_paid_too_much_is_an_overpayment(xero: Player) -> None:
    bill = xero.billed("1000.00")
    asked = [{"bill_id": bill, "amount": "1250.00"}]
    payment, over = xero.do("/erp/pay", bills=asked, number="9")["payments"]
    assert (payment["kind"], over["kind"]) == ("payment", "overpayment")
    assert [row["Amount"] for row in xero.rows("Payments")] == [1000]
    (row,) = xero.rows("Overpayments")
    assert over["payment_id"] == f"overpayment-{row['OverpaymentID']}"
    assert (row["Type"], row["Total"], row["RemainingCredit"]) == ("SPEND-OVERPAYMENT", 250, 250)
    assert (row["Status"], row["Reference"]) == ("AUTHORISED", "9")
    other = xero.billed("400.00")
    xero.do("/clock", advance_seconds=60)
    since = xero.world.clock.now().strftime("%Y-%m-%dT%H:%M:%S")
    xero.do("/erp/apply", payment_id=over["payment_id"], bill_id=other, date="2026-02-15")
    (row,) = xero.rows("Overpayments", since=since)
    assert (row["Status"], row["RemainingCredit"], row["AppliedAmount"]) == ("PAID", 0, 250)
    (use,) = row["Allocations"]
    assert (use["Amount"], use["Date"]) == (250, "/Date(1771113600000+0000)/")
    assert amounts(xero, other) == ["AUTHORISED", 150, 0, 250]
    (applied,) = xero.one("Invoices", other)["Overpayments"]
    assert (applied["OverpaymentID"], applied["AppliedAmount"]) == (row["OverpaymentID"], 250)


def test_a_prepayment_waits_for_its_bill(xero: Player) -> None:
    bill = xero.billed("1000.00")
    vendor = vendor_of(xero, bill)
    made = xero.do("/erp/prepay", vendor_id=vendor, amount="300.00", number="31")["payment_id"]
    (row,) = xero.rows("Prepayments")
    assert made == f"prepayment-{row['PrepaymentID']}"
    assert (row["Type"], row["Status"], row["RemainingCredit"]) == (
        "SPEND-PREPAYMENT",
        "AUTHORISED",
        300,
    )
    assert xero.rows("Payments") == []
    assert xero.call("GET", f"Payments/{row['PrepaymentID']}").status_code == 404
    xero.do("/erp/apply", payment_id=made, bill_id=bill, amount="200.00")
    row = xero.one("Prepayments", row["PrepaymentID"])
    assert (row["RemainingCredit"], len(row["Allocations"])) == (100, 1)
    assert amounts(xero, bill) == ["AUTHORISED", 800, 0, 200]
    xero.do("/erp/unapply", payment_id=made, bill_id=bill)
    xero.do("/erp/void", payment_id=made)
    row = xero.one("Prepayments", row["PrepaymentID"])
    assert (row["Status"], row["Total"], row["RemainingCredit"]) == ("VOIDED", 300, 0)
    assert amounts(xero, bill) == ["AUTHORISED", 1000, 0, 0]


def test_a_refund_is_a_payment_of_another_type(writer: Player) -> None:
    bill = writer.billed("1000.00")
    vendor = vendor_of(writer, bill)
    credit = writer.do("/erp/credit", vendor_id=vendor, amount="150.00")["credit_id"]
    ahead = writer.do("/erp/prepay", vendor_id=vendor, amount="300.00")["payment_id"]
    over = writer.do("/erp/pay", bills=[{"bill_id": bill, "amount": "1100.00"}])["payments"][1]
    org = writer.world.erp
    org.refund(org.credits.rows[credit], Decimal(150), date(2026, 1, 15))
    org.refund(org.payments.rows[ahead], Decimal(100), date(2026, 1, 16))
    org.refund(org.payments.rows[over["payment_id"]], Decimal(100), date(2026, 1, 17))
    rows = {row["PaymentType"]: row for row in writer.rows("Payments")}
    assert {name: row["Invoice"]["Type"] for name, row in rows.items()} == {
        "ACCPAYPAYMENT": "ACCPAY",
        "APCREDITPAYMENT": "ACCPAYCREDIT",
        "APPREPAYMENTPAYMENT": "APPREPAYMENT",
        "APOVERPAYMENTPAYMENT": "APOVERPAYMENT",
    }
    assert len(writer.rows("Payments", where='PaymentType=="ACCPAYPAYMENT"')) == 1
    refund = rows["APCREDITPAYMENT"]
    assert (refund["Amount"], refund["Invoice"]["InvoiceID"]) == (150, credit)
    assert writer.one("Payments", refund["PaymentID"])["Amount"] == 150
    assert writer.one("CreditNotes", credit)["RemainingCredit"] == 0
    assert [one["Amount"] for one in writer.one("CreditNotes", credit)["Payments"]] == [150]
    assert writer.rows("Prepayments")[0]["RemainingCredit"] == 200
    assert writer.rows("Overpayments")[0]["Status"] == "PAID"
    path = f"Payments/{refund['PaymentID']}"
    assert messages(writer.call("POST", path, json=DELETE))
