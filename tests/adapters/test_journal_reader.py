"""Reading a journal from outside."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.journal_reader import JournalReader
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


def problems_after(file: Path, *statements: str) -> tuple[str, ...]:
    alter(file, *statements)
    with reader_of(file) as reader:
        return reader.verify().problems


def test_a_sound_journal_verifies(file: Path) -> None:
    with reader_of(file) as reader:
        found = reader.verify()
    assert (found.events, found.confirmations, found.problems) == (10, 5, ())


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
        with reader_of(file) as reader:
            assert reader.verify().events == 3
            await journal.append(told(4, 5))
            assert reader.verify().events == 5
    finally:
        await journal.close()


def test_a_reader_cannot_write(file: Path) -> None:
    before = file.read_bytes()
    with reader_of(file) as reader, pytest.raises(JournalError, match="readonly"):
        reader._rows(sa.text("DELETE FROM event"))
    assert file.read_bytes() == before


def test_a_missing_event_is_found(file: Path) -> None:
    assert problems_after(file, "DELETE FROM event WHERE sequence = 5") == ("event 6 follows event 4",)


def test_a_missing_first_event_is_found(file: Path) -> None:
    assert problems_after(file, "DELETE FROM event WHERE sequence = 1") == ("event 2 follows event 0",)


def test_a_missing_confirmation_is_found(file: Path) -> None:
    (problem,) = problems_after(file, "UPDATE event SET confirmation = NULL WHERE confirmation = 2")
    assert problem == "event 6: confirmation 3 follows confirmation 1"


def test_a_body_that_cannot_be_read_is_found(file: Path) -> None:
    (problem,) = problems_after(file, "UPDATE event SET body = '{}' WHERE sequence = 3")
    assert problem.startswith("journal event 3 (CancelRequested version 1) cannot be read")


def test_a_time_that_cannot_be_read_is_found(file: Path) -> None:
    (problem,) = problems_after(file, "UPDATE event SET at = 'noon' WHERE sequence = 3")
    assert problem.startswith("journal event 3 cannot be read: at:")


def test_a_cursor_ahead_of_the_journal_is_found(file: Path) -> None:
    (problem,) = problems_after(file, "UPDATE cursor SET position = 6")
    assert problem == "cursor published stands at confirmation 6, the last one is 5"


def test_a_hopeless_journal_does_not_flood_the_terminal(file: Path) -> None:
    problems = problems_after(
        file, "UPDATE event SET body = '{}'", "UPDATE event SET sequence = sequence * 1000"
    )
    assert len(problems) == 21
    assert problems[-1] == "there may be more; stopped here"


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
