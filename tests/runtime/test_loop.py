"""The loop: nothing is done about an event before it is durable, and one commit serves many inputs."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.adapters.journal import SqlJournal
from edge_agent.core.plant import Plant
from edge_agent.core.state import State
from edge_agent.domain import events as ev
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import TaskId
from edge_agent.domain.inputs import Started, TaskSubmitted, Tick
from edge_agent.domain.time import Instant
from edge_agent.errors import JournalError
from edge_agent.runtime.loop import BATCH_LIMIT, Loop
from tests.core.agent import a_task, demo_site

SOON_S = 5.0


class HandClock:
    def __init__(self) -> None:
        self.clock_s = 0.0

    def now(self) -> Instant:
        return Instant(datetime(2026, 11, 22, tzinfo=UTC), self.clock_s)


class GateJournal:
    """A journal whose disk answers when the test says so."""

    def __init__(self) -> None:
        self.appends: list[list[Recorded]] = []
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.failure: JournalError | None = None

    async def append(self, records: Sequence[Recorded]) -> None:
        self.asked.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.appends.append(list(records))

    async def read(self, after: int, limit: int) -> list[Recorded]:
        records = [record for batch in self.appends for record in batch]
        return records[after : after + limit]


class Rig:
    def __init__(self, journal: GateJournal | SqlJournal) -> None:
        self.acted: list[Recorded] = []
        self.acknowledged: list[str] = []
        self.clock = HandClock()
        self.loop = Loop(State(Plant(demo_site(), {})), journal, self.clock, self.acted.extend)  # type: ignore[arg-type]

    def submit(self, number: int) -> None:
        task = a_task(f"T-{number}", box=number)
        self.loop.put(TaskSubmitted(task, repr(task)), lambda: self.acknowledged.append(task.task_id))

    def accepted(self) -> list[TaskId]:
        return [r.event.task_id for r in self.acted if isinstance(r.event, ev.TaskAccepted)]


async def test_nothing_is_acted_on_or_acknowledged_before_the_append_has_returned() -> None:
    journal = GateJournal()
    rig = Rig(journal)
    rig.submit(1)
    turn = asyncio.create_task(rig.loop.turn(), name="turn")
    await journal.asked.wait()
    assert rig.acted == []
    assert rig.acknowledged == []
    journal.gate.set()
    await turn
    assert rig.accepted() == ["T-1"]
    assert rig.acknowledged == ["T-1"]


async def test_who_asks_for_the_state_during_a_commit_is_answered_when_it_is_durable() -> None:
    journal = GateJournal()
    rig = Rig(journal)
    seen: list[list[TaskId]] = []

    def read() -> None:
        seen.append(list(rig.loop.state.tasks))

    rig.loop.when_durable(read)
    rig.submit(1)
    turn = asyncio.create_task(rig.loop.turn(), name="turn")
    await journal.asked.wait()
    rig.loop.when_durable(read)
    assert seen == [[]], "at rest at once; during a commit not yet"
    rig.submit(2)
    journal.gate.set()
    await turn
    assert seen == [[], ["T-1"]]
    rig.loop.when_durable(read)
    assert seen[-1] == ["T-1"]


async def test_nobody_is_shown_a_state_whose_commit_has_failed() -> None:
    journal = GateJournal()
    rig = Rig(journal)
    seen: list[object] = []
    rig.submit(1)
    turn = asyncio.create_task(rig.loop.turn(), name="turn")
    await journal.asked.wait()
    rig.loop.when_durable(lambda: seen.append(rig.loop.state))
    journal.failure = JournalError("disk full")
    journal.gate.set()
    with pytest.raises(JournalError):
        await turn
    rig.loop.when_durable(lambda: seen.append(rig.loop.state))
    assert seen == []


async def test_what_comes_during_a_commit_shares_the_next_one() -> None:
    journal = GateJournal()
    rig = Rig(journal)
    running = asyncio.create_task(rig.loop.run(), name="loop")
    rig.submit(1)
    await journal.asked.wait()
    for number in range(2, 12):
        rig.submit(number)
    journal.gate.set()
    async with asyncio.timeout(SOON_S):
        while len(rig.acknowledged) < 11:
            await asyncio.sleep(0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert len(journal.appends) == 2
    assert rig.acknowledged == [f"T-{number}" for number in range(1, 12)]


async def test_what_has_no_effect_is_acknowledged_without_a_commit() -> None:
    journal = GateJournal()
    journal.gate.set()
    rig = Rig(journal)
    rig.submit(1)
    await rig.loop.turn()
    rig.submit(1)
    await rig.loop.turn()
    assert rig.acknowledged == ["T-1", "T-1"]
    assert len(journal.appends) == 1


async def test_a_failed_append_ends_the_loop_and_nothing_is_done() -> None:
    journal = GateJournal()
    journal.failure = JournalError("disk full")
    journal.gate.set()
    rig = Rig(journal)
    rig.submit(1)
    with pytest.raises(JournalError, match="disk full"):
        await rig.loop.run()
    assert rig.acted == []
    assert rig.acknowledged == []


async def test_a_flood_is_taken_in_bounded_batches() -> None:
    journal = GateJournal()
    journal.gate.set()
    rig = Rig(journal)
    for _ in range(BATCH_LIMIT + 5):
        rig.loop.put(Tick())
    await rig.loop.turn()
    assert rig.loop.backlog == 5


async def test_confirmations_and_sequences_are_numbered_without_a_gap_over_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    journal = await SqlJournal.open(url)
    rig = Rig(journal)
    rig.loop.put(Started("1"))
    rig.submit(1)
    await rig.loop.turn()
    await journal.close()
    journal = await SqlJournal.open(url)
    again = Rig(journal)
    await again.loop.replay()
    assert again.loop.state == rig.loop.state
    again.submit(2)
    await again.loop.turn()
    records = await journal.read(0, 100)
    await journal.close()
    assert [record.sequence for record in records] == list(range(1, len(records) + 1))
    told = [record.confirmation for record in records if record.confirmation is not None]
    assert told == list(range(1, len(told) + 1))


async def test_the_loop_wakes_by_itself_when_a_wait_is_over() -> None:
    journal = GateJournal()
    journal.gate.set()
    rig = Rig(journal)
    rig.loop.state.devices["conveyor-1"].refused_s = 0.0  # type: ignore[index]
    rig.clock.clock_s = rig.loop.state.plant.site.policies.refusal_retry_s - 0.01
    running = asyncio.create_task(rig.loop.run(), name="loop")
    async with asyncio.timeout(SOON_S):
        while rig.loop.turns == 0:
            await asyncio.sleep(0.001)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_wait_that_ends_while_a_turn_is_on_its_way_is_not_slept_over() -> None:
    journal = GateJournal()
    journal.gate.set()
    rig = Rig(journal)
    rig.loop.state.devices["conveyor-1"].refused_s = 0.0  # type: ignore[index]
    rig.loop.put(Tick())
    await rig.loop.turn()  # decided at 0 s: the refusal is waited out until 1 s
    rig.clock.clock_s = 5.0
    running = asyncio.create_task(rig.loop.run(), name="loop")
    async with asyncio.timeout(SOON_S):
        while rig.loop.turns < 2:
            await asyncio.sleep(0.001)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_who_asks_is_given_the_events_of_its_own_input_when_they_are_durable() -> None:
    journal = GateJournal()
    rig = Rig(journal)
    rig.submit(1)
    first, second = a_task("T-2", box=2), a_task("T-3", box=2)
    asked = [rig.loop.ask(TaskSubmitted(task, repr(task))) for task in (first, second, first)]
    turn = asyncio.create_task(rig.loop.turn(), name="turn")
    await journal.asked.wait()
    assert not any(answer.done() for answer in asked)
    journal.gate.set()
    await turn
    accepted, rejected, repeated = [await answer for answer in asked]
    assert [(type(event), event.task_id) for event in accepted] == [(ev.TaskAccepted, "T-2")]  # type: ignore[union-attr]
    assert [type(event) for event in rejected] == [ev.TaskRejected]
    assert list(repeated) == []


async def test_an_asker_that_has_gone_away_disturbs_nobody() -> None:
    journal = GateJournal()
    journal.gate.set()
    rig = Rig(journal)
    task = a_task("T-1")
    rig.loop.ask(TaskSubmitted(task, repr(task))).cancel()
    await rig.loop.turn()
    assert rig.accepted() == ["T-1"]
