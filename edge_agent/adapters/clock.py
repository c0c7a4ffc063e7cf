"""The system's clocks."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from edge_agent.domain.time import Instant


def _wall() -> datetime:
    return datetime.now(UTC)


class SystemClock:
    """The `Clock` port: the wall clock for dates, the monotonic clock for the agent's own."""

    def __init__(self, wall: Callable[[], datetime] = _wall) -> None:
        """`wall` gives the date and time, zone-aware in UTC; it may jump."""
        self._wall = wall
        self._zero_s = time.monotonic()

    def now(self) -> Instant:
        return Instant(self._wall(), time.monotonic() - self._zero_s)

    def resume(self, after_s: float) -> None:
        """Go on from `after_s`, the clock at the last journalled event, unless that is past already."""
        self._zero_s = min(self._zero_s, time.monotonic() - after_s)
