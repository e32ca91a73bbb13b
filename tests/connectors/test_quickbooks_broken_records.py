"""Records of QuickBooks Online that are not as documented: held one by one, never guessed."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.quickbooks_online import mapping
from paidsync.reasons import Hold

UNKNOWN = Hold.UNKNOWN_ERP_STATUS


def line(amount: Any, bill: str) -> dict[str, Any]:
    return {"Amount": amount, "LinkedTxn": [{"TxnType": "Bill", "TxnId": bill}]}


def row(**changed: Any) -> dict[str, Any]:
    return {
        "Id": "812",
        "SyncToken": "3",
        "MetaData": {"LastUpdatedTime": "2026-11-20T10:15:02-08:00"},
        "VendorRef": {"value": "71"},
        "PayType": "Check",
        "CheckPayment": {"PrintStatus": "NotSet"},
        "DocNumber": "10457",
        "TxnDate": "2026-11-19",
        "CurrencyRef": {"value": "USD"},
        "TotalAmt": Decimal(5),
        "Line": [line(Decimal(5), "640")],
        **changed,
    }


@pytest.mark.parametrize(
    "broken",
    [
        {"MetaData": {}},
        {"MetaData": {"LastUpdatedTime": "2026-11-20T10:15:02"}},
        {"MetaData": "yesterday"},
        {"SyncToken": None},
        {"VendorRef": "71"},
        {"CheckPayment": [1]},
        {"CurrencyRef": "USD"},
    ],
    ids=str,
)
def test_a_payment_that_is_not_as_documented_is_held_with_its_bills(broken: dict[str, Any]) -> None:
    found = mapping.payment(row(**broken), "USD")
    assert (found.payment_id, found.number) == ("812", "10457")
    assert (found.fault, found.whole, found.total) == (UNKNOWN, False, None)
    [held] = found.allocations
    assert (held.bill_id, held.fault, held.cash) == ("640", UNKNOWN, None)


@pytest.mark.parametrize(
    "lines", [[3], "lines", [[]], [{"Amount": Decimal(5), "LinkedTxn": 7}], {"Amount": 5}]
)
def test_a_payment_whose_bills_cannot_be_read_takes_none_back(lines: Any) -> None:
    found = mapping.payment(row(Line=lines), "USD")
    assert (found.fault, found.allocations, found.whole) == (UNKNOWN, (), False)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([line(None, "640")], Hold.MISSING_AMOUNT),
        ([line("5.00", "640")], Hold.MISSING_AMOUNT),
        ([{"Amount": Decimal(5), "LinkedTxn": [{"TxnType": "Loan", "TxnId": "1"}]}], UNKNOWN),
        ([{"Amount": Decimal(5)}], UNKNOWN),
    ],
)
def test_a_line_that_says_too_little_makes_the_whole_payment_doubtful(
    lines: Any, fault: Hold
) -> None:
    """It may pay a bill that was posted before and that no line names any more."""
    assert mapping.payment(row(Line=lines), "USD").fault is fault


def test_a_payment_without_total_or_lines_is_no_void() -> None:
    found = mapping.payment(row(Line=None, TotalAmt=None), "USD")
    assert found.fault is Hold.MISSING_AMOUNT
    assert found.status == "live"


@pytest.mark.parametrize("broken", [None, "", ["1"], True])
def test_a_record_without_an_id_is_an_error(broken: Any) -> None:
    with pytest.raises(ValueError, match="no Id"):
        mapping.payment(row(Id=broken), "USD")
    with pytest.raises(ValueError, match="no Id"):
        mapping.bill(row(Id=broken), "USD")


def test_a_missing_currency_is_the_home_currency_only_where_there_is_no_other() -> None:
    paid = mapping.payment(row(CurrencyRef=None), "USD", several=True)
    assert (paid.currency, paid.allocations[0].fault) == (None, Hold.BAD_CURRENCY)
    assert mapping.bill(row(CurrencyRef=None), "USD", several=True).currency is None
    assert mapping.payment(row(CurrencyRef=None), "USD").currency == "USD"


@pytest.mark.parametrize("amount", ["1E+999999999", "1E-999999999", "9" * 4000])
def test_no_amount_is_too_large_to_be_looked_at(amount: str) -> None:
    lines = [line(Decimal(amount), "640"), line(Decimal(1), "641")]
    found = mapping.payment(row(TotalAmt=Decimal(amount), Line=lines), "USD")
    assert [each.bill_id for each in found.allocations] == ["640", "641"]
    assert mapping.bill(row(TotalAmt=Decimal(amount), Balance=Decimal(1)), "USD").bill_id == "812"
    rate = row(CurrencyRef={"value": "CAD"}, ExchangeRate=Decimal(amount))
    assert mapping.payment(rate, "USD").home_per_foreign is None


def test_a_number_given_as_a_number_is_its_digits() -> None:
    assert mapping.payment(row(DocNumber=10457), "USD").number == "10457"
    assert mapping.bill(row(DocNumber=17), "USD").number == "17"
    assert mapping.bill(row(DocNumber=["17"]), "USD").number is None


def test_a_bill_that_is_not_as_documented_lacks_what_cannot_be_read() -> None:
    odd = {"Id": 640, "DocNumber": "17", "VendorRef": "71", "TotalAmt": "1200.50", "LinkedTxn": [3]}
    found = mapping.bill(odd, "USD")
    assert (found.bill_id, found.number, found.vendor_id) == ("640", "17", None)
    assert (found.total, found.payment_ids, found.modified_at) == (None, None, None)
