"""A journal in a SQLite file: its lock, its checks and its connections.

There is exactly one writing connection in one process. SQLite before 3.51.3 can, very rarely, corrupt a
WAL database that two connections write or checkpoint at the same moment (sqlite.org, "WAL-reset bug"), and
two agents on one journal would both move the same machines.
"""

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from edge_agent.adapters.journal_schema import APPLICATION_ID
from edge_agent.errors import JournalError

_BUSY_TIMEOUT_S = 5.0


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
        if may_be_new:
            return
        raise JournalError(f"{path}: there is no journal here")
    try:
        with closing(_connect_read_only(path)) as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise JournalError(f"{path}: not a readable journal: {error}; {advice}") from error
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
        creator=lambda: _connect_read_only(path),
        poolclass=StaticPool,
        isolation_level="AUTOCOMMIT",
    )


def size_bytes(path: Path) -> int:
    """The journal's size on the disk, its write-ahead log included."""
    log = path.with_name(path.name + "-wal")
    return sum(file.stat().st_size for file in (path, log) if file.exists())


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _connect_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro", timeout=_BUSY_TIMEOUT_S, uri=True, check_same_thread=False
    )
