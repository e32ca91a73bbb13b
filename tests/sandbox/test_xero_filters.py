"""The filters of Xero's lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from xero_helpers import Player, messages, playing

from sandbox.books import acts
from sandbox.books.records import BillLine


@pytest.fixture(scope="module")
def demo() -> Iterator[Player]:
    with playing("demo") as player:
        yield player


@pytest.fixture
def xero() -> Iterator[Player]:
    with playing() as player:
        yield player


def calendar_day(text: str) -> datetime:
    found = re.fullmatch(r"/Date\((\d+)\+0000\)/", text)
    assert found
    return datetime.fromtimestamp(int(found[1]) / 1000, UTC)


def test_filters_find_what_they_say(demo: Player) -> None:
    rows = demo.rows("Payments")
    one = rows[5]
    bill = one["Invoice"]
    day = calendar_day(one["Date"])
    this_day = f"DateTime({day.year},{day.month},{day.day:02d})"
    found = {
        f'PaymentID==guid("{one["PaymentID"]}")': [one],
        f'PaymentID = Guid("{one["PaymentID"].upper()}")': [one],
        f'Reference=="{one["Reference"]}"': [one],
        f'Invoice.InvoiceID==guid("{bill["InvoiceID"]}") && Status=="AUTHORISED"': [one],
        f'Invoice.InvoiceNumber=="{bill["InvoiceNumber"]}"': [one],
        f'PaymentID==guid("{rows[1]["PaymentID"]}") OR PaymentID==guid("{one["PaymentID"]}")': [
            rows[1], one,
        ],
        'PaymentType=="ACCPAYPAYMENT"': rows,
        'PaymentType!="ACCPAYPAYMENT"': [],
        'Status=="DELETED" or Status=="AUTHORISED"': rows,
        f"Date=={this_day} and Amount=={one['Amount']}": [one],
        f"Date<{this_day} || Date>={this_day}": rows,
        "Amount > 1 AND (Amount < 2 OR Amount <= 1)": [],
        'Reference != null && Reference.StartsWith("CC-")': [
            row for row in rows if row.get("Reference", "").startswith("CC-")
        ],
        "BatchPaymentID != null": [row for row in rows if "BatchPaymentID" in row],
        'Invoice.Contact.Name.Contains("Concrete")': [
            row for row in rows if "Concrete" in row["Invoice"]["Contact"]["Name"]
        ],
    }  # fmt: skip
    for where, wanted in found.items():
        assert demo.rows("Payments", where=where) == wanted, where
        count = demo.read("Payments", where=where, page=1, pageSize=1)["pagination"]["itemCount"]
        assert count == len(wanted), where
    assert any("BatchPaymentID" in row for row in rows)


@pytest.mark.parametrize(
    "where",
    [
        "",
        "Status",
        'Status==="PAID"',
        'Colour=="red"',
        'status=="PAID"',
        'PaymentID=="053c0f7b-1d50-4989-bc46-62db7f9dcf50"',
        'PaymentID==guid("short")',
        'Date>="2026-01-01"',
        "Date>=DateTime(2026,13,1)",
        "Date>=DateTime(2026)",
        "Date>=DateTime(2026,1.5,1)",
        "Amount==null",
        'Status>"A"',
        'Amount.Contains("1")',
        "Reference.Contains(1)",
        'Status=="PAID" AND',
        '(Status=="PAID"',
        'Status=="PAID" Status=="PAID"',
        'Status=="PAID" ^ Amount>1',
        "Amount==1,2",
        "Status==Today()",
        "Reference.Length>3",
    ],
)
def test_filters_that_cannot_be_understood_are_refused(demo: Player, where: str) -> None:
    if where:
        assert demo.refused("Payments", where=where) == "QueryParseException"
    else:
        assert len(demo.rows("Payments", where=where)) == len(demo.rows("Payments"))


def test_a_text_that_is_null_must_be_guarded(xero: Player) -> None:
    xero.paid(xero.billed("10.00"), number=None)
    where = 'Reference.Contains("7")'
    assert xero.refused("Payments", where=where) == "QueryParseException"
    assert xero.rows("Payments", where=f"Reference!=null AND {where}") == []
    assert len(xero.rows("Payments", where="Reference==null")) == 1


def test_other_lists_filter_too(demo: Player) -> None:
    bills = demo.rows("Invoices", where='Type=="ACCPAY" AND AmountDue>0', order="InvoiceID")
    assert bills
    assert all(row["AmountDue"] > 0 for row in bills)
    name = bills[0]["Contact"]["Name"]
    (contact,) = demo.rows("Contacts", where=f'Name=="{name}" AND IsSupplier==true')
    assert contact["ContactID"] == bills[0]["Contact"]["ContactID"]
    balance = demo.one("Contacts", contact["ContactID"])["Balances"]["AccountsPayable"]
    mine = (row["AmountDue"] for row in bills if row["Contact"]["Name"] == name)
    assert balance["Outstanding"] == sum(mine)
    assert len(demo.rows("BatchPayments", where='Type=="PAYBATCH"')) == 3
    assert demo.rows("BatchPayments", where='Status=="DELETED"') == []
    (bank,) = demo.rows("Accounts", where='Code=="090"')
    assert (bank["Type"], bank["BankAccountType"]) == ("BANK", "BANK")
    (card,) = [row for row in demo.rows("Accounts") if row["BankAccountType"] == "CREDITCARD"]
    assert "Code" not in card
    used = demo.rows("CreditNotes", where='Status=="PAID"')
    assert all(row["RemainingCredit"] == 0 for row in used)
    ahead = demo.rows("Prepayments", where='Type=="SPEND-PREPAYMENT"', order="PrepaymentID")
    assert [row["Status"] for row in ahead] == ["AUTHORISED"]
    assert demo.rows("Overpayments", where="RemainingCredit==0") == []


def test_more_than_a_hundred_thousand_rows_must_be_paged_by_fast_fields(xero: Player) -> None:
    org = xero.world.erp
    vendor = next(iter(org.vendors.rows))
    lines = [BillLine(Decimal(1))]
    for _ in range(100_001):
        acts.add_bill(org, vendor_id=vendor, lines=lines, txn_date=date(2026, 1, 5))
    assert xero.read("Invoices", page=1, pageSize=1)["pagination"]["itemCount"] == 100_001
    fast = 'Type=="ACCPAY" AND Status=="AUTHORISED"'
    assert len(xero.rows("Invoices", page=1, where=fast, order="InvoiceID")) == 100
    for params in ({}, {"page": 1, "where": "Total>5"}, {"page": 1, "order": "Total"}):
        reply = xero.call("GET", "Invoices", params=params)
        assert "100,000" in messages(reply)[0], params
