"""A device's supervisor: sends once, reconciles every doubt, and never lets time alone resend."""

import asyncio
from contextlib import suppress

import pytest

from drivers.fake import FakeDevice, Loss
from edge_agent.domain.command import (
    Accepted,
    Command,
    Done,
    Failed,
    FailureReason,
    Refusal,
    RefusalReason,
    Unknown,
)
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import CommandId
from edge_agent.domain.inputs import CommandAnswered, CommandResolved, DeviceReported
from edge_agent.runtime import supervisor as module
from edge_agent.runtime.supervisor import DeviceSupervisor
from tests.runtime.inbox import SOON_S, Inbox
from tests.runtime.supervised import DEVICE, command, running


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
    modes = [report.status.mode for report in inbox.of(DeviceReported)]
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


async def test_a_bug_in_closing_a_device_stays_inside_too(monkeypatch: pytest.MonkeyPatch) -> None:
    device = FakeDevice(DEVICE)
    close, closed = device.close, []

    async def stumble() -> None:
        await close()
        closed.append(1)
        if len(closed) == 2:  # the first is the connect's own
            raise ZeroDivisionError("a bug")

    monkeypatch.setattr(device, "close", stumble)
    async with running(device) as (_, inbox):
        await inbox.ready()
        device.drop_link()
        await inbox.ready(times=2)


async def test_a_command_that_was_accepted_and_is_not_known_any_more_is_never_sent_again() -> None:
    device = FakeDevice(DEVICE)
    async with running(device, command(), accepted=True) as (_, inbox):
        assert isinstance(await inbox.resolved(), Unknown)
    assert device.taken == []


async def test_a_device_that_forgets_an_accepted_command_between_two_links_is_not_told_again() -> None:
    device = FakeDevice(DEVICE, ending=None)
    async with running(device) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        await inbox.until(lambda: inbox.of(CommandAnswered) != [])
        device._open.clear()  # a device that breaks its promise
        device.drop_link()
        assert isinstance(await inbox.resolved(), Unknown)
    assert device.taken == [command()]


async def test_a_command_given_while_the_device_is_asked_about_others_is_sent_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = FakeDevice(DEVICE, max_open=3)
    asked, go_on = asyncio.Event(), asyncio.Event()
    reconcile = device.reconcile

    async def slowly(what: Command) -> object:
        asked.set()
        await go_on.wait()
        return await reconcile(what)

    monkeypatch.setattr(device, "reconcile", slowly)
    async with running(device, command(1)) as (supervisor, inbox):
        await asked.wait()
        supervisor.submit(command(2))
        go_on.set()
        await inbox.resolved(1)
        await inbox.resolved(2)
    assert device.taken == [command(1), command(2)]


async def test_a_command_given_while_there_is_no_link_is_sent_once_when_there_is() -> None:
    device = FakeDevice(DEVICE)
    device.reachable = False
    async with running(device) as (supervisor, inbox):
        await supervisor.settled.wait()
        supervisor.submit(command())
        device.reachable = True
        await inbox.resolved()
    assert device.taken == [command()]


async def test_nothing_is_acknowledged_on_another_link_than_it_was_reported_on() -> None:
    """The numbers of reports count for one link: a late one could acknowledge what nobody has seen."""
    device = FakeDevice(DEVICE)
    async with running(device) as (supervisor, inbox):
        await inbox.ready()
        supervisor.submit(command())
        await inbox.resolved()
        (late,) = inbox.not_durable
        inbox.not_durable.clear()
        device.drop_link()
        await inbox.until(lambda: bool(inbox.not_durable))
        late()
        supervisor.submit(command(2))
        await inbox.resolved(2)
        assert device.acknowledged == []


async def test_a_mode_that_changes_while_the_device_is_asked_about_is_reported_when_it_is_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = FakeDevice(DEVICE)
    reconcile = device.reconcile

    async def stopped(what: Command) -> object:
        device.show(Mode.E_STOPPED)
        await asyncio.sleep(0)
        return await reconcile(what)

    monkeypatch.setattr(device, "reconcile", stopped)
    async with running(device, command()) as (supervisor, inbox):
        async with asyncio.timeout(SOON_S):
            await supervisor.settled.wait()
        assert [report.status.mode for report in inbox.of(DeviceReported)] == [Mode.E_STOPPED]


async def test_a_stop_that_comes_in_the_moment_of_an_answer_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`asyncio.wait_for` before Python 3.12 drops a cancellation that comes together with the result, and the
    protocol libraries wait with it (gh-86296)."""
    device = FakeDevice(DEVICE)
    sending = asyncio.Event()

    async def answers_as_it_is_cancelled(_: Command) -> Accepted:
        sending.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return Accepted()

    monkeypatch.setattr(device, "send", answers_as_it_is_cancelled)
    supervisor = DeviceSupervisor(device, Inbox().put)
    supervisor.submit(command())
    task = asyncio.create_task(supervisor.run(), name="supervisor")
    await sending.wait()
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=SOON_S)
    assert done
    assert task.cancelled()
