"""Money is whole minor units; whatever cannot be held exactly is refused."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidsync.money import (
    InexactAmount,
    UnknownCurrency,
    exponent,
    from_minor,
    plain,
    shown,
    to_minor,
)

STEADY = settings(derandomize=True)
CURRENCIES = st.sampled_from(["USD", "GBP", "AUD", "CAD", "JPY", "KWD", "CLF"])
INT64 = st.integers(-(2**63 - 1), 2**63 - 1)


@pytest.mark.parametrize(
    ("currency", "digits"), [("USD", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)]
)
def test_a_currency_has_its_own_number_of_decimals(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("code", ["", "usd", "840", "US Dollar", "ZZZ", "XAU", "XXX", "XTS"])
def test_what_nobody_can_be_paid_in_is_no_currency(code: str) -> None:
    with pytest.raises(UnknownCurrency, match=r"currency code|minor unit"):
        exponent(code)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1250.50", "USD", 125_050),
        ("1250.5", "USD", 125_050),
        ("1250.5000000", "USD", 125_050),
        ("1.25E+3", "USD", 125_000),
        ("-0.01", "USD", -1),
        ("-0", "USD", 0),
        ("0E+999999", "USD", 0),
        ("1250", "JPY", 1250),
        ("1250.0", "JPY", 1250),
        ("0.001", "KWD", 1),
        ("92233720368547758.07", "USD", 2**63 - 1),
    ],
)
def test_an_amount_becomes_minor_units_exactly(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("0.001", "USD"),
        ("0.5", "JPY"),
        ("0.0001", "KWD"),
        ("1E-999999", "USD"),
        ("NaN", "USD"),
        ("sNaN", "USD"),
        ("Infinity", "USD"),
        ("-Infinity", "USD"),
    ],
)
def test_an_amount_with_more_decimals_than_its_currency_is_refused(
    amount: str, currency: str
) -> None:
    with pytest.raises(InexactAmount):
        to_minor(Decimal(amount), currency)


@pytest.mark.parametrize("zeros", [10, 25, 26, 27, 40, 400])
def test_a_remainder_is_refused_however_far_behind_the_point_it_stands(zeros: int) -> None:
    with pytest.raises(InexactAmount, match="more decimals"):
        to_minor(Decimal(f"0.01{'0' * zeros}1"), "USD")


@pytest.mark.parametrize("amount", ["92233720368547758.08", "1E+20", "1E+99999", "-1E+999999"])
def test_an_amount_beyond_64_bits_is_refused_in_words(amount: str) -> None:
    with pytest.raises(InexactAmount, match="too large to hold"):
        to_minor(Decimal(amount), "USD")


@STEADY
@given(INT64, CURRENCIES)
def test_minor_units_survive_the_way_out_and_back(minor: int, currency: str) -> None:
    assert to_minor(from_minor(minor, currency), currency) == minor
    assert to_minor(Decimal(plain(minor, currency)), currency) == minor


@STEADY
@given(st.decimals(allow_nan=False, allow_infinity=False), CURRENCIES)
def test_every_decimal_is_held_exactly_or_refused(amount: Decimal, currency: str) -> None:
    try:
        minor = to_minor(amount, currency)
    except InexactAmount:
        return
    assert from_minor(minor, currency) == amount


@STEADY
@given(st.lists(INT64, max_size=20), CURRENCIES)
def test_parts_add_up_to_what_their_texts_add_up_to(parts: list[int], currency: str) -> None:
    texts = [Decimal(plain(part, currency)) for part in parts]
    assert sum(texts, Decimal(0)) == from_minor(sum(parts), currency)


@pytest.mark.parametrize(
    ("minor", "currency", "text", "person"),
    [
        (125_050, "USD", "1250.50", "1,250.50 USD"),
        (-1, "USD", "-0.01", "-0.01 USD"),
        (0, "USD", "0.00", "0.00 USD"),
        (1_250_000, "JPY", "1250000", "1,250,000 JPY"),
        (1, "KWD", "0.001", "0.001 KWD"),
        (2**63 - 1, "USD", "92233720368547758.07", "92,233,720,368,547,758.07 USD"),
    ],
)
def test_an_amount_is_written_with_its_currency_s_decimals(
    minor: int, currency: str, text: str, person: str
) -> None:
    assert plain(minor, currency) == text
    assert shown(minor, currency) == person
