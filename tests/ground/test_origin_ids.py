"""Ids of ours in Procore: never random, never longer than the system takes, known as ours."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidsync import origin

STEADY = settings(derandomize=True)
PART = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def test_an_id_names_erp_company_payment_and_bill() -> None:
    assert origin.allocation_id("xero", "t-1", "p1", "b1") == "xero:t-1:p1:b1"
    assert origin.entry_id("xero:t-1:p1:b1", 2) == "xero:t-1:p1:b1:2"


def test_a_colon_or_percent_in_an_id_cannot_make_two_allocations_one() -> None:
    assert origin.allocation_id("x", "c", "a:b", "c") == "x:c:a%3Ab:c"
    assert origin.allocation_id("x", "c", "a%3Ab", "c") == "x:c:a%253Ab:c"
    assert origin.allocation_id("x", "c", "a/b é", "c") == "x:c:a%2Fb%20%C3%A9:c"


def test_an_id_of_exactly_200_characters_stays_as_it_is() -> None:
    whole = origin.allocation_id("x", "c", "p" * 191, "bill")
    assert len(whole) == 200
    assert whole.endswith(":bill")
    assert origin.allocation_id("x", "c", "p" * 192, "bill").startswith("x:c:sha256:")


def test_an_id_of_more_than_200_characters_ends_in_a_hash_of_the_whole() -> None:
    one = origin.allocation_id("x", "c", "p" * 300, "b1")
    other = origin.allocation_id("x", "c", "p" * 300, "b2")
    assert one.startswith("x:c:sha256:")
    assert len(one) <= 200
    assert one != other
    assert one == origin.allocation_id("x", "c", "p" * 300, "b1")


def test_a_hashed_id_is_still_known_as_ours() -> None:
    long = origin.allocation_id("x", "c", "p" * 300, "b1")
    assert origin.parse(origin.entry_id(long, 3)) == (long, 3)
    assert long.startswith(origin.company_prefix("x", "c"))


@STEADY
@given(PART, PART, PART, PART, st.integers(1, 10**6))
def test_every_id_is_read_back_to_its_allocation_and_place(
    erp: str, company: str, payment: str, bill: str, n: int
) -> None:
    allocation = origin.allocation_id(erp, company, payment, bill)
    assert origin.parse(origin.entry_id(allocation, n)) == (allocation, n)
    assert allocation.startswith(origin.company_prefix(erp, company))
    assert allocation.isascii()


@STEADY
@given(st.lists(st.tuples(PART, PART, PART, PART), min_size=2, max_size=8, unique=True))
def test_different_allocations_have_different_ids(
    parts: list[tuple[str, str, str, str]],
) -> None:
    assert len({origin.allocation_id(*each) for each in parts}) == len(parts)


@pytest.mark.parametrize(
    "other",
    [
        "",
        "4711",
        "a:b:c:d",
        "a:b:c:1",
        "a:b:c:d:e:1",
        "a:b:c:d:0",
        "a:b:c:d:-1",
        "a:b:c:d:x",
        "a:b:c:d:",
        "a:b:c:d:01",
        "a:b:c:d:1 ",
        "a:b:c:d:1\n",
        "a:b:c:d:²",
        "a:b:c:d:١",
        "a:b:c:d:" + "9" * 5000,
    ],
)
def test_somebody_else_s_id_is_not_taken_for_ours(other: str) -> None:
    assert origin.parse(other) is None


@STEADY
@given(st.from_regex(r"[a-z%:0-9]{0,12}:[a-z]:[a-z]:[a-z]:[0-9]{1,12}", fullmatch=True))
def test_what_is_read_as_ours_is_written_the_same_again(text: str) -> None:
    found = origin.parse(text)
    assert found is None or origin.entry_id(*found) == text
