"""A new journal out of an export. Nothing that is there already is touched.

An agent that starts on a journal in which something is missing would order again what was ordered then. So a
restored journal has no gap: it begins behind the last one, with a snapshot that knows what came before, or
it ends before the first one, and then a person must have said so.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from edge_agent.adapters import journal_pages as pages
from edge_agent.adapters import journal_schema as schema
from edge_agent.adapters import journal_snapshots as snapshots
from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.adapters.journal_chain import COLUMNS, GENESIS, link
from edge_agent.adapters.journal_export import Line, head_in, read_export
from edge_agent.adapters.journal_rows import Head, Numbering, Row
from edge_agent.adapters.journal_upgrade import prepare
from edge_agent.errors import JournalError
from edge_agent.ports import Snapshot

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in the new journal. What came before `first` is only in its snapshot, or in archives."""

    events: int
    first: int
    last: int
    snapshot: int | None


def restore(export: Path, target: Path, until: int | None = None) -> Restored:
    """Build a journal at `target` from an export; with `until`, only up to that event.

    Raises `JournalError` where `target` exists, the export is not whole, or events are missing that no
    snapshot stands in for: then it says up to where `until` would do.
    """
    if target.exists():
        raise JournalError(f"{target}: is there already, nothing was restored; name a new file")
    first, lines, last = read_export(export)
    begin = _begin(export, head_in(first), lines, last, until)
    draft = target.with_name(target.name + ".part")
    try:
        pages.remove(draft)
        restored = _build(export, draft, begin, last, until)
        draft.rename(target)
        pages.sync_folder(target)
    except BaseException as error:  # an interrupt too: half a journal must not stay
        pages.remove(draft)
        if isinstance(error, SQLAlchemyError | OSError):
            raise JournalError(f"{target}: cannot be written: {error}") from error
        raise
    return restored


def _begin(export: Path, head: Head, lines: Iterator[Line], last: Line, until: int | None) -> Head:
    """Where the new journal begins. Raises `JournalError` where a gap cannot be left out."""
    missing = [damage for damage in last["missing"] if until is None or damage["first"] <= until]
    if not missing:
        return head
    gap_ends, gap_begins = missing[-1]["last"], missing[0]["first"]
    snapshot = next((line for line in islice(lines, 1) if line["kind"] == "snapshot"), None)
    if snapshot is None or snapshot["sequence"] < gap_ends or (until or snapshot["sequence"]) < gap_ends:
        raise JournalError(
            f"{export}: events are missing, the first is {gap_begins}, and no snapshot stands in for them: "
            f"`--until {gap_begins - 1}` builds a journal that ends before them. What happened on the floor "
            f"after that is not in it ({sqlite.RECOVER})"
        )
    behind = (line for line in lines if line["sequence"] > gap_ends)
    told = (line["confirmation"] - 1 for line in behind if line["confirmation"] is not None)
    return Head(gap_ends, next(told, snapshot["confirmation"]), GENESIS)


def _build(export: Path, draft: Path, begin: Head, last: Line, until: int | None) -> Restored:
    prepare(draft)
    engine = sqlite.writing_engine(draft)
    checkpoints = sqlite.Checkpoints(draft)
    try:
        with closing(engine.connect()) as connection, connection.begin():
            restored = _fill(connection, export, begin, last["cursors"], until)
        with closing(engine.connect()) as connection:
            checkpoints.run(connection)
    finally:
        engine.dispose()
        checkpoints.close()
    return restored


def _fill(
    connection: sa.Connection, export: Path, begin: Head, cursors: Mapping[str, int], until: int | None
) -> Restored:
    if begin != Head():
        values = {"sequence": begin.sequence, "confirmation": begin.confirmation, "chain": begin.chain}
        connection.execute(schema.head.insert(), values)
    _, lines, _ = read_export(export)
    chained = _Chained(begin, until)
    rows = chained.rows(lines)
    while batch := list(islice(rows, _BATCH)):
        connection.execute(schema.event.insert(), batch)
    if chained.snapshot is not None:
        snapshots.store(connection, chained.snapshot)
    told = chained.last.confirmation
    if positions := [{"name": name, "position": min(at, told)} for name, at in cursors.items()]:
        connection.execute(schema.cursor.insert(), positions)
    kept = chained.snapshot["sequence"] if chained.snapshot else None
    last = chained.last.sequence
    return Restored(last - begin.sequence, begin.sequence + 1, last, kept)


class _Chained:
    """The events of an export that follow `begin`, as rows with a chain made anew."""

    def __init__(self, begin: Head, until: int | None) -> None:
        self._begin = begin
        self._until = until
        self._kept: Line | None = None
        self.last = Numbering(begin.sequence, begin.confirmation)
        self.snapshot: Row | None = None

    def rows(self, lines: Iterator[Line]) -> Iterator[Row]:
        chain = self._begin.chain
        for line in lines:
            sequence = line["sequence"]
            if self._until is not None and sequence > self._until:
                continue
            if line["kind"] == "snapshot":
                self._kept = line
                self._keep(self._begin.sequence, chain)
            elif sequence > self._begin.sequence:
                row = {name: line[name] for name in COLUMNS}
                row["chain"] = chain = link(chain, row)
                self.last = Numbering(sequence, row["confirmation"] or self.last.confirmation)
                self._keep(sequence, chain)
                yield row

    def _keep(self, sequence: int, chain: bytes) -> None:
        """The snapshot goes with the chain at its event."""
        line = self._kept
        if line is not None and line["sequence"] == sequence:
            body = base64.b64decode(line["body"])
            snapshot = Snapshot(sequence, line["confirmation"], line["clock_s"], line["version"], body)
            self.snapshot = snapshots.to_row(snapshot, chain)
