"""Reading a journal from outside."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.journal_reader import JournalReader
from edge_agent.adapters.journal_verify import verify
from edge_agent.errors import JournalError
from tests.adapters.examples import NOON, mixed, told


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A journal of ten events, five of them confirmations; three are published."""
    file = tmp_path / "journal.db"
    journal = await SqlJournal.open(f"sqlite:///{file}")
    await journal.append(mixed(10))
    journal.move_cursor("published", 3)
    await journal.close()
    return file


def reader_of(file: Path) -> JournalReader:
    return JournalReader(f"sqlite:///{file}")


def alter(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        for statement in statements:
            other.execute(statement)


def test_every_record_is_read_in_order(file: Path) -> None:
    with reader_of(file) as reader:
        assert list(reader.records()) == mixed(10)
        assert reader.last() == mixed(10)[-1]


def test_the_census_counts_what_is_there(file: Path) -> None:
    with reader_of(file) as reader:
        census = reader.census()
    assert census.by_type == {"CancelRequested": 5, "LineCancelled": 5}
    assert (census.events, census.confirmations, census.lag) == (10, 5, {"published": 2})
    assert census.first_at == mixed(10)[0].at > NOON
    assert census.last_at == mixed(10)[-1].at
    assert census.size_bytes == file.stat().st_size


async def test_the_census_of_an_empty_journal_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "empty.db"
    await (await SqlJournal.open(f"sqlite:///{file}")).close()
    with reader_of(file) as reader:
        census = reader.census()
        assert list(reader.records()) == []
    assert (census.events, census.first_at, census.last_at, census.lag) == (0, None, None, {})


async def test_a_journal_can_be_read_while_its_agent_writes(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    journal = await SqlJournal.open(f"sqlite:///{file}")
    try:
        await journal.append(told(1, 3))
        assert verify(file).events == 3
        await journal.append(told(4, 5))
        assert (verify(file).events, verify(file).problems) == (5, ())
    finally:
        await journal.close()


def test_a_reader_cannot_write(file: Path) -> None:
    before = file.read_bytes()
    with reader_of(file) as reader, pytest.raises(JournalError, match="readonly"):
        reader._rows(sa.text("DELETE FROM event"))
    assert file.read_bytes() == before


def test_a_missing_file_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal here"):
        reader_of(tmp_path / "journal.db")
    assert list(tmp_path.iterdir()) == []


def test_a_foreign_database_is_an_error(tmp_path: Path) -> None:
    alter(tmp_path / "meter.db", "CREATE TABLE meter (reading INTEGER)")
    with pytest.raises(JournalError, match="not an edge-agent journal"):
        reader_of(tmp_path / "meter.db")


def test_another_schema_is_an_error(file: Path) -> None:
    alter(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(JournalError, match="newer edge-agent"):
        reader_of(file)
    alter(file, "DELETE FROM alembic_version")
    with pytest.raises(JournalError, match="older edge-agent"):
        reader_of(file)
