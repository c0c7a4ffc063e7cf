"""The agent's clock on virtual time."""

from datetime import UTC, datetime, timedelta

from edge_agent.domain.time import Instant
from simulators.virtual import VirtualLoop

T0 = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class VirtualClock:
    """`ports.Clock` on the virtual loop, which goes on over every restart."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.step = timedelta()
        """What the wall clock was set by."""

    def now(self) -> Instant:
        now_s = self._loop.time()
        return Instant(T0 + self.step + timedelta(seconds=now_s), now_s)
