"""The questions that a rule can ask of a column, as Great Expectations' own core expectations.

A missing value is not judged, except by ``absent``, which asks for nothing else. ``only``
narrows a question to rows whose column has one value.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from expectations.rules import Rule, Severity

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation

Only = tuple[str, str]
_SEVERITY: dict[Severity, str] = {"stop": "critical", "hold": "warning", "note": "info"}


def suite(name: str, expectations: "Sequence[Expectation]") -> "ExpectationSuite":
    """The questions under one name, in the order of importance."""
    from great_expectations.core import ExpectationSuite

    return ExpectationSuite(name=name, expectations=list(expectations))


def between(
    rule: Rule, column: str, low: int | None, high: int | None, *, only: Only | None = None
) -> "Expectation":
    """The value is from low to high, both included."""
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )

    return ExpectColumnValuesToBeBetween(
        column=column, min_value=low, max_value=high, **_about(rule, only)
    )


def zero(rule: Rule, column: str, *, only: Only | None = None) -> "Expectation":
    """The value is zero: a count of what must not be, or a difference that must not be."""
    return between(rule, column, 0, 0, only=only)


def one_of(
    rule: Rule, column: str, values: Iterable[str], *, only: Only | None = None
) -> "Expectation":
    """The value is one of a closed list."""
    from great_expectations.expectations.core.expect_column_values_to_be_in_set import (
        ExpectColumnValuesToBeInSet,
    )

    return ExpectColumnValuesToBeInSet(column=column, value_set=list(values), **_about(rule, only))


def unique(rule: Rule, column: str, *, only: Only | None = None) -> "Expectation":
    """No two rows have the same value; every one of them that do is named."""
    from great_expectations.expectations.core.expect_column_values_to_be_unique import (
        ExpectColumnValuesToBeUnique,
    )

    return ExpectColumnValuesToBeUnique(column=column, **_about(rule, only))


def absent(rule: Rule, column: str, *, only: Only | None = None) -> "Expectation":
    """There is no value."""
    from great_expectations.expectations.core.expect_column_values_to_be_null import (
        ExpectColumnValuesToBeNull,
    )

    return ExpectColumnValuesToBeNull(column=column, **_about(rule, only))


def _about(rule: Rule, only: Only | None) -> dict[str, Any]:
    """What ties an expectation to its rule, and to the rows that it is about."""
    tie: dict[str, Any] = {
        "meta": {"rule": rule.id},
        "severity": _SEVERITY[rule.severity],
        "description": rule.plain,
    }
    if only is not None:
        from great_expectations.expectations.row_conditions import Column

        column, value = only
        tie["row_condition"] = Column(column) == value
    return tie
