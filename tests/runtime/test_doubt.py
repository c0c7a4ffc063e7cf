"""A command that its device does not remember: settled by looking, held where looking does not help."""

import asyncio

import pytest

from drivers.fake import FakeDevice, Loss
from edge_agent.domain.command import Command, Done, Failed, FailureReason, NotStarted, Reconciled, Unknown
from edge_agent.domain.device import CommandEnded, Mode, Seen, Sighting
from edge_agent.domain.ids import CommandId
from edge_agent.domain.inputs import CommandAnswered, CommandResolved
from edge_agent.runtime import supervisor as module
from tests.runtime.inbox import Inbox
from tests.runtime.supervised import DEVICE, command, running

AT_HOME, AT_OUTFEED = Sighting(Seen.AT_PLACE, "A01-01-01"), Sighting(Seen.AT_PLACE, "out")
UNDER_WAY = Sighting(Seen.UNDER_WAY)


@pytest.fixture(autouse=True)
def _looks_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.001)


class Crane(FakeDevice):
    """A crane that shows what the test says, and counts how often it is asked."""

    def __init__(self, sighting: Sighting | None = UNDER_WAY, command_timeout_s: float = 120.0) -> None:
        super().__init__(DEVICE, ending=None, max_open=3, command_timeout_s=command_timeout_s)
        self.sighting = sighting
        self.looks = 0
        self.sees = self._look

    def _look(self, _command: Command) -> Sighting | None:
        self.looks += 1
        return self.sighting


async def in_doubt(crane: Crane, inbox: Inbox, supervisor: module.DeviceSupervisor) -> None:
    """Command 1 is accepted, the crane loses its memory, and the link is there again."""
    await inbox.ready()
    supervisor.submit(command())
    await inbox.until(lambda: inbox.of(CommandAnswered) != [])
    crane.lose_memory()
    await inbox.ready(times=2)


@pytest.mark.parametrize(
    ("sighting", "outcome"),
    [(AT_OUTFEED, Done()), (AT_HOME, Failed(FailureReason.NOT_STARTED))],
    ids=["done", "not started"],
)
async def test_what_a_device_forgot_is_settled_by_where_it_sees_the_load(
    sighting: Sighting, outcome: object
) -> None:
    crane = Crane(sighting)
    async with running(crane) as (supervisor, inbox):
        await in_doubt(crane, inbox, supervisor)
        assert await inbox.resolved() == outcome
    assert crane.taken == [command()]


async def test_a_load_that_is_somewhere_else_leaves_the_outcome_unknown_and_says_where() -> None:
    crane = Crane(Sighting(Seen.AT_PLACE, "A01-99-99"))
    async with running(crane) as (supervisor, inbox):
        await in_doubt(crane, inbox, supervisor)
        outcome = await inbox.resolved()
    assert isinstance(outcome, Unknown)
    assert outcome.detail == "boot epoch 1 is now 2; the device sees the load at A01-99-99"


async def test_while_the_machine_is_at_work_it_is_looked_at_again_and_nothing_is_resolved() -> None:
    crane = Crane()
    async with running(crane) as (supervisor, inbox):
        await in_doubt(crane, inbox, supervisor)
        await inbox.until(lambda: crane.looks > 3)
        assert inbox.of(CommandResolved) == []
        crane.sighting = AT_OUTFEED
        assert await inbox.resolved() == Done()
    assert crane.taken == [command()]


async def test_a_machine_that_is_at_work_beyond_its_time_is_held() -> None:
    crane = Crane(command_timeout_s=0.01)
    async with running(crane) as (supervisor, inbox):
        await in_doubt(crane, inbox, supervisor)
        outcome = await inbox.resolved()
    assert isinstance(outcome, Unknown)
    assert "after 0.01 s the machine is still at work on it" in outcome.detail


@pytest.mark.parametrize("mode", [Mode.FAULTED, Mode.HELD, Mode.E_STOPPED])
async def test_what_is_seen_counts_only_while_the_device_is_ready_and_its_time_begins_then(
    mode: Mode,
) -> None:
    crane = Crane(AT_HOME, command_timeout_s=0.01)
    async with running(crane) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        await inbox.until(lambda: inbox.of(CommandAnswered) != [])
        crane.show(mode)
        crane.lose_memory()
        await inbox.until(lambda: crane.looks > 20)
        assert inbox.of(CommandResolved) == []
        crane.sighting = AT_OUTFEED
        crane.show(Mode.READY)
        assert await inbox.resolved() == Done()


