"""Amounts, currencies and dates that cannot be: held one by one, posted once they are mended."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bad_input import healed, held_beside, raw
from town import Paid, Town

from paidsync.reasons import Hold

_NOT_POSITIVE, _PRECISION = Hold.AMOUNT_NOT_POSITIVE, Hold.AMOUNT_PRECISION
_MISSING, _UNKNOWN = Hold.MISSING_AMOUNT, Hold.UNKNOWN_ERP_STATUS


def _literal(text: str) -> dict[str, str]:
    """JSON exactly as it is written."""
    return {"literal": text}


# The line's amount and the payment's total, as the ERP writes them.
AMOUNTS: list[tuple[Any, Hold]] = [
    (_literal("0"), _NOT_POSITIVE),
    (_literal("-0.00"), _NOT_POSITIVE),
    (_literal("-5"), Hold.CASH_SPLIT_UNKNOWN),
    (_literal("12.345"), _PRECISION),
    (_literal("0.001"), _PRECISION),
    (_literal("10000000000000"), _PRECISION),
    (_literal("10000000000000.01"), _PRECISION),
    (_literal("1E+13"), _PRECISION),
    (_literal("1e400"), _PRECISION),
    (_literal("1E+999999999"), _PRECISION),
    (_literal("1E-999999999"), _PRECISION),
    (_literal("9" * 90), _PRECISION),
    ("100.00", _MISSING),
    ("1,250.00", _MISSING),
    ("", _MISSING),
    ("NaN", _MISSING),
    ("Infinity", _MISSING),
    (_literal("null"), _MISSING),
    (True, _MISSING),
    ([100], _MISSING),
    ({"value": 100}, _MISSING),
]


def _line(amount: Any, bill: str) -> dict[str, Any]:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": bill, "TxnType": "Bill"}]}


def _spoil(town: Town, paid: Paid, amount: Any) -> None:
    raw(town, "BillPayment", paid.payment, TotalAmt=amount, Line=[_line(amount, paid.bill)])


def _many(town: Town, count: int) -> list[Paid]:
    return [town.paid(f"{100 + 10 * n}.00", n % 8) for n in range(count)]


def _a_while_later(town: Town) -> None:
    """So that nothing changed within the minutes that the ERP's own count leaves out."""
    town.do("/clock", advance_seconds=600)


def test_amounts_that_cannot_be_are_held(town: Town) -> None:
    healthy, bad = town.paid("5.00"), _many(town, len(AMOUNTS))
    for each, (amount, _) in zip(bad, AMOUNTS, strict=True):
        _spoil(town, each, amount)
    reasons = {each.payment: (reason, "") for each, (_, reason) in zip(bad, AMOUNTS, strict=True)}
    held_beside(town, healthy, reasons, posted=1)
    for each in bad:
        raw(town, "BillPayment", each.payment)
    healed(town, posted=len(AMOUNTS))


def test_an_exponent_is_an_amount_like_any_other(town: Town) -> None:
    one, two = town.paid("100.00"), town.paid("1250.50", 1)
    _spoil(town, one, _literal("1E+2"))
    _spoil(town, two, _literal("12505.000e-1"))
    town.settled(state="Completed", posted=2)
    assert town.amounts() == ["100.00", "1250.50"]


def test_a_posted_payment_whose_record_turns_bad_is_never_taken_back(town: Town) -> None:
    """What cannot be read proves nothing: held, and right again once it can be read."""
    paid = _many(town, 6)
    town.settled(posted=6)
    spoilt: list[dict[str, Any]] = [
        {"Line": [_line("100.00", paid[0].bill)], "TotalAmt": "100.00"},
        {"Line": None, "TotalAmt": _literal("null")},
        {"Line": "gone"},
        {"MetaData": {}},
        {"CurrencyRef": "USD"},
        {"Line": [{"Amount": 150, "LinkedTxn": [{"TxnId": paid[5].bill, "TxnType": "Account"}]}]},
    ]
    for each, fields in zip(paid, spoilt, strict=True):
        raw(town, "BillPayment", each.payment, **fields)
    _a_while_later(town)
    summary = town.sync()
    assert summary["state"] == "Held", summary
    assert (summary["posted"], summary["reversed"]) == (0, 0)
    assert sum(summary["held"].values()) >= 6
    for each in paid:
        raw(town, "BillPayment", each.payment)
    town.settled(state="NothingToDo", posted=0, reversed=0, held={})
    assert len(town.rows()) == 6


def test_payments_that_cannot_be_read_at_all_are_held_and_counted(town: Town) -> None:
    healthy, bad = town.paid("5.00"), _many(town, 4)
    spoilt: list[dict[str, Any]] = [
        {"SyncToken": None},
        {"MetaData": {"LastUpdatedTime": "yesterday"}},
        {"Line": [7]},
        {"VendorRef": "71", "Line": "none"},
    ]
    for each, fields in zip(bad, spoilt, strict=True):
        raw(town, "BillPayment", each.payment, **fields)
    _a_while_later(town)
    held_beside(town, healthy, {each.payment: (_UNKNOWN, "") for each in bad}, posted=1)
    for each in bad:
        raw(town, "BillPayment", each.payment)
    healed(town, posted=4)


