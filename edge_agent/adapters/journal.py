"""The journal in a SQL database, written through SQLAlchemy Core.

One thread owns the one writing connection, another the one reading connection; the event loop waits for
neither. Encoding happens before a write begins, decoding in the reading thread.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import SQLAlchemyError

from edge_agent.adapters import journal_schema as schema
from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.adapters.journal_reader import JournalReader, check_revision
from edge_agent.adapters.journal_rows import to_row
from edge_agent.domain.events import Recorded
from edge_agent.errors import JournalError
from edge_agent.ports import JournalStats

log = structlog.get_logger(__name__)

_CURSOR_FLUSH_S = 0.5
_T = TypeVar("_T")
_Row = dict[str, Any]


class SqlJournal:
    """The `Journal` port on a SQLite file. Made by `open`."""

    def __init__(self, writer: "_Writer", reader: JournalReader, threads: "_Threads") -> None:
        self._writer = writer
        self._reader = reader
        self._threads = threads
        self._numbering = reader.numbering()
        self._cursors = reader.cursors()
        self._moved: dict[str, int] = {}
        self._flush: asyncio.TimerHandle | None = None
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the journal at a `sqlite:///` URL, make it where there is none, bring its schema up to date.

        Raises `JournalError`, and leaves everything as it was, for a file that is no journal, has a newer
        schema, or is in use by another agent.
        """
        threads = _Threads()
        try:
            return await threads.write(lambda: cls._open(url, threads))
        except BaseException:
            threads.stop()
            raise

    @classmethod
    def _open(cls, url: str, threads: "_Threads") -> Self:
        writer = _Writer(sqlite.path_of(url))
        try:
            return cls(writer, JournalReader(url), threads)
        except BaseException:
            writer.close()
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
        try:
            if self._moved:
                await self._threads.write(lambda: self._writer.write([], self._moved))
        finally:
            await self._threads.read(self._reader.close)
            # Last, so that SQLite folds the write-ahead log into the file: no reader is in the way.
            await self._threads.write(self._writer.close)
            self._threads.stop()

    def _flush_cursors(self) -> None:
        self._flush = None
        moved, self._moved = self._moved, {}
        if moved:
            self._threads.write_later(lambda: self._writer.write([], moved))


class _Threads:
    """One thread that writes and one that reads."""

    def __init__(self) -> None:
        self._writing = ThreadPoolExecutor(1, "journal-writer")
        self._reading = ThreadPoolExecutor(1, "journal-reader")

    async def write(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._writing, work)

    async def read(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, work)

    def write_later(self, work: Callable[[], None]) -> None:
        self._writing.submit(work).add_done_callback(_log_failure)

    def stop(self) -> None:
        self._writing.shutdown(wait=False)
        self._reading.shutdown(wait=False)


class _Writer:
    """The writing connection. Everything here runs in the writing thread.

    The first failure is kept and answers every later write: a batch behind a failed one must not be stored,
    or the journal would have a gap.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failure: str | None = None
        self._lock = sqlite.Lock(path)
        try:
            sqlite.check(path, may_be_new=True)
            self._engine = sqlite.writing_engine(path)
            self._connection = self._connect()
        except BaseException:
            self._lock.release()
            raise

    def _connect(self) -> sa.Connection:
        try:
            connection = self._engine.connect()
            with connection.begin():
                found = schema.revision(connection)
                if found is None or found in schema.revisions()[1:]:
                    schema.migrate(connection)
                else:
                    check_revision(str(self._path), found)
        except SQLAlchemyError as error:
            self._engine.dispose()
            raise JournalError(f"{self._path}: cannot be opened for writing: {error}") from error
        except JournalError:
            self._engine.dispose()
            raise
        return connection

    def write(self, rows: Sequence[_Row], cursors: dict[str, int]) -> None:
        """Commit rows and cursor positions in one transaction."""
        if self._failure is not None:
            raise JournalError(self._failure)
        try:
            with self._connection.begin():
                if rows:
                    self._connection.execute(schema.event.insert(), list(rows))
                if cursors:
                    self._connection.execute(_SET_CURSOR, _positions(cursors))
        except BaseException as error:
            self._failure = (
                f"{self._path}: a write failed, nothing more is taken: {error}; "
                f"free the disk or mend what is wrong, then start the agent again"
            )
            raise JournalError(self._failure) from error

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()
        self._lock.release()


_INSERT_CURSOR = upsert(schema.cursor)
_SET_CURSOR = _INSERT_CURSOR.on_conflict_do_update(
    index_elements=["name"], set_={"position": _INSERT_CURSOR.excluded.position}
)


def _positions(cursors: dict[str, int]) -> list[_Row]:
    return [{"name": name, "position": position} for name, position in cursors.items()]


def _log_failure(done: Future[None]) -> None:
    if error := done.exception():
        log.error("cursor positions not written", reason=str(error))
