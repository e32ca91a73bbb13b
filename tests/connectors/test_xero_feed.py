"""How the Xero connector reads what changed, and what it is asked for by id."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.erp import BillPayment, Cursor, Page, PaymentStatus
from connectors.errors import AccessRefused, Garbled
from connectors.xero import query
from connectors.xero.client import LAG, OVERLAP
from tests.connectors.xero_helpers import (
    CARD,
    NOW,
    Organisation,
    applied,
    bill_part,
    guid,
    organisation,
    payment,
    prepayment,
)

DAY = date(2026, 11, 19)


@pytest.fixture
def org(monkeypatch: pytest.MonkeyPatch) -> Any:
    with organisation(monkeypatch) as found:
        yield found


def read(org: Organisation, after: Cursor | None = None, **more: Any) -> list[Page]:
    return list(org.erp.changed_payments(after, **more))


def delivered(pages: list[Page]) -> dict[str, BillPayment]:
    assert all(page.cursor is None for page in pages[:-1])
    assert all(page.complete_feed and not page.gone for page in pages)
    return {found.payment_id: found for page in pages for found in page.payments}


# What changed


def test_three_lists_are_one_stream_with_one_cursor(org: Organisation) -> None:
    org.lists["Payments"] = [payment(1), payment(2, Status="DELETED")]
    org.lists["Prepayments"] = [prepayment(5)]
    org.lists["Overpayments"] = [prepayment(6, OverpaymentID=guid(6), Type="SPEND-OVERPAYMENT")]
    pages = read(org)
    found = delivered(pages)
    assert set(found) == {
        guid(1), guid(2), f"prepayment-{guid(5)}", f"overpayment-{guid(6)}",
    }  # fmt: skip
    assert found[guid(2)].status is PaymentStatus.VOIDED
    assert pages[-1].cursor == Cursor(NOW - LAG)


def test_lists_are_asked_for_by_kind_in_the_order_of_ids_and_never_by_status(
    org: Organisation,
) -> None:
    read(org)
    asked = [org.asked(kind.resource)[0].query_params for kind in query.KINDS]
    assert [each["where"] for each in asked] == [
        'PaymentType=="ACCPAYPAYMENT"', 'Type=="SPEND-PREPAYMENT"', 'Type=="SPEND-OVERPAYMENT"',
    ]  # fmt: skip
    assert [each["order"] for each in asked] == ["PaymentID", "PrepaymentID", "OverpaymentID"]
    assert {(each["page"], each["pageSize"]) for each in asked} == {("1", "1000")}
    assert not any("if-modified-since" in each.headers for each in org.requests)


def test_changes_are_asked_for_in_whole_seconds_of_utc_with_some_overlap(org: Organisation) -> None:
    ahead = datetime(2026, 11, 20, 21, 0, 7, 912000, tzinfo=UTC).astimezone()
    read(org, Cursor(ahead))
    for kind in query.KINDS:
        assert [each.headers["if-modified-since"] for each in org.asked(kind.resource)] == [
            "2026-11-20T20:55:07"
        ]
    assert timedelta(minutes=5) == OVERLAP


def test_since_is_a_day_of_the_organisation_and_gives_no_cursor(org: Organisation) -> None:
    org.lists["Payments"] = [payment(1)]
    pages = read(org, since=date(2026, 11, 18))
    assert set(delivered(pages)) == {guid(1)}
    assert pages[-1].cursor is None
    assert org.asked("Payments")[0].headers["if-modified-since"] == "2026-11-17T11:00:00"


def test_pages_that_xero_cut_smaller_are_all_read(org: Organisation) -> None:
    org.largest_page = 100
    org.lists["Payments"] = [payment(number) for number in range(1, 251)]
    assert len(delivered(read(org))) == 250
    assert [each.query_params["page"] for each in org.asked("Payments")] == ["1", "2", "3"]


def test_a_list_that_grew_meanwhile_is_read_again(org: Organisation) -> None:
    org.largest_page = 2
    org.lists["Payments"] = [payment(number) for number in (2, 3, 4)]

    def late(request: Request) -> Response | None:
        if request.query_params.get("page") == "2":
            org.lists["Payments"].insert(0, payment(1))  # before what was read already
            org.answers.clear()
        return None

    org.answers = [late]
    pages = read(org)
    assert set(delivered(pages)) == {guid(number) for number in (1, 2, 3, 4)}
    told = [each.payment_id for page in pages for each in page.payments]
    assert len(told) == 4  # what did not change is not told twice
    assert len(org.asked("Payments")) == 4


def test_a_list_that_never_stops_growing_is_left_to_the_next_run(org: Organisation) -> None:
    org.largest_page = 2
    org.lists["Payments"] = [payment(number) for number in (1, 2, 3)]

    def late(request: Request) -> Response | None:
        if request.query_params.get("page") == "2" and "/Payments" in request.url.path:
            org.lists["Payments"].append(payment(len(org.lists["Payments"]) + 1))
        return None

    org.answers = [late]
    pages = read(org)
    assert len(delivered(pages)) >= 4
    assert pages[-1].cursor is not None


def test_rows_that_keep_missing_stop_the_reading(org: Organisation) -> None:
    about = {"page": 1, "pageSize": 1000, "pageCount": 1, "itemCount": 3}
    org.answers = [
        lambda request: (
            org.envelope({"Payments": [payment(1)]}, pagination=about)
            if "/Payments" in request.url.path
            else None
        )
    ]
    with pytest.raises(Garbled, match="1 of 3 rows"):
        read(org)
    assert len(org.asked("Payments")) == 3


@pytest.mark.parametrize(
    "about",
    [
        None,
        "?",
        {"page": 2, "pageCount": 1, "itemCount": 1},
        {"page": 1, "pageCount": None, "itemCount": 1},
        {"page": 1, "pageCount": 1},
    ],
)
def test_an_answer_that_is_no_page_stops_the_reading(org: Organisation, about: Any) -> None:
    org.answers = [
        lambda request: (
            org.envelope({"Payments": [payment(1)]}, pagination=about)
            if "/Payments" in request.url.path
            else None
        )
    ]
    with pytest.raises(Garbled, match="which page"):
        read(org)


def test_an_empty_answer_needs_no_pagination(org: Organisation) -> None:
    org.answers = [
        lambda request: org.envelope({"Payments": []}) if "/Payments" in request.url.path else None
    ]
    assert delivered(read(org)) == {}


def test_a_row_without_an_id_stops_the_reading(org: Organisation) -> None:
    org.lists["Payments"] = [payment(1) | {"PaymentID": None}]
    with pytest.raises(Garbled, match="no PaymentID"):
        read(org)


def test_refunds_are_left_out_whatever_the_filter_did(org: Organisation) -> None:
    org.lists["Payments"] = [payment(1, PaymentType="APCREDITPAYMENT"), payment(2)]
    assert set(delivered(read(org))) == {guid(2)}


def test_one_odd_payment_stops_no_other(org: Organisation) -> None:
    org.lists["Payments"] = [payment(1, Invoice=None, Date=7, UpdatedDateUTC=None), payment(2)]
    found = delivered(read(org))
    assert found[guid(1)].fault is not None
    assert found[guid(2)].fault is None


# What else says something of a payment


def test_the_paying_account_tells_a_card(org: Organisation) -> None:
    org.lists["Payments"] = [payment(1), payment(2, Account={"AccountID": CARD})]
    found = delivered(read(org))
    assert [found[guid(number)].method for number in (1, 2)] == [None, "credit_card"]
    assert len(org.asked("Accounts")) == 1
    read(org)
    assert len(org.asked("Accounts")) == 1


def test_accounts_that_may_not_be_read_leave_method_and_rate_unknown(org: Organisation) -> None:
    forbidden = JSONResponse({"Title": "Forbidden"}, 403)
    org.answers = [lambda request: forbidden if "Accounts" in request.url.path else None]
    abroad = bill_part(CurrencyCode="USD")
    org.lists["Payments"] = [payment(1, Invoice=abroad, Account={"AccountID": CARD})]
    (found,) = delivered(read(org)).values()
    assert (found.method, found.home_per_foreign) == (None, None)


def test_accounts_that_cannot_be_read_for_another_reason_stop_the_run(org: Organisation) -> None:
    org.lists["Payments"] = [payment(1)]
    refused = JSONResponse({"Title": "Unauthorized"}, 401)
    org.answers = [lambda request: refused if "Accounts" in request.url.path else None]
    with pytest.raises(AccessRefused):
        read(org)


def test_the_rate_of_a_foreign_bill_is_bank_amount_by_amount(org: Organisation) -> None:
    abroad = bill_part(CurrencyCode="USD")
    paid = {"Amount": "100.00", "BankAmount": "160.00", "CurrencyRate": "0.625"}
    org.lists["Payments"] = [payment(1, Invoice=abroad, **paid)]
    (found,) = delivered(read(org)).values()
    assert (str(found.home_per_foreign), found.currency) == ("1.6", "USD")


def in_batches(count: int) -> list[dict[str, Any]]:
    return [
        payment(number, Reference="", BatchPaymentID=guid(900 + number))
        for number in range(1, count + 1)
    ]


def batch(number: int, **words: str) -> dict[str, Any]:
    return {"BatchPaymentID": guid(900 + number), "Type": "PAYBATCH", **words}


def test_a_few_batches_are_read_one_by_one_and_once(org: Organisation) -> None:
    org.lists["Payments"] = in_batches(2)
    org.lists["BatchPayments"] = [batch(1, Reference="B-1")]
    found = delivered(read(org))
    assert [found[guid(number)].number for number in (1, 2)] == ["B-1", None]
    assert [each.url.path.split("/")[-1] for each in org.asked("BatchPayments")] == [
        guid(901),
        guid(902),
    ]
    read(org)
    assert len(org.asked("BatchPayments")) == 2


def test_many_batches_are_read_in_one_answer_and_the_rest_one_by_one(org: Organisation) -> None:
    org.lists["Payments"] = in_batches(7)
    org.lists["BatchPayments"] = [batch(number, Details=f"D-{number}") for number in range(1, 8)]
    last = org.lists["BatchPayments"].pop()
    org.whole[guid(907)] = last
    found = delivered(read(org, Cursor(NOW)))
    assert {each.number for each in found.values()} == {f"D-{number}" for number in range(1, 8)}
    listed, single = org.asked("BatchPayments")
    assert listed.query_params["where"] == 'Type=="PAYBATCH"'
    assert listed.headers["if-modified-since"] == "2026-11-20T07:55:00"
    assert single.url.path.endswith(guid(907))


def test_batches_too_many_for_one_answer_are_read_one_by_one(org: Organisation) -> None:
    org.lists["Payments"] = in_batches(6)
    org.lists["BatchPayments"] = [batch(number, Code=f"C{number}") for number in range(1, 7)]
    too_many = JSONResponse({"Type": "ValidationException", "Message": "too many"}, 400)
    org.once(lambda request: too_many if request.url.path.endswith("BatchPayments") else None)
    assert delivered(read(org))[guid(6)].number == "C6"


def test_no_batch_is_read_where_payments_have_numbers(org: Organisation) -> None:
    org.lists["Payments"] = [payment(1, BatchPaymentID=guid(901))]
    read(org)
    assert org.asked("BatchPayments") == []


def test_applications_that_a_list_leaves_out_are_read_with_the_document(org: Organisation) -> None:
    org.lists["Prepayments"] = [prepayment(5, RemainingCredit="600.00"), prepayment(7)]
    org.whole[guid(5)] = prepayment(
        5, RemainingCredit="600.00", Allocations=[applied(640, "400.00", DAY)]
    )
    found = delivered(read(org))[f"prepayment-{guid(5)}"]
    assert [(part.bill_id, part.applied_on) for part in found.allocations] == [(guid(640), DAY)]
    assert found.fault is None
    assert len(org.asked("Prepayments")) == 2
