"""What the JSON of Xero's payments and bills means."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.erp import BillPayment, PaymentMethod, PaymentStatus
from connectors.xero import fields, mapping
from connectors.xero.mapping import Account, Books
from paidsync.reasons import Hold
from tests.connectors.xero_helpers import (
    BANK,
    CARD,
    bill_part,
    guid,
    parsed,
    payment,
    stamp,
)

ACCOUNTS = {BANK: Account("NZD", is_card=False), CARD: Account("NZD", is_card=True)}
BOOKS = Books("NZD", accounts=ACCOUNTS)


def read(books: Books = BOOKS, **changes: Any) -> BillPayment:
    return mapping.payment(parsed(payment(**changes)), books)


def seen(*values: Any) -> list[Any]:
    return list(values)


def test_a_payment_pays_one_bill_in_the_bills_currency() -> None:
    found = read(amount=700.5)
    (part,) = found.allocations
    assert seen(found.payment_id, found.status, found.number) == [
        guid(1), PaymentStatus.LIVE, "EFT 20261119",
    ]  # fmt: skip
    assert seen(found.date, found.currency, found.total) == [
        date(2026, 11, 19), "NZD", Decimal("700.5"),
    ]  # fmt: skip
    assert seen(found.credits, found.unapplied, found.home_per_foreign) == [0, 0, 1]
    assert seen(part.bill_id, part.currency, part.settled, part.cash) == [
        guid(640), "NZD", Decimal("700.5"), Decimal("700.5"),
    ]  # fmt: skip
    assert seen(part.is_prepayment, part.applied_on, part.fault, found.fault) == [
        False, None, None, None,
    ]  # fmt: skip
    assert found.payee_id == guid(71)
    assert found.modified_at == datetime(2026, 11, 19, 10, 0, 15, 120000, tzinfo=UTC)
    assert found.version == "/Date(1795082415120+0000)/"
    assert found.whole


@pytest.mark.parametrize("written", ["1025.00", 1025, 1025.0])
def test_amounts_may_be_written_as_texts(written: Any) -> None:
    assert read(amount=written).allocations[0].cash == 1025


@pytest.mark.parametrize("written", [None, "", "1,025.00", "1e3", True, [], "NaN", "١"])
def test_an_amount_that_is_none_is_held(written: Any) -> None:
    found = read(amount=written)
    assert found.allocations[0].fault is Hold.MISSING_AMOUNT
    assert found.allocations[0].cash is None
    assert found.fault is None


@pytest.mark.parametrize(
    ("amount", "invoice", "fault"),
    [
        ("0.00", {}, Hold.AMOUNT_NOT_POSITIVE),
        ("-5", {}, Hold.AMOUNT_NOT_POSITIVE),
        ("5", {"CurrencyCode": None}, Hold.BAD_CURRENCY),
        ("5", {"CurrencyCode": ""}, Hold.BAD_CURRENCY),
    ],
)
def test_what_cannot_be_judged_is_a_fault_of_the_allocation(
    amount: str, invoice: dict[str, Any], fault: Hold
) -> None:
    assert read(amount=amount, Invoice=bill_part(**invoice)).allocations[0].fault is fault


@pytest.mark.parametrize(
    "changes",
    [
        {"Status": "SUSPENDED"},
        {"Status": None},
        {"PaymentType": None},
        {"Invoice": None},
        {"Invoice": []},
        {"Invoice": {"Type": "ACCPAY"}},
    ],
)
def test_a_payment_that_is_not_as_documented_is_held_as_a_whole(changes: dict[str, Any]) -> None:
    found = read(**changes)
    assert found.fault is Hold.UNKNOWN_ERP_STATUS
    assert found.status is PaymentStatus.LIVE


def test_a_deleted_payment_is_voided_with_its_allocation() -> None:
    found = read(Status="DELETED")
    assert found.status is PaymentStatus.VOIDED
    assert [part.bill_id for part in found.allocations] == [guid(640)]
    assert seen(found.reversed_on, found.reversed_by) == [None, None]


@pytest.mark.parametrize(
    ("row", "ours"),
    [
        ({}, True),
        ({"PaymentType": "APCREDITPAYMENT"}, False),
        ({"PaymentType": "APPREPAYMENTPAYMENT"}, False),
        ({"PaymentType": "APOVERPAYMENTPAYMENT"}, False),
        ({"PaymentType": "ACCRECPAYMENT"}, False),
        ({"Invoice": bill_part(Type="ACCPAYCREDIT")}, False),
        ({"Invoice": bill_part(Type="ACCREC")}, False),
    ],
)
def test_refunds_and_receipts_are_no_bill_payments(row: dict[str, Any], ours: bool) -> None:
    assert mapping.is_ours(payment(**row)) is ours


def test_a_row_without_an_id_is_no_payment() -> None:
    with pytest.raises(ValueError, match="no PaymentID"):
        read(PaymentID="")


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("/Date(1795046400000+0000)/", date(2026, 11, 19)),
        ("/Date(1795046400000)/", date(2026, 11, 19)),
        ("/Date(1795046400000+1300)/", date(2026, 11, 19)),  # where it was written, not when
        ("/Date(-86400000+0000)/", date(1969, 12, 31)),
        ("2026-11-19", None),
        ("/Date(999999999999999)/", None),
        (1795046400000, None),
        (None, None),
    ],
)
def test_a_day_is_read_in_utc(written: Any, day: date | None) -> None:
    assert fields.day({"Date": written}, "Date") == day


def test_slashes_of_dates_may_be_escaped() -> None:
    row = json.loads(r'{"Date": "\/Date(1795046400000+0000)\/"}')
    assert fields.day(row, "Date") == date(2026, 11, 19)


@pytest.mark.parametrize(
    ("written", "yes"), [(True, True), ("true", True), ("false", False), (1, False)]
)
def test_truth_values_may_be_written_as_texts(written: Any, yes: bool) -> None:
    assert fields.flag({"IsDeleted": written}, "IsDeleted") is yes


BATCH = {"BatchPaymentID": guid(9), "Type": "PAYBATCH"}


@pytest.mark.parametrize(
    ("changes", "words", "number", "asked"),
    [
        ({}, {}, "EFT 20261119", None),
        ({"Reference": ""}, {}, None, None),
        ({"Reference": " ", "BatchPaymentID": guid(9)}, {}, None, guid(9)),
        ({"Reference": None, "BatchPayment": BATCH}, {guid(9): "PAY 44"}, "PAY 44", guid(9)),
        ({"Reference": None, "BatchPayment": BATCH}, {guid(9): None}, None, guid(9)),
        ({"Reference": None, "BatchPayment": BATCH | {"Details": "D1"}}, {}, "D1", None),
        ({"BatchPayment": BATCH | {"Reference": "R1"}}, {}, "EFT 20261119", None),
    ],
)
def test_the_number_is_the_reference_or_the_batchs(
    changes: dict[str, Any], words: dict[str, str | None], number: str | None, asked: str | None
) -> None:
    row = payment(**changes)
    assert mapping.payment(row, Books("NZD", batch_words=words)).number == number
    assert mapping.batch_without_words(row) == asked


def test_the_words_of_a_batch_are_taken_in_order() -> None:
    batch = {"Narrative": "n", "Code": "c", "Particulars": "p", "Details": "d", "Reference": ""}
    assert mapping.batch_words(batch) == "d"
    assert mapping.batch_words({"Narrative": "n", "Code": ""}) == "n"


def test_the_method_is_known_of_cards_and_of_batches_by_setting() -> None:
    batched = {"BatchPaymentID": guid(9)}
    electronic = Books("NZD", batches_are_electronic=True, accounts=ACCOUNTS)
    card = {"Account": {"AccountID": CARD}}
    assert read().method is None
    assert read(**card).method is PaymentMethod.CREDIT_CARD
    assert read(**batched).method is None
    assert read(electronic, **batched).method is PaymentMethod.ELECTRONIC
    assert read(electronic).method is None
    assert read(electronic, **batched, **card).method is PaymentMethod.CREDIT_CARD


ABROAD = {"Invoice": bill_part(CurrencyCode="USD"), "CurrencyRate": Decimal("0.6")}


@pytest.mark.parametrize(
    ("changes", "books", "rate"),
    [
        ({"BankAmount": "1166.67"}, BOOKS, Decimal("1.66667142857")),
        ({"BankAmount": "1166.67"}, Books("AUD", accounts=ACCOUNTS), None),
        ({"BankAmount": "1166.67"}, Books("NZD"), None),  # the accounts may not be read
        ({"BankAmount": None}, BOOKS, None),
        ({"BankAmount": "1166.67", "Account": None}, BOOKS, None),
        ({"BankAmount": "1166.67", "Amount": "0"}, BOOKS, None),
        ({"BankAmount": Decimal("1E+999999")}, BOOKS, None),
    ],
)
def test_the_rate_comes_from_the_amounts(
    changes: dict[str, Any], books: Books, rate: Decimal | None
) -> None:
    assert mapping.payment(payment(**ABROAD | changes), books).home_per_foreign == rate


def test_stamps_keep_milliseconds() -> None:
    moment = datetime(2026, 11, 19, 10, 0, 0, 7000, tzinfo=UTC)
    assert read(UpdatedDateUTC=stamp(moment)).modified_at == moment


def test_stamps_of_the_tests_are_xeros() -> None:
    assert stamp(date(2026, 11, 19)) == "/Date(1795046400000+0000)/"
