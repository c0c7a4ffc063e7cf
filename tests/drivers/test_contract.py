"""What every device promises to the runtime: the fake, and both handshakes over real sockets."""

import asyncio
from dataclasses import replace

import pytest

from drivers.fake import Loss
from edge_agent.domain.command import (
    Accepted,
    Command,
    Done,
    Failed,
    FailureReason,
    NotStarted,
    Reconciled,
    Refusal,
    RefusalReason,
    Report,
    Running,
    Unknown,
)
from edge_agent.domain.device import CommandEnded, DeviceStatus, Mode, StatusChanged
from edge_agent.errors import LinkLostError
from tests.drivers.rigs import Rig, WireRig, a_command, accepted, command_for, ids
from tests.drivers.waiting import following, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

DONE = Done(Report("A01-03-12", 1250))


async def _reconciled(rig: Rig, command: Command) -> Reconciled:
    answer = await rig.device.reconcile(command)
    return Done(replace(answer.report, place=None, weight_g=None)) if isinstance(answer, Done) else answer


def _without_time(observed: object) -> object:
    """The report without the device's clock and receipt, which only some devices have."""
    if isinstance(observed, CommandEnded) and isinstance(observed.outcome, Done):
        report = replace(observed.outcome.report, device_time=None)
        return CommandEnded(observed.command_id, Done(report))
    if isinstance(observed, CommandEnded):
        return CommandEnded(observed.command_id, observed.outcome)
    return observed


# ---- commands ------------------------------------------------------------------------------------------


async def test_connecting_tells_mode_epoch_and_fault(rig: Rig) -> None:
    rig.show(Mode.FAULTED, 17)
    status = await rig.device.connect()
    assert (status.mode, status.fault) == (Mode.FAULTED, 17)
    assert status.epoch > 0


async def test_a_command_is_accepted_and_its_end_reported(rig: Rig) -> None:
    await rig.device.connect()
    command = await accepted(rig)
    observations = rig.device.observations()
    rig.finish(command.command_id, DONE)
    ended = await following(observations)
    assert _without_time(ended) == CommandEnded(command.command_id, DONE)
    assert rig.taken() == [command.command_id]


@pytest.mark.parametrize(
    "reason",
    [
        FailureReason.ITEM_MISSING,
        FailureReason.LOAD_MISSING,
        FailureReason.DESTINATION_FULL,
        FailureReason.JAM,
    ],
)
async def test_a_failure_is_reported_with_its_reason(rig: Rig, reason: FailureReason) -> None:
    await rig.device.connect()
    command = await accepted(rig)
    rig.finish(command.command_id, Failed(reason))
    ended = await following(rig.device.observations())
    assert isinstance(ended, CommandEnded)
    assert isinstance(ended.outcome, Failed)
    assert ended.outcome.reason is reason


@pytest.mark.parametrize(
    "reason", [RefusalReason.BUSY, RefusalReason.UNKNOWN_LOAD, RefusalReason.BAD_ARGUMENT]
)
async def test_a_refusal_says_why_and_nothing_has_begun(rig: Rig, reason: RefusalReason) -> None:
    await rig.device.connect()
    rig.refuse_next(reason)
    command = a_command(rig)
    answer = await rig.device.send(command)
    assert isinstance(answer, Refusal)
    assert answer.reason is reason
    assert rig.taken() == []
    assert await rig.device.reconcile(command) == NotStarted()


async def test_every_command_has_a_time_after_which_the_device_is_asked(rig: Rig) -> None:
    assert rig.device.timeout_s(a_command(rig)) > 0


async def test_the_same_command_again_has_no_second_effect(rig: Rig) -> None:
    await rig.device.connect()
    command = await accepted(rig)
    assert await rig.device.send(command) == Accepted()
    assert rig.taken() == [command.command_id]


