"""Old events go into a file a month: `journal-archive-2026-11.db` beside `journal.db`.

An archive is a journal of its own, with the same tables, chain and seals, that begins where the one before
it ends; every command that reads a journal reads it too. Events are first durable in the archive and then
taken out of the journal: a crash between the two leaves them in both, and the next run goes on from there.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from edge_agent.adapters import journal_schema as schema
from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.adapters.journal_reader import JournalReader
from edge_agent.adapters.journal_rows import Head, Row
from edge_agent.adapters.journal_upgrade import prepare
from edge_agent.errors import ArchiveError, JournalError

_EVENT = schema.event.c


def month_of(file: Path) -> str:
    return file.stem[-len("2026-11") :]


def place(journal: Path, rows: Sequence[Row]) -> tuple[Path, list[Row]]:
    """Where the first of these rows go, and which of them.

    That is the archive that has the first one already, after a crash or where an older copy of the journal
    was put back; else the one of its month by the wall clock, but never one before the newest.
    """
    archives, first = sqlite.archives(journal), rows[0]["sequence"]
    for file in archives:
        with JournalReader(f"sqlite:///{file}") as reader:
            begins, ends = reader.head().sequence, reader.numbering().sequence
        if begins < first <= ends:
            return file, [row for row in rows if row["sequence"] <= ends]
    newest = max(map(month_of, archives), default="")
    month = max(newest, rows[0]["at"][:7])
    same = takewhile(lambda row: max(newest, row["at"][:7]) == month, rows)
    return journal.with_name(f"{journal.stem}-archive-{month}{journal.suffix}"), list(same)


def head_after(head: Head, rows: Sequence[Row]) -> Head:
    """Where a journal begins when these rows, which follow `head`, are taken out of it."""
    told = [row["confirmation"] for row in rows if row["confirmation"] is not None]
    return Head(rows[-1]["sequence"], max(told, default=head.confirmation), rows[-1]["chain"])


def append(file: Path, head: Head, rows: Sequence[Row]) -> None:
    """Store rows that follow `head` in an archive, durably; those that are there already are passed over.

    Raises `ArchiveError` where they do not go on from what is there, and where the disk does not take them.
    """
    try:
        prepare(file)
        engine = sqlite.writing_engine(file)
        checkpoints = sqlite.Checkpoints(file)
        try:
            with closing(engine.connect()) as connection:
                with connection.begin():
                    _insert(connection, file, head, rows)
                checkpoints.run(connection)
        finally:
            engine.dispose()
            checkpoints.close()
    except ArchiveError:
        raise
    except (JournalError, SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise ArchiveError(f"{file}: cannot be written: {error}") from error


def _insert(connection: sa.Connection, file: Path, head: Head, rows: Sequence[Row]) -> None:
    ends = connection.execute(sa.select(sa.func.max(_EVENT.sequence))).scalar()
    if ends is None:
        connection.execute(sa.delete(schema.head))
        values = {"sequence": head.sequence, "confirmation": head.confirmation, "chain": head.chain}
        connection.execute(schema.head.insert(), values)
    else:
        _check_same_past(connection, file, head, [row for row in rows if row["sequence"] <= ends])
    if missing := [row for row in rows if row["sequence"] > (ends or head.sequence)]:
        connection.execute(schema.event.insert(), missing)


def _check_same_past(connection: sa.Connection, file: Path, head: Head, known: Sequence[Row]) -> None:
    """The last event that journal and archive both know is the same in both."""
    sequence, chain = (known[-1]["sequence"], known[-1]["chain"]) if known else (head.sequence, head.chain)
    stored = connection.execute(sa.select(_EVENT.chain).where(_EVENT.sequence == sequence)).scalar()
    if stored != chain:
        raise ArchiveError(
            f"{file}: holds events of another journal, or of another past of this one; "
            f"move it away, then archiving goes on"
        )
