"""Money-rules 1: what an allocation is, from the ERP's payment to a disposition."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.erp import Allocation, Bill, BillPayment, PaymentMethod, PaymentStatus
from paidsync.records import ALLOCATIONS, Standing
from tasks.rows import NO_BILL, allocation_rows, bill_row, no_longer, with_bill
from tests.rules.builders import Hold, application, fault, judged, payment, rows_of, said, verdict


def applied(bill_id: str = "640", cash: str | None = "100.00", **changes: Any) -> Allocation:
    amount = Decimal(cash) if cash is not None else None
    values: dict[str, Any] = {"currency": "USD", "settled": amount, "cash": amount} | changes
    return Allocation(bill_id=bill_id, **values)


def document(*allocations: Allocation, **changes: Any) -> BillPayment:
    """A bill payment as a connector delivers it."""
    values: dict[str, Any] = {
        "payment_id": "9001",
        "status": PaymentStatus.LIVE,
        "number": "10457",
        "date": date(2026, 3, 14),
        "method": PaymentMethod.CHECK,
        "currency": "USD",
        "total": Decimal("100.00"),
        "credits": Decimal(0),
        "unapplied": Decimal(0),
        "home_per_foreign": None,
        "payee_id": "56",
        "modified_at": datetime(2026, 3, 14, 9, tzinfo=UTC),
        "version": "0",
    }
    return BillPayment(allocations=allocations, **(values | changes))


def rows(delivered: BillPayment) -> list[dict[str, Any]]:
    made = allocation_rows(delivered, erp="quickbooks_online", erp_company="9130")
    return rows_of(ALLOCATIONS.frame({**with_bill(row, None), "fresh": True} for row in made))


def test_rule_1_1_a_payment_of_three_bills_is_three_rows() -> None:
    made = rows(document(applied("640", "60.00"), applied("641", "30.00"), applied("642", "10.00")))
    assert [(row["bill_id"], row["cash_minor"]) for row in made] == [
        ("640", 60_00),
        ("641", 30_00),
        ("642", 10_00),
    ]
    assert len({row["allocation_id"] for row in made}) == 3


def test_rule_1_1_a_voided_payment_stands_for_nothing() -> None:
    (row,) = rows(document(applied(), status=PaymentStatus.VOIDED))
    assert (row["standing"], row["cash_minor"], row["settled_minor"]) == (Standing.VOIDED, 0, 0)


def test_rule_1_1_a_voided_payment_without_bills_stands_for_nothing() -> None:
    (row,) = rows(document(status=PaymentStatus.VOIDED))
    assert (row["bill_id"], row["cash_minor"], row["settled_minor"]) == (NO_BILL, 0, 0)


def test_rule_1_1_a_bill_that_left_its_payment_stands_for_nothing() -> None:
    row = no_longer(payment(), Standing.REAPPLIED)
    assert (row["standing"], row["cash_minor"], row["settled_minor"]) == (Standing.REAPPLIED, 0, 0)


@pytest.mark.parametrize("posted", [True, False])
@pytest.mark.parametrize("other", [Standing.LIVE, Standing.VOIDED])
def test_rule_1_1_two_versions_that_contradict_each_other_are_held(
    other: str, *, posted: bool
) -> None:
    first, second = payment(), payment(cash="90.00", standing=other)
    frame = judged(
        [first, second],
        [application()],
        faults=[fault(first, Hold.DUPLICATE_ALLOCATION), fault(second, Hold.DUPLICATE_ALLOCATION)],
        posted=[first] if posted else [],
    )
    assert {said(row) for row in rows_of(frame)} == {("held", "duplicate_allocation")}


def test_rule_1_2_the_bills_currency_counts_and_the_payments_travels_beside() -> None:
    (row,) = rows(
        document(
            applied(currency="CAD"),
            currency="USD",
            total=Decimal("73.10"),
            home_per_foreign=Decimal("1.3680"),
        )
    )
    assert (row["currency"], row["cash_minor"]) == ("CAD", 100_00)
    assert (row["payment_currency"], row["payment_total_minor"]) == ("USD", 73_10)
    assert row["home_per_foreign"] == "1.3680"


def test_rule_1_2_no_amount_in_the_bills_currency_is_a_fault() -> None:
    (row,) = rows(document(applied(currency=None), currency="CAD"))
    assert (row["fault"], row["cash_minor"]) == ("currency_differs", None)


def test_rule_1_2_a_bill_in_another_currency_than_its_allocation_is_a_fault() -> None:
    (made,) = allocation_rows(document(applied()), erp="q", erp_company="1")
    joined = with_bill(made, bill_row(_bill(currency="CAD")))
    assert joined["fault"] == "currency_differs"
    assert with_bill(made, bill_row(_bill(currency="USD")))["fault"] is None


def _bill(currency: str) -> Bill:
    return Bill(
        bill_id="640",
        number="HRC-640",
        vendor_id="56",
        vendor_name="Kestrel Plumbing",
        date=None,
        currency=currency,
        total=Decimal(100),
        net=None,
        tax=None,
        settled=None,
        paid_cash=None,
        payment_ids=None,
    )


def test_rule_1_2_a_commitment_in_another_currency_holds() -> None:
    assert said(verdict(payment(currency="CAD"), [application()])) == ("held", "currency_differs")


def test_rule_1_2_a_commitment_without_a_currency_is_in_the_companys_own() -> None:
    place = [{"commitment_id": "c1", "project_active": True, "status": "approved"}]
    known: dict[str, Any] = {"commitments": place, "home_currency": "CAD"}
    assert said(verdict(payment(currency="CAD"), [application()], **known)) == ("matched", None)
    assert said(verdict(payment(), [application()], **known)) == ("held", "currency_differs")


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("100.005", "USD", "amount_precision"),
        ("100.5", "JPY", "amount_precision"),
        ("1E+30", "USD", "amount_precision"),
        ("100.00", "EURO", "bad_currency"),
        ("100.00", "XAU", "bad_currency"),
        ("100.125", "KWD", None),
        ("100", "JPY", None),
    ],
)
def test_rule_1_2_an_amount_that_its_currency_cannot_hold_is_a_fault(
    amount: str, currency: str, expected: str | None
) -> None:
    (row,) = rows(document(applied(cash=amount, currency=currency)))
    assert row["fault"] == expected


def test_rule_1_3_a_bill_settled_by_a_credit_is_outside() -> None:
    row = payment(cash="0.00", settled="100.00", credit_minor=100_00)
    assert said(verdict(row, [application()])) == ("outside", "credit_application")


def test_rule_1_3_zero_cash_with_a_fault_is_not_taken_for_a_credit() -> None:
    row = payment(cash="0.00", settled="100.00")
    faults = [fault(row, Hold.CASH_SPLIT_UNKNOWN)]
    assert said(verdict(row, [application()], faults=faults)) == ("held", "cash_split_unknown")


def test_rule_1_3_a_bill_settled_with_less_cash_is_amber() -> None:
    row = verdict(payment(cash="98.00", settled="100.00"), [application()])
    assert said(row) == ("matched", None)
    assert row["amber"] == "settled_without_cash"


def test_rule_1_3_a_credit_spread_over_one_commitment_is_sound() -> None:
    first = payment(bill="640", split_in_proportion=True)
    second = payment(bill="641", split_in_proportion=True)
    frame = judged([first, second], [application("640"), application("641")])
    assert {said(row) for row in rows_of(frame)} == {("matched", None)}


@pytest.mark.parametrize(
    "second_bill",
    [[application("641", "c2")], []],
    ids=["on another commitment", "without an application"],
)
def test_rule_1_3_a_credit_spread_over_commitments_is_held(second_bill: list[Any]) -> None:
    first = payment(bill="640", split_in_proportion=True)
    second = payment(bill="641", split_in_proportion=True)
    row = verdict(first, [application("640"), *second_bill], beside=[second])
    assert said(row) == ("held", "cash_split_unknown")


def test_rule_1_3_a_spread_credit_on_one_bill_is_sound() -> None:
    other = payment("10458", bill="641", split_in_proportion=True)
    row = payment(split_in_proportion=True)
    beside = verdict(row, [application(), application("641", "c2")], beside=[other])
    assert said(beside) == ("matched", None)


def test_rule_1_5_a_prepayment_is_dated_by_its_application() -> None:
    when = date(2026, 3, 20)
    (row,) = rows(document(applied(is_prepayment=True, applied_on=when)))
    assert (row["payment_date"], row["fault"]) == ("2026-03-20", None)


def test_rule_1_5_a_prepayment_without_an_application_date_is_a_fault() -> None:
    (row,) = rows(document(applied(is_prepayment=True)))
    assert row["fault"] == "prepayment_date_unknown"


def test_rule_1_5_the_unapplied_rest_is_outside_and_counted() -> None:
    made = rows(document(applied("640", "60.00"), unapplied=Decimal("40.00")))
    assert [(row["bill_id"], row["cash_minor"]) for row in made] == [
        ("640", 60_00),
        (NO_BILL, 40_00),
    ]
    frame = judged(made, [application(NO_BILL)])
    assert said(rows_of(frame)[1]) == ("outside", "unapplied")


@pytest.mark.parametrize("posted", [True, False])
def test_rule_1_6_a_queued_payment_is_pending(*, posted: bool) -> None:
    row = payment(standing=Standing.NOT_ISSUED)
    answer = verdict(row, [application()], posted=[row] if posted else [])
    assert said(answer) == ("pending", "not_issued_yet")


def test_rule_1_6_a_queued_rent_payment_is_outside_all_the_same() -> None:
    row = payment(standing=Standing.NOT_ISSUED)
    assert said(verdict(row)) == ("outside", "no_payment_application")


@given(
    parts=st.lists(st.integers(0, 10**9), min_size=1, max_size=6),
    rest=st.integers(0, 10**9),
    digits=st.sampled_from([("USD", 2), ("JPY", 0), ("KWD", 3)]),
)
def test_rule_1_1_no_minor_unit_of_a_payment_is_lost(
    parts: list[int], rest: int, digits: tuple[str, int]
) -> None:
    currency, exponent = digits
    written = [Decimal(part).scaleb(-exponent) for part in parts]
    delivered = document(
        *(applied(str(k), str(amount), currency=currency) for k, amount in enumerate(written)),
        currency=currency,
        unapplied=Decimal(rest).scaleb(-exponent),
    )
    assert sum(row["cash_minor"] for row in rows(delivered)) == sum(parts) + rest
