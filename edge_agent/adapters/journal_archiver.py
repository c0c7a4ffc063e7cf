"""Moves old events out of a journal that is in use, in steps so small that no append waits long."""

from collections.abc import Iterable
from functools import partial

from edge_agent.adapters import journal_archive as archive
from edge_agent.adapters.journal_reader import JournalReader
from edge_agent.adapters.journal_rows import Head, Row
from edge_agent.adapters.journal_snapshots import KEPT
from edge_agent.adapters.journal_threads import Threads
from edge_agent.adapters.journal_writer import Writer

_READ = 2000
_DROP = 250
"""Events that leave in one transaction."""


class Archiver:
    """Reads and copies in the reading thread; only the deletion goes through the writing one."""

    def __init__(self, reader: JournalReader, writer: Writer, threads: Threads) -> None:
        self._reader = reader
        self._writer = writer
        self._threads = threads

    async def run(self, before_s: float, cursors: Iterable[str]) -> int:
        """`Journal.archive`."""
        names = tuple(cursors)
        first = (await self._threads.read(self._reader.head)).sequence
        last = first
        while rows := await self._threads.read(lambda: self._next(before_s, names)):
            head, stored = await self._threads.read(partial(self._store, rows))
            for begin in range(0, len(stored), _DROP):
                head = archive.head_after(head, stored[begin : begin + _DROP])
                await self._threads.write(partial(self._writer.drop_up_to, head))
            last = head.sequence
        return last - first

    def _next(self, before_s: float, cursors: tuple[str, ...]) -> list[Row]:
        """The next events that may leave."""
        until = self._bound(cursors)
        rows = [
            row for row in self._reader.rows(self._reader.head().sequence, _READ) if row["sequence"] <= until
        ]
        young = (n for n, row in enumerate(rows) if row["clock_s"] >= before_s)
        return rows[: next(young, len(rows))]

    def _bound(self, cursors: tuple[str, ...]) -> int:
        """The last event that nobody needs any more to start or to tell."""
        kept = self._reader.snapshot_sequences()
        if len(kept) < KEPT:
            return 0
        positions = self._reader.cursors()
        told = min((positions.get(name, 0) for name in cursors), default=0)
        untold = self._reader.first_confirmed_after(told)
        return min(kept[0], untold or kept[0]) - 1

    def _store(self, rows: list[Row]) -> tuple[Head, list[Row]]:
        """Copy some of these rows into their archive. Returns where the journal begins now, and which."""
        head = self._reader.head()
        file, chosen = archive.place(self._reader.path, rows)
        archive.append(file, head, chosen)
        return head, chosen
