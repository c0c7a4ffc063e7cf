"""Everything that is intact in a journal as JSON lines, and a new journal out of such a file.

The first line says where the events begin, then come the newest intact snapshot, the events, and a last line
that says what is missing: a file without it was cut short.
"""

import base64
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_agent.adapters import journal_snapshots as snapshots
from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.adapters.journal_chain import COLUMNS
from edge_agent.adapters.journal_log import damage_in_log
from edge_agent.adapters.journal_rows import Head, Row
from edge_agent.adapters.journal_scan import Damage, connect, head_of, scan
from edge_agent.errors import JournalError

FORMAT = 1
Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds: `first` to `last` are the intact events, `missing` those that are not."""

    events: int
    first: int
    last: int
    missing: tuple[Damage, ...]
    snapshot: int | None
    """After which event the snapshot is; None where there is no intact one."""


def export(journal: Path, target: Path) -> Exported:
    """Write all that is intact in a journal, with its agent running or not. Never overwrites.

    Raises `JournalError` where nothing can be read, or the target cannot be written.
    """
    if target.exists():
        raise JournalError(f"{target}: is there already, nothing was exported; name a new file")
    if not journal.is_file():
        raise JournalError(f"{journal}: there is no journal here")
    try:
        log_damage = damage_in_log(journal) and damage_in_log(journal)  # once may be a commit under way
        with closing(connect(journal)) as connection:
            connection.execute("BEGIN")  # one state, whatever is appended meanwhile
            return _write(target, _Source(connection, log_damage))
    except sqlite3.Error as error:
        raise JournalError(
            f"{journal}: nothing can be read: {error}; take a copy of it ({sqlite.RECOVER})"
        ) from error
    except OSError as error:
        raise JournalError(f"{target}: cannot be written: {error.strerror}") from error


def _write(target: Path, source: "_Source") -> Exported:
    with target.open("x", encoding="utf-8") as file:
        for line in source.lines():
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return source.summary()


class _Source:
    """A journal's lines, and, when they have been gone through, what they were."""

    def __init__(self, connection: sqlite3.Connection, log_damage: str | None) -> None:
        self._connection = connection
        self._log_damage = log_damage
        self._events = self._first = self._last = 0
        self._missing: list[Damage] = []
        self._snapshot: int | None = None

    def lines(self) -> Iterator[Line]:
        head = head_of(self._connection)
        yield {"kind": "journal", "format": FORMAT, "head": asdict(head) | {"chain": head.chain.hex()}}
        for row in self._newest_snapshot():
            self._snapshot = row["sequence"]
            body = base64.b64encode(row["body"]).decode()
            yield {"kind": "snapshot"} | {name: row[name] for name in _SNAPSHOT} | {"body": body}
        for found in scan(self._connection, head):
            if isinstance(found, Damage):
                self._missing.append(found)
            else:
                self._count(found["sequence"])
                yield {"kind": "event"} | {name: found[name] for name in COLUMNS}
        if self._log_damage:
            lost = max(self._last, head.sequence) + 1
            self._missing.append(Damage(lost, lost, self._log_damage))
        yield {
            "kind": "end",
            "events": self._events,
            "missing": [asdict(damage) for damage in self._missing],
            "cursors": self._cursors(),
        }

    def summary(self) -> Exported:
        return Exported(self._events, self._first, self._last, tuple(self._missing), self._snapshot)

    def _count(self, sequence: int) -> None:
        self._events += 1
        self._first = self._first or sequence
        self._last = sequence

    def _newest_snapshot(self) -> Iterator[Row]:
        for sequence in self._values("SELECT sequence FROM snapshot ORDER BY sequence DESC"):
            try:
                row = self._connection.execute(_ONE_SNAPSHOT, (sequence,)).fetchone()
            except sqlite3.Error:
                continue
            if row is not None and snapshots.is_intact(row):
                yield row
                return

    def _cursors(self) -> dict[str, int]:
        """What can be read of them; one that stands too low only repeats what was told."""
        names = self._values("SELECT name FROM cursor")
        positions = self._values("SELECT position FROM cursor")
        return dict(zip(names, positions, strict=False))

    def _values(self, select: str) -> list[Any]:
        try:
            return [next(iter(row.values())) for row in self._connection.execute(select)]
        except sqlite3.Error:
            return []


_ONE_SNAPSHOT = "SELECT * FROM snapshot WHERE sequence = ?"
_SNAPSHOT = ("sequence", "confirmation", "clock_s", "version")


def read_export(file: Path) -> tuple[Line, Iterator[Line], Line]:
    """The first line, the others one by one, and the last one. Raises `JournalError` for anything else."""
    try:
        with file.open("rb") as opened:
            first = _line(opened.readline())
        last = _line(_last_line(file))
    except (OSError, ValueError) as error:
        raise JournalError(f"{file}: no export of a journal: {error}") from error
    if first.get("kind") != "journal" or first.get("format") != FORMAT:
        raise JournalError(f"{file}: no export of a journal that this edge-agent knows")
    if last.get("kind") != "end":
        raise JournalError(f"{file}: cut short: its last line is missing; export again")
    return first, _between(file), last


def _between(file: Path) -> Iterator[Line]:
    with file.open("rb") as opened:
        for number, text in enumerate(opened, 1):
            try:
                line = _line(text)
            except ValueError as error:
                raise JournalError(f"{file}:{number}: cannot be read: {error}") from error
            if line["kind"] in ("event", "snapshot"):
                yield line


def _line(text: bytes) -> Line:
    line = json.loads(text)
    if not isinstance(line, Mapping) or "kind" not in line:
        raise ValueError("a line is no object with a kind")
    return dict(line)


def _last_line(file: Path) -> bytes:
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - 2**20))
        return (opened.read().splitlines() or [b""])[-1]


def head_in(first: Line) -> Head:
    """Where the events of an export begin."""
    head = first["head"]
    return Head(head["sequence"], head["confirmation"], bytes.fromhex(head["chain"]))
