"""Watches the room on the journal's disk (invariant 8): below the reserve no new task is taken."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from edge_agent.domain.inputs import DiskReported

log = structlog.get_logger(__name__)

CHECK_S = 2.0
_MB = 10**6


class Put(Protocol):
    """Hands an input to the loop."""

    def __call__(self, what: DiskReported) -> None: ...


class DiskWatch:
    """Tells the loop when the free space has fallen below the reserve, and when there is enough again."""

    def __init__(self, free_bytes: Callable[[], int], reserve_mb: int, put: Put) -> None:
        self._free_bytes = free_bytes
        self._reserve_bytes = reserve_mb * _MB
        self._put = put
        self._low: bool | None = None

    async def run(self) -> None:
        """Look for ever; the first look is told in any case, for the journal may say otherwise."""
        while True:
            await self.look()
            await asyncio.sleep(CHECK_S)

    async def look(self) -> None:
        try:
            free_bytes = await asyncio.to_thread(self._free_bytes)
        except OSError as error:
            log.warning("disk_not_readable", reason=str(error))
            return
        # Once it is low, a tenth more is enough: one file that comes and goes does not turn it to and fro.
        margin_bytes = self._reserve_bytes // 10 if self._low else 0
        low = free_bytes < self._reserve_bytes + margin_bytes
        if low != self._low:
            self._low = low
            if low:
                log.warning("disk_low", free_mb=free_bytes // _MB, reserve_mb=self._reserve_bytes // _MB)
            self._put(DiskReported(low, free_bytes // _MB))