CURRENCIES: list[tuple[dict[str, Any], Hold]] = [
    ({"CurrencyRef": {"value": "XYZ"}}, Hold.BAD_CURRENCY),
    ({"CurrencyRef": {"value": "XAU"}}, Hold.BAD_CURRENCY),  # gold has no minor unit
    ({"CurrencyRef": {"value": "usd"}}, Hold.BAD_CURRENCY),
    ({"CurrencyRef": {"value": "US Dollar"}}, Hold.BAD_CURRENCY),
    ({"CurrencyRef": {"value": "\u0000"}}, Hold.BAD_CURRENCY),
    ({"CurrencyRef": {}}, Hold.BAD_CURRENCY),
    ({"CurrencyRef": None}, Hold.BAD_CURRENCY),  # the company has several
    ({"CurrencyRef": "USD"}, _UNKNOWN),
    ({"CurrencyRef": {"value": "EUR"}}, Hold.CURRENCY_DIFFERS),  # not the bill's
]


def test_rule_1_2_currencies_that_cannot_be_are_held(town: Town) -> None:
    healthy, bad = town.paid("5.00"), _many(town, len(CURRENCIES))
    for each, (fields, _) in zip(bad, CURRENCIES, strict=True):
        raw(town, "BillPayment", each.payment, **fields)
    reasons = {
        each.payment: (reason, "") for each, (_, reason) in zip(bad, CURRENCIES, strict=True)
    }
    held_beside(town, healthy, reasons, posted=1)
    for each in bad:
        raw(town, "BillPayment", each.payment)
    healed(town, posted=len(CURRENCIES))


def test_rule_1_2_a_currency_that_is_not_the_commitments_is_held(town: Town) -> None:
    healthy = town.paid("5.00")
    bill = town.billed("100.00", 1, currency="CAD")
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    held_beside(
        town,
        healthy,
        {pay["payment_id"]: (Hold.CURRENCY_DIFFERS, "is in CAD, commitment")},
        posted=1,
        held_money={"CAD": 10000},
    )
    assert town.differences() == []


DATES: list[Any] = [
    None,
    "2026-02-31",
    "31/12/2025",
    "2026-01-31T00:00:00",
    "soon",
    "",
    20260131.5,
    ["2026-01-31"],
]


def test_dates_that_are_none_are_held(town: Town) -> None:
    healthy = town.paid("5.00", date=town.day(3))
    # Their true dates are far from the healthy one's, whose days the ERP is asked to count.
    bad = [town.paid(f"{100 + 10 * n}.00", n % 8, date="1999-12-31") for n in range(len(DATES))]
    for each, day in zip(bad, DATES, strict=True):
        raw(town, "BillPayment", each.payment, TxnDate=day)
    says = {each.payment: (Hold.DATE_IN_FUTURE, "no payment date") for each in bad}
    held_beside(town, healthy, says, posted=1)
    for each in bad:
        raw(town, "BillPayment", each.payment)
    healed(town, posted=len(DATES))


def test_dates_that_stand_for_none_are_held(town: Town) -> None:
    """They are no history before the start date either (money-rules 7.1)."""
    healthy = town.paid("5.00")
    days = ("0001-01-01", "1899-12-30", "1969-12-31", "9999-12-31")
    bad = [town.paid(f"{100 + 10 * n}.00", n, date=day) for n, day in enumerate(days)]
    says = zip(bad, days, strict=True)
    held_beside(
        town,
        healthy,
        {each.payment: (Hold.DATE_IN_FUTURE, repr(day)) for each, day in says},
        posted=1,
    )
    for each in bad:
        town.do("/erp/edit", payment_id=each.payment, date=town.day(1))
    healed(town, posted=4)


@pytest.mark.parametrize(
    ("zone", "hour", "days"),
    [
        ("America/Los_Angeles", 4, 0),  # here it is still yesterday
        ("Pacific/Auckland", 20, 2),  # and here tomorrow
    ],
)
def test_rule_1_6_a_day_is_judged_in_the_companys_own_calendar(
    town: Town, zone: str, hour: int, days: int
) -> None:
    utc = date.fromisoformat(town.see("/clock")["now"][:10])
    town.do("/clock", set=f"{utc + timedelta(days=1)}T{hour:02}:00:00Z")
    today = utc + timedelta(days=days)
    town.world.erp.zone = ZoneInfo(zone)
    file = town.file()
    text = file.read_text(encoding="utf-8").replace("America/Los_Angeles", zone)
    file.write_text(text, encoding="utf-8")
    said = town.paidsync("connect", str(file))
    assert said.code == 0, said.err
    now_paid = town.paid("100.00", date=today.isoformat())
    ahead = town.paid("200.00", 1, date=(today + timedelta(days=1)).isoformat())
    held_beside(town, now_paid, {ahead.payment: (Hold.DATE_IN_FUTURE, "later than today")})
    assert town.today == today
    assert town.differences() == []
    town.do("/clock", advance_seconds=86_400)
    healed(town, posted=1)


BILLS: list[dict[str, Any]] = [
    {"TotalAmt": "100.00"},
    {"TotalAmt": None, "Balance": None},
    {"Balance": [0]},
    {"TotalAmt": _literal("1e400")},
    {"SyncToken": None, "MetaData": None},
    {"LinkedTxn": [7]},
    {"TxnDate": "soon", "TxnTaxDetail": "none"},
]


def test_a_bill_that_cannot_be_read_whole_stops_nobody_elses_payment(town: Town) -> None:
    """What is not known of a bill is not compared; the run goes on for all others."""
    bad = _many(town, len(BILLS))
    for each, fields in zip(bad, BILLS, strict=True):
        raw(town, "Bill", each.bill, **fields)
    healthy = town.paid("5.00")
    summary = town.sync()
    assert summary["state"] in ("Completed", "Held"), summary
    assert town.amounts(healthy.prefix) == ["5.00"]
    assert summary["posted"] + sum(summary["held"].values()) == len(BILLS) + 1
    for each in bad:
        raw(town, "Bill", each.bill)
    town.settled(held={})
    assert len(town.rows()) == len(BILLS) + 1
