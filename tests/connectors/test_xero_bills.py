"""What the JSON of Xero's bills means."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.xero import bills
from tests.connectors.xero_helpers import (
    bill,
    guid,
    parsed,
)


def seen(*values: Any) -> list[Any]:
    return list(values)


def of_bill(**changes: Any) -> Any:
    return bills.bill(parsed(bill(**changes)))


def test_a_bill_says_what_is_owed_and_to_whom() -> None:
    found = of_bill()
    assert seen(found.bill_id, found.number, found.date, found.currency) == [
        guid(640), "HRC-640", date(2026, 11, 2), "NZD",
    ]  # fmt: skip
    assert seen(found.vendor_id, found.vendor_name) == [guid(71), "Harbor Ridge Concrete"]
    assert seen(found.total, found.net, found.tax) == [1150, 1000, 150]
    assert seen(found.settled, found.paid_cash, found.payment_ids) == [0, 0, frozenset()]
    assert seen(found.retainage_of, found.commitments) == [None, frozenset()]
    assert found.modified_at == datetime(2026, 11, 3, tzinfo=UTC)


def test_cash_is_told_apart_from_credit_notes() -> None:
    found = of_bill(
        AmountPaid="400.00",
        AmountCredited="350.00",
        Payments=[
            {"PaymentID": guid(1), "Amount": "400.00"},
            {"PaymentID": guid(2), "Amount": "9.00", "Status": "DELETED"},
        ],
        CreditNotes=[{"CreditNoteID": guid(3), "AppliedAmount": "100.00"}],
        Prepayments=[{"PrepaymentID": guid(5), "AppliedAmount": "200.00"}],
        Overpayments=[{"OverpaymentID": guid(6), "AppliedAmount": "50.00"}],
    )
    assert seen(found.settled, found.paid_cash) == [750, 650]
    assert found.payment_ids == frozenset(
        {guid(1), f"prepayment-{guid(5)}", f"overpayment-{guid(6)}"}
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"AmountPaid": "400.00", "Payments": []},  # left out, not absent
        {"AmountPaid": "400.00", "Payments": [{"PaymentID": guid(1), "Amount": "399.00"}]},
        {"AmountPaid": "400.00", "Payments": [{"Amount": "400.00"}]},
        {"AmountCredited": "1.00"},
        {"Payments": "?"},
        {"Prepayments": {}},
        {"AmountPaid": None},
    ],
)
def test_lists_that_do_not_add_up_prove_nothing(changes: dict[str, Any]) -> None:
    assert of_bill(**changes).payment_ids is None


def test_cash_is_unknown_where_credits_are_not_explained() -> None:
    found = of_bill(AmountPaid="400.00", AmountCredited="350.00")
    assert seen(found.settled, found.paid_cash) == [750, None]


def test_tax_that_is_withheld_in_the_uk_settles_too() -> None:
    paid = [{"PaymentID": guid(1), "Amount": "920.00"}]
    found = of_bill(AmountPaid="920.00", CISDeduction="230.00", AmountDue="0.00", Payments=paid)
    assert found.settled == found.total == 1150
    assert found.paid_cash == 920
    assert of_bill(CISDeduction="?").settled is None


@pytest.mark.parametrize("status", ["DELETED", "VOIDED", "DRAFT", "PAID"])
def test_a_bill_stays_a_bill(status: str) -> None:
    assert of_bill(Status=status).bill_id == guid(640)


def test_a_bill_may_have_no_number_and_a_merged_contact() -> None:
    merged = {"ContactID": guid(71), "MergedToContactID": guid(72), "Name": "Harbor"}
    found = of_bill(InvoiceNumber="", Contact=merged)
    assert seen(found.number, found.vendor_id) == [None, guid(72)]


def test_figures_that_are_not_there_are_unknown() -> None:
    found = of_bill(Total=None, SubTotal="x", TotalTax=True, AmountPaid="", CurrencyCode=None)
    assert seen(found.total, found.net, found.tax) == [None, None, None]
    assert seen(found.settled, found.paid_cash, found.currency) == [None, None, None]


def test_an_invoice_to_a_customer_is_no_bill() -> None:
    assert bills.is_bill(bill())
    assert not bills.is_bill(bill(Type="ACCREC"))
