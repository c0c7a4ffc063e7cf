"""The loop writes its state down, and a start goes on from there."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.memory_journal import MemoryJournal
from edge_agent.adapters.snapshot_codec import SnapshotCodec
from edge_agent.core.plant import Plant
from edge_agent.core.state import State
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import TaskId
from edge_agent.domain.inputs import CancelSubmitted, Started, TaskSubmitted
from edge_agent.domain.task import CancelRequest
from edge_agent.domain.time import Instant
from edge_agent.errors import JournalError
from edge_agent.ports import Journal, Snapshot
from edge_agent.runtime.loop import Loop
from edge_agent.runtime.snapshots import Snapshots
from tests.core.agent import T0, a_task, demo_site, digest

EVERY = 10


class HandClock:
    """A clock that stands until it is pushed."""

    def __init__(self) -> None:
        self.clock_s = 0.0

    def now(self) -> Instant:
        return Instant(T0, self.clock_s)


class Life:
    """One life of the loop on a journal."""

    def __init__(self, journal: Journal, codec: SnapshotCodec | None = None) -> None:
        site = demo_site()
        self.state = State(Plant(site, {}))
        self.clock = HandClock()
        self.snapshots = Snapshots(journal, codec or SnapshotCodec(), EVERY)
        self.loop = Loop(self.state, journal, self.clock, self._act, self.snapshots)

    def _act(self, records: Sequence[Recorded]) -> None:
        pass

    async def work(self, first: int, last: int) -> None:
        """Tasks that come and are cancelled again, one turn each."""
        for number in range(first, last + 1):
            task = a_task(f"T-{number}", box=number)
            self.clock.clock_s += 1
            self.loop.put(TaskSubmitted(task, digest(task)))
            await self.loop.turn()
            if number % 3:
                self.loop.put(CancelSubmitted(CancelRequest(TaskId(f"T-{number}"), 1, "not wanted")))
                await self.loop.turn()

    async def write_due(self) -> None:
        """Let the task that writes snapshots do what there is."""
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self.snapshots.run(), name="snapshots")
            while self.snapshots._due is not None:
                await asyncio.sleep(0.001)
            writing.cancel()


async def replayed(journal: Journal, codec: SnapshotCodec | None = None) -> Life:
    life = Life(journal, codec)
    life.clock.clock_s = await life.loop.replay()
    return life


class Counting(MemoryJournal):
    """Counts the events that a start reads."""

    def __init__(self) -> None:
        super().__init__()
        self.were_read = 0

    async def read(self, after: int, limit: int) -> list[Recorded]:
        page = await super().read(after, limit)
        self.were_read += len(page)
        return page


async def test_a_start_reads_only_what_came_after_the_newest_snapshot() -> None:
    journal = Counting()
    life = Life(journal)
    await life.work(1, 20)
    await life.write_due()
    await life.work(21, 22)
    again = await replayed(journal)
    assert again.state == life.state
    assert again.clock.clock_s == life.clock.clock_s
    last = await journal.last()
    assert last is not None
    assert journal.were_read == last.sequence - EVERY
    again.loop.put(Started("test"))
    await again.loop.turn()
    assert (await journal.last()).sequence == last.sequence + 1  # type: ignore[union-attr]  # there is one


async def test_no_second_image_is_taken_while_one_is_being_written() -> None:
    journal = MemoryJournal()
    life = Life(journal)
    await life.work(1, 40)
    await life.write_due()
    assert list(journal._snapshots) == [EVERY], "the state of the time at which it was due"


async def test_a_clean_stop_leaves_nothing_to_replay() -> None:
    journal = Counting()
    life = Life(journal)
    await life.work(1, 3)
    life.loop.stop()
    await life.loop.run()
    await life.loop.last_snapshot()
    assert (await replayed(journal)).state == life.state
    assert journal.were_read == 0


async def test_a_stop_ends_a_loop_that_waits() -> None:
    life = Life(MemoryJournal())
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(life.loop.run(), name="loop")
        await asyncio.sleep(0)
        life.loop.stop()
        life.loop.stop()


async def test_a_state_that_is_ahead_of_the_disk_is_not_written_down() -> None:
    class Broken(MemoryJournal):
        async def append(self, records: Sequence[Recorded]) -> None:
            raise JournalError("the disk is full")

    journal = Broken()
    life = Life(journal)
    with pytest.raises(JournalError):
        await life.work(1, 1)
    await life.loop.last_snapshot()
    assert await journal.snapshot() is None


async def test_a_snapshot_of_another_version_is_passed_over_for_an_older_one() -> None:
    journal = Counting()
    life = Life(journal)
    await life.work(1, 10)
    await life.write_due()
    await life.work(11, 30)
    await journal.write_snapshot(Snapshot(40, 40, 1.0, 99, b"of the future"))
    with structlog.testing.capture_logs() as logs:
        again = await replayed(journal)
    assert again.state == life.state
    assert [(entry["event"], entry["sequence"]) for entry in logs] == [("snapshot_passed_over", 40)]


async def test_without_a_readable_snapshot_the_state_comes_from_the_events_alone() -> None:
    journal = Counting()
    life = Life(journal)
    await life.work(1, 10)
    await journal.write_snapshot(Snapshot(5, 5, 1.0, SnapshotCodec.version, b"not what it says"))
    with structlog.testing.capture_logs():
        again = await replayed(journal)
    assert again.state == life.state
    assert journal.were_read == life.loop._sequence


async def test_a_snapshot_that_was_changed_on_the_disk_is_passed_over(tmp_path: Path) -> None:
    journal = await SqlJournal.open(f"sqlite:///{tmp_path}/journal.db")
    life = Life(journal)
    await life.work(1, 20)
    await life.write_due()
    await life.work(21, 25)
    await life.loop.last_snapshot()
    await journal.close()
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
        newest = "(SELECT max(sequence) FROM snapshot)"
        other.execute(f"UPDATE snapshot SET body = zeroblob(length(body)) WHERE sequence = {newest}")
    journal = await SqlJournal.open(f"sqlite:///{tmp_path}/journal.db")
    with structlog.testing.capture_logs() as logs:
        again = await replayed(journal)
    await journal.close()
    assert again.state == life.state
    assert [entry["event"] for entry in logs] == ["snapshot_damaged"]


async def test_only_the_newest_snapshots_are_kept(tmp_path: Path) -> None:
    journal = await SqlJournal.open(f"sqlite:///{tmp_path}/journal.db")
    life = Life(journal)
    for first in range(1, 60, 10):
        await life.work(first, first + 9)
        await life.write_due()
    kept = [s.sequence for s in (await journal.snapshot(),) if s]
    while older := await journal.snapshot(kept[-1]):
        kept.append(older.sequence)
    await journal.close()
    assert len(kept) == 2
