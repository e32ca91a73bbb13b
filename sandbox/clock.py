"""The sandbox's clock: the real time in UTC plus an offset that the control API moves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


class Clock:
    """Tells every server of the sandbox the same time."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """Return the sandbox's present instant, in UTC."""
        return datetime.now(UTC) + self._offset

    def epoch(self) -> float:
        """Return the sandbox's present instant in Unix seconds."""
        return self.now().timestamp()

    def today(self, zone: ZoneInfo) -> date:
        """Return the calendar day that it is now in one time zone."""
        return self.now().astimezone(zone).date()

    def advance(self, seconds: float) -> None:
        """Move the clock by a number of seconds; a negative number moves it back."""
        self._offset += timedelta(seconds=seconds)

    def set(self, instant: datetime) -> None:
        """Make the clock show an instant; it runs on from there."""
        if instant.tzinfo is None:
            raise ValueError("An instant needs an offset, for example 2026-11-20T09:00:00Z.")
        self._offset = instant - datetime.now(UTC)

    @property
    def offset_seconds(self) -> float:
        """How far the sandbox's clock is ahead of the real one."""
        return self._offset.total_seconds()
