"""The system's clocks."""

from datetime import UTC, datetime, timedelta

from edge_agent.adapters.clock import SystemClock


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
