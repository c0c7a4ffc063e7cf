"""Is a journal whole? Every changed byte is found, and the first event that it touches is named."""

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.adapters import journal_pages as pages
from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.journal_verify import Verification, verify
from edge_agent.errors import JournalError
from edge_agent.ports import Snapshot
from tests.adapters.examples import mixed, told

SEED = 1
CHANGES = 100


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A journal of ten events, five of them confirmations; three are published."""
    file = tmp_path / "journal.db"
    journal = await SqlJournal.open(f"sqlite:///{file}")
    await journal.append(mixed(10))
    await journal.write_snapshot(Snapshot(6, 3, 1.5, 1, b"state"))
    journal.move_cursor("published", 3)
    await journal.close()
    return file


def problems_after(file: Path, *statements: str) -> list[str]:
    """What the chain and the look at the rows find; the pages are sealed anew."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        for statement in statements:
            other.execute(statement)
    pages.seal_all(file)
    return list(verify(file).problems)


def test_a_sound_journal_verifies(file: Path) -> None:
    assert verify(file) == Verification(10, 5, 0, 10, ())


def test_a_missing_event_is_found(file: Path) -> None:
    problems = problems_after(file, "DELETE FROM event WHERE sequence = 5")
    assert problems == ["event 5: missing", "event 6: not provable behind missing ones"]
    assert verify(file).intact == 4


def test_a_missing_first_event_is_found(file: Path) -> None:
    assert "event 1: missing" in problems_after(file, "DELETE FROM event WHERE sequence = 1")


def test_an_event_that_was_put_in_is_found(file: Path) -> None:
    copied = "SELECT 11, at, clock_s, type, version, body, NULL, chain FROM event WHERE sequence = 9"
    assert problems_after(file, f"INSERT INTO event {copied}") == ["event 11: changed"]


@pytest.mark.parametrize(
    "change",
    [
        "at = '2026-11-22T12:00:09+00:00'",
        "clock_s = 99.5",
        "type = 'TaskFilled'",
        "version = 2",
        "body = replace(body, 'T-3', 'T-4')",
        "body = CAST(body AS BLOB)",
        "confirmation = 77",
        "chain = x'00'",
    ],
)
def test_no_column_of_an_event_can_be_changed_unseen(file: Path, change: str) -> None:
    assert "event 3: changed" in problems_after(file, f"UPDATE event SET {change} WHERE sequence = 3")
    assert verify(file).intact == 2


def test_events_behind_a_changed_one_are_still_proved(file: Path) -> None:
    problems = problems_after(file, "UPDATE event SET clock_s = 99.5 WHERE sequence IN (3, 8)")
    assert problems == ["event 3: changed", "event 8: changed"]


def test_a_cursor_ahead_of_the_journal_is_found(file: Path) -> None:
    problems = problems_after(file, "UPDATE cursor SET position = 6")
    assert problems == ["cursor published stands at confirmation 6, the last one is 5"]


def test_a_changed_snapshot_is_found(file: Path) -> None:
    problems = problems_after(file, "UPDATE snapshot SET clock_s = 2.5")
    assert problems == ["the snapshot after event 6 was changed"]


def test_a_hopeless_journal_does_not_flood_the_terminal(long_journal: Path) -> None:
    problems = problems_after(long_journal, "UPDATE event SET body = '{}'")
    assert len(problems) == 21
    assert problems[-1] == "there may be more; stopped here"


def test_a_write_by_another_program_is_found(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE meter (reading INTEGER)")
    assert any(problem.startswith("page ") for problem in verify(file).problems)


def test_a_file_that_was_cut_off_is_found(file: Path) -> None:
    with file.open("r+b") as cut:
        cut.truncate(file.stat().st_size - 100)
    assert verify(file).problems


async def test_a_journal_is_sound_while_its_agent_writes_and_checkpoints(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    journal = await SqlJournal.open(f"sqlite:///{file}")
    try:
        for first in range(1, 24_001, 500):
            await journal.append(told(first, first + 499))
            if first % 6000 == 1:
                found = await asyncio.to_thread(verify, file)
                assert (found.events, found.problems) == (first + 499, ())
    finally:
        await journal.close()
    assert (await asyncio.to_thread(verify, file)).problems == ()


@pytest.fixture
async def long_journal(tmp_path: Path) -> Path:
    """Two thousand events, snapshots of which the first was dropped again: its pages are free."""
    file = tmp_path / "long.db"
    journal = await SqlJournal.open(f"sqlite:///{file}")
    records = mixed(2000)
    for first in range(0, 2000, 500):
        await journal.append(records[first : first + 500])
        body = random.Random(first).randbytes(9000)
        await journal.write_snapshot(Snapshot(first + 500, first // 2 + 250, 1.0, 1, body))
    await journal.close()
    return file


def test_any_changed_byte_anywhere_in_the_file_is_found_and_located(
    long_journal: Path, tmp_path: Path
) -> None:
    """A hundred places of the whole file by chance: rows, indexes, headers, free pages, free space."""
    assert verify(long_journal).problems == ()
    chance, copy = random.Random(SEED), tmp_path / "copy.db"
    for _ in range(CHANGES):
        shutil.copy(long_journal, copy)
        at = change_one_byte(copy, chance)
        page = at // pages.PAGE_BYTES + 1
        problems = verify(copy).problems
        assert any(problem.startswith(f"page {page} was changed (bytes ") for problem in problems), at


def change_one_byte(file: Path, chance: random.Random) -> int:
    """Another byte at a place by chance. Returns the place."""
    at = chance.randrange(file.stat().st_size)
    with file.open("r+b") as opened:
        opened.seek(at)
        (byte,) = opened.read(1)
        opened.seek(at)
        opened.write(bytes([byte ^ chance.randrange(1, 256)]))
    return at


def test_a_changed_byte_in_a_row_is_found_by_the_chain_alone(long_journal: Path, tmp_path: Path) -> None:
    """Whoever writes to the file may seal it anew; the chain names the event all the same."""
    content, chance, copy = long_journal.read_bytes(), random.Random(SEED), tmp_path / "copy.db"
    for _ in range(25):
        sequence = chance.randrange(1, 2001)
        name = f'"T-{sequence}"'.encode()
        changed = content.replace(name, name[:-2] + b'#"', 1)
        assert len(changed) == len(content)
        assert changed != content
        copy.write_bytes(changed)
        pages.seal_all(copy)
        found = verify(copy)
        assert found.problems[0] == f"event {sequence}: changed"
        assert found.intact == sequence - 1


async def test_a_damaged_event_is_never_read_as_if_it_were_right(file: Path) -> None:
    problems_after(file, "UPDATE event SET clock_s = 99.5 WHERE sequence = 8")
    before = content(file)
    journal = await SqlJournal.open(f"sqlite:///{file}")
    assert len(await journal.read(0, 7)) == 7
    with pytest.raises(JournalError, match="event 8 does not fit its checksum; events up to 7 are intact"):
        await journal.read(6, 100)
    await journal.close()
    assert content(file) == before, "it was left as it was"


def content(file: Path) -> bytes:
    return file.read_bytes()
