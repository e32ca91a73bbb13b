"""What the Xero connector is asked for by id, bills, and the control count."""

from datetime import date
from typing import Any

import pytest

from connectors.erp import Cursor, PaymentStatus
from connectors.errors import Garbled
from connectors.xero import query
from connectors.xero.client import LAG
from tests.connectors.xero_helpers import (
    NOW,
    Organisation,
    bill,
    guid,
    organisation,
    payment,
    prepayment,
)


@pytest.fixture
def org(monkeypatch: pytest.MonkeyPatch) -> Any:
    with organisation(monkeypatch) as found:
        yield found


def test_one_payment_is_read_by_its_id(org: Organisation) -> None:
    org.lists["Payments"] = [payment(1, Status="DELETED")]
    assert org.erp.payments([guid(1)])[guid(1)].status is PaymentStatus.VOIDED
    assert org.asked("Payments")[0].url.path.endswith(guid(1))


def test_many_payments_are_looked_for_together_and_doubts_one_by_one(org: Organisation) -> None:
    org.lists["Payments"] = [payment(number) for number in range(1, 31)]
    org.hidden = {guid(30)}
    wanted = [guid(number) for number in range(1, 32)]
    assert set(org.erp.payments(wanted)) == set(wanted[:30])
    lists = [each for each in org.asked("Payments") if each.query_params]
    assert [each.query_params["where"].count("guid(") for each in lists] == [25, 6]
    singles = [each.url.path.split("/")[-1] for each in org.asked("Payments") if each not in lists]
    assert singles == [guid(30), guid(31)]


def test_the_kind_in_an_id_says_where_it_is_read(org: Organisation) -> None:
    org.lists["Prepayments"] = [prepayment(5)]
    org.lists["Overpayments"] = [prepayment(6, OverpaymentID=guid(6))]
    wanted = {f"prepayment-{guid(5)}", f"overpayment-{guid(6)}", f"prepayment-{guid(8)}"}
    assert set(org.erp.payments(wanted)) == wanted - {f"prepayment-{guid(8)}"}
    assert org.asked("Payments") == []


@pytest.mark.parametrize(
    "ident", ["", "7", "prepayment-7", 'x") OR (', guid(1)[:-1], "prepayment-"]
)
def test_what_is_no_id_is_not_asked_for(org: Organisation, ident: str) -> None:
    assert org.erp.payments([ident]) == {}
    assert org.erp.bills([ident]) == {}
    assert org.requests == []


def test_a_refund_is_not_found_by_its_id(org: Organisation) -> None:
    org.lists["Payments"] = [payment(1, PaymentType="APCREDITPAYMENT")]
    assert org.erp.payments([guid(1)]) == {}


# Bills


def test_bills_are_read_forty_at_a_time(org: Organisation) -> None:
    org.lists["Invoices"] = [bill(number) for number in range(1, 91)]
    org.lists["Invoices"].append(bill(91, Type="ACCREC"))
    wanted = {guid(number) for number in range(1, 93)}
    assert set(org.erp.bills(wanted)) == {guid(number) for number in range(1, 91)}
    asked = org.asked("Invoices")
    assert [len(each.query_params["IDs"].split(",")) for each in asked] == [40, 40, 12]
    assert {each.query_params["page"] for each in asked} == {"1"}  # else there are no payments


def test_without_a_cursor_there_are_no_bills_to_catch_up_with(org: Organisation) -> None:
    assert org.erp.changed_bills(None) == ([], Cursor(NOW - LAG))
    assert org.asked("Invoices") == []


def test_changed_bills_are_paged_by_id(org: Organisation) -> None:
    org.largest_page = 2
    org.lists["Invoices"] = [bill(number, Status="VOIDED") for number in (1, 2, 3)]
    found, cursor = org.erp.changed_bills(Cursor(NOW))
    assert {each.bill_id for each in found} == {guid(number) for number in (1, 2, 3)}
    assert cursor == Cursor(NOW - LAG)
    first = org.asked("Invoices")[0]
    assert (first.query_params["where"], first.query_params["order"]) == (
        'Type=="ACCPAY"',
        "InvoiceID",
    )
    assert first.headers["if-modified-since"] == "2026-11-20T07:55:00"


def test_a_bill_without_an_id_stops_the_reading(org: Organisation) -> None:
    org.answers = [
        lambda request: (
            org.envelope(
                {"Invoices": [{"Type": "ACCPAY"}]},
                pagination={"page": 1, "pageCount": 1, "itemCount": 1},
            )
            if "Invoices" in request.url.path
            else None
        )
    ]
    with pytest.raises(Garbled, match="no InvoiceID"):
        org.erp.bills([guid(1)])


# Counting


def test_the_count_is_of_all_three_kinds_with_deleted_ones(org: Organisation) -> None:
    org.lists["Payments"] = [payment(1), payment(2, Status="DELETED"), payment(3)]
    org.lists["Prepayments"] = [prepayment(5), prepayment(7, Status="VOIDED")]
    found = org.erp.control_total(date(2026, 3, 1), date(2026, 11, 30), until=NOW)
    assert (found.count, found.sums, found.bounded) == (5, None, False)
    assert (found.first, found.last) == (date(2026, 3, 1), date(2026, 11, 30))
    days = "Date>=DateTime(2026,03,01) AND Date<=DateTime(2026,11,30)"
    assert [each.query_params["where"] for each in org.requests] == [
        f"{kind.where} AND {days}" for kind in query.KINDS
    ]
    assert {each.query_params["pageSize"] for each in org.requests} == {"1"}