async def test_commands_end_in_the_order_in_which_the_device_ends_them(rig: Rig) -> None:
    await rig.device.connect()
    commands = [await accepted(rig, load) for load in range(rig.max_open)]
    observations = rig.device.observations()
    for command in reversed(commands):
        rig.finish(command.command_id, DONE)
    reported = []
    for _ in commands:
        ended = await following(observations)
        assert isinstance(ended, CommandEnded)
        await rig.device.acknowledge(ended)
        reported.append(ended.command_id)
    assert reported == [command.command_id for command in reversed(commands)]


async def test_commands_that_are_sent_at_once_are_all_answered(rig: Rig) -> None:
    await rig.device.connect()
    commands = [a_command(rig, load) for load in range(rig.max_open)]
    async with asyncio.TaskGroup() as group:
        answers = [group.create_task(rig.device.send(command)) for command in commands]
    assert [answer.result() for answer in answers] == [Accepted()] * len(commands)
    assert rig.taken() == [command.command_id for command in commands]


# ---- reconciling ---------------------------------------------------------------------------------------


async def test_a_command_that_was_never_sent_reconciles_as_not_started(rig: Rig) -> None:
    await rig.device.connect()
    assert await rig.device.reconcile(a_command(rig)) == NotStarted()


async def test_an_open_command_reconciles_as_running(rig: Rig) -> None:
    await rig.device.connect()
    command = await accepted(rig)
    assert await rig.device.reconcile(command) == Running()
    assert await rig.device.reconcile(command) == Running()
    assert rig.taken() == [command.command_id]


async def test_an_ended_command_reconciles_with_its_end_acknowledged_or_not(rig: Rig) -> None:
    await rig.device.connect()
    command = await accepted(rig)
    rig.finish(command.command_id, DONE)
    ended = await following(rig.device.observations())
    assert await _reconciled(rig, command) == Done()
    assert isinstance(ended, CommandEnded)
    await rig.device.acknowledge(ended)
    assert await _reconciled(rig, command) == Done()


async def test_a_failed_command_reconciles_as_failed(rig: Rig) -> None:
    await rig.device.connect()
    command = await accepted(rig)
    rig.finish(command.command_id, Failed(FailureReason.LOAD_MISSING))
    await following(rig.device.observations())
    answer = await rig.device.reconcile(command)
    assert isinstance(answer, Failed)
    assert answer.reason is FailureReason.LOAD_MISSING


# ---- a lost link ---------------------------------------------------------------------------------------


async def test_a_device_that_is_not_there_is_a_lost_link(rig: Rig) -> None:
    rig.cut()
    async with asyncio.timeout(5):
        with pytest.raises(LinkLostError, match="machine-1"):
            await rig.device.connect()
    rig.mend()
    assert isinstance(await rig.device.connect(), DeviceStatus)


async def test_a_cut_cable_ends_the_observations(rig: Rig) -> None:
    await rig.device.connect()
    observations = rig.device.observations()
    waiting = asyncio.ensure_future(following(observations))
    await asyncio.sleep(0)
    rig.cut()
    with pytest.raises(LinkLostError):
        await waiting


async def test_after_a_lost_link_every_call_says_so_until_connected_again(rig: Rig) -> None:
    await rig.device.connect()
    command = a_command(rig)
    rig.cut()
    with pytest.raises(LinkLostError):
        async for _ in rig.device.observations():
            pass
    rig.mend()
    for _ in range(2):
        with pytest.raises(LinkLostError):
            await rig.device.send(command)
        with pytest.raises(LinkLostError):
            await rig.device.reconcile(command)
    assert rig.taken() == []
    await rig.device.connect()
    assert await rig.device.send(command) == Accepted()


async def test_a_command_that_got_lost_on_its_way_was_not_started_and_can_be_sent(rig: Rig) -> None:
    await rig.device.connect()
    command = a_command(rig)
    rig.lose_next(Loss.BEFORE_TAKEN)
    with pytest.raises(LinkLostError):
        await rig.device.send(command)
    rig.cut()
    rig.mend()
    await rig.device.connect()
    assert await rig.device.reconcile(command) == NotStarted()
    assert await rig.device.send(command) == Accepted()
    assert rig.taken() == [command.command_id]


