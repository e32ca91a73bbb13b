"""Procore's two rate windows (reference 3.7).

Published: an hourly and a ten-second spike window, three headers on every response that
describe whichever limit is nearer, 429 with a plain text beyond. Not published, assumed here:
the windows slide, they count per token, and a refused request is not counted.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

HOUR_SECONDS = 3600
REFUSAL = (
    "You have surpassed the max number of requests for an hour. "
    "Please wait until your limit resets."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The nearer window after a request, and whether the request may pass."""

    allowed: bool
    limit: int
    remaining: int
    reset: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The documented headers, ready for an ASGI response."""
        values = (("limit", self.limit), ("remaining", self.remaining), ("reset", self.reset))
        return [(f"x-rate-limit-{name}".encode(), str(value).encode()) for name, value in values]


class RateLimits:
    """Limits that a control call may change while requests run."""

    def __init__(self, hourly: int = 3600, spike: int = 100, spike_seconds: int = 10) -> None:
        self.hourly = hourly
        self.spike = spike
        self.spike_seconds = spike_seconds
        self._windows: dict[str, tuple[deque[float], deque[float]]] = {}
        self._lock = Lock()

    def set(
        self,
        *,
        hourly: int | None = None,
        spike: int | None = None,
        spike_seconds: int | None = None,
    ) -> None:
        """Change limits; requests already counted stay counted."""
        with self._lock:
            self.hourly = self.hourly if hourly is None else hourly
            self.spike = self.spike if spike is None else spike
            self.spike_seconds = self.spike_seconds if spike_seconds is None else spike_seconds

    def reset(self) -> None:
        """Forget everything that was counted."""
        with self._lock:
            self._windows.clear()

    def hit(self, key: str, now: datetime) -> Verdict:
        """Count one request under a key and tell what its headers say."""
        stamp = now.timestamp()
        with self._lock:
            hour, spike = self._windows.setdefault(key, (deque(), deque()))
            _forget(hour, stamp - HOUR_SECONDS, stamp)
            _forget(spike, stamp - self.spike_seconds, stamp)
            allowed = len(hour) < self.hourly and len(spike) < self.spike
            if allowed:
                hour.append(stamp)
                spike.append(stamp)
            states = [
                _state(spike, self.spike, self.spike_seconds, stamp),
                _state(hour, self.hourly, HOUR_SECONDS, stamp),
            ]
        # With both exhausted the later reset is the one worth waiting for.
        limit, remaining, reset = min(states, key=lambda s: (s[1], -s[2] if s[1] == 0 else 0))
        return Verdict(allowed, limit, remaining, reset)


def _forget(window: deque[float], until: float, now: float) -> None:
    """Drop what left the window, also what a clock moved back has put into the future."""
    while window and window[0] <= until:
        window.popleft()
    while window and window[-1] > now:
        window.pop()


def _state(window: deque[float], limit: int, seconds: int, now: float) -> tuple[int, int, int]:
    """Limit, what is left, and the second at which the next request surely passes."""
    first = len(window) - limit if len(window) > limit else 0
    oldest = window[first] if window else now
    return limit, max(0, limit - len(window)), math.ceil(oldest + seconds)
