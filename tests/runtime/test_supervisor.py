"""A device's supervisor: sends once, reconciles every doubt, and never lets time alone resend."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from drivers.fake import FakeDevice, Loss
from edge_agent.domain.command import (
    Accepted,
    Command,
    Done,
    Failed,
    FailureReason,
    ForTrip,
    Refusal,
    RefusalReason,
    Retrieve,
    Unknown,
)
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import CommandId, DeviceId, LocationId, Lpn, PointId, TripId
from edge_agent.domain.inputs import CommandAnswered, CommandResolved, DeviceReported, Input
from edge_agent.runtime import supervisor as module
from edge_agent.runtime.backoff import Backoff
from edge_agent.runtime.supervisor import DeviceSupervisor

DEVICE = DeviceId("asrs-1")
SOON_S = 5.0


def command(number: int = 1, epoch: int = 1) -> Command:
    order = Retrieve(Lpn("TOTE-0001"), LocationId("A01-01-01"), PointId("out"))
    return Command(CommandId(number), DEVICE, order, ForTrip(TripId("trip-1")), epoch)


class Inbox:
    """What the loop would get; a test says when something is durable."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.not_durable: list[Callable[[], None]] = []
        self.arrived = asyncio.Event()

    def put(self, what: Input, on_durable: Callable[[], None] | None = None) -> None:
        self.inputs.append(what)
        if on_durable is not None:
            self.not_durable.append(on_durable)
        self.arrived.set()

    def of(self, kind: type) -> list[Input]:
        return [what for what in self.inputs if isinstance(what, kind)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON_S):
            while not condition():
                self.arrived.clear()
                with suppress(TimeoutError):  # what is waited for may show elsewhere than in the inbox
                    async with asyncio.timeout(0.01):
                        await self.arrived.wait()

    async def resolved(self, number: int = 1) -> Done | Failed | Unknown:
        await self.until(lambda: bool(self._ends(number)))
        return self._ends(number)[-1].outcome

    def _ends(self, number: int) -> list[CommandResolved]:
        ends = (what for what in self.inputs if isinstance(what, CommandResolved))
        return [end for end in ends if end.command_id == number]

    async def ready(self, times: int = 1) -> None:
        def is_ready() -> bool:
            reports = self.of(DeviceReported)
            return sum(r.status.mode is Mode.READY for r in reports) >= times  # type: ignore[attr-defined]

        await self.until(is_ready)


@asynccontextmanager
async def running(
    device: FakeDevice, *open_commands: Command
) -> AsyncIterator[tuple[DeviceSupervisor, Inbox]]:
    inbox = Inbox()
    supervisor = DeviceSupervisor(device, inbox.put, Backoff(0.001, 0.002))
    supervisor.recover(open_commands)
    task = asyncio.create_task(supervisor.run(), name="supervisor")
    try:
        yield supervisor, inbox
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_command_is_sent_once_answered_and_its_end_reported() -> None:
    device = FakeDevice(DEVICE)
    async with running(device) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        assert isinstance(await inbox.resolved(), Done)
    assert device.taken == [command()]


async def test_a_report_is_acknowledged_only_when_it_is_durable() -> None:
    device = FakeDevice(DEVICE)
    async with running(device) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        await inbox.resolved()
        assert device.acknowledged == []
        inbox.not_durable.pop()()
        await inbox.until(lambda: device.acknowledged == [1])


async def test_a_report_that_was_not_acknowledged_comes_again_and_is_acknowledged_then() -> None:
    device = FakeDevice(DEVICE)
    async with running(device) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        await inbox.resolved()
        inbox.not_durable.clear()
        device.drop_link()
        await inbox.until(lambda: bool(inbox.not_durable))
        inbox.not_durable.pop()()
        await inbox.until(lambda: device.acknowledged == [1])
    assert device.taken == [command()]


@pytest.mark.parametrize("loss", Loss)
async def test_a_link_lost_while_sending_ends_in_one_motion(loss: Loss) -> None:
    device = FakeDevice(DEVICE)
    device.lose_next(loss)
    async with running(device) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        assert isinstance(await inbox.resolved(), Done)
    assert device.taken == [command()]


async def test_a_command_that_runs_is_adopted_after_the_link_was_lost() -> None:
    device = FakeDevice(DEVICE, ending=None)
    device.lose_next(Loss.AFTER_TAKEN)
    async with running(device) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        await inbox.until(lambda: inbox.of(CommandAnswered) != [])
        assert inbox.of(CommandAnswered) == [CommandAnswered(CommandId(1), Accepted())]
        device.finish(CommandId(1), Failed(FailureReason.JAM, 5))
        assert await inbox.resolved() == Failed(FailureReason.JAM, 5)
    assert device.taken == [command()]


