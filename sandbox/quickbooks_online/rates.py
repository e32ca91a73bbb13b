"""QuickBooks Online's request limits (reference section 9), in sliding windows of sandbox time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sandbox.clock import Clock


@dataclass
class RateLimits:
    """Counts requests of one realm; 0 switches a limit off.

    500 a minute and 120 batches a minute are on. The 10 a second are off by default, so that a
    demonstration is not slowed; switch them on to prove that a client paces itself.
    """

    clock: Clock
    per_minute: int = 500
    per_second: int = 0
    batches_per_minute: int = 120
    _all: deque[float] = field(default_factory=deque)
    _batches: deque[float] = field(default_factory=deque)

    def admit(self, *, batch: bool) -> bool:
        """Count a request and say whether it is within the limits; one refused is not counted."""
        now = self.clock.epoch()
        for window in (self._all, self._batches):
            if window and window[-1] > now:
                window.clear()
            while window and window[0] <= now - 60:
                window.popleft()
        if self.per_minute and len(self._all) >= self.per_minute:
            return False
        if (
            self.per_second
            and sum(1 for at in reversed(self._all) if at > now - 1) >= self.per_second
        ):
            return False
        if batch and self.batches_per_minute and len(self._batches) >= self.batches_per_minute:
            return False
        self._all.append(now)
        if batch:
            self._batches.append(now)
        return True
