"""Is a journal whole? Looks at every byte of its file, every event and everything beside them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge_agent.adapters import journal_pages as pages
from edge_agent.adapters import journal_snapshots as snapshots
from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.adapters.journal_log import damage_in_log
from edge_agent.adapters.journal_rows import Head, Numbering, Row, from_row
from edge_agent.adapters.journal_scan import Damage, connect, head_of, scan
from edge_agent.adapters.journal_schema import check_revision
from edge_agent.errors import JournalError

_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` has looked at, and the first problems that it found; none: the journal is sound.

    `head` is the event behind which this file begins, 0 for the first one; `intact` the last one up to
    which the checksums hold.
    """

    events: int
    confirmations: int
    head: int
    intact: int
    problems: tuple[str, ...]


def verify(path: Path) -> Verification:
    """Check the file page by page, SQLite's structures, the chain, the numbering, that every event decodes,
    the cursors and the snapshots. The agent may be at work meanwhile.

    Raises `JournalError` where there is no journal, or one of another schema.
    """
    damaged = _file_problems(path)
    try:
        sqlite.check(path, may_be_new=False)
        with closing(connect(path)) as connection:
            _check_schema(path, connection)
            connection.execute("BEGIN")  # one state, whatever is appended meanwhile
            return _verified(connection, damaged)
    except (sqlite3.Error, JournalError) as error:
        if not damaged:
            raise _as_journal_error(path, error) from error
        return Verification(0, 0, 0, 0, (*damaged, f"nothing can be read: {error}"))


def _file_problems(path: Path) -> list[str]:
    if not path.is_file() or not path.stat().st_size:
        return []
    if not pages.has_room(path) and _is_older(path):
        return []
    size = pages.PAGE_BYTES
    # The agent may be in the middle of a commit: then a second look finds nothing.
    log = damage_in_log(path) and damage_in_log(path)
    changed = [
        f"page {number} was changed (bytes {number * size - size} to {number * size - 1})"
        for number in pages.damaged_pages(path)
    ]
    return [log, *changed] if log else changed


def _is_older(path: Path) -> bool:
    """A database that can be read and never had seals: another one, or a journal from before them."""
    try:
        with closing(connect(path)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    except sqlite3.Error:
        return False
    return {"name": "snapshot"} not in tables


def _check_schema(path: Path, connection: sqlite3.Connection) -> None:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        row = None
    check_revision(str(path), row["version_num"] if row else None)


def _as_journal_error(path: Path, error: Exception) -> JournalError:
    return error if isinstance(error, JournalError) else JournalError(f"{path}: cannot be read: {error}")


def _verified(connection: sqlite3.Connection, damaged: list[str]) -> Verification:
    problems = [*damaged, *_structure(connection)]
    head = head_of(connection)
    events, intact, last = 0, None, Numbering(head.sequence, head.confirmation)
    told: int | None = head.confirmation
    for found in scan(connection, head):
        if isinstance(found, Damage):
            intact = last.sequence if intact is None else intact
            told = None  # nobody knows how many confirmations are missing with it
            problems.append(str(found))
        else:
            events += 1
            problems += _row_problems(found, told)
            told = found["confirmation"] or told
            last = Numbering(found["sequence"], told or last.confirmation)
        if len(problems) > _PROBLEMS + len(damaged):
            break
    else:
        problems += [*_cursor_problems(connection, last), *_snapshot_problems(connection, head, last)]
    proved = last.sequence if intact is None else intact
    return Verification(events, last.confirmation, head.sequence, proved, _first(problems))


def _first(problems: list[str]) -> tuple[str, ...]:
    more = ("there may be more; stopped here",) if len(problems) > _PROBLEMS else ()
    return (*problems[:_PROBLEMS], *more)


def _structure(connection: sqlite3.Connection) -> Iterator[str]:
    try:
        found = connection.execute(f"PRAGMA integrity_check({_PROBLEMS})").fetchall()
    except sqlite3.Error as error:
        yield f"file: {error}"
        return
    for row in found:
        if row["integrity_check"] != "ok":
            yield f"file: {row['integrity_check']}"


def _row_problems(row: Row, told: int | None) -> Iterator[str]:
    confirmation = row["confirmation"]
    if told is not None and confirmation not in (None, told + 1):
        yield f"event {row['sequence']}: confirmation {confirmation} follows confirmation {told}"
    try:
        from_row(row)
    except JournalError as error:
        yield str(error)


def _cursor_problems(connection: sqlite3.Connection, last: Numbering) -> Iterator[str]:
    for row in connection.execute("SELECT name, position FROM cursor"):
        if not isinstance(row["position"], int) or row["position"] > last.confirmation:
            yield (
                f"cursor {row['name']} stands at confirmation {row['position']}, "
                f"the last one is {last.confirmation}"
            )


def _snapshot_problems(connection: sqlite3.Connection, head: Head, last: Numbering) -> Iterator[str]:
    for row in connection.execute("SELECT * FROM snapshot ORDER BY sequence"):
        if not snapshots.is_intact(row):
            yield f"the snapshot after event {row['sequence']} was changed"
        elif not head.sequence <= row["sequence"] <= last.sequence:
            yield f"the snapshot after event {row['sequence']} fits no event of this journal"
