"""Paces requests below Xero's limits, and by what each answer says is left of them.

60 calls a minute and 5 at a time per app and organisation, 10,000 a minute per app, and a number a
day that depends on the app's tier (Xero: API rate limits). Calls go out one after the other.
"""

import time
from collections.abc import Callable, Mapping

from connectors.pace import SlidingPace

# Requests, and the seconds of a sliding window; the rest is for other users of the same app.
LIMITS = ((50, 60.0),)
_MINUTE = 60.0
_SCARCE = 10  # with fewer left in the minute, what is left is spread over it
# When the day's limit begins anew is not said with what is left of it: one call an hour finds out.
DAY_PAUSE = 3600.0


class Quota(SlidingPace):
    """Keeps below the limits, and spreads what is left where it is little."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(LIMITS, sleep=sleep, monotonic=monotonic)
        self._apart = 0.0  # seconds

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """An answer says what is left of each limit, or which one was overrun."""
        minute = [
            left
            for name in ("x-minlimit-remaining", "x-appminlimit-remaining")
            if (left := _number(headers, name)) is not None
        ]
        if minute:
            left = min(minute)
            self._apart = _MINUTE / (left + 1) if left < _SCARCE else 0.0
        day_is_over = _number(headers, "x-daylimit-remaining") == 0
        refused = headers.get("x-rate-limit-problem", "").lower().startswith("day")
        unsaid = _number(headers, "retry-after") is None
        if (day_is_over and status != 429) or (status == 429 and refused and unsaid):
            self.block(DAY_PAUSE)

    def wait_needed(self) -> float:
        """Seconds until the next request is within every limit."""
        return max(super().wait_needed(), self._last_sent + self._apart - self._monotonic())


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else None
