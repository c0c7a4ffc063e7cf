"""The migrations give exactly the schema that the code works with."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from edge_agent.adapters import journal_schema as schema
from edge_agent.adapters import journal_sqlite as sqlite


def migrated(path: Path) -> sa.Engine:
    engine = sqlite.writing_engine(path)
    with engine.begin() as connection:
        schema.migrate(connection)
    return engine


def described(path: Path) -> set[tuple[str, str]]:
    """The tables and indexes as the database itself writes them down."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {(name, " ".join(sql.split())) for name, sql in rows if name != "alembic_version"}


def test_the_migrated_schema_is_the_metadatas(tmp_path: Path) -> None:
    engine = migrated(tmp_path / "migrated.db")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    engine.dispose()


def test_the_database_is_described_alike_by_migrations_and_metadata(tmp_path: Path) -> None:
    migrated(tmp_path / "migrated.db").dispose()
    engine = sqlite.writing_engine(tmp_path / "made.db")
    schema.metadata.create_all(engine)
    engine.dispose()
    assert described(tmp_path / "migrated.db") == described(tmp_path / "made.db")


def test_a_migrated_file_is_marked_as_a_journal(tmp_path: Path) -> None:
    migrated(tmp_path / "journal.db").dispose()
    sqlite.check(tmp_path / "journal.db", may_be_new=False)


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    engine = migrated(tmp_path / "journal.db")
    with engine.begin() as connection:
        schema.migrate(connection)
        assert schema.revision(connection) == schema.revisions()[0]
    engine.dispose()


def test_the_files_of_the_migrations_are_named_by_their_revisions() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert [script.revision for script in scripts] == schema.revisions()


def test_a_migration_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    engine = sqlite.writing_engine(tmp_path / "journal.db")
    with engine.connect() as connection, connection.begin() as transaction:
        schema.migrate(connection)
        transaction.rollback()
    engine.dispose()
    assert described(tmp_path / "journal.db") == set()


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2)])
def test_a_commit_waits_for_the_disk(tmp_path: Path, pragma: str, value: object) -> None:
    engine = migrated(tmp_path / "journal.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value
    engine.dispose()
