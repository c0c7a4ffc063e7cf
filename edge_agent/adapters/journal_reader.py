"""Reading a journal, with its agent running or not. Nothing here can write to it."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from edge_agent.adapters import journal_schema as schema
from edge_agent.adapters import journal_snapshots as snapshots
from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.adapters.journal_chain import link
from edge_agent.adapters.journal_rows import Head, Numbering, Row, from_row
from edge_agent.adapters.journal_scan import damaged
from edge_agent.domain.events import Recorded
from edge_agent.errors import JournalError
from edge_agent.ports import Snapshot

log = structlog.get_logger(__name__)

_PAGE = 1000
_EVENT = schema.event.c
_DAMAGE = ("malformed", "not a database", "Could not decode to UTF-8")
"""What SQLite says of a file that is damaged, and not of a disk that does not answer."""


@dataclass(frozen=True, slots=True)
class Census:
    """What is in a journal's file. `lag` tells for each cursor how many confirmations it is behind."""

    events: int
    confirmations: int
    by_type: Mapping[str, int]
    first_at: datetime | None
    last_at: datetime | None
    size_bytes: int
    lag: Mapping[str, int]
    head: int
    """The event behind which the file begins; 0 for the first one."""


class JournalReader:
    """A read-only view of the journal at a `sqlite:///` URL. Every method may raise `JournalError`."""

    def __init__(self, url: str) -> None:
        """Raises `JournalError` when there is none, it is no journal, or it has another schema."""
        self.path = sqlite.path_of(url)
        sqlite.check(self.path, may_be_new=False)
        self._engine = sqlite.reading_engine(self.path)
        self._archives = _Archives(self.path)
        try:
            with self._reading():
                self._connection = self._engine.connect()
                found = schema.revision(self._connection)
            schema.check_revision(str(self.path), found)
        except JournalError:
            self._engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._archives.close()
        self._connection.close()
        self._engine.dispose()

    # ---- events --------------------------------------------------------------------------------------

    def read(self, after: int, limit: int) -> list[Recorded]:
        """Up to `limit` records with a sequence above `after`, in order, those in the archive too.

        Raises `JournalError` where one is missing or its checksum does not fit.
        """
        return [from_row(row) for row in self.rows(after, limit)]

    def rows(self, after: int, limit: int) -> list[Row]:
        """As `read`, but the rows as they are stored."""
        head = self.head()
        if after < head.sequence:
            return self._archives.rows(after, limit)
        found = self._rows(
            sa.select(schema.event).where(_EVENT.sequence >= after).order_by(_EVENT.sequence).limit(limit + 1)
        )
        if self.head() != head:
            return self.rows(after, limit)  # some were archived meanwhile
        if found and found[0]["sequence"] == after:
            chain = found[0]["chain"]
        elif not found or after == head.sequence:
            chain = head.chain
        else:
            raise damaged(self.path, f"event {after} is missing")
        rows = [row for row in found if row["sequence"] > after][:limit]
        self._check(rows, after, chain)
        return rows

    def read_confirmations(self, after: int, limit: int) -> list[Recorded]:
        """Up to `limit` records with a confirmation number above `after`, in order, none from the archive."""
        column = _EVENT.confirmation
        rows = self._rows(sa.select(schema.event).where(column > after).order_by(column).limit(limit))
        return [from_row(row) for row in rows]

    def mentioning(self, text: str, after: int, limit: int) -> list[Recorded]:
        """Up to `limit` records with a sequence above `after` whose stored body holds `text`, in order, none
        from the archive. Goes over the events one by one until it has them."""
        found = sa.select(schema.event).where(_EVENT.sequence > after, sa.func.instr(_EVENT.body, text) > 0)
        return [from_row(row) for row in self._rows(found.order_by(_EVENT.sequence).limit(limit))]

    def last_mentioning(self, text: str) -> Recorded | None:
        """As `mentioning`, only the newest; the sooner found the newer it is."""
        found = sa.select(schema.event).where(sa.func.instr(_EVENT.body, text) > 0)
        rows = self._rows(found.order_by(_EVENT.sequence.desc()).limit(1))
        return from_row(rows[0]) if rows else None

    def records(self) -> Iterator[Recorded]:
        """Every record from the first on, a page in memory at a time, those in the archive too."""
        after = 0
        while page := self.read(after, _PAGE):
            yield from page
            after = page[-1].sequence

    def last(self) -> Recorded | None:
        """The newest record; None in an empty journal."""
        row = self.last_row()
        return from_row(row) if row else None

    def last_row(self) -> Row | None:
        """The newest event as it is stored; None where none stands in this file."""
        rows = self._rows(sa.select(schema.event).order_by(_EVENT.sequence.desc()).limit(1))
        return rows[0] if rows else None

    def first_confirmed_after(self, confirmation: int) -> int | None:
        """The sequence of the first event here that was told, or is to be, with a higher number."""
        rows = self._rows(
            sa.select(_EVENT.sequence)
            .where(_EVENT.confirmation > confirmation)
            .order_by(_EVENT.confirmation)
            .limit(1)
        )
        return rows[0]["sequence"] if rows else None

    # ---- beside the events ---------------------------------------------------------------------------

    def head(self) -> Head:
        """Where the events in this file begin."""
        rows = self._rows(sa.select(schema.head))
        return Head(**rows[0]) if rows else Head()

    def numbering(self) -> Numbering:
        """The last sequence and confirmation number."""
        last = sa.func.max(_EVENT.sequence).label("sequence")
        told = sa.func.max(_EVENT.confirmation).label("confirmation")
        (row,) = self._rows(sa.select(last, told))
        head = self.head()
        return Numbering(row["sequence"] or head.sequence, row["confirmation"] or head.confirmation)

    def cursors(self) -> dict[str, int]:
        """The durable position of every cursor."""
        return {row["name"]: row["position"] for row in self._rows(sa.select(schema.cursor))}

    def snapshot(self, before: int | None = None) -> Snapshot | None:
        """The newest intact snapshot, after an event that comes before `before`."""
        table = schema.snapshot
        newest = sa.select(table).order_by(table.c.sequence.desc())
        if before is not None:
            newest = newest.where(table.c.sequence < before)
        for row in self._rows(newest):
            if snapshots.is_intact(row):
                return snapshots.from_row(row)
            log.warning("snapshot_damaged", sequence=row["sequence"], action="an older one is used, or none")
        return None

    def snapshot_sequences(self) -> list[int]:
        """After which events there are snapshots, the oldest first."""
        table = schema.snapshot
        return [row["sequence"] for row in self._rows(sa.select(table.c.sequence).order_by(table.c.sequence))]

    def size_bytes(self) -> int:
        return sqlite.size_bytes(self.path)

    def census(self) -> Census:
        """Count what is there. Goes over the whole file."""
        counted = self._rows(sa.select(_EVENT.type, sa.func.count().label("n")).group_by(_EVENT.type))
        (at,) = self._rows(
            sa.select(sa.func.min(_EVENT.at).label("first"), sa.func.max(_EVENT.at).label("last"))
        )
        last = self.numbering()
        return Census(
            events=sum(row["n"] for row in counted),
            confirmations=last.confirmation,
            by_type={row["type"]: row["n"] for row in sorted(counted, key=lambda row: row["type"])},
            first_at=datetime.fromisoformat(at["first"]) if at["first"] else None,
            last_at=datetime.fromisoformat(at["last"]) if at["last"] else None,
            size_bytes=self.size_bytes(),
            lag={name: last.confirmation - position for name, position in self.cursors().items()},
            head=self.head().sequence,
        )

    # ---- below ---------------------------------------------------------------------------------------

    def _check(self, rows: Sequence[Row], after: int, chain: bytes) -> None:
        for expected, row in enumerate(rows, after + 1):
            if row["sequence"] != expected:
                raise damaged(self.path, f"event {expected} is missing")
            chain = link(chain, row)
            if row["chain"] != chain:
                raise damaged(self.path, f"event {expected} does not fit its checksum")

    def _rows(self, statement: sa.Executable) -> list[Row]:
        with self._reading():
            return [dict(row) for row in self._connection.execute(statement).mappings()]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            if any(words in str(error) for words in _DAMAGE):
                raise damaged(self.path, str(error.__cause__ or error)) from error
            raise JournalError(f"{self.path}: cannot be read: {error}") from error


class _Archives:
    """The archives beside a journal, as one. Each is opened when something is wanted from it."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._open: JournalReader | None = None

    def rows(self, after: int, limit: int) -> list[Row]:
        """Up to `limit` rows behind `after`. Raises `JournalError` where no archive has them."""
        if self._open is None or not _holds(self._open, after):
            self.close()
            self._open = self._find(after)
        return self._open.rows(after, limit)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _find(self, after: int) -> JournalReader:
        for file in reversed(sqlite.archives(self._journal)):
            reader = JournalReader(f"sqlite:///{file}")
            if _holds(reader, after):
                return reader
            reader.close()
        raise JournalError(
            f"{self._journal}: event {after + 1} was archived, and no archive beside it has it: put the file "
            f"{self._journal.stem}-archive-YYYY-MM{self._journal.suffix} back that holds it"
        )


def _holds(reader: JournalReader, after: int) -> bool:
    return reader.head().sequence <= after < reader.numbering().sequence
