"""The system's clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.adapters.clock import SystemClock
from tests.stepped_clock import SteppedWall


def test_the_wall_clock_is_utc_and_the_agents_own_clock_starts_at_zero() -> None:
    now = SystemClock().now()
    assert now.utc.tzinfo is UTC
    assert abs(datetime.now(UTC) - now.utc) < timedelta(seconds=5)
    assert 0 <= now.clock_s < 5


def test_the_agents_own_clock_never_goes_back() -> None:
    clock = SystemClock()
    seen = [clock.now().clock_s for _ in range(1000)]
    assert seen == sorted(seen)


def test_a_restart_goes_on_from_the_last_journalled_event() -> None:
    clock = SystemClock()
    clock.resume(after_s=5000.0)
    assert 5000.0 <= clock.now().clock_s < 5005.0


def test_a_clock_that_is_past_that_moment_is_not_set_back() -> None:
    clock = SystemClock()
    clock.resume(after_s=5000.0)
    clock.resume(after_s=10.0)
    assert clock.now().clock_s >= 5000.0


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(days=-1), timedelta(days=-20_000)])
def test_a_step_of_the_wall_clock_shows_in_time_stamps_and_nowhere_else(step: timedelta) -> None:
    wall = SteppedWall()
    clock = SystemClock(wall)
    before = clock.now()
    wall.step(step)
    after = clock.now()
    assert 0 <= after.clock_s - before.clock_s < 5
    assert abs(after.utc - before.utc - step) < timedelta(seconds=5)


def test_a_restart_with_a_wall_clock_set_back_goes_on_all_the_same() -> None:
    wall = SteppedWall()
    wall.step(timedelta(days=-1))
    clock = SystemClock(wall)
    clock.resume(after_s=5000.0)
    assert 5000.0 <= clock.now().clock_s < 5005.0
