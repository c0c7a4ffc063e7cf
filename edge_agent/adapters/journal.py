"""The journal in a SQL database, written through SQLAlchemy Core.

One thread owns the one writing connection, another the one reading connection; the event loop waits for
neither. Encoding happens before a write begins, decoding in the reading thread.
"""

import asyncio
import os
from collections.abc import Sequence
from typing import Self

from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.adapters.journal_archiver import Archiver
from edge_agent.adapters.journal_reader import JournalReader
from edge_agent.adapters.journal_rows import to_row
from edge_agent.adapters.journal_threads import Threads
from edge_agent.adapters.journal_writer import Writer
from edge_agent.domain.events import Recorded
from edge_agent.errors import JournalError
from edge_agent.ports import JournalStats, Snapshot

_CURSOR_FLUSH_S = 0.5


class SqlJournal:
    """The `Journal` port on a SQLite file. Made by `open`."""

    def __init__(self, writer: Writer, reader: JournalReader, threads: Threads) -> None:
        self._writer = writer
        self._reader = reader
        self._threads = threads
        self._archiver = Archiver(reader, writer, threads)
        self._numbering = reader.numbering()
        self._cursors = reader.cursors()
        self._moved: dict[str, int] = {}
        self._flush: asyncio.TimerHandle | None = None
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the journal at a `sqlite:///` URL, make it where there is none, bring its schema up to date.

        Raises `JournalError`, and leaves everything as it was, for a file that is no journal, is damaged,
        has a newer schema, or is in use by another agent.
        """
        threads = Threads()
        try:
            return await threads.write(lambda: cls._open(url, threads))
        except BaseException:  # a cancellation too: nobody else lets go of it
            threads.stop()
            raise

    @classmethod
    def _open(cls, url: str, threads: Threads) -> Self:
        writer = Writer(sqlite.path_of(url))
        try:
            return cls(writer, JournalReader(url), threads)
        except BaseException:  # whatever it was: the file must not stay locked
            writer.close()
            writer.release()
            raise

    async def append(self, records: Sequence[Recorded]) -> None:
        if self._closed:
            raise JournalError("the journal is closed")
        numbering = self._numbering.after(records)
        rows = [to_row(recorded) for recorded in records]
        self._numbering = numbering
        moved, self._moved = self._moved, {}
        await self._threads.write(lambda: self._writer.write(rows, moved))

    async def read(self, after: int, limit: int) -> list[Recorded]:
        return await self._threads.read(lambda: self._reader.read(after, limit))

    async def read_confirmations(self, after: int, limit: int) -> list[Recorded]:
        return await self._threads.read(lambda: self._reader.read_confirmations(after, limit))

    async def last(self) -> Recorded | None:
        return await self._threads.read(self._reader.last)

    async def last_confirmation(self) -> int:
        return (await self._threads.read(self._reader.numbering)).confirmation

    async def cursor(self, name: str) -> int:
        return self._cursors.get(name, 0)

    def move_cursor(self, name: str, position: int) -> None:
        self._cursors[name] = self._moved[name] = position
        if self._flush is None and not self._closed:
            self._flush = asyncio.get_running_loop().call_later(_CURSOR_FLUSH_S, self._flush_cursors)

    async def write_snapshot(self, snapshot: Snapshot) -> None:
        await self._threads.write(lambda: self._writer.write_snapshot(snapshot))

    async def snapshot(self, before: int | None = None) -> Snapshot | None:
        return await self._threads.read(lambda: self._reader.snapshot(before))

    async def archive(self, before_s: float, cursors: Sequence[str]) -> int:
        return await self._archiver.run(before_s, cursors)

    def free_bytes(self) -> int:
        """Free space for this user where the journal is. Raises OSError."""
        found = os.statvfs(self._reader.path.parent)
        return found.f_bavail * found.f_frsize

    async def stats(self) -> JournalStats:
        numbering = await self._threads.read(self._reader.numbering)
        size = await self._threads.read(self._reader.size_bytes)
        return JournalStats(numbering.sequence, numbering.confirmation, size, dict(self._cursors))

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._flush is not None:
            self._flush.cancel()
        settled = False
        try:
            if self._moved:
                await self._threads.write(lambda: self._writer.write([], self._moved))
            settled = await self._threads.write(self._writer.settle)
        finally:
            await self._close_files(settled)

    async def _close_files(self, settled: bool) -> None:
        """The last connection that is closed folds what is left of the write-ahead log into the file. Only
        the reading one is sure not to: it closes last where pages would get there unsealed."""
        if settled:
            await self._threads.read(self._reader.close)
            await self._threads.write(self._writer.close)
        else:
            await self._threads.write(self._writer.close)
            await self._threads.read(self._reader.close)
        self._writer.release()
        self._threads.stop()

    def _flush_cursors(self) -> None:
        self._flush = None
        moved, self._moved = self._moved, {}
        if moved:
            self._threads.write_later(lambda: self._writer.write([], moved))
