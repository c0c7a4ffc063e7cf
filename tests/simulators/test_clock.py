"""Simulated time is real time, faster or slower."""

import pytest

from simulators.clock import SimClock
from tests.simulators.floor import Hand


def test_simulated_time_runs_at_the_speed_and_real_time_does_not() -> None:
    hand = Hand()
    hand.time_s = 1000.0
    clock = SimClock(20.0, monotonic=hand)
    hand.time_s += 1.5
    assert (clock.now_s(), clock.wall_s()) == (30.0, 1.5)


@pytest.mark.parametrize("speed", [0.0, -1.0])
def test_time_does_not_stand_still_or_run_backwards(speed: float) -> None:
    with pytest.raises(ValueError, match="must be greater than 0"):
        SimClock(speed)
