"""How far a run is, and about when it ends under the rate limits as Procore last told them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.progress import told

NOW = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)
HOUR, SPIKE = (3600, 1800, 1200.0), (100, 90, 4.0)


def say(done: int, left: int, *, seconds: float = 60, calls: int = 300, windows: Any = ()) -> str:
    return told(done, left, seconds, calls, windows, NOW)


def test_the_pace_so_far_tells_when_it_ends() -> None:
    assert say(100, 1000) == (
        "Loaded 100 of 1100 entries. About 10 minutes to go, until 14:10 UTC."
    )


def test_the_fewest_calls_left_are_shown() -> None:
    assert "Procore allows 90 more calls for now." in say(100, 100, windows=[HOUR, SPIKE])


@pytest.mark.parametrize(
    ("left", "until"),
    [
        (500, "14:05"),  # 1,500 calls are within the 1,800 that are left: the pace decides
        (700, "14:20"),  # 2,100 are not: the window's end is waited for
        (2000, "15:20"),  # 6,000 need the next window whole, and one more
    ],
)
def test_what_the_hour_does_not_allow_waits_for_its_end(left: int, until: str) -> None:
    assert f"until {until} UTC" in say(100, left, windows=[HOUR])


def test_a_spent_spike_window_costs_seconds_and_not_an_hour() -> None:
    assert "About a minute to go" in say(100, 10, seconds=10, windows=[(100, 0, 4.0)])


def test_at_the_end_nothing_is_left_to_say() -> None:
    assert say(100, 0) == "Loaded 100 of 100 entries."


def test_hours_are_told_as_hours() -> None:
    assert "About 1 h 40 min to go" in say(100, 10_000)
