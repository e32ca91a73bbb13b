"""The rules for an extract as a whole; each gives the stops it finds, none where all is well."""

from collections.abc import Mapping
from datetime import date, datetime

from expectations.rules import CONTROL_COUNT, CONTROL_SUM, CURSOR_ADVANCES, Rule
from paidsync.money import MoneyError, shown

Stops = list[tuple[Rule, str]]


def control_totals(
    ours_count: int,
    theirs_count: int,
    *,
    first: date,
    last: date,
    ours_minor: Mapping[str, int] | None = None,
    theirs_minor: Mapping[str, int] | None = None,
) -> Stops:
    """Our payments dated first to last against the ERP's own figures for the same days.

    The sums are in minor units by payment currency; they are compared where both are given.
    """
    span = f"dated {first.isoformat()} to {last.isoformat()}"
    stops: Stops = []
    if ours_count != theirs_count:
        stops.append(
            (
                CONTROL_COUNT,
                f"The extract has {ours_count:,} payments {span}; the ERP counts {theirs_count:,}.",
            )
        )
    if ours_minor is not None and theirs_minor is not None:
        stops.extend(
            (
                CONTROL_SUM,
                _sums_differ(code, span, ours_minor.get(code, 0), theirs_minor.get(code, 0)),
            )
            for code in sorted({*ours_minor, *theirs_minor})
            if ours_minor.get(code, 0) != theirs_minor.get(code, 0)
        )
    return stops


def cursor_advances(before: datetime | None, after: datetime, *, stream: str = "payments") -> Stops:
    """A cursor may stand still; one that would go back, or has no time zone, stops the run."""
    if after.tzinfo is None or (before is not None and before.tzinfo is None):
        return [(CURSOR_ADVANCES, f"The cursor of {stream} has no time zone: {before} to {after}.")]
    if before is not None and after < before:
        back = f"from {before.isoformat()} to {after.isoformat()}"
        return [(CURSOR_ADVANCES, f"The cursor of {stream} would go back {back}.")]
    return []


def _sums_differ(currency: str, span: str, ours: int, theirs: int) -> str:
    return (
        f"The extract's {currency or '(no currency)'} payments {span} add up to "
        f"{_amount(ours, currency)}; the ERP's own sum is {_amount(theirs, currency)}."
    )


def _amount(minor: int, currency: str) -> str:
    try:
        return shown(minor, currency)
    except MoneyError:
        return f"{minor:,} minor units"
