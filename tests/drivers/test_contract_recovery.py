"""What every device promises for recovery: it says where it sees a load, and it sees that the agent lives."""

import asyncio

import pytest

from edge_agent.domain.device import Seen, Sighting
from edge_agent.errors import LinkLostError
from tests.drivers.rigs import Controller, Rig, WireRig, a_command, accepted, with_wire
from tests.drivers.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

# ---- looking ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sighting", [Sighting(Seen.NOWHERE), Sighting(Seen.UNDER_WAY), Sighting(Seen.AT_PLACE, "A01-03-12")]
)
async def test_a_device_says_where_it_sees_what_a_command_moves(rig: Rig, sighting: Sighting) -> None:
    await rig.device.connect()
    rig.see(sighting)
    command = a_command(rig)
    assert await rig.device.look(command) == sighting
    assert await rig.device.look(command) == sighting, "each question has an answer of its own"
    assert rig.taken() == []


async def test_a_device_that_lost_its_memory_still_sees(rig: Rig) -> None:
    await rig.device.connect()
    command = await accepted(rig)
    rig.lose_memory()
    with pytest.raises(LinkLostError):
        async for _ in rig.device.observations():
            pass
    await rig.device.connect()
    rig.see(Sighting(Seen.AT_PLACE, "asrs-1-out"))
    assert await rig.device.look(command) == Sighting(Seen.AT_PLACE, "asrs-1-out")


async def test_a_crane_and_a_conveyor_are_asked_for_the_load_and_a_picker_for_its_gripper(
    controller: Controller | None, rig: Rig
) -> None:
    if controller is None:
        return  # the fake sees the whole command
    await rig.device.connect()
    controller.machine.asked.clear()
    await rig.device.look(a_command(rig, 7))
    assert controller.machine.asked == ["" if rig.family == "picker" else "TOTE-0007"]


async def test_a_device_whose_profile_names_no_query_or_that_echoes_nothing_cannot_be_asked(
    controller: Controller | None, rig: Rig
) -> None:
    if controller is None:
        return  # it sees what the test says
    assert isinstance(rig, WireRig)
    no_query: dict[str, object] = {"query": None} if controller.profile.mailbox else {
        "where_method": None, "holding_method": None
    }  # fmt: skip
    profiles = (
        with_wire(controller.profile, **no_query),
        controller.profile.model_copy(update={"echoes": False}),
    )
    for profile in profiles:
        device = WireRig(controller, rig.cable, profile).device
        await device.connect()
        assert await device.look(a_command(rig)) is None
        await device.close()


# ---- heartbeats ----------------------------------------------------------------------------------------


async def test_an_agent_that_listens_is_seen_alive(controller: Controller | None, rig: Rig) -> None:
    if controller is None or rig.family != "asrs":
        return  # nobody looks, or another one has on the same wire
    await rig.device.connect()
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(_listen(rig))
        before = controller.beats_seen
        await until(lambda: controller.beats_seen >= before + 2)
        listening.cancel()
    assert not controller.memory.agent_is_stale(controller.clock.wall_s())


async def _listen(rig: Rig) -> None:
    async for _ in rig.device.observations():
        pass


async def test_requests_that_get_lost_while_replies_pass_are_noticed_within_seconds(rig: Rig) -> None:
    if not isinstance(rig, WireRig) or rig.family != "asrs":
        return  # it has no wire, or the same one as another
    await rig.device.connect()
    rig.cable.requests_pass = False
    async with asyncio.timeout(5):
        with pytest.raises(LinkLostError):
            await _listen(rig)
