"""The journal: what every `Journal` promises, and what the one on a disk promises beyond."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.journal_reader import JournalReader
from edge_agent.adapters.journal_verify import verify
from edge_agent.adapters.memory_journal import MemoryJournal
from edge_agent.domain import events as ev
from edge_agent.errors import JournalError
from edge_agent.ports import Journal
from tests.adapters.examples import cancel_requested, mixed, recorded, told
from tests.drivers.waiting import until

Open = Callable[[], Awaitable[SqlJournal]]


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "100 % sure.db"


@pytest.fixture
async def open_journal(file: Path) -> AsyncIterator[Open]:
    """Opens the journal file, as often as asked; all are closed in the end."""
    opened: list[SqlJournal] = []

    async def open_() -> SqlJournal:
        opened.append(await SqlJournal.open(url_of(file)))
        return opened[-1]

    yield open_
    for journal in opened:
        await journal.close()


@pytest.fixture(params=["memory", "sqlite"])
async def journal(request: pytest.FixtureRequest, open_journal: Open) -> Journal:
    return MemoryJournal() if request.param == "memory" else await open_journal()


# ---- every journal -----------------------------------------------------------------------------------


async def test_an_empty_journal_has_nothing(journal: Journal) -> None:
    assert await journal.read(0, 10) == []
    assert await journal.read_confirmations(0, 10) == []
    assert await journal.last() is None
    assert await journal.last_confirmation() == 0
    assert await journal.cursor("published") == 0


async def test_what_was_appended_is_read_in_order(journal: Journal) -> None:
    records = mixed(7)
    await journal.append(records[:3])
    await journal.append(records[3:])
    assert await journal.read(0, 100) == records
    assert await journal.last() == records[-1]


async def test_reading_goes_by_pages(journal: Journal) -> None:
    await journal.append(mixed(10))
    assert [r.sequence for r in await journal.read(4, 3)] == [5, 6, 7]
    assert [r.sequence for r in await journal.read(9, 3)] == [10]
    assert await journal.read(10, 3) == []


async def test_confirmations_are_read_by_their_own_number(journal: Journal) -> None:
    await journal.append(mixed(10))
    assert [r.confirmation for r in await journal.read_confirmations(1, 3)] == [2, 3, 4]
    assert [r.sequence for r in await journal.read_confirmations(1, 3)] == [4, 6, 8]
    assert await journal.last_confirmation() == 5


async def test_appending_nothing_changes_nothing(journal: Journal) -> None:
    await journal.append([])
    assert await journal.last() is None


@pytest.mark.parametrize(("sequence", "confirmation"), [(4, None), (2, None), (3, 1), (3, 3)], ids=str)
async def test_a_gap_or_a_repeat_in_the_numbers_is_refused(
    journal: Journal, sequence: int, confirmation: int | None
) -> None:
    await journal.append(mixed(2))
    with pytest.raises(JournalError, match="event 3 is due, with confirmation"):
        await journal.append([recorded(sequence, cancel_requested(1), confirmation)])
    assert await journal.read(0, 10) == mixed(2)
    await journal.append([recorded(3, cancel_requested(3))])


async def test_a_batch_with_an_event_that_cannot_be_stored_is_refused_as_a_whole(journal: Journal) -> None:
    broken = ev.CommandUnknown(1, "half a pair: \ud800")  # type: ignore[arg-type]
    with pytest.raises(JournalError, match="cannot be written as JSON"):
        await journal.append([recorded(1, cancel_requested(1)), recorded(2, broken)])
    assert await journal.last() is None


async def test_a_moved_cursor_is_seen_at_once(journal: Journal) -> None:
    await journal.append(told(1, 5))
    journal.move_cursor("published", 3)
    assert await journal.cursor("published") == 3
    assert await journal.cursor("other") == 0


async def test_the_figures_are_those_of_the_journal(journal: Journal) -> None:
    await journal.append(mixed(10))
    journal.move_cursor("published", 3)
    stats = await journal.stats()
    assert (stats.events, stats.confirmations, stats.cursors) == (10, 5, {"published": 3})
    assert stats.size_bytes > 0


async def test_a_closed_journal_takes_nothing_and_may_be_closed_again(journal: Journal) -> None:
    await journal.close()
    await journal.close()
    with pytest.raises(JournalError, match="closed"):
        await journal.append(mixed(1))


# ---- the one on a disk -------------------------------------------------------------------------------


async def test_everything_is_there_after_closing_and_opening(open_journal: Open) -> None:
    first = await open_journal()
    await first.append(mixed(5))
    first.move_cursor("published", 2)
    await first.close()
    second = await open_journal()
    assert await second.read(0, 10) == mixed(5)
    assert await second.cursor("published") == 2
    await second.append([recorded(6, cancel_requested(6), None)])


async def test_after_closing_only_the_journal_and_its_lock_file_are_left(
    open_journal: Open, file: Path
) -> None:
    journal = await open_journal()
    await journal.append(mixed(5))
    await journal.close()
    assert sorted(path.name for path in file.parent.iterdir()) == [file.name, f"{file.name}.lock"]


async def test_appends_from_many_tasks_are_stored_in_the_order_of_the_calls(open_journal: Open) -> None:
    journal = await open_journal()
    async with asyncio.TaskGroup() as tasks:
        for record in mixed(50):
            tasks.create_task(journal.append([record]))
    assert await journal.read(0, 100) == mixed(50)


async def test_a_cursor_is_durable_soon_without_an_append(open_journal: Open, file: Path) -> None:
    journal = await open_journal()
    await journal.append(told(1, 3))
    journal.move_cursor("published", 2)
    with JournalReader(url_of(file)) as reader:
        await until(lambda: reader.cursors() == {"published": 2}, deadline_s=5)


async def test_a_cursor_rides_on_the_next_append(open_journal: Open, file: Path) -> None:
    journal = await open_journal()
    await journal.append(told(1, 3))
    journal.move_cursor("published", 3)
    await journal.append(told(4, 4))
    with JournalReader(url_of(file)) as reader:
        assert reader.cursors() == {"published": 3}


@contextmanager
def failing_on(file: Path, sequence: int) -> Iterator[None]:
    """The database itself refuses one row, as a full disk would."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute(
            f"CREATE TRIGGER full BEFORE INSERT ON event WHEN new.sequence = {sequence} "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
        yield
        other.execute("DROP TRIGGER full")


