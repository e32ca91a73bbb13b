"""Prepayments and overpayments: money paid before it was owed, applied to bills later."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.erp import BillPayment, PaymentStatus
from connectors.xero import advances
from connectors.xero.mapping import Books
from connectors.xero.query import OVERPAYMENTS, PREPAYMENTS
from paidsync.reasons import Hold
from tests.connectors.xero_helpers import applied, guid, parsed, prepayment

FIRST, LATER = date(2026, 10, 20), date(2026, 11, 5)


def read(**changes: Any) -> BillPayment:
    return advances.advance(parsed(prepayment(**changes)), PREPAYMENTS, Books("NZD"))


def test_a_prepayment_is_unapplied_until_it_is_applied() -> None:
    found = read()
    assert found.payment_id == f"prepayment-{guid(5)}"
    assert (found.total, found.unapplied, found.allocations) == (1000, 1000, ())
    assert (found.number, found.date, found.method) == ("ADV-7", date(2026, 10, 1), None)
    assert (found.fault, found.whole, found.home_per_foreign) == (None, True, 1)


def test_what_is_applied_is_cash_on_the_day_it_was_applied() -> None:
    found = read(RemainingCredit="600.00", Allocations=[applied(640, "400.00", FIRST)])
    (part,) = found.allocations
    assert (part.bill_id, part.cash, part.currency) == (guid(640), 400, "NZD")
    assert (part.is_prepayment, part.applied_on) == (True, FIRST)
    assert (found.unapplied, found.fault) == (600, None)


def test_several_applications_to_a_bill_are_one_with_the_latest_day() -> None:
    found = read(
        Status="PAID",
        RemainingCredit=0,
        Allocations=[
            applied(640, "400.00", LATER),
            applied(641, "500.00", FIRST),
            applied(640, "100.00", FIRST),
        ],
    )
    assert [(part.bill_id, part.cash, part.applied_on) for part in found.allocations] == [
        (guid(640), 500, LATER),
        (guid(641), 500, FIRST),
    ]
    assert found.status is PaymentStatus.LIVE


@pytest.mark.parametrize("deleted", [True, "true"])
def test_an_application_that_was_taken_back_is_none(deleted: Any) -> None:
    gone = applied(640, "400.00", FIRST, IsDeleted=deleted)
    found = read(
        Allocations=[gone, applied(641, "10.00", LATER, IsDeleted=False)], RemainingCredit=990
    )
    assert [part.bill_id for part in found.allocations] == [guid(641)]
    assert found.fault is None


def test_an_application_without_a_day_has_none() -> None:
    both = [applied(640, "400.00", FIRST), applied(640, "100.00", None)]
    assert read(RemainingCredit=500, Allocations=both).allocations[0].applied_on is None


def test_a_refund_leaves_less_to_apply_and_is_not_applied() -> None:
    refunds = [{"Amount": "250.00"}, {"Amount": "9.00", "Status": "DELETED"}]
    found = read(RemainingCredit="750.00", Payments=refunds)
    assert (found.unapplied, found.fault) == (1000, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"RemainingCredit": "600.00"},  # the list leaves the application out
        {"RemainingCredit": None},
        {"Total": None},
        {"RemainingCredit": "600.00", "Allocations": [applied(640, "?", FIRST)]},
        {"Payments": [{"Amount": None}]},
    ],
)
def test_money_that_is_not_accounted_for_holds_all_of_it(changes: dict[str, Any]) -> None:
    found = read(**changes)
    assert (found.fault, found.whole) == (Hold.MISSING_AMOUNT, False)
    assert not advances.closes(prepayment(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"Status": "DRAFT"},
        {"Status": None},
        {"Allocations": [{"Amount": "1.00", "Invoice": {}}]},
        {"Allocations": "none"},
        {"Payments": [7]},
    ],
)
def test_what_is_not_as_documented_is_held(changes: dict[str, Any]) -> None:
    assert read(**changes).fault is Hold.UNKNOWN_ERP_STATUS


def test_a_voided_one_is_voided_whatever_it_says_of_its_money() -> None:
    found = read(Status="VOIDED", RemainingCredit="0.00")
    assert (found.status, found.allocations, found.fault) == (PaymentStatus.VOIDED, (), None)
    assert advances.closes(prepayment(Status="VOIDED", RemainingCredit="0.00"))


@pytest.mark.parametrize(
    ("stated", "other", "fault"),
    [("NZD", "NZD", None), ("AUD", "AUD", None), ("AUD", "NZD", Hold.BAD_CURRENCY)],
)
def test_the_bills_own_currency_wins(stated: str, other: str, fault: Hold | None) -> None:
    parts = [applied(640, "400.00", FIRST), applied(640, "100.00", FIRST)]
    for part, code in zip(parts, (stated, other), strict=True):
        part["Invoice"]["CurrencyCode"] = code
    (found,) = read(RemainingCredit=500, Allocations=parts).allocations
    assert (found.currency, found.fault) == (stated if fault is None else None, fault)


def test_a_rate_is_known_in_home_currency_only() -> None:
    assert read(CurrencyCode="USD", CurrencyRate="0.6").home_per_foreign is None


def test_an_overpayment_is_read_in_the_same_way() -> None:
    row = prepayment(Type="SPEND-OVERPAYMENT", OverpaymentID=guid(6))
    found = advances.advance(row, OVERPAYMENTS, Books("NZD"))
    assert found.payment_id == f"overpayment-{guid(6)}"


def test_a_row_without_an_id_is_none() -> None:
    with pytest.raises(ValueError, match="no PrepaymentID"):
        read(PrepaymentID=None)


CENTS = st.integers(1, 10**9).map(lambda minor: Decimal(minor) / 100)


@given(st.lists(st.tuples(st.integers(1, 3), CENTS), max_size=6), CENTS)
def test_every_cent_of_it_is_applied_or_left(
    parts: list[tuple[int, Decimal]], left: Decimal
) -> None:
    whole = sum((amount for _, amount in parts), left)
    rows = [applied(640 + number, str(amount), FIRST) for number, amount in parts]
    found = read(Total=str(whole), RemainingCredit=str(left), Allocations=rows)
    assert found.fault is None
    assert sum((part.cash or 0 for part in found.allocations), found.unapplied or 0) == found.total
