"""The business days of the company, and the hours at which things happen."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

# A Monday; a fixed one, so that the same seed gives the same year whenever it is run.
FIRST_DAY = date(2025, 1, 6)
# The bank's holidays of one year, by month and day.
_HOLIDAYS = frozenset({(1, 1), (1, 20), (2, 17), (5, 26), (7, 4), (9, 1), (11, 27), (12, 25)})
# In UTC; all of them the same calendar day in the company's own zone.
_MORNING, _NOON, _EVENING = time(17), time(20), time(23)


def business_days(first: date) -> Iterator[date]:
    """Weekdays that are no holiday, without end."""
    day = first
    while True:
        if day.weekday() < 5 and (day.month, day.day) not in _HOLIDAYS:
            yield day
        day += timedelta(days=1)


def morning(day: date) -> datetime:
    """When the accountants begin."""
    return datetime.combine(day, _MORNING, UTC)


def noon(day: date) -> datetime:
    """When somebody looks, or syncs one project by hand."""
    return datetime.combine(day, _NOON, UTC)


def evening(day: date) -> datetime:
    """When the daily sync runs."""
    return datetime.combine(day, _EVENING, UTC)
