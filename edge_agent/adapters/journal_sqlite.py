"""A journal in a SQLite file: its lock, its checks, its connections and their checkpoints.

There is exactly one writing connection in one process. SQLite before 3.51.3 can, very rarely, corrupt a
WAL database that two connections write or checkpoint at the same moment (sqlite.org, "WAL-reset bug"), and
two agents on one journal would both move the same machines.
"""

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from edge_agent.adapters import journal_pages as pages
from edge_agent.adapters.journal_schema import APPLICATION_ID
from edge_agent.errors import JournalError

RECOVER = "docs/how-to/recover-a-journal.md"
_BUSY_TIMEOUT_S = 5.0
_CHECKPOINT_BYTES = 4 * 2**20
"""So long may the write-ahead log become before it is folded into the file."""


def path_of(url: str) -> Path:
    """The file of a `sqlite:///...` URL. Raises `JournalError` for any other URL."""
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise JournalError(f"journal.url {url!r}: {error}") from error
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise JournalError(
            f"journal.url {url!r} names no file; write sqlite:///journal.db or sqlite:////path/journal.db"
        )
    return Path(str(parsed.database))


def archives(journal: Path) -> list[Path]:
    """The archives of a journal (`edge_agent.adapters.journal_archive`), the oldest first."""
    prefix = f"{journal.stem}-archive-"
    found = journal.parent.iterdir() if journal.parent.is_dir() else ()
    return sorted(file for file in found if file.name.startswith(prefix) and file.suffix == journal.suffix)


class Lock:
    """The right to write one journal, held as an advisory lock on a file beside it.

    The lock ends with the process, however that ends. The file itself stays: removing it would let two
    processes each lock a file of that name.
    """

    def __init__(self, journal: Path) -> None:
        """Raises `JournalError` when another process holds the lock or the file cannot be made."""
        path = journal.with_name(journal.name + ".lock")
        try:
            self._file = path.open("a+")
        except OSError as error:
            raise JournalError(
                f"{journal}: the lock file {path} cannot be opened: {error.strerror}; "
                f"make the folder and let this user write to it"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise JournalError(
                f"{journal}: in use by another edge-agent (process {holder}); stop that one first"
            ) from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        self._file.close()


def check(path: Path, *, may_be_new: bool) -> None:
    """Raise `JournalError` unless `path` is a journal, or may become one. Writes nothing to it.

    A missing file, an empty one and a database without a single table may become a journal: that is what a
    crash during the very first start leaves behind.
    """
    advice = "name another file in journal.url, or move this one away; it was left as it is"
    if not path.exists() or path.stat().st_size == 0:
        if not may_be_new:
            raise JournalError(f"{path}: there is no journal here")
        if found := archives(path):
            raise JournalError(
                f"{path}: there is no journal here, but an archive of one, {found[-1]}: "
                f"put the journal back, or move its archives away to begin a new one"
            )
        return
    try:
        with closing(connect_read_only(path)) as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise JournalError(
            f"{path}: not a readable journal: {error}; if it was one, it is damaged: {RECOVER} says "
            f"how to go on; if not, {advice}"
        ) from error
    if application != APPLICATION_ID and (tables or application or not may_be_new):
        raise JournalError(f"{path}: a database, but not an edge-agent journal; {advice}")


def writing_engine(path: Path) -> sa.Engine:
    """An engine for the one writing connection; a commit returns after the data is on the disk."""
    engine = sa.create_engine("sqlite://", creator=lambda: _connect(path), poolclass=StaticPool)
    # sqlite3's own transaction control would commit before DDL; a half-done migration must roll back.
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def reading_engine(path: Path) -> sa.Engine:
    """An engine for one connection that cannot write. Each statement sees the last commit."""
    return sa.create_engine(
        "sqlite://",
        creator=lambda: connect_read_only(path),
        poolclass=StaticPool,
        isolation_level="AUTOCOMMIT",
    )


def outside_transaction(connection: sa.Connection, statement: str) -> list[Any]:
    """Run what SQLite takes only without a transaction. Raises sqlite3.Error."""
    raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # Any | None
    return raw.execute(statement).fetchall()


def give_back_free_pages(connection: sa.Connection, at_most: int) -> None:
    """Make the file smaller by free pages, outside a transaction. Raises sqlite3.Error."""
    raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # Any | None
    # `execute` would take one step only, which is one page: the statement has no columns to fetch.
    raw.executescript(f"PRAGMA incremental_vacuum({at_most})")


def size_bytes(path: Path) -> int:
    """The journal's size on the disk, its write-ahead log included."""
    return sum(file.stat().st_size for file in (path, pages.log_of(path)) if file.exists())


class Checkpoints:
    """Folds the write-ahead log of one journal into its file and seals the pages. In the writing thread.

    Close it after every connection of the process to that file: closing a file ends the locks on it.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._path = path
        self._file = os.open(path, os.O_RDWR)
        self._due_bytes = _CHECKPOINT_BYTES

    def run_when_due(self, connection: sa.Connection) -> None:
        """Run when the log has become long. Raises sqlite3.Error and OSError."""
        length = pages.log_bytes(self._path)
        if length >= self._due_bytes:
            self.run(connection)
            # A reader may keep the log from being begun anew: then not every write seals all of it again.
            self._due_bytes = length + _CHECKPOINT_BYTES
        elif length < self._due_bytes - _CHECKPOINT_BYTES:
            self._due_bytes = _CHECKPOINT_BYTES

    def run(self, connection: sa.Connection) -> bool:
        """True when all of the log stands in the file now. Raises sqlite3.Error and OSError."""
        written = pages.pages_in_log(self._path)
        # Passive: waits for no reader, and leaves the log as it is until the next commit.
        ((_, length, done),) = outside_transaction(connection, "PRAGMA wal_checkpoint(PASSIVE)")
        if written and pages.has_room(self._path):
            pages.seal(self._file, sorted(written))
        return bool(length == done)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # `Checkpoints` does it
    connection.execute("PRAGMA journal_size_limit = 0")  # the log's length then tells what is in it
    return connection


def connect_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro", timeout=_BUSY_TIMEOUT_S, uri=True, check_same_thread=False
    )
