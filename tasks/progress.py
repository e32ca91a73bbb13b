"""A bar in Prefect while a long run loads: how far it is, calls left, and about when it ends.

It is a view, updated once a batch; no run fails because of it.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.settings import PREFECT_API_URL

from tasks.desk import Run
from tasks.strategies import Row

Window = Sequence[float]  # limit, calls left, seconds left

# Procore: a window of an hour, and one of ten seconds; which it is shows in what is left of it.
_HOUR, _SPIKE, _LONGEST_SPIKE = 3600.0, 10.0, 60.0


class Progress:
    """The bar of one run; none where all goes in one batch, or no Prefect server is named."""

    def __init__(
        self, run: Run, *, entries: int, batches: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._run = run
        self._entries = entries
        self._clock = clock
        self._began = clock()
        self._done = 0
        self._calls = 0
        self._bar: UUID | None = None
        if batches > 1 and PREFECT_API_URL.value():
            self._show(lambda: self._create(f"Loading {entries} entries in {batches} batches."))

    def batch(self, batch: Sequence[Row], calls: int, windows: Sequence[Window]) -> None:
        """A batch was sent and read back; ``calls`` are those of sending."""
        self._done += len(batch)
        self._calls += calls + len({entry["commitment_id"] for entry in batch})  # read back
        left = self._entries - self._done
        seconds = self._clock() - self._began
        text = told(self._done, left, seconds, self._calls, windows, datetime.now(UTC))
        self._update(text)

    def end(self) -> None:
        """Nothing more is sent in this run."""
        left = self._entries - self._done
        rest = f" {left} entries are left to the next run." if left else ""
        self._update(f"Loaded {self._done} of {self._entries} entries.{rest}")

    def _create(self, text: str) -> None:
        key = f"progress-{self._run.connection}"
        self._bar = cast(UUID, create_progress_artifact(0.0, key=key, description=text))

    def _update(self, text: str) -> None:
        bar = self._bar
        if bar is not None:
            share = 100.0 * self._done / self._entries
            self._show(lambda: update_progress_artifact(bar, share, description=text))

    def _show(self, view: Callable[[], object]) -> None:
        try:
            view()
        except Exception:  # noqa: BLE001 - it is only a view; the run stands as it is
            self._bar = None
            get_run_logger().warning("Prefect does not show how far this run is.", exc_info=True)


def told(
    done: int, left: int, seconds: float, calls: int, windows: Sequence[Window], now: datetime
) -> str:
    """How far it is, and about when it ends, in a sentence or two. Pure."""
    text = f"Loaded {done} of {done + left} entries."
    if windows:
        text += f" Procore allows {int(min(each[1] for each in windows))} more calls for now."
    if left and done:
        wait = max(
            seconds / done * left, *(_wait(calls / done * left, each) for each in windows), 0
        )
        text += f" About {_shown(wait)} to go, until {now + timedelta(seconds=wait):%H:%M} UTC."
    return text


def _wait(calls: float, window: Window) -> float:
    """How long so many calls take at least, if a window is not overrun."""
    limit, remaining, seconds_left = window
    if calls <= remaining:
        return 0.0
    length = _HOUR if seconds_left > _LONGEST_SPIKE else _SPIKE
    return seconds_left + (calls - remaining) // max(limit, 1) * length


def _shown(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "a minute"
    if minutes < 90:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{minutes // 60} h {minutes % 60:02d} min"
