"""Old events leave the journal for a file a month, and can still be read and verified."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.adapters import journal_pages as pages
from edge_agent.adapters import journal_sqlite as sqlite
from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.journal_reader import JournalReader
from edge_agent.adapters.journal_verify import verify
from edge_agent.domain.events import Recorded
from edge_agent.errors import ArchiveError, JournalError
from edge_agent.ports import Snapshot
from tests.adapters.examples import line_cancelled, told

OCTOBER = datetime(2026, 10, 30, tzinfo=UTC)
EVENTS = 4000
LONG_AFTER_S = 1e9


def some(first: int, last: int) -> list[Recorded]:
    """Events every five minutes, through October and November, each one told."""
    at = [OCTOBER + timedelta(minutes=5 * n) for n in range(last + 1)]
    return [Recorded(n, at[n], float(n), line_cancelled(n), n) for n in range(first, last + 1)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(file: Path) -> AsyncIterator[SqlJournal]:
    """Everything is told; there are snapshots after events 3000 and 3900."""
    journal = await SqlJournal.open(f"sqlite:///{file}")
    await journal.append(some(1, EVENTS))
    await snapshots(journal, 3000, 3900)
    await tell(journal, EVENTS)
    yield journal
    await journal.close()


async def snapshots(journal: SqlJournal, *sequences: int) -> None:
    for sequence in sequences:
        await journal.write_snapshot(Snapshot(sequence, sequence, float(sequence), 1, b"state"))


async def tell(journal: SqlJournal, confirmation: int) -> None:
    journal.move_cursor("published", confirmation)
    last = await journal.last_confirmation()
    await journal.append(some(last + 1, last + 1))


async def archived(journal: SqlJournal, before_s: float = LONG_AFTER_S) -> int:
    return await journal.archive(before_s, ["published"])


def reader_of(file: Path) -> JournalReader:
    return JournalReader(f"sqlite:///{file}")


def all_records(file: Path) -> list[Recorded]:
    with reader_of(file) as reader:
        return list(reader.records())


def head_of(file: Path) -> int:
    with reader_of(file) as reader:
        return reader.head().sequence


async def test_old_events_go_into_a_file_a_month_and_can_still_be_read(
    journal: SqlJournal, file: Path
) -> None:
    assert await archived(journal) == 2999
    names = [path.name for path in sqlite.archives(file)]
    assert names == ["journal-archive-2026-10.db", "journal-archive-2026-11.db"]
    expected = some(1, EVENTS + 1)
    assert await everything(journal) == expected
    assert await asyncio.to_thread(all_records, file) == expected
    await journal.append(some(EVENTS + 2, EVENTS + 3))


async def everything(journal: SqlJournal) -> list[Recorded]:
    found: list[Recorded] = []
    while page := await journal.read(len(found), 700):
        found += page
    return found


async def test_a_journal_and_its_archives_verify_each_and_together(journal: SqlJournal, file: Path) -> None:
    await archived(journal)
    found = [await asyncio.to_thread(verify, one) for one in (*sqlite.archives(file), file)]
    assert [one.problems for one in found] == [(), (), ()]
    assert [one.head for one in found] == [0, found[0].events, 2999]
    assert sum(one.events for one in found) == EVENTS + 1


async def test_the_file_becomes_smaller(journal: SqlJournal, file: Path) -> None:
    await journal.close()
    before = size(file)
    again = await SqlJournal.open(f"sqlite:///{file}")
    await archived(again)
    await again.close()
    assert size(file) < before / 2


def remove(file: Path) -> None:
    file.unlink()


def contents(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def size(file: Path) -> int:
    return file.stat().st_size


async def test_events_younger_than_the_retention_stay(journal: SqlJournal) -> None:
    assert await archived(journal, 1000.0) == 999
    assert await archived(journal, 1000.0) == 0
    assert await archived(journal, 1500.0) == 500


async def test_what_is_not_told_yet_stays(file: Path) -> None:
    journal = await SqlJournal.open(f"sqlite:///{file}")
    await journal.append(some(1, EVENTS))
    await snapshots(journal, 3000, 3900)
    assert await archived(journal) == 0, "no cursor: nothing is told"
    await tell(journal, 1200)
    assert await archived(journal) == 1200
    assert [r.confirmation for r in await journal.read_confirmations(1200, 1)] == [1201]
    await journal.close()


async def test_what_the_older_snapshot_needs_stays(file: Path) -> None:
    journal = await SqlJournal.open(f"sqlite:///{file}")
    await journal.append(some(1, EVENTS))
    await tell(journal, EVENTS)
    assert await archived(journal) == 0
    await snapshots(journal, 3000)
    assert await archived(journal) == 0, "the only snapshot may turn out to be damaged"
    await snapshots(journal, 3900)
    assert await archived(journal) == 2999
    await journal.close()


async def test_appends_go_on_between_the_steps(journal: SqlJournal) -> None:
    last = EVENTS + 1
    async with asyncio.TaskGroup() as tasks:
        archiving = tasks.create_task(archived(journal), name="archive")
        while not archiving.done():
            await journal.append(some(last + 1, last + 1))
            last += 1
    assert last - EVENTS > 10, "it was never in the way for long"
    assert await everything(journal) == some(1, last)


@pytest.mark.parametrize("gone", [1, 700, 2999])
async def test_a_crash_between_archive_and_journal_leaves_nothing_twice(
    journal: SqlJournal, file: Path, gone: int
) -> None:
    """The archive has it all already; of the journal, only a part is gone."""
    await journal.close()
    before = file.with_name("before.db")
    shutil.copy(file, before)
    ahead = await SqlJournal.open(f"sqlite:///{file}")
    await archived(ahead)
    await ahead.close()
    before.replace(file)
    for rest in (float(gone + 1), LONG_AFTER_S):
        again = await SqlJournal.open(f"sqlite:///{file}")
        await archived(again, rest)
        assert await everything(again) == some(1, EVENTS + 1)
        await again.close()
    assert head_of(file) == 2999
    verdicts = [await asyncio.to_thread(verify, one) for one in (*sqlite.archives(file), file)]
    assert [one.problems for one in verdicts] == [(), (), ()]


async def test_the_archive_of_another_journal_is_left_alone(journal: SqlJournal, file: Path) -> None:
    other = await SqlJournal.open(f"sqlite:///{file.with_name('journal-archive-2026-10.db')}")
    await other.append(told(1, 10))
    await other.close()
    with pytest.raises(ArchiveError, match=r"events of another journal.*move it away"):
        await archived(journal)
    await journal.append(some(EVENTS + 2, EVENTS + 2))
    assert await journal.read(0, 5) == some(1, 5)


async def test_an_archive_that_is_missing_is_named(journal: SqlJournal, file: Path) -> None:
    await archived(journal)
    await journal.close()
    remove(sqlite.archives(file)[0])
    again = await SqlJournal.open(f"sqlite:///{file}")
    with pytest.raises(JournalError, match=r"event 1 was archived.*journal-archive-YYYY-MM.db"):
        await again.read(0, 10)
    assert await again.read(3000, 2) == some(3001, 3002)
    await again.close()


async def test_a_changed_byte_in_an_archive_is_found(journal: SqlJournal, file: Path) -> None:
    await archived(journal)
    archive = sqlite.archives(file)[0]
    with closing(sqlite3.connect(archive, isolation_level=None)) as other:
        other.execute("UPDATE event SET clock_s = 0.5 WHERE sequence = 7")
    pages.seal_all(archive)
    assert (await asyncio.to_thread(verify, archive)).problems == ("event 7: changed",)
    with pytest.raises(JournalError, match=r"archive-2026-10.db: damaged: event 7"):
        await journal.read(0, 10)


async def test_a_journal_that_has_gone_is_not_begun_anew_beside_its_archives(
    journal: SqlJournal, file: Path
) -> None:
    await archived(journal)
    await journal.close()
    remove(file)
    with pytest.raises(JournalError, match="no journal here, but an archive of one"):
        await SqlJournal.open(f"sqlite:///{file}")
    assert file not in contents(file.parent)


async def test_a_wall_clock_that_was_set_back_puts_nothing_into_an_older_month(file: Path) -> None:
    journal = await SqlJournal.open(f"sqlite:///{file}")
    back = [
        Recorded(n, OCTOBER + timedelta(days=5 if n < 50 else -5), float(n), line_cancelled(n), n)
        for n in range(1, 101)
    ]
    await journal.append(back)
    await snapshots(journal, 90, 100)
    journal.move_cursor("published", 100)
    await journal.append([Recorded(101, OCTOBER, 101.0, line_cancelled(101), 101)])
    assert await archived(journal) == 89
    assert [path.name for path in sqlite.archives(file)] == ["journal-archive-2026-11.db"]
    assert (await everything(journal))[:100] == back
    await journal.close()
