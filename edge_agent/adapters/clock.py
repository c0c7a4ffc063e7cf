"""The system's clocks."""

import time
from datetime import UTC, datetime

from edge_agent.domain.time import Instant


class SystemClock:
    """The `Clock` port: the wall clock for dates, the monotonic clock for the agent's own."""

    def __init__(self) -> None:
        self._zero_s = time.monotonic()

    def now(self) -> Instant:
        return Instant(datetime.now(UTC), time.monotonic() - self._zero_s)

    def resume(self, after_s: float) -> None:
        """Go on from `after_s`, the clock at the last journalled event, unless that is past already."""
        self._zero_s = min(self._zero_s, time.monotonic() - after_s)
