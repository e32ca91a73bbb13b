"""Bill, invoice and check numbers are compared by what people mean."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidsync.numbers import normalised

STEADY = settings(derandomize=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("INV-7", "inv 7"),
        ("INV-7", " INV/7 "),
        ("ＩＮＶ７", "inv7"),
        ("Straße 1", "STRASSE-1"),
        ("Re\u0301f 1", "RÉF1"),
    ],
)
def test_spelling_case_and_punctuation_do_not_make_two_numbers(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


def test_leading_zeros_are_part_of_a_number() -> None:
    assert normalised("INV-007") != normalised("INV-7")
    assert normalised("0012") == "0012"


@pytest.mark.parametrize("nothing", [None, "", "  ", "-/.", "\u200b"])
def test_a_number_without_a_letter_or_digit_is_none(nothing: str | None) -> None:
    assert normalised(nothing) is None


@STEADY
@given(st.text())
def test_a_number_is_the_same_however_its_accents_are_composed(number: str) -> None:
    assert normalised(unicodedata.normalize("NFD", number)) == normalised(
        unicodedata.normalize("NFC", number)
    )


@STEADY
@given(st.text())
def test_what_remains_is_letters_and_digits_or_nothing(number: str) -> None:
    left = normalised(number)
    assert left is None or left.isalnum()