async def test_a_failed_commit_stores_nothing_of_its_batch(open_journal: Open, file: Path) -> None:
    journal = await open_journal()
    await journal.append(mixed(2))
    with failing_on(file, 4), pytest.raises(JournalError, match=r"a write failed.*disk is full"):
        await journal.append(mixed(5)[2:])
    assert await journal.read(0, 10) == mixed(2)


async def test_after_a_failed_commit_nothing_more_is_taken(open_journal: Open, file: Path) -> None:
    journal = await open_journal()
    with failing_on(file, 1), pytest.raises(JournalError):
        await journal.append(mixed(1))
    with pytest.raises(JournalError, match="nothing more is taken"):
        await journal.append(mixed(2)[1:])
    journal.move_cursor("published", 1)
    with pytest.raises(JournalError, match="nothing more is taken"):
        await journal.close()
    again = await open_journal()
    assert await again.last() is None


async def test_a_batch_behind_a_failed_one_is_not_stored(open_journal: Open, file: Path) -> None:
    journal = await open_journal()
    with failing_on(file, 1):
        answers = await asyncio.gather(
            journal.append(mixed(1)), journal.append(mixed(2)[1:]), return_exceptions=True
        )
    assert all(isinstance(answer, JournalError) for answer in answers)
    assert await journal.last() is None


# ---- opening -----------------------------------------------------------------------------------------


def content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def overwrite(file: Path, offset: int, data: bytes) -> None:
    before = content(file) or b""
    file.write_bytes(before[:offset] + data + before[offset + len(data) :])


async def refused(file: Path, problem: str) -> None:
    before = content(file)
    with pytest.raises(JournalError, match=problem) as caught:
        await SqlJournal.open(url_of(file))
    assert str(file) in str(caught.value)
    assert content(file) == before


async def test_two_agents_cannot_have_one_journal(open_journal: Open, file: Path) -> None:
    first = await open_journal()
    await refused(file, f"in use by another edge-agent .process {os.getpid()}.; stop that one first")
    await first.close()
    await open_journal()


async def test_a_file_that_is_no_database_is_refused_and_left_alone(file: Path) -> None:
    overwrite(file, 0, b"Meter readings, do not delete!\n" * 100)
    await refused(file, "not a readable journal: file is not a database.*left as it is")


async def test_a_database_of_something_else_is_refused_and_left_alone(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE meter (reading INTEGER)")
        other.commit()
    await refused(file, "not an edge-agent journal.*left as it is")


async def test_a_damaged_journal_is_refused_and_left_alone(open_journal: Open, file: Path) -> None:
    await (await open_journal()).close()
    overwrite(file, 100, b"\xff" * 300)
    await refused(file, "not a readable journal: .*malformed")


async def test_a_journal_of_a_newer_version_is_refused_and_left_alone(open_journal: Open, file: Path) -> None:
    await (await open_journal()).close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    await refused(file, r"written by a newer edge-agent \(schema 9999, .*run that version")


async def test_what_a_crash_in_the_very_first_start_leaves_can_be_opened(
    open_journal: Open, file: Path
) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA journal_mode = WAL")
    await (await open_journal()).append(mixed(1))


async def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    await refused(tmp_path / "nowhere" / "journal.db", "No such file or directory; make the folder")


@pytest.mark.parametrize("url", ["sqlite:///:memory:", "sqlite://", "postgresql://h/d", "journal.db"])
async def test_a_url_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(JournalError, match=r"journal\.url"):
        await SqlJournal.open(url)


# ---- crashes -----------------------------------------------------------------------------------------

_CHILD = """
import asyncio, sys
from edge_agent.adapters.journal import SqlJournal
from tests.adapters.examples import told

async def main() -> None:
    journal = await SqlJournal.open(sys.argv[1])
    last = await journal.last_confirmation()
    while True:
        await journal.append(told(last + 1, last + 5))
        last += 5
        print(last, flush=True)

asyncio.run(main())
"""


async def test_what_was_told_to_be_stored_is_there_after_a_kill(open_journal: Open, file: Path) -> None:
    acknowledged = 0
    for _ in range(2):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CHILD, url_of(file), stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        for _ in range(20):
            acknowledged = int(await child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        acknowledged = int(([acknowledged, *(await child.stdout.read()).split()])[-1])
        await child.wait()
        assert verify(file).problems == ()
    journal = await open_journal()
    last = await journal.last_confirmation()
    assert last >= acknowledged >= 200
    assert last % 5 == 0, "a batch is stored as a whole or not at all"
