"""Delivers webhooks over HTTP as Procore does (reference 12): a 2xx within 5 s is delivered, all
else is tried again after 1 s, 2 s, 4 s ... at most 1 h, and given up after 12 h of the sandbox's
clock. Deliveries are at least once, and in no promised order.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from sandbox.procore.model import Hook

IN_TIME = 5.0
_FIRST_WAIT = timedelta(seconds=1)
_LONGEST_WAIT = timedelta(hours=1)
_GIVEN_UP = timedelta(hours=12)
_LOOK_EVERY = 0.1


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One try to deliver: when, and what was answered (None where nothing came in time)."""

    at: datetime
    status: int | None
    seconds: float


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One event on its way to one hook."""

    id: int
    hook: Hook
    payload: dict[str, Any]
    created_at: datetime
    status: str = "enqueued"  # then delivered, retrying or discarded
    due_at: datetime | None = None
    attempts: list[Attempt] = field(default_factory=list)


class Courier:
    """Every delivery of a company; a thread of its own tries again while any is due."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._again: threading.Thread | None = None
        self.deliveries: list[Delivery] = []

    def add(self, hook: Hook, payload: dict[str, Any]) -> Delivery:
        """An event for a hook, not sent yet."""
        with self._lock:
            delivery = Delivery(
                id=len(self.deliveries) + 1, hook=hook, payload=payload, created_at=self._now()
            )
            self.deliveries.append(delivery)
        return delivery

    def of(self, hook: Hook) -> list[Delivery]:
        """The deliveries of a hook, newest first."""
        return [each for each in reversed(self.deliveries) if each.hook is hook]

    @staticmethod
    def lose(delivery: Delivery) -> None:
        """It never arrives, as if twelve hours of tries were over."""
        delivery.status = "discarded"

    def send(self, delivery: Delivery) -> Attempt:
        """Try once; what was not answered with 2xx is tried again by itself."""
        attempt = self._try(delivery)
        if delivery.status == "retrying":
            with self._lock:
                if self._again is None or not self._again.is_alive():
                    self._again = threading.Thread(
                        target=self._keep_trying, name="webhooks", daemon=True
                    )
                    self._again.start()
        return attempt

    def _try(self, delivery: Delivery) -> Attempt:
        hook, began = delivery.hook, time.monotonic()
        headers = {} if hook.authorization is None else {"Authorization": hook.authorization}
        status: int | None
        try:
            with httpx.Client(timeout=IN_TIME, trust_env=False) as http:
                status = http.post(
                    hook.destination_url, json=delivery.payload, headers=headers
                ).status_code
        except httpx.HTTPError:
            status = None
        seconds = time.monotonic() - began
        if seconds > IN_TIME:
            status = None
        attempt = Attempt(at=self._now(), status=status, seconds=round(seconds, 3))
        delivery.attempts.append(attempt)
        if status is not None and 200 <= status < 300:
            delivery.status, delivery.due_at = "delivered", None
        elif self._now() - delivery.created_at >= _GIVEN_UP:
            delivery.status, delivery.due_at = "discarded", None
        else:
            wait = min(_FIRST_WAIT * 2 ** min(len(delivery.attempts) - 1, 12), _LONGEST_WAIT)
            delivery.status, delivery.due_at = "retrying", self._now() + wait
        return attempt

    def _keep_trying(self) -> None:
        while waiting := [each for each in self.deliveries if each.status == "retrying"]:
            for delivery in waiting:
                if delivery.due_at is not None and self._now() >= delivery.due_at:
                    self._try(delivery)
            time.sleep(_LOOK_EVERY)
