"""The one connection that writes the journal. Everything here runs in the writing thread."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from edge_agent.adapters import journal_schema as schema
from edge_agent.adapters import journal_snapshots as snapshots
from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.adapters.journal_chain import GENESIS, link
from edge_agent.adapters.journal_log import damage_in_log
from edge_agent.adapters.journal_rows import Head, Row
from edge_agent.adapters.journal_scan import damaged
from edge_agent.adapters.journal_upgrade import prepare
from edge_agent.errors import JournalError
from edge_agent.ports import Snapshot

_EVENT = schema.event.c
_VACUUM_PAGES = 256
"""Free pages that are given back at once: bounds how long an append waits behind it."""


class Writer:
    """Appends rows, each with its link in the checksum chain.

    The first failure is kept and answers every later write: a batch behind a failed one must not be stored,
    or the journal would have a gap.
    """

    def __init__(self, path: Path) -> None:
        """Raises `JournalError`."""
        self._path = path
        self._failure: str | None = None
        self._lock = sqlite.Lock(path)
        try:
            _check_log(path)
            sqlite.check(path, may_be_new=True)
            prepare(path)
            self._engine = sqlite.writing_engine(path)
            self._checkpoints = sqlite.Checkpoints(path)
            self._connection = self._connect()
        except BaseException:  # whatever it was: the file must not stay locked
            self._lock.release()
            raise

    def _connect(self) -> sa.Connection:
        try:
            connection = self._engine.connect()
            self._chain = _last_chain(connection)
            self._checkpoints.run(connection)
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            self._engine.dispose()
            self._checkpoints.close()
            raise JournalError(f"{self._path}: cannot be opened for writing: {error}") from error
        return connection

    @property
    def failed(self) -> bool:
        return self._failure is not None

    def write(self, rows: Sequence[Row], cursors: Mapping[str, int]) -> None:
        """Commit rows and cursor positions in one transaction."""

        def work() -> None:
            chain = self._chain
            for row in rows:
                row["chain"] = chain = link(chain, row)
            with self._connection.begin():
                if rows:
                    self._connection.execute(schema.event.insert(), list(rows))
                if cursors:
                    self._connection.execute(_SET_CURSOR, _positions(cursors))
            self._chain = chain
            self._checkpoints.run_when_due(self._connection)

        self._do(work)

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Store a snapshot after an event that stands in the journal."""

        def work() -> None:
            with self._connection.begin():
                at = sa.select(_EVENT.chain).where(_EVENT.sequence == snapshot.sequence)
                chain = self._connection.execute(at).scalar_one()
                snapshots.store(self._connection, snapshots.to_row(snapshot, chain))

        self._do(work)

    def drop_up_to(self, head: Head) -> None:
        """Take the events up to `head` out of the file, and give some free pages back."""

        def work() -> None:
            with self._connection.begin():
                self._connection.execute(sa.delete(schema.event).where(_EVENT.sequence <= head.sequence))
                self._connection.execute(sa.delete(schema.head))
                values = {"sequence": head.sequence, "confirmation": head.confirmation, "chain": head.chain}
                self._connection.execute(schema.head.insert(), values)
            sqlite.give_back_free_pages(self._connection, _VACUUM_PAGES)
            self._checkpoints.run_when_due(self._connection)

        self._do(work)

    def settle(self) -> bool:
        """Fold the write-ahead log into the file; False where a reader is in the way or a write failed."""
        if self.failed:
            return False
        settled: bool = self._do(lambda: self._checkpoints.run(self._connection))
        return settled

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()

    def release(self) -> None:
        """Let go of the file, after every connection to it is closed."""
        self._checkpoints.close()
        self._lock.release()

    def _do(self, work: Callable[[], Any]) -> Any:
        if self._failure is not None:
            raise JournalError(self._failure)
        try:
            return work()
        except BaseException as error:  # whatever it was: nobody can say what is on the disk
            self._failure = (
                f"{self._path}: a write failed, nothing more is taken: {_reason(error)}; "
                f"free the disk or mend what is wrong, then start the agent again"
            )
            raise JournalError(self._failure) from error


def _reason(error: BaseException) -> str:
    """One line: what SQLite says, without the statement and its rows."""
    return str(error.orig if isinstance(error, DBAPIError) else error)


def _last_chain(connection: sa.Connection) -> bytes:
    newest = sa.select(_EVENT.chain).order_by(_EVENT.sequence.desc()).limit(1)
    with connection.begin():
        chain = connection.execute(newest).scalar()
        if chain is None:
            chain = connection.execute(sa.select(schema.head.c.chain)).scalar()
    return GENESIS if chain is None else chain


_INSERT_CURSOR = upsert(schema.cursor)
_SET_CURSOR = _INSERT_CURSOR.on_conflict_do_update(
    index_elements=["name"], set_={"position": _INSERT_CURSOR.excluded.position}
)


def _positions(cursors: Mapping[str, int]) -> list[Row]:
    return [{"name": name, "position": position} for name, position in cursors.items()]


def _check_log(path: Path) -> None:
    """Before SQLite opens it: afterwards nobody could tell."""
    try:
        problem = damage_in_log(path)
    except OSError as error:
        raise JournalError(f"{path}: its write-ahead log cannot be read: {error.strerror}") from error
    if problem:
        raise damaged(path, problem)
