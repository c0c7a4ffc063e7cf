"""Watches the wall clock: whether a time server keeps it, and whether somebody has set it.

Neither changes what the agent does, for every wait is measured on its own clock. But the time stamps in its
reports are the wall clock's, so whoever reads them must be able to see what they were worth.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import structlog

from edge_agent.domain.inputs import ClockReported, ClockSet
from edge_agent.domain.time import ClockSync
from edge_agent.ports import Clock

log = structlog.get_logger(__name__)

CHECK_S = 10.0
STEP_LIMIT_S = 1.0
"""What the wall clock gains or loses between two looks, and more, is a step: a time server that corrects a
clock smoothly moves it by 5 ms in that time (adjtimex(2): 500 ppm)."""


class Put(Protocol):
    """Hands an input to the loop."""

    def __call__(self, what: ClockReported | ClockSet) -> None: ...


class ClockWatch:
    """Tells the loop when the wall clock is synchronised, is no longer, or was set."""

    def __init__(self, clock: Clock, sync: Callable[[], ClockSync], put: Put) -> None:
        self._clock = clock
        self._read_sync = sync
        self._put = put
        self._sync: ClockSync | None = None
        now = clock.now()
        self._zero = now.utc - timedelta(seconds=now.clock_s)

    async def run(self) -> None:
        """Look for ever; the first look is told in any case, for the journal may say otherwise."""
        while True:
            self.look()
            await asyncio.sleep(CHECK_S)

    def look(self) -> None:
        sync = self._read_sync()
        if sync is not self._sync:
            self._sync = sync
            if sync is ClockSync.UNSYNCHRONISED:
                log.warning("clock_unsynchronised", advice="check chrony, NTP or PTP")
            else:
                log.info("clock_checked", clock=sync.value)
            self._put(ClockReported(sync))
        now = self._clock.now()
        zero = now.utc - timedelta(seconds=now.clock_s)
        step_s = (zero - self._zero).total_seconds()
        if abs(step_s) > STEP_LIMIT_S:
            log.warning("clock_stepped", step_s=round(step_s, 3), now=now.utc.isoformat())
            self._put(ClockSet(step_s))
        self._zero = zero
