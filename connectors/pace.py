"""Pace: obeys a system's rate windows from its answers' headers, spread evenly.

Procore has two windows (an hour and a few seconds) and describes the nearer one in each answer,
so both are remembered (Procore: rate limiting).
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# A reset further away than this belongs to the hourly window (Procore: spike is 10 s).
_SPIKE_SECONDS = 60.0


@dataclass
class _Window:
    limit: int
    remaining: int
    ends: float  # on our own monotonic clock


class Pace:
    """Waits before a call where the last answers ask for it."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._monotonic = monotonic
        self._windows: dict[str, _Window] = {}
        self._blocked_until = 0.0
        self._last_sent = -math.inf

    def saw(self, *, limit: int, remaining: int, seconds_left: float) -> None:
        """An answer described one window; ``seconds_left`` is until it resets, by its own clock."""
        name = "spike" if seconds_left <= _SPIKE_SECONDS else "hour"
        self._windows[name] = _Window(limit, remaining, self._monotonic() + seconds_left)

    def block(self, seconds: float) -> None:
        """The system refused a call: nothing is sent for that long."""
        self._blocked_until = max(self._blocked_until, self._monotonic() + seconds)

    def wait_needed(self) -> float:
        """Seconds to wait before the next call, so that no window is overrun."""
        now = self._monotonic()
        needed = self._blocked_until - now
        for window in self._windows.values():
            left = window.ends - now
            if left <= 0:
                continue
            if window.remaining <= 0:
                needed = max(needed, left)
            elif window.remaining * 2 < window.limit:
                apart = left / (window.remaining + 1)
                needed = max(needed, self._last_sent + apart - now)
        return max(needed, 0.0)

    def wait(self, longest: float) -> datetime | None:
        """Wait if need be. Where it would be longer than ``longest`` seconds, don't: answer the
        instant (UTC) at which the next call may go out."""
        needed = self.wait_needed()
        if needed > longest:
            return datetime.now(UTC) + timedelta(seconds=needed)
        if needed > 0:
            self._sleep(needed)
        return None

    def sent(self) -> None:
        """A call goes out."""
        self._last_sent = self._monotonic()
        for window in self._windows.values():
            window.remaining -= 1

    @property
    def calls_left(self) -> int | None:
        """The fewest calls left in a window that has not ended; None where nothing is known."""
        now = self._monotonic()
        left = [window.remaining for window in self._windows.values() if window.ends > now]
        return min(left, default=None)

    @property
    def windows(self) -> list[tuple[int, int, float]]:
        """The windows that have not ended, as last described: limit, calls left, seconds left."""
        now = self._monotonic()
        return [
            (window.limit, max(window.remaining, 0), window.ends - now)
            for window in self._windows.values()
            if window.ends > now
        ]


Limits = Sequence[tuple[int, float]]  # requests, and the seconds of a sliding window


class SlidingPace(Pace):
    """Spaces requests so that no sliding window holds more than its limit, whatever answers say."""

    def __init__(
        self,
        limits: Limits,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(sleep=sleep, monotonic=monotonic)
        self._limits = limits
        self._sent: deque[float] = deque(maxlen=max(count for count, _ in limits))

    def wait_needed(self) -> float:
        """Seconds until the next request is within every limit."""
        needed = super().wait_needed()
        for count, seconds in self._limits:
            if len(self._sent) >= count:
                needed = max(needed, self._sent[-count] + seconds - self._monotonic())
        return needed

    def sent(self) -> None:
        """As Pace; the request counts in every window."""
        super().sent()
        self._sent.append(self._monotonic())
