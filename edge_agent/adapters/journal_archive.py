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
from edge_agent.adapters.journal_rows import Head, Row
from edge_agent.adapters.journal_upgrade import prepare
from edge_agent.errors import JournalError

_EVENT = schema.event.c


def month_of(file: Path) -> str:
    return file.stem[-len("2026-11") :]


def file_for(journal: Path, row: Row) -> Path:
    """Where an event goes: by the month of its wall-clock time, but never into one before the newest."""
    newest = max(map(month_of, sqlite.archives(journal)), default="")
    return journal.with_name(f"{journal.stem}-archive-{max(newest, row['at'][:7])}{journal.suffix}")


def of_one_month(rows: Sequence[Row]) -> list[Row]:
    """The first of these rows that go into the same archive."""
    return list(takewhile(lambda row: row["at"][:7] == rows[0]["at"][:7], rows))


def head_after(head: Head, rows: Sequence[Row]) -> Head:
    """Where a journal begins when these rows, which follow `head`, are taken out of it."""
    told = [row["confirmation"] for row in rows if row["confirmation"] is not None]
    return Head(rows[-1]["sequence"], max(told, default=head.confirmation), rows[-1]["chain"])


def append(file: Path, head: Head, rows: Sequence[Row]) -> None:
    """Store rows that follow `head` in an archive, durably; those that are there already are passed over.

    Raises `JournalError` where they do not go on from what is there, and where the disk does not take them.
    """
    prepare(file)
    try:
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
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise JournalError(f"{file}: cannot be written: {error}") from error


def _insert(connection: sa.Connection, file: Path, head: Head, rows: Sequence[Row]) -> None:
    newest = sa.select(schema.event).order_by(_EVENT.sequence.desc()).limit(1)
    last = connection.execute(newest).mappings().first()
    if last is None:
        connection.execute(sa.delete(schema.head))
        values = {"sequence": head.sequence, "confirmation": head.confirmation, "chain": head.chain}
        connection.execute(schema.head.insert(), values)
        position = head.sequence
    else:
        position = last["sequence"]
        known = {head.sequence: head.chain} | {row["sequence"]: row["chain"] for row in rows}
        if known.get(position) != last["chain"]:
            raise JournalError(
                f"{file}: ends with event {position} of another journal, or of another past of this one; "
                f"move it away, then archiving goes on"
            )
    missing = [dict(row) for row in rows if row["sequence"] > position]
    if missing:
        connection.execute(schema.event.insert(), missing)
