"""Keeps the journal as small as its retention says, and the process no larger than it is, beside the work."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from edge_agent.errors import ArchiveError
from edge_agent.ports import Clock, Journal

log = structlog.get_logger(__name__)

LONGEST_INTERVAL_S = 3600.0
SHORTEST_INTERVAL_S = 10.0
_DAY_S = 86_400.0


class Housekeeping:
    """Moves what is old enough to the archive, once an hour, or more often where little is kept; then gives
    the memory back that nobody uses."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        keep_days: float,
        cursors: Sequence[str],
        give_back: Callable[[], None] = lambda: None,
    ) -> None:
        """`keep_days` count on the agent's own clock: a wall clock that is set archives nothing early, and
        holds nothing back. `cursors`: what these readers have not gone past stays. `give_back` returns
        unused memory to the system; it is called in a thread."""
        self._journal = journal
        self._clock = clock
        self._keep_s = keep_days * _DAY_S
        self._interval_s = max(SHORTEST_INTERVAL_S, min(LONGEST_INTERVAL_S, self._keep_s / 4))
        self._cursors = tuple(cursors)
        self._give_back = give_back

    async def run(self) -> None:
        """Raises `JournalError` when the journal itself fails; that an archive does is logged."""
        while True:
            await self.once()
            await asyncio.sleep(self._interval_s)

    async def once(self) -> None:
        try:
            moved = await self._journal.archive(self._clock.now().clock_s - self._keep_s, self._cursors)
        except ArchiveError as error:
            log.warning("not_archived", reason=str(error), action="tried again later")
        else:
            if moved:
                log.info("archived", events=moved)
        await asyncio.to_thread(self._give_back)
