"""Xero's limits of one app on one organisation (reference section 6), in sandbox time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import ceil

from sandbox.clock import Clock

from .faultbodies import XeroFault, throttled

MINUTE = 60
DAY = 86400
APP_PER_MINUTE = 10_000


@dataclass
class RateLimits:
    """Counts calls in sliding windows; 0 switches a limit off. A refused call is not counted.

    `answer_seconds` is how long every answer takes, in real time: without it calls hardly ever
    overlap here, and nobody would meet the limit on those at the same time.
    """

    clock: Clock
    per_minute: int = 60
    per_day: int = 5000
    concurrent: int = 5
    answer_seconds: float = 0.0
    running: int = 0
    _minute: deque[float] = field(default_factory=deque)
    _day: deque[float] = field(default_factory=deque)

    def admit(self) -> XeroFault | None:
        """Count a call and let it in, or say which limit refuses it."""
        now = self._trim()
        if self.concurrent and self.running >= self.concurrent:
            return throttled("concurrent", None)
        if self.per_day and len(self._day) >= self.per_day:
            return throttled("day", ceil(self._day[0] + DAY - now))
        if self.per_minute and len(self._minute) >= self.per_minute:
            return throttled("minute", ceil(self._minute[0] + MINUTE - now))
        self._minute.append(now)
        self._day.append(now)
        return None

    def _trim(self) -> float:
        now = self.clock.epoch()
        for window, seconds in ((self._minute, MINUTE), (self._day, DAY)):
            if window and window[-1] > now:
                window.clear()
            while window and window[0] <= now - seconds:
                window.popleft()
        return now

    def headers(self) -> dict[str, str]:
        """Return what is left; a limit that is off shows its documented width."""
        self._trim()
        used = len(self._minute)
        left = {
            "X-MinLimit-Remaining": (self.per_minute or 60) - used,
            "X-DayLimit-Remaining": (self.per_day or 5000) - len(self._day),
            "X-AppMinLimit-Remaining": APP_PER_MINUTE - used,
        }
        return {name: str(max(0, count)) for name, count in left.items()}
