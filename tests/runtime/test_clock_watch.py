"""The watch over the wall clock."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog

from edge_agent.domain.inputs import ClockReported, ClockSet
from edge_agent.domain.time import ClockSync, Instant
from edge_agent.runtime.clock_watch import ClockWatch


class HandSync:
    """Says what a test has set, as `kernel_clock_sync` says what the kernel knows."""

    def __init__(self) -> None:
        self.sync = ClockSync.SYNCHRONISED

    def __call__(self) -> ClockSync:
        return self.sync


class Wall:
    """A wall clock and the agent's own, set by hand, and the watch over them."""

    def __init__(self) -> None:
        self.sync = HandSync()
        self.instant = Instant(datetime(2026, 11, 22, tzinfo=UTC), 100.0)
        self.told: list[ClockReported | ClockSet] = []
        self.watch = ClockWatch(self, self.sync, self.told.append)

    def now(self) -> Instant:
        return self.instant

    def after(self, seconds: float, step_s: float = 0.0) -> list[ClockReported | ClockSet]:
        """What is told when so much time has passed and the wall clock was set meanwhile."""
        utc = self.instant.utc + timedelta(seconds=seconds + step_s)
        self.instant = Instant(utc, self.instant.clock_s + seconds)
        self.told.clear()
        self.watch.look()
        return list(self.told)


@pytest.fixture
def wall() -> Wall:
    return Wall()


def test_the_first_look_is_always_told(wall: Wall) -> None:
    assert wall.after(0) == [ClockReported(ClockSync.SYNCHRONISED)]
    assert wall.after(10) == []


def test_only_a_change_is_told_and_a_lost_time_server_is_a_warning(wall: Wall) -> None:
    wall.after(0)
    wall.sync.sync = ClockSync.UNSYNCHRONISED
    with structlog.testing.capture_logs() as logs:
        assert wall.after(10) == [ClockReported(ClockSync.UNSYNCHRONISED)]
        assert wall.after(10) == []
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("clock_unsynchronised", "warning")]
    wall.sync.sync = ClockSync.SYNCHRONISED
    assert wall.after(10) == [ClockReported(ClockSync.SYNCHRONISED)]


@pytest.mark.parametrize("step_s", [3600.0, -86_400.0, 1.5])
def test_a_clock_that_is_set_is_told_once_with_how_much(wall: Wall, step_s: float) -> None:
    wall.after(0)
    with structlog.testing.capture_logs() as logs:
        assert wall.after(10, step_s) == [ClockSet(pytest.approx(step_s))]
        assert wall.after(10) == []
    assert [entry["event"] for entry in logs] == ["clock_stepped"]
    assert logs[0]["step_s"] == step_s


def test_a_clock_that_is_corrected_smoothly_was_not_set(wall: Wall) -> None:
    wall.after(0)
    assert [wall.after(10, 0.005) for _ in range(1000)] == [[]] * 1000
