"""How much a stranger may ask of the listener: how often, how much, for how long."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All limits in one place."""

    body_bytes: int = 64 * 1024
    body_seconds: float = 3.0  # for all of it; Procore waits 5 s for the answer, Intuit 3 s
    record_seconds: float = 1.5  # for the ledger to take it; then the sender is told to come again
    burst: int = 60  # knocks of one source at once
    per_second: float = 2.0  # and in the long run
    sources: int = 10_000  # that are remembered
    connections: int = 200  # open at once
    connection_seconds: float = 10.0  # from its opening to its end, answer included


class TooLarge(Exception):
    """The body is larger than any webhook."""


class TooSlow(Exception):
    """The body did not come in time."""


class Rates:
    """Counts knocks by source: a bucket for each, filled at a steady pace."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, source: str) -> bool:
        """Count a knock; False where the source has to wait."""
        now = self._clock()
        left, since = self._buckets.pop(source, (float(self._limits.burst), now))
        left = min(left + (now - since) * self._limits.per_second, float(self._limits.burst))
        allowed = left >= 1
        self._buckets[source] = (left - 1 if allowed else left, now)
        if len(self._buckets) > self._limits.sources:
            self._buckets.popitem(last=False)
        return allowed


async def body_of(request: Request, limits: Limits) -> bytes:
    """The raw body. Raises TooLarge (as soon as that is known), TooSlow and ClientDisconnect."""
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and int(told[:12]) > limits.body_bytes:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for part in request.stream():
                size += len(part)
                if size > limits.body_bytes:
                    raise TooLarge
                parts.append(part)
    except TimeoutError:
        raise TooSlow from None
    return b"".join(parts)