async def test_a_device_that_lost_its_memory_leaves_the_outcome_unknown() -> None:
    device = FakeDevice(DEVICE, ending=None)
    async with running(device) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        await inbox.until(lambda: inbox.of(CommandAnswered) != [])
        device.lose_memory()
        assert isinstance(await inbox.resolved(), Unknown)
    assert device.taken == [command()]


@pytest.mark.parametrize("ended", [True, False], ids=["done meanwhile", "still running"])
async def test_what_the_journal_holds_open_is_asked_about_before_anything_new_is_sent(ended: bool) -> None:
    device = FakeDevice(DEVICE, ending=None, max_open=2)
    await device.connect()
    await device.send(command(1))
    if ended:
        device.finish(CommandId(1))
    await device.close()
    async with running(device, command(1)) as (supervisor, inbox):
        supervisor.submit(command(2))
        await inbox.until(lambda: len(device.taken) == 2)
        if not ended:
            device.finish(CommandId(1))
        assert isinstance(await inbox.resolved(1), Done)
        device.finish(CommandId(2))
        await inbox.resolved(2)
    assert device.taken == [command(1), command(2)]


async def test_a_command_that_was_durable_and_never_left_is_sent_after_the_restart() -> None:
    device = FakeDevice(DEVICE)
    async with running(device, command()) as (_, inbox):
        assert isinstance(await inbox.resolved(), Done)
    assert device.taken == [command()]


async def test_a_refused_command_is_told_and_forgotten() -> None:
    device = FakeDevice(DEVICE)
    device.refuse_next(RefusalReason.BUSY, "in use")
    async with running(device) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        await inbox.until(lambda: inbox.of(CommandAnswered) != [])
        device.drop_link()
        await inbox.ready(times=2)
    assert inbox.of(CommandAnswered) == [CommandAnswered(CommandId(1), Refusal(RefusalReason.BUSY, "in use"))]
    assert inbox.of(CommandResolved) == []
    assert device.taken == []


@pytest.mark.parametrize("forgotten", [False, True], ids=["still at it", "does not know it any more"])
async def test_an_overdue_command_is_asked_about_and_never_sent_again(
    monkeypatch: pytest.MonkeyPatch, forgotten: bool
) -> None:
    monkeypatch.setattr(module, "OVERDUE_CHECK_S", 0.001)
    device = FakeDevice(DEVICE, ending=None, command_timeout_s=0.0)
    async with running(device) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        await inbox.until(lambda: inbox.of(CommandAnswered) != [])
        if forgotten:
            device._open.clear()  # a device that breaks its promise
            assert isinstance(await inbox.resolved(), Unknown)
        else:
            for _ in range(20):
                await asyncio.sleep(0.002)
            assert inbox.of(CommandResolved) == []
            device.finish(CommandId(1))
            assert isinstance(await inbox.resolved(), Done)
    assert device.taken == [command()]


async def test_a_device_that_is_away_is_reported_settled_and_connected_when_it_comes() -> None:
    device = FakeDevice(DEVICE)
    device.reachable = False
    async with running(device) as (supervisor, inbox):
        async with asyncio.timeout(SOON_S):
            await supervisor.settled.wait()
        assert inbox.of(DeviceReported) == []
        device.reachable = True
        await inbox.ready()


async def test_a_change_of_mode_is_reported_and_a_lost_link_is_a_disconnected_device() -> None:
    device = FakeDevice(DEVICE)
    async with running(device) as (_, inbox):
        await inbox.ready()
        device.show(Mode.E_STOPPED, fault=7)
        await inbox.until(lambda: len(inbox.of(DeviceReported)) == 2)
        device.reachable = False
        device.drop_link()
        await inbox.until(lambda: len(inbox.of(DeviceReported)) == 3)
    modes = [report.status.mode for report in inbox.of(DeviceReported)]  # type: ignore[attr-defined]
    assert modes == [Mode.READY, Mode.E_STOPPED, Mode.DISCONNECTED]


async def test_a_bug_in_a_driver_stays_inside_and_the_device_is_connected_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = FakeDevice(DEVICE)
    connect, tries = device.connect, []

    async def stumble() -> object:
        tries.append(1)
        if len(tries) == 1:
            raise ZeroDivisionError("a bug")
        return await connect()

    monkeypatch.setattr(device, "connect", stumble)
    async with running(device) as (_, inbox):
        await inbox.ready()
    assert len(tries) == 2
