"""Money-rules 5.4: the circuit breaker's borders, and the hash that an approval names."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paidsync.records import ENTRIES, rows_of
from tasks.order import is_mass_change, plan_hash
from tests.rules.builders import Books, payment


@pytest.mark.parametrize(
    ("reversals", "posted", "caught"),
    [
        (20, 999, False),  # not more than 20
        (21, 1050, False),  # exactly 2 %
        (21, 1049, True),
        (1000, 50_000, False),  # exactly 2 %
        (1001, 50_000, True),
        (2, 2, False),  # fewer than 3
        (3, 12, False),  # exactly 25 %
        (3, 11, True),
        (20, 80, False),  # exactly 25 %
        (20, 79, True),
        (0, 0, False),
        (0, 100, False),
    ],
)
def test_rule_5_4_the_borders_of_a_mass_change(
    reversals: int, posted: int, *, caught: bool
) -> None:
    assert is_mass_change(reversals, posted) is caught


@given(reversals=st.integers(0, 10_000), posted=st.integers(1, 200_000))
def test_rule_5_4_a_mass_change_is_what_the_rule_says(reversals: int, posted: int) -> None:
    share = Fraction(reversals, posted)
    said = (reversals > 20 and share > Fraction(2, 100)) or (
        reversals >= 3 and share > Fraction(25, 100)
    )
    assert is_mass_change(reversals, posted) is said


def entries() -> list[dict[str, Any]]:
    books = Books.posted([payment(), payment("10458", "641"), payment("10459", "642")])
    for each in list(books.payments.values()):
        books.erp_says(each, cash_minor=50_00)
    return rows_of(books.plan().entries)


ENTRIES_OF_A_PLAN = entries()


@given(order=st.permutations(ENTRIES_OF_A_PLAN))
def test_rule_5_4_a_plan_has_one_hash_whatever_the_order(order: list[dict[str, Any]]) -> None:
    assert plan_hash(order, "acme") == plan_hash(ENTRIES_OF_A_PLAN, "acme")


@pytest.mark.parametrize("column", list(ENTRIES.columns))
def test_rule_5_4_every_field_of_every_entry_is_in_the_hash(column: str) -> None:
    before = plan_hash(ENTRIES_OF_A_PLAN, "acme")
    for k, entry in enumerate(ENTRIES_OF_A_PLAN):
        value = entry[column]
        other = not value if isinstance(value, bool) else f"{value}!" if value != "x" else "y"
        if isinstance(value, int) and not isinstance(value, bool):
            other = value + 1
        changed = [*ENTRIES_OF_A_PLAN[:k], {**entry, column: other}, *ENTRIES_OF_A_PLAN[k + 1 :]]
        assert plan_hash(changed, "acme") != before


def test_rule_5_4_an_entry_less_or_another_connection_is_another_plan() -> None:
    before = plan_hash(ENTRIES_OF_A_PLAN, "acme")
    assert plan_hash(ENTRIES_OF_A_PLAN[1:], "acme") != before
    assert plan_hash(ENTRIES_OF_A_PLAN, "other") != before


def test_rule_5_4_nothing_and_a_text_nothing_are_two_things() -> None:
    entry = ENTRIES_OF_A_PLAN[0]
    one, other = ({**entry, "notes": each} for each in (None, "None"))
    assert plan_hash([one], "acme") != plan_hash([other], "acme")


def test_rule_5_4_planning_again_gives_the_same_hash() -> None:
    assert plan_hash(entries(), "acme") == plan_hash(ENTRIES_OF_A_PLAN, "acme")
