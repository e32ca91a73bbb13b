"""What a payment of QuickBooks Online means in money (money-rules 1)."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.erp import Allocation, PaymentMethod, PaymentStatus
from connectors.quickbooks_online import mapping
from paidsync.money import InexactAmount, UnknownCurrency, from_minor, to_minor
from paidsync.reasons import Hold


def line(amount: object, *links: tuple[str, str]) -> dict[str, Any]:
    return {"Amount": amount, "LinkedTxn": [{"TxnType": t, "TxnId": i} for t, i in links]}


def bill_line(amount: str, ident: str) -> dict[str, Any]:
    return line(Decimal(amount), ("Bill", ident))


def credit_line(amount: str) -> dict[str, Any]:
    return line(Decimal(amount), ("VendorCredit", "701"))


def row(total: str | None, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Id": "812",
        "SyncToken": "3",
        "MetaData": {"LastUpdatedTime": "2026-11-20T10:15:02-08:00"},
        "VendorRef": {"value": "71", "name": "Harbor Ridge Concrete"},
        "PayType": "Check",
        "CheckPayment": {"PrintStatus": "NotSet"},
        "DocNumber": "10457",
        "TxnDate": "2026-11-19",
        "CurrencyRef": {"value": "USD"},
    }
    if total is not None:
        found["TotalAmt"] = Decimal(total)
    if lines:
        found["Line"] = list(lines)
    return found | more


def allocations(total: str | None, *lines: dict[str, Any], **more: Any) -> tuple[Allocation, ...]:
    return mapping.payment(row(total, *lines, **more), "USD").allocations


def amounts(found: tuple[Allocation, ...]) -> list[tuple[Any, ...]]:
    return [(a.bill_id, a.settled, a.cash, a.credit) for a in found]


def seen(*values: Any) -> list[Any]:
    return list(values)


def faults(found: tuple[Allocation, ...]) -> set[Hold | None]:
    return {a.fault for a in found}


def test_the_documented_sample() -> None:
    paid = mapping.payment(
        row("940.0", bill_line("700.0", "640"), bill_line("300.0", "655"), credit_line("60.0")),
        "USD",
    )
    assert amounts(paid.allocations) == [("640", 700, 658, 42), ("655", 300, 282, 18)]
    assert all(a.split_in_proportion and a.fault is None for a in paid.allocations)
    assert seen(paid.total, paid.credits, paid.unapplied) == [940, 60, 0]
    assert seen(paid.number, paid.version, paid.payee_id) == ["10457", "3", "71"]
    assert paid.date == date(2026, 11, 19)
    assert paid.modified_at == datetime(2026, 11, 20, 18, 15, 2, tzinfo=UTC)
    assert seen(paid.method, paid.status) == [PaymentMethod.CHECK, PaymentStatus.LIVE]


def test_lines_of_one_bill_are_summed() -> None:
    found = allocations("75.5", bill_line("50", "1"), bill_line("25.5", "1"))
    assert amounts(found) == [("1", Decimal("75.5"), Decimal("75.5"), 0)]


def test_credit_on_one_bill_is_no_guess() -> None:
    (found,) = allocations("90", bill_line("100", "1"), credit_line("10"))
    assert seen(found.settled, found.cash, found.credit) == [100, 90, 10]
    assert not found.split_in_proportion


def test_bills_settled_by_credits_alone_have_no_cash() -> None:
    found = mapping.payment(
        row("0", bill_line("30", "1"), bill_line("70", "2"), credit_line("100")), "USD"
    )
    assert found.status is PaymentStatus.LIVE
    assert amounts(found.allocations) == [("1", 30, 0, 30), ("2", 70, 0, 70)]
    assert not any(a.split_in_proportion for a in found.allocations)


def test_what_is_left_over_is_unapplied() -> None:
    paid = mapping.payment(row("600", bill_line("100", "1")), "USD")
    assert seen(paid.unapplied, paid.credits) == [500, 0]
    assert amounts(paid.allocations) == [("1", 100, 100, 0)]
    assert mapping.payment(row("600"), "USD").unapplied == 600


@pytest.mark.parametrize(
    ("total", "lines"),
    [
        ("99", [bill_line("100", "1")]),  # less cash than applied, without a credit
        ("0", [bill_line("10", "1"), credit_line("20")]),  # more credit than bills
        ("40", [bill_line("100", "1"), line(Decimal(30), ("Deposit", "9"))]),
        ("130", [bill_line("100", "1"), line(Decimal(30), ("JournalEntry", "9"))]),
        ("100", [line(Decimal(100), ("Bill", "1"), ("VendorCredit", "7"))]),
    ],
)
def test_a_sum_that_does_not_close_is_held(total: str, lines: list[dict[str, Any]]) -> None:
    found = allocations(total, *lines)
    assert found
    assert faults(found) == {Hold.CASH_SPLIT_UNKNOWN}
    assert all(a.cash is None for a in found)


@pytest.mark.parametrize("kind", ["JournalEntry", "Deposit"])
def test_journal_entry_is_a_credit_where_that_closes_the_sum(kind: str) -> None:
    paid = mapping.payment(row("70", bill_line("100", "1"), line(Decimal(30), (kind, "9"))), "USD")
    assert amounts(paid.allocations) == [("1", 100, 70, 30)]
    assert seen(paid.credits, paid.unapplied) == [30, 0]


def test_line_with_several_bills_holds_each_of_them_only() -> None:
    shared = line(Decimal(50), ("Bill", "1"), ("Bill", "2"))
    found = {a.bill_id: a for a in allocations("150", shared, bill_line("100", "3"))}
    assert found["3"].cash == 100
    assert found["3"].fault is None
    for ident in ("1", "2"):
        assert found[ident].settled is None
        assert found[ident].cash is None
        assert found[ident].fault is Hold.CASH_SPLIT_UNKNOWN
    with_credit = allocations("140", shared, bill_line("100", "3"), credit_line("10"))
    assert faults(with_credit) == {Hold.CASH_SPLIT_UNKNOWN}


def test_one_bill_linked_twice_on_a_line_is_one_bill() -> None:
    assert amounts(allocations("50", line(Decimal(50), ("Bill", "1"), ("Bill", "1")))) == [
        ("1", 50, 50, 0)
    ]


@pytest.mark.parametrize(
    "strange",
    [
        {"Line": [bill_line("5", "1"), line(Decimal(5), ("VendorPrepayment", "9"))]},
        {"Line": [bill_line("5", "1"), {"Amount": Decimal(5)}]},
        {"Line": [bill_line("10", "1")], "status": "Pending"},
    ],
)
def test_unknown_kinds_and_statuses_are_held(strange: dict[str, Any]) -> None:
    (found,) = allocations("10", **strange)
    assert found.fault is Hold.UNKNOWN_ERP_STATUS
    assert found.cash is None


@pytest.mark.parametrize("amount", [None, True, "5.00"])
def test_an_amount_that_is_none_is_held(amount: object) -> None:
    found = allocations("10", line(amount, ("Bill", "1")), bill_line("5", "2"))
    assert faults(found) == {Hold.MISSING_AMOUNT}
    assert all(a.cash is None for a in found)
    assert faults(allocations(None, bill_line("5", "2"))) == {Hold.MISSING_AMOUNT}


def test_a_bill_with_nothing_applied_is_held_alone() -> None:
    found = {a.bill_id: a.fault for a in allocations("5", bill_line("0", "1"), bill_line("5", "2"))}
    assert found == {"1": Hold.AMOUNT_NOT_POSITIVE, "2": None}


@pytest.mark.parametrize("note", ["Voided - run 19", "Annulé", None])
def test_void_is_a_zero_without_lines_in_any_language(note: str | None) -> None:
    forms: list[dict[str, Any]] = [{}, {"Line": []}, {"Line": [{"Amount": 0, "LinkedTxn": []}]}]
    for lines in forms:
        found = mapping.payment(row("0", PrivateNote=note, **lines), "USD")
        assert found.status is PaymentStatus.VOIDED
        assert found.allocations == ()


def test_a_note_alone_voids_nothing() -> None:
    found = mapping.payment(row("5", bill_line("5", "1"), PrivateNote="Voided check re-run"), "USD")
    assert found.status is PaymentStatus.LIVE


def test_print_queue_is_not_issued_and_a_void_in_it_is_void() -> None:
    queued = {"CheckPayment": {"PrintStatus": "NeedToPrint"}}
    assert mapping.payment(row("5", bill_line("5", "1"), **queued), "USD").status is (
        PaymentStatus.NOT_ISSUED
    )
    assert mapping.payment(row("0", **queued), "USD").status is PaymentStatus.VOIDED


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("Check", PaymentMethod.CHECK),
        ("CreditCard", PaymentMethod.CREDIT_CARD),
        ("Barter", None),
        (None, None),
    ],
)
def test_methods(kind: str | None, method: PaymentMethod | None) -> None:
    assert mapping.payment(row("5", PayType=kind), "USD").method is method


def test_currency_is_the_payments_else_the_companys() -> None:
    foreign = mapping.payment(
        row("5", bill_line("5", "1"), CurrencyRef={"value": "CAD"}, ExchangeRate=Decimal("0.73")),
        "USD",
    )
    assert seen(foreign.currency, foreign.allocations[0].currency) == ["CAD", "CAD"]
    assert foreign.home_per_foreign == Decimal("0.73")
    home = mapping.payment(row("5", CurrencyRef=None), "USD")
    assert seen(home.currency, home.home_per_foreign) == ["USD", 1]
    assert mapping.payment(row("5"), "CAD").home_per_foreign is None


def test_a_date_that_is_none_stays_none() -> None:
    assert mapping.payment(row("5", TxnDate="soon"), "USD").date is None
    assert mapping.payment(row("5", TxnDate=None), "USD").date is None


def test_autumn_hour_that_comes_twice_keeps_its_order() -> None:
    first = {"MetaData": {"LastUpdatedTime": "2026-11-01T01:30:00-07:00"}}
    again = {"MetaData": {"LastUpdatedTime": "2026-11-01T01:10:00-08:00"}}
    before = mapping.payment(row("5", **first), "USD").modified_at
    assert before < mapping.payment(row("5", **again), "USD").modified_at


def test_bill() -> None:
    text = """{"Id": "640", "SyncToken": "2", "DocNumber": "HRC-17", "TotalAmt": 1200.5,
      "Balance": 200.5, "TxnDate": "2026-10-01", "TxnTaxDetail": {"TotalTax": 100.5},
      "VendorRef": {"value": "71", "name": "Harbor Ridge Concrete"},
      "MetaData": {"LastUpdatedTime": "2026-11-20T10:15:02-08:00"},
      "LinkedTxn": [{"TxnId": "812", "TxnType": "BillPaymentCheck"},
        {"TxnId": "813", "TxnType": "BillPaymentCreditCard"},
        {"TxnId": "5", "TxnType": "PurchaseOrder"}]}"""
    found = mapping.bill(json.loads(text, parse_float=Decimal), "USD")
    assert seen(found.total, found.tax, found.net) == [Decimal("1200.5"), Decimal("100.5"), 1100]
    assert seen(found.settled, found.currency, found.number) == [1000, "USD", "HRC-17"]
    assert found.payment_ids == frozenset({"812", "813"})
    assert seen(found.vendor_id, found.vendor_name) == ["71", "Harbor Ridge Concrete"]
    assert seen(found.retainage_of, found.commitments) == [None, frozenset()]


def test_bill_without_what_is_optional() -> None:
    bare = {"Id": "1", "SyncToken": "0", "MetaData": {"LastUpdatedTime": "2026-11-20T10:15:02Z"}}
    found = mapping.bill(bare | {"TotalAmt": Decimal(10)}, "USD")
    assert seen(found.number, found.vendor_id, found.date, found.settled) == [
        None,
        None,
        None,
        None,
    ]
    assert seen(found.tax, found.net, found.payment_ids) == [0, 10, frozenset()]


MINOR = st.integers(1, 10**14)


@given(
    bills=st.lists(MINOR, min_size=1, max_size=30),
    share=st.fractions(0, 1),
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_spread_credits_add_up_to_the_minor_unit(
    bills: list[int], share: Any, currency: str
) -> None:
    credits_used = int(sum(bills) * share)
    settled = [from_minor(bill, currency) for bill in bills]
    parts = mapping.spread_credits(from_minor(credits_used, currency), settled, currency)
    minor = [to_minor(part, currency) for part in parts]
    assert sum(minor) == credits_used
    for part, bill in zip(minor, bills, strict=True):
        assert 0 <= part <= bill
        assert abs(part * sum(bills) - credits_used * bill) < sum(bills)  # within a minor unit


@given(
    bills=st.lists(MINOR, min_size=1, max_size=12),
    share=st.fractions(0, 1),
    unapplied=st.integers(0, 10**9),
)
def test_a_payment_always_ties_out(bills: list[int], share: Any, unapplied: int) -> None:
    credits_used = int(sum(bills) * share)
    total = sum(bills) - credits_used + unapplied
    lines = [bill_line(str(from_minor(b, "USD")), str(n)) for n, b in enumerate(bills)]
    paid = mapping.payment(
        row(
            str(from_minor(total, "USD")), *lines, credit_line(str(from_minor(credits_used, "USD")))
        ),
        "USD",
    )
    assert faults(paid.allocations) == {None}
    cash = sum((a.cash or Decimal(0) for a in paid.allocations), Decimal(0))
    assert all(a.settled == (a.cash or 0) + a.credit for a in paid.allocations)
    assert paid.total == cash + from_minor(unapplied, "USD")
    assert paid.unapplied == from_minor(unapplied, "USD")


def test_spread_refuses_what_it_cannot_split() -> None:
    two = [Decimal(1), Decimal(2)]
    with pytest.raises(InexactAmount):
        mapping.spread_credits(Decimal("0.001"), two, "USD")
    with pytest.raises(UnknownCurrency):
        mapping.spread_credits(Decimal(1), two, "XXX")
    with pytest.raises(ValueError, match="cannot be spread"):
        mapping.spread_credits(Decimal(4), two, "USD")
    with pytest.raises(ValueError, match="cannot be spread"):
        mapping.spread_credits(Decimal(1), [Decimal(-1), Decimal(2)], "USD")
    assert faults(
        allocations("2.999", bill_line("1", "1"), bill_line("2", "2"), credit_line("0.001"))
    ) == {Hold.AMOUNT_PRECISION}
    negative = allocations("0.5", bill_line("-1", "1"), bill_line("2", "2"), credit_line("0.5"))
    assert None not in faults(negative)
