"""Paces requests below Intuit's limits, which no answer states.

500 a minute, and 10 a second, per company and app (QuickBooks Online: REST features; blog of
August 2025). A 429 costs a whole minute, so some room is left for other users of the same app.
"""

import time
from collections import deque
from collections.abc import Callable

from connectors.pace import Pace

# Requests, and the seconds of a sliding window.
LIMITS = ((8, 1.0), (450, 60.0))


class Quota(Pace):
    """Spaces requests so that no sliding window holds more than its limit."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(sleep=sleep, monotonic=monotonic)
        self._sent: deque[float] = deque(maxlen=max(count for count, _ in LIMITS))

    def wait_needed(self) -> float:
        """Seconds until the next request is within every limit."""
        needed = super().wait_needed()
        for count, seconds in LIMITS:
            if len(self._sent) >= count:
                needed = max(needed, self._sent[-count] + seconds - self._monotonic())
        return needed

    def sent(self) -> None:
        """As Pace; the request counts in every window."""
        super().sent()
        self._sent.append(self._monotonic())
