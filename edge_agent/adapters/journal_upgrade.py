"""Making a journal's file, bringing an older one up to date, and copying one.

Nothing here deletes or replaces the only copy of anything: before the schema of a journal changes, the
journal is copied beside itself.
"""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from edge_agent.adapters import journal_pages as pages
from edge_agent.adapters import journal_schema as schema
from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.errors import JournalError

log = structlog.get_logger(__name__)


def prepare(path: Path) -> None:
    """Make the journal where there is none, and bring an older one to the present schema and file layout.

    The caller holds the journal's lock. Raises `JournalError`, and leaves what was there as it was.
    """
    try:
        if not path.exists() or path.stat().st_size == 0:
            pages.create(path)
        else:
            _back_up_an_older(path)
        _migrate(path)
        if not pages.has_room(path):
            _rebuild(path)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise JournalError(f"{path}: cannot be opened for writing: {error}") from error


def copy(source: Path, target: Path) -> None:
    """Copy a journal, with its agent running or not, into one sealed file. Never overwrites.

    Reads one state of the source and neither writes nor checkpoints it: its agent keeps doing that alone.
    Raises `JournalError`.
    """
    if target.exists():
        raise JournalError(f"{target}: is there already, nothing was copied; name a new file")
    draft = target.with_name(target.name + ".part")
    try:
        pages.remove(draft)
        with closing(sqlite.connect_read_only(source)) as read, closing(sqlite3.connect(draft)) as written:
            read.backup(written)
        if pages.has_room(draft):
            pages.seal_all(draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.rename(target)
        pages.sync_folder(target)
    except (sqlite3.Error, OSError) as error:
        pages.remove(draft)
        raise JournalError(f"{source}: cannot be copied to {target}: {error}") from error


def _back_up_an_older(path: Path) -> None:
    engine = sqlite.reading_engine(path)
    with closing(engine.connect()) as connection:
        found = schema.revision(connection)
    engine.dispose()
    if found in schema.revisions()[1:]:
        now = datetime.now(UTC)
        target = path.with_name(f"{path.name}.{found}-{now:%Y%m%dT%H%M%S}.bak")
        copy(path, target)
        log.info("journal_backed_up", file=str(target), schema=found)


def _migrate(path: Path) -> None:
    engine = sqlite.writing_engine(path)
    checkpoints = sqlite.Checkpoints(path)
    try:
        with closing(engine.connect()) as connection:
            with connection.begin():
                found = schema.revision(connection)
                if found is None or found in schema.revisions()[1:]:
                    schema.migrate(connection)
                else:
                    schema.check_revision(str(path), found)
            checkpoints.run(connection)
    finally:
        engine.dispose()
        checkpoints.close()


def _rebuild(path: Path) -> None:
    """Write the journal anew into a file with room for seals, and put that in its place in one step."""
    draft = path.with_name(path.name + ".rebuilt")
    pages.remove(draft)
    pages.create(draft)
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS old", (str(path),))
        copy_tables(connection, "old")
        connection.execute("DETACH old")
    pages.seal_all(draft)
    draft.replace(path)
    pages.sync_folder(path)


def copy_tables(connection: sqlite3.Connection, source: str) -> None:
    """Copy every table and index of the attached database `source` into the main one."""
    described = connection.execute(
        f"SELECT type, name, sql FROM {source}.sqlite_master "  # noqa: S608  the name is ours
        "WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC"  # tables before indexes
    ).fetchall()
    connection.execute("BEGIN")
    for kind, name, sql in described:
        connection.execute(sql)
        if kind == "table":
            connection.execute(f'INSERT INTO main."{name}" SELECT * FROM {source}."{name}"')  # noqa: S608
    connection.execute("COMMIT")