async def test_a_command_whose_answer_got_lost_is_found_running(rig: Rig) -> None:
    await rig.device.connect()
    command = a_command(rig)
    rig.lose_next(Loss.AFTER_TAKEN)
    with pytest.raises(LinkLostError):
        await rig.device.send(command)
    rig.cut()
    rig.mend()
    await rig.device.connect()
    assert await rig.device.reconcile(command) == Running()
    assert rig.taken() == [command.command_id]


async def test_a_command_that_ended_while_the_link_was_down_is_found_done(rig: Rig) -> None:
    await rig.device.connect()
    command = await accepted(rig)
    rig.cut()
    rig.finish(command.command_id, DONE)
    if isinstance(rig, WireRig):
        await until(lambda: not rig.controller.memory.open_commands)
    rig.mend()
    await rig.device.connect()
    assert await _reconciled(rig, command) == Done()


async def test_an_unacknowledged_end_is_not_lost_with_the_link(rig: Rig) -> None:
    await rig.device.connect()
    command = await accepted(rig)
    rig.finish(command.command_id, DONE)
    await following(rig.device.observations())
    rig.cut()
    rig.mend()
    await rig.device.connect()
    if rig.reports_again:
        again = await following(rig.device.observations())
        assert _without_time(again) == CommandEnded(command.command_id, DONE)
    assert await _reconciled(rig, command) == Done()


async def test_an_acknowledged_end_is_not_reported_again(rig: Rig) -> None:
    await rig.device.connect()
    command = await accepted(rig)
    rig.finish(command.command_id, DONE)
    ended = await following(rig.device.observations())
    assert isinstance(ended, CommandEnded)
    await rig.device.acknowledge(ended)
    rig.cut()
    rig.mend()
    await rig.device.connect()
    following_one = await accepted(rig, 2)
    rig.finish(following_one.command_id, DONE)
    ended = await following(rig.device.observations())
    assert isinstance(ended, CommandEnded)
    assert ended.command_id == following_one.command_id


async def test_a_device_that_starts_anew_loses_the_link_and_its_commands_are_unknown(rig: Rig) -> None:
    before = await rig.device.connect()
    command = await accepted(rig)
    rig.lose_memory()
    with pytest.raises(LinkLostError):
        async for _ in rig.device.observations():
            pass
    after = await rig.device.connect()
    assert after.epoch != before.epoch
    assert isinstance(await rig.device.reconcile(command), Unknown)
    assert rig.taken() == [command.command_id]


# ---- state and closing ---------------------------------------------------------------------------------


async def test_a_change_of_mode_is_reported(rig: Rig) -> None:
    status = await rig.device.connect()
    observations = rig.device.observations()
    rig.show(Mode.HELD)
    assert await following(observations) == StatusChanged(replace(status, mode=Mode.HELD))
    rig.show(Mode.READY)
    assert await following(observations) == StatusChanged(status)


async def test_closing_ends_the_observations_and_may_be_repeated(rig: Rig) -> None:
    await rig.device.connect()
    observations = rig.device.observations()
    waiting = asyncio.ensure_future(following(observations))
    await asyncio.sleep(0)
    await rig.device.close()
    with pytest.raises(LinkLostError):
        await waiting
    await rig.device.close()


async def test_closing_leaves_no_task_behind(rig: Rig) -> None:
    before = asyncio.all_tasks()
    ours = {f"{rig.device.device_id}: poll"}
    await rig.device.connect()
    await rig.device.close()
    assert not ours & {task.get_name() for task in asyncio.all_tasks() - before}


async def test_a_device_can_be_closed_before_it_was_ever_connected(rig: Rig) -> None:
    await rig.device.close()
    with pytest.raises(LinkLostError):
        await rig.device.reconcile(command_for(rig.family, command_id=next(ids)))