async def test_a_device_that_stops_while_it_is_asked_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    crane = Crane(AT_HOME)
    look, stopped = crane.look, asyncio.Event()

    async def stops(what: Command) -> Sighting | None:
        sighting = await look(what)
        if not stopped.is_set():
            stopped.set()
            crane.show(Mode.E_STOPPED)
            await asyncio.sleep(0.01)
        return sighting

    monkeypatch.setattr(crane, "look", stops)
    async with running(crane) as (supervisor, inbox):
        await in_doubt(crane, inbox, supervisor)
        await stopped.wait()
        await inbox.until(lambda: crane.looks > 2)
        assert inbox.of(CommandResolved) == []
        crane.sighting = AT_OUTFEED
        crane.show(Mode.READY)
        assert await inbox.resolved() == Done()


async def test_a_device_that_cannot_be_asked_is_held_at_once_whatever_its_mode() -> None:
    crane = Crane(sighting=None)
    crane.show(Mode.FAULTED)
    async with running(crane, command(epoch=7)) as (_, inbox):
        assert await inbox.resolved() == Unknown("boot epoch 7 is now 1")
    assert crane.looks == 1


async def test_a_report_that_comes_meanwhile_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    crane = Crane()
    async with running(crane) as (supervisor, inbox):
        await in_doubt(crane, inbox, supervisor)
        await inbox.until(lambda: crane.looks > 0)
        assert crane._feed is not None
        crane._feed.put(CommandEnded(CommandId(1), Failed(FailureReason.JAM, 21), 5))
        assert await inbox.resolved() == Failed(FailureReason.JAM, 21)
        looks = crane.looks
        crane.sighting = AT_HOME
        await asyncio.sleep(0.01)
        assert len(inbox.of(CommandResolved)) == 1
        assert crane.looks <= looks + 1


@pytest.mark.parametrize("sighting", [Sighting(Seen.NOWHERE), UNDER_WAY, AT_OUTFEED])
async def test_what_is_said_to_run_beyond_its_time_is_held_where_its_load_is_gone(
    monkeypatch: pytest.MonkeyPatch, sighting: Sighting
) -> None:
    monkeypatch.setattr(module, "OVERDUE_CHECK_S", 0.001)
    crane = Crane(sighting, command_timeout_s=0.0)
    async with running(crane) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        await inbox.until(lambda: crane.looks > 2 or inbox.of(CommandResolved) != [])
        if sighting.seen is Seen.NOWHERE:
            outcome = await inbox.resolved()
            assert outcome == Unknown("the device says that it runs, and does not see the load anywhere")
        else:
            assert inbox.of(CommandResolved) == []
    assert crane.taken == [command()]


async def test_other_commands_go_on_beside_one_in_doubt() -> None:
    crane = Crane()
    async with running(crane) as (supervisor, inbox):
        await in_doubt(crane, inbox, supervisor)
        supervisor.submit(command(2, epoch=2))
        await inbox.until(lambda: len(crane.taken) == 2)
        crane.finish(CommandId(2))
        assert isinstance(await inbox.resolved(2), Done)
        assert [end.command_id for end in inbox.of(CommandResolved)] == [2]


async def test_a_lost_link_begins_the_asking_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    crane = Crane()
    async with running(crane) as (supervisor, inbox):
        await in_doubt(crane, inbox, supervisor)
        await inbox.until(lambda: crane.looks > 0)
        crane.drop_link()
        await inbox.ready(times=3)
        looks = crane.looks
        await inbox.until(lambda: crane.looks > looks)
        crane.sighting = AT_OUTFEED
        assert await inbox.resolved() == Done()
    assert len(inbox.of(CommandResolved)) == 1
    assert crane.taken == [command()]


async def test_what_was_in_doubt_when_the_agent_died_is_in_doubt_after_its_restart() -> None:
    crane = Crane(AT_OUTFEED)
    async with running(crane, command(epoch=9), accepted=True) as (_, inbox):
        assert await inbox.resolved() == Done()
    assert crane.taken == []


async def test_an_accepted_command_that_the_device_says_it_never_saw_is_looked_for_and_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crane = Crane(AT_HOME)

    async def forgetful(_command: Command) -> Reconciled:
        return NotStarted()

    monkeypatch.setattr(crane, "reconcile", forgetful)
    async with running(crane, command(), accepted=True) as (_, inbox):
        assert await inbox.resolved() == Failed(FailureReason.NOT_STARTED)
    assert crane.taken == []


async def test_a_link_that_is_lost_with_the_memory_while_sending_is_no_second_motion() -> None:
    crane = Crane()
    crane.lose_next(Loss.AFTER_TAKEN)
    async with running(crane) as (supervisor, inbox):
        await inbox.ready()
        crane.reachable = True
        supervisor.submit(command())
        await inbox.until(lambda: crane.taken != [])
        crane.lose_memory()
        crane.sighting = AT_OUTFEED
        assert await inbox.resolved() == Done()
    assert crane.taken == [command()]
