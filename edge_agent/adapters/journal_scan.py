"""Going over every event of a journal that may be damaged: which are intact, and what is wrong with the rest.

An event is intact when it can be read and its checksum fits the one before it. Works on the SQLite file
itself, and goes on behind whatever cannot be read.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.adapters.journal_chain import COLUMNS, link
from edge_agent.adapters.journal_rows import Head, Row
from edge_agent.errors import JournalError

_WINDOW = 500
_EMPTY_WINDOWS = 20
"""Behind so many windows without a row there is nothing more."""
_SELECT = f"SELECT {', '.join(COLUMNS)}, chain FROM event"  # noqa: S608  constants only


@dataclass(frozen=True, slots=True)
class Damage:
    """Events that are not intact, from `first` to `last`."""

    first: int
    last: int
    problem: str

    def __str__(self) -> str:
        events = f"event {self.first}" if self.first == self.last else f"events {self.first} to {self.last}"
        return f"{events}: {self.problem}"


def connect(path: Path) -> sqlite3.Connection:
    """A read-only connection that gives back whatever bytes stand in a damaged text."""
    connection = sqlite.connect_read_only(path)
    connection.row_factory = lambda cursor, row: {
        column[0]: value for column, value in zip(cursor.description, row, strict=True)
    }
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return connection


def head_of(connection: sqlite3.Connection) -> Head:
    """Where the events begin. Raises sqlite3.Error."""
    row = connection.execute("SELECT sequence, confirmation, chain FROM head").fetchone()
    return Head(**row) if row else Head()


def scan(connection: sqlite3.Connection, head: Head) -> Iterator[Row | Damage]:
    """Every intact row in order, and what is wrong where there is none."""
    expected, chains = head.sequence + 1, {head.chain}
    pending: Damage | None = None
    for found in _stored(connection, head.sequence):
        if isinstance(found, Damage):
            # Told when something comes behind it: nobody knows how far an unreadable end goes.
            pending = pending or found
            continue
        sequence = found["sequence"]
        if sequence < expected:
            yield Damage(sequence, sequence, "out of place")
            continue
        if sequence > expected:
            yield Damage(expected, sequence - 1, pending.problem if pending else "missing")
            chains = set()
        pending = None
        computed = {link(chain, found) for chain in chains}
        if found["chain"] in computed:
            yield found
        else:
            yield Damage(sequence, sequence, "changed" if chains else "not provable behind missing ones")
        # Either the row or only its checksum was changed: what follows proves itself by one of the two.
        chains = computed | {found["chain"]} if isinstance(found["chain"], bytes) else computed
        expected = sequence + 1
    if pending is not None:
        yield Damage(expected, expected, f"{pending.problem}; so is what may come behind it")


def intact_until(path: Path) -> int | None:
    """The last event up to which all are intact; None where nothing can be read at all."""
    try:
        with closing(connect(path)) as connection:
            head = head_of(connection)
            last = head.sequence
            for found in scan(connection, head):
                if isinstance(found, Damage):
                    break
                last = found["sequence"]
            return last
    except sqlite3.Error:
        return None


def damaged(path: Path, what: str) -> JournalError:
    """The error for a journal that cannot be trusted: what is intact, and how to go on."""
    last = intact_until(path)
    intact = "no event can be read" if last is None else f"events up to {last} are intact"
    return JournalError(
        f"{path}: damaged: {what}; {intact}; it was left as it is: "
        f"look with `edge-agent journal verify`, save with `edge-agent journal export` ({sqlite.RECOVER})"
    )


def _stored(connection: sqlite3.Connection, after: int) -> Iterator[Row | Damage]:
    empty = 0
    while empty < _EMPTY_WINDOWS:
        window = list(_window(connection, after))
        yield from window
        empty = 0 if any(isinstance(found, dict) for found in window) else empty + 1
        after += _WINDOW


def _window(connection: sqlite3.Connection, after: int) -> Iterator[Row | Damage]:
    try:
        yield from connection.execute(
            f"{_SELECT} WHERE sequence > ? AND sequence <= ? ORDER BY sequence", (after, after + _WINDOW)
        ).fetchall()
    except sqlite3.Error:
        for sequence in range(after + 1, after + _WINDOW + 1):
            yield from _one(connection, sequence)


def _one(connection: sqlite3.Connection, sequence: int) -> Iterator[Row | Damage]:
    try:
        yield from connection.execute(f"{_SELECT} WHERE sequence = ?", (sequence,)).fetchall()
    except sqlite3.Error as error:
        yield Damage(sequence, sequence, f"cannot be read: {error}")
