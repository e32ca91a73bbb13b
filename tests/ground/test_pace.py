"""Both rate windows are obeyed, and calls are spread over what is left of them."""

from datetime import UTC, datetime, timedelta

import pytest
from http_helpers import Clock

from connectors.pace import Pace


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(sleep=clock.sleep, monotonic=clock.monotonic)


def call(pace: Pace) -> None:
    assert pace.wait(1e9) is None
    pace.sent()


def test_without_a_word_from_the_other_side_nothing_waits(pace: Pace, clock: Clock) -> None:
    for _ in range(10):
        call(pace)
    assert clock.slept == []
    assert pace.calls_left is None


def test_a_window_more_than_half_full_is_used_freely(pace: Pace, clock: Clock) -> None:
    pace.saw(limit=100, remaining=60, seconds_left=10)
    for _ in range(10):
        call(pace)
    assert clock.slept == []
    assert pace.calls_left == 50


def test_the_second_half_of_a_window_is_spread_evenly_over_its_time(
    pace: Pace, clock: Clock
) -> None:
    pace.saw(limit=100, remaining=9, seconds_left=10)
    started = clock.now
    for _ in range(9):
        call(pace)
    assert clock.now - started <= 10
    pauses = [pause for pause in clock.slept if pause > 0]
    assert len(pauses) >= 8
    assert max(pauses) < 2 * min(pauses)


def test_an_empty_window_is_waited_for_to_its_end(pace: Pace, clock: Clock) -> None:
    pace.saw(limit=100, remaining=0, seconds_left=7)
    call(pace)
    assert clock.slept == [7]


def test_calls_on_the_way_count_against_what_is_left(pace: Pace, clock: Clock) -> None:
    pace.saw(limit=3, remaining=2, seconds_left=9)
    call(pace)
    call(pace)
    assert pace.calls_left == 0
    call(pace)
    assert clock.now >= 1_000 + 9


def test_two_windows_are_remembered_side_by_side(pace: Pace, clock: Clock) -> None:
    pace.saw(limit=3600, remaining=3, seconds_left=1800)
    pace.saw(limit=100, remaining=99, seconds_left=10)
    assert pace.calls_left == 3
    call(pace)
    call(pace)
    # The spike window would allow it at once; the hour has to last.
    assert clock.now - 1_000 > 300
    clock.sleep(1800)
    assert pace.calls_left is None


def test_the_tighter_of_two_windows_decides(pace: Pace, clock: Clock) -> None:
    pace.saw(limit=3600, remaining=3000, seconds_left=1800)
    pace.saw(limit=100, remaining=0, seconds_left=4)
    call(pace)
    assert clock.slept == [4]


def test_a_window_that_ended_is_forgotten(pace: Pace, clock: Clock) -> None:
    pace.saw(limit=100, remaining=0, seconds_left=4)
    clock.sleep(5)
    assert pace.wait_needed() == 0


def test_a_refused_call_blocks_for_as_long_as_was_said(pace: Pace, clock: Clock) -> None:
    pace.block(30)
    pace.block(5)
    call(pace)
    assert clock.slept == [30]


def test_a_wait_beyond_what_is_allowed_is_not_begun_and_says_when(pace: Pace, clock: Clock) -> None:
    pace.block(500)
    free_at = pace.wait(120)
    assert clock.slept == []
    assert free_at is not None
    assert abs(free_at - datetime.now(UTC) - timedelta(seconds=500)) < timedelta(seconds=5)
