"""What can be saved of a damaged journal, and how an older one is brought up to date."""

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from edge_agent.adapters import journal_pages as pages
from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.journal_export import export
from edge_agent.adapters.journal_reader import JournalReader
from edge_agent.adapters.journal_restore import restore
from edge_agent.adapters.journal_schema import revisions
from edge_agent.adapters.journal_upgrade import copy
from edge_agent.adapters.journal_verify import verify
from edge_agent.domain.events import Recorded
from edge_agent.errors import JournalError
from edge_agent.ports import Snapshot
from tests.adapters.examples import mixed, told

DATA = Path(__file__).parents[1] / "data"
STATE = Snapshot(600, 300, 150.0, 1, b"state")


async def build(file: Path, records: list[Recorded], *snapshots: Snapshot) -> Path:
    journal = await SqlJournal.open(f"sqlite:///{file}")
    await journal.append(records)
    for snapshot in snapshots:
        await journal.write_snapshot(snapshot)
    journal.move_cursor("published", 300)
    await journal.close()
    return file


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A thousand events; a snapshot after the 600th; 300 confirmations are published."""
    return await build(tmp_path / "journal.db", mixed(1000), STATE)


def alter(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute(statement)
    pages.seal_all(file)


def records_of(file: Path, after: int = 0) -> list[Recorded]:
    with JournalReader(f"sqlite:///{file}") as reader:
        return reader.read(after, 10_000)


def wipe_page_of(file: Path, sequence: int) -> None:
    """Overwrite the page that an event stands on."""
    content = bytearray(file.read_bytes())
    start = content.find(f'"T-{sequence}"'.encode()) // pages.PAGE_BYTES * pages.PAGE_BYTES
    content[start : start + pages.PAGE_BYTES] = b"\xaa" * pages.PAGE_BYTES
    file.write_bytes(content)


# ---- export and restore ------------------------------------------------------------------------------


def test_a_sound_journal_comes_back_from_its_export(file: Path, tmp_path: Path) -> None:
    exported = export(file, tmp_path / "out.jsonl")
    assert (exported.events, exported.first, exported.last, exported.missing) == (1000, 1, 1000, ())
    restored = restore(tmp_path / "out.jsonl", tmp_path / "new.db")
    assert (restored.events, restored.first, restored.last, restored.snapshot) == (1000, 1, 1000, 600)
    assert records_of(tmp_path / "new.db") == mixed(1000)
    assert verify(tmp_path / "new.db") == verify(file)
    with JournalReader(f"sqlite:///{tmp_path}/new.db") as reader:
        assert reader.cursors() == {"published": 300}
        assert reader.snapshot() == STATE


def test_events_behind_a_page_that_cannot_be_read_are_saved(file: Path, tmp_path: Path) -> None:
    wipe_page_of(file, 300)
    exported = export(file, tmp_path / "out.jsonl")
    assert exported.last == 1000
    assert 0 < 1000 - exported.events < 100, "one page of events"
    assert exported.missing[0].first <= 300 <= exported.missing[-1].last


def test_a_gap_that_a_snapshot_stands_in_for_is_left_out(file: Path, tmp_path: Path) -> None:
    wipe_page_of(file, 300)
    gap = export(file, tmp_path / "out.jsonl").missing[-1]
    restored = restore(tmp_path / "out.jsonl", tmp_path / "new.db")
    assert (restored.first, restored.last, restored.snapshot) == (gap.last + 1, 1000, 600)
    assert verify(tmp_path / "new.db").problems == ()
    assert records_of(tmp_path / "new.db", after=600) == mixed(1000)[600:]


def test_a_gap_behind_the_snapshot_is_refused_until_somebody_says_so(file: Path, tmp_path: Path) -> None:
    alter(file, "UPDATE event SET body = '{}' WHERE sequence = 800")
    assert [str(damage) for damage in export(file, tmp_path / "out.jsonl").missing] == ["event 800: changed"]
    with pytest.raises(JournalError, match=r"the first is 800, and no snapshot.*--until 799"):
        restore(tmp_path / "out.jsonl", tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
    restored = restore(tmp_path / "out.jsonl", tmp_path / "new.db", until=799)
    assert (restored.events, restored.last) == (799, 799)
    assert records_of(tmp_path / "new.db") == mixed(799)


def test_a_cursor_never_stands_ahead_in_what_is_restored(file: Path, tmp_path: Path) -> None:
    export(file, tmp_path / "out.jsonl")
    restore(tmp_path / "out.jsonl", tmp_path / "new.db", until=100)
    assert verify(tmp_path / "new.db").problems == ()


def test_a_lost_last_event_is_told(file: Path, tmp_path: Path) -> None:
    wipe_page_of(file, 1000)
    (damage,) = export(file, tmp_path / "out.jsonl").missing
    assert "so is what may come behind it" in damage.problem


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda lines: lines[:-1], "cut short"),
        (lambda lines: lines[1:], "no export of a journal that this edge-agent knows"),
        (lambda lines: ["nonsense", *lines], "no export of a journal"),
        (lambda lines: [*lines[:9], "{", *lines[9:]], "out.jsonl:10: cannot be read"),
    ],
)
def test_what_is_no_whole_export_is_refused(file: Path, tmp_path: Path, spoil: object, problem: str) -> None:
    export(file, tmp_path / "out.jsonl")
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert callable(spoil)
    (tmp_path / "out.jsonl").write_text("\n".join(spoil(lines)) + "\n")
    with pytest.raises(JournalError, match=problem):
        restore(tmp_path / "out.jsonl", tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()


def test_nothing_that_is_there_is_overwritten(file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    export(file, tmp_path / "out.jsonl")
    for work in (
        lambda: export(file, tmp_path / "out.jsonl"),
        lambda: restore(tmp_path / "out.jsonl", file),
        lambda: copy(file, file),
    ):
        with pytest.raises(JournalError, match="is there already"):
            work()
    assert file.read_bytes() == before


def test_every_line_of_an_export_is_an_object_that_says_what_it_is(file: Path, tmp_path: Path) -> None:
    export(file, tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    kinds = [line["kind"] for line in lines]
    assert kinds == ["journal", "snapshot", *["event"] * 1000, "end"]
    assert lines[-1] == {"kind": "end", "events": 1000, "missing": [], "cursors": {"published": 300}}


# ---- backup ------------------------------------------------------------------------------------------


async def test_a_journal_is_copied_while_its_agent_writes(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    journal = await SqlJournal.open(f"sqlite:///{file}")
    await journal.append(told(1, 5000))
    async with asyncio.TaskGroup() as tasks:
        copying = tasks.create_task(asyncio.to_thread(copy, file, tmp_path / "copy.db"), name="copy")
        last = 5000
        while not copying.done():
            await journal.append(told(last + 1, last + 10))
            last += 10
    await journal.close()
    copied = await asyncio.to_thread(verify, tmp_path / "copy.db")
    assert copied.problems == ()
    assert 5000 <= copied.events <= last
    assert (await asyncio.to_thread(verify, file)).problems == ()


# ---- older journals ----------------------------------------------------------------------------------


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A journal of schema 0001, from a run of three tasks on the simulators."""
    return Path(shutil.copy(DATA / "journal_v1.db", tmp_path / "journal.db"))


async def test_an_older_journal_is_backed_up_and_brought_up_to_date(old_file: Path) -> None:
    before = old_bodies(old_file)
    with structlog.testing.capture_logs() as logs:
        journal = await SqlJournal.open(f"sqlite:///{old_file}")
    await journal.close()
    (saved,) = (entry["file"] for entry in logs if entry["event"] == "journal_backed_up")
    assert Path(saved).name.startswith("journal.db.0001-")
    assert old_bodies(Path(saved)) == before
    assert old_bodies(old_file) == before
    found = await asyncio.to_thread(verify, old_file)
    assert (found.events, found.problems) == (len(before), ())


def old_bodies(file: Path) -> list[object]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT sequence, at, clock_s, body, confirmation FROM event").fetchall()


async def test_a_journal_that_is_up_to_date_is_not_backed_up(file: Path) -> None:
    await (await SqlJournal.open(f"sqlite:///{file}")).close()
    assert not [path.name for path in file.parent.iterdir() if path.suffix == ".bak"]
    assert revisions()[0] == "0002"


def test_an_older_journal_is_not_called_damaged(old_file: Path) -> None:
    with pytest.raises(JournalError, match="written by an older edge-agent"):
        verify(old_file)
