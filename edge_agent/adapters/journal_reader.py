"""Reading a journal, with its agent running or not. Nothing here can write to it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from edge_agent.adapters import journal_schema as schema
from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.adapters.journal_rows import Numbering, from_row
from edge_agent.domain.events import Recorded
from edge_agent.errors import JournalError

_PAGE = 1000
_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` has looked at, and the first problems that it found; none: the journal is sound."""

    events: int
    confirmations: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Census:
    """What is in a journal. `lag` tells for each cursor how many confirmations it is behind."""

    events: int
    confirmations: int
    by_type: Mapping[str, int]
    first_at: datetime | None
    last_at: datetime | None
    size_bytes: int
    lag: Mapping[str, int]


class JournalReader:
    """A read-only view of the journal at a `sqlite:///` URL. Every method may raise `JournalError`."""

    def __init__(self, url: str) -> None:
        """Raises `JournalError` when there is none, it is no journal, or it has another schema."""
        self._path = sqlite.path_of(url)
        sqlite.check(self._path, may_be_new=False)
        self._engine = sqlite.reading_engine(self._path)
        try:
            with self._reading():
                self._connection = self._engine.connect()
                found = schema.revision(self._connection)
            check_revision(str(self._path), found)
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
        self._connection.close()
        self._engine.dispose()

    def read(self, after: int, limit: int) -> list[Recorded]:
        """Up to `limit` records with a sequence above `after`, in order."""
        return self._select(schema.event.c.sequence, after, limit)

    def read_confirmations(self, after: int, limit: int) -> list[Recorded]:
        """Up to `limit` records with a confirmation number above `after`, in order."""
        return self._select(schema.event.c.confirmation, after, limit)

    def records(self) -> Iterator[Recorded]:
        """Every record from the first on, a page in memory at a time."""
        after = 0
        while page := self.read(after, _PAGE):
            yield from page
            after = page[-1].sequence

    def last(self) -> Recorded | None:
        """The newest record; None in an empty journal."""
        newest = sa.select(schema.event).order_by(schema.event.c.sequence.desc()).limit(1)
        rows = self._rows(newest)
        return from_row(rows[0]) if rows else None

    def numbering(self) -> Numbering:
        """The last sequence and confirmation number."""
        columns = schema.event.c
        ((sequence, confirmation),) = self._rows(
            sa.select(sa.func.max(columns.sequence), sa.func.max(columns.confirmation))
        )
        return Numbering(sequence or 0, confirmation or 0)

    def cursors(self) -> dict[str, int]:
        """The durable position of every cursor."""
        return dict(self._rows(sa.select(schema.cursor)))

    def size_bytes(self) -> int:
        return sqlite.size_bytes(self._path)

    def census(self) -> Census:
        """Count what is there. Goes over the whole journal."""
        columns = schema.event.c
        counted = self._rows(sa.select(columns.type, sa.func.count()).group_by(columns.type))
        ((first_at, last_at),) = self._rows(sa.select(sa.func.min(columns.at), sa.func.max(columns.at)))
        last = self.numbering()
        return Census(
            events=sum(number for _, number in counted),
            confirmations=last.confirmation,
            by_type=dict(sorted(counted)),
            first_at=datetime.fromisoformat(first_at) if first_at else None,
            last_at=datetime.fromisoformat(last_at) if last_at else None,
            size_bytes=self.size_bytes(),
            lag={name: last.confirmation - position for name, position in self.cursors().items()},
        )

    def verify(self) -> Verification:
        """Check the file, the numbering without gaps, that every event decodes, and the cursors."""
        checked = self._rows(sa.text("PRAGMA quick_check"))
        problems = [f"file: {finding}" for (finding,) in checked if finding != "ok"]
        last = Numbering()
        events = 0
        for row in self._all_rows():
            events += 1
            problems += _problems_of(row, last)
            last = Numbering(row.sequence, row.confirmation or last.confirmation)
            if len(problems) >= _PROBLEMS:
                problems = [*problems[:_PROBLEMS], "there may be more; stopped here"]
                break
        else:
            problems += [
                f"cursor {name} stands at confirmation {position}, the last one is {last.confirmation}"
                for name, position in self.cursors().items()
                if position > last.confirmation
            ]
        return Verification(events, last.confirmation, tuple(problems))

    def _all_rows(self) -> Iterator[Any]:
        column = schema.event.c.sequence
        after = -(2**63)
        while page := self._rows(sa.select(schema.event).where(column > after).order_by(column).limit(_PAGE)):
            yield from page
            after = page[-1].sequence

    def _select(self, column: sa.ColumnElement[int], after: int, limit: int) -> list[Recorded]:
        rows = self._rows(sa.select(schema.event).where(column > after).order_by(column).limit(limit))
        return [from_row(row) for row in rows]

    def _rows(self, statement: sa.Executable) -> Sequence[Any]:
        with self._reading():
            return self._connection.execute(statement).all()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise JournalError(f"{self._path}: cannot be read: {error}") from error


def check_revision(where: str, found: str | None) -> None:
    """Raise `JournalError` unless `found` is the schema revision that this version reads and writes."""
    known = schema.revisions()
    if found is not None and found not in known:
        raise JournalError(
            f"{where}: written by a newer edge-agent (schema {found}, this one knows {known[0]}); "
            f"run that version or a newer one"
        )
    if found != known[0]:
        raise JournalError(
            f"{where}: written by an older edge-agent (schema {found}, this one reads {known[0]}); "
            f"start the agent on it once, that brings it up to date"
        )


def _problems_of(row: Any, last: Numbering) -> Iterator[str]:
    sequence, confirmation = row.sequence, row.confirmation
    if sequence != last.sequence + 1:
        yield f"event {sequence} follows event {last.sequence}"
    if confirmation not in (None, last.confirmation + 1):
        yield f"event {sequence}: confirmation {confirmation} follows confirmation {last.confirmation}"
    try:
        from_row(row)
    except JournalError as error:
        yield str(error)
