"""Paces requests below Intuit's limits, which no answer states.

500 a minute, and 10 a second, per company and app (QuickBooks Online: REST features; blog of
August 2025). A 429 costs a whole minute, so some room is left for other users of the same app.
"""

import time
from collections.abc import Callable

from connectors.pace import SlidingPace

# Requests, and the seconds of a sliding window.
LIMITS = ((8, 1.0), (450, 60.0))


class Quota(SlidingPace):
    """Keeps below both limits."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(LIMITS, sleep=sleep, monotonic=monotonic)
