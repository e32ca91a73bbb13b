"""Helper columns that both suites ask about: counts and flags, NA where nothing is judged."""

import unicodedata
from collections.abc import Sequence

import pandas as pd

from paidsync.money import MoneyError, exponent


def count_blank(frame: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """How many of these text columns are missing, empty or blank, row by row."""
    blank = [frame[column].fillna("").str.strip() == "" for column in columns]
    return sum((column.astype("Int64") for column in blank), pd.Series(0, frame.index, "Int64"))


def currency_unknown(currency: pd.Series) -> pd.Series:
    """1 where money cannot be paid in it, missing ones included; else 0."""
    known = [code for code in currency.dropna().unique() if _payable(code)]
    return (~currency.isin(known)).astype("Int64")


def _payable(code: str) -> bool:
    try:
        exponent(code)
    except MoneyError:
        return False
    return True


def unprintable(letter: str) -> bool:
    """Control and format characters, lone surrogates, line ends, and the mark of lost ones."""
    category = unicodedata.category(letter)
    return category[0] == "C" or category in {"Zl", "Zp"} or letter == "\N{REPLACEMENT CHARACTER}"
