"""The edges of the OPC UA handshake: servers that lack something, hang, stand still or overflow."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from asyncua.client.ua_client import UaClientState

import drivers.links.opcua
from drivers.handshakes.methods import MethodsHandshake
from drivers.links.opcua import OpcUaLink
from drivers.profile import Handshake, Methods, Profile, Verb
from edge_agent.domain.command import Accepted, Done, NotStarted, Refusal, RefusalReason, Report
from edge_agent.domain.device import CommandEnded, DeviceStatus, Mode, StatusChanged
from edge_agent.domain.ids import CommandId
from edge_agent.errors import DeviceMismatchError, LinkLostError
from simulators.opcua_server import OpcUaServer
from tests.drivers.plc import talking
from tests.drivers.proxy import Cable
from tests.drivers.rigs import Controller, WireRig, command_for, ids, shipped
from tests.drivers.waiting import following, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONVEYOR = Profile(
    name="conveyor-opcua",
    family="conveyor",
    description="a conveyor over the other handshake: a profile is all that it takes",
    source="this test",
    handshake=Handshake.METHODS,
    max_open=8,
    verbs={"transfer": shipped("conveyor-modbus").verbs["transfer"].model_copy(update={"call": "Transfer"})},
    methods=Methods(
        namespace="urn:test:conveyor",
        object=("Hall", "Conveyor"),
        agent_heartbeat="AgentHeartbeat",
        agent_stale="AgentStale",
        where_method="WhereIs",
    ),
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def controller() -> AsyncIterator[Controller]:
    controller = Controller(CONVEYOR)
    await controller.start()
    yield controller
    await controller.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def cable(controller: Controller) -> AsyncIterator[Cable]:
    await controller.settle()
    async with Cable(controller.port) as cable:
        yield cable


def talk_to(
    controller: Controller, port: int, profile: Profile = CONVEYOR, heartbeat_limit_s: float = 3.0
) -> MethodsHandshake:
    methods = profile.methods
    assert methods is not None
    assert isinstance(controller.server, OpcUaServer)
    link = OpcUaLink("plc", f"opc.tcp://127.0.0.1:{port}/machine", methods.request_timeout_s)
    return MethodsHandshake("plc", link, methods, profile.verbs, profile.codes, heartbeat_limit_s)


@pytest_asyncio.fixture(loop_scope="module")
async def handshake(controller: Controller, cable: Cable) -> AsyncIterator[MethodsHandshake]:
    handshake = talk_to(controller, cable.port)
    yield handshake
    await handshake.close()


# ---- what the server must have -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"namespace": "urn:other"}, "urn:other"),
        ({"object": ("Hall", "Crane")}, "Crane"),
        ({"status_method": "StatusOf"}, "StatusOf"),
        ({"event_type": "DoneEventType"}, "DoneEventType"),
        ({"mode": "Modus"}, "Modus"),
        ({"epoch": "Epoch"}, "Epoch"),
        ({"heartbeat": "Pulse"}, "Pulse"),
        ({"agent_heartbeat": "OurPulse"}, "OurPulse"),
        ({"agent_stale": "Stale"}, "Stale"),
        ({"where_method": "Where"}, "Where"),
        ({"holding_method": "Holding"}, "Holding"),
    ],
)
async def test_a_node_that_the_server_does_not_have_is_named(
    controller: Controller, cable: Cable, changes: dict[str, object], named: str
) -> None:
    assert CONVEYOR.methods is not None
    methods = CONVEYOR.methods.model_copy(update=changes)
    handshake = talk_to(controller, cable.port, CONVEYOR.model_copy(update={"methods": methods}))
    with pytest.raises(DeviceMismatchError, match=named):
        await handshake.connect()
    with pytest.raises(LinkLostError):
        await handshake.send(CommandId(next(ids)), "Transfer", ["a", "b", "c"])


@pytest.mark.parametrize(
    ("verb", "complaint"),
    [
        (Verb(call="Carry", arguments=("load", "origin", "destination")), "Carry"),
        (
            Verb(call="Transfer", arguments=("load", "destination")),
            "takes 4 arguments, the profile gives it 3",
        ),
    ],
)
async def test_a_method_that_does_not_fit_the_profile_is_named(
    controller: Controller, cable: Cable, verb: Verb, complaint: str
) -> None:
    profile = CONVEYOR.model_copy(update={"verbs": {"transfer": verb}})
    with pytest.raises(DeviceMismatchError, match=complaint):
        await talk_to(controller, cable.port, profile).connect()


async def test_a_variable_that_holds_no_number_is_named(controller: Controller, cable: Cable) -> None:
    server = controller.server
    assert isinstance(server, OpcUaServer)
    assert CONVEYOR.methods is not None
    index = await server._server.get_namespace_index(CONVEYOR.methods.namespace)
    path = [f"{index}:Hall", f"{index}:Conveyor"]
    device = await server._server.nodes.objects.get_child(path)
    await device.add_variable(index, "Words", "ready")
    methods = CONVEYOR.methods.model_copy(update={"mode": "Words"})
    with pytest.raises(DeviceMismatchError, match="mode is 'ready' where a number should be"):
        await talk_to(controller, cable.port, CONVEYOR.model_copy(update={"methods": methods})).connect()


# ---- calls ---------------------------------------------------------------------------------------------


async def test_any_family_runs_over_this_handshake_by_profile_alone(
    controller: Controller, cable: Cable
) -> None:
    rig = WireRig(controller, cable, CONVEYOR)
    await rig.device.connect()
    command = command_for("conveyor", rig.epoch())
    assert await rig.device.send(command) == Accepted()
    rig.finish(command.command_id, Done(Report("st1-tote", 0)))
    ended = await following(rig.device.observations())
    assert isinstance(ended, CommandEnded)
    assert isinstance(ended.outcome, Done)
    assert ended.outcome.report.place == "st1-tote"
    assert ended.outcome.report.weight_g is None
    assert ended.outcome.report.device_time is not None
    assert ended.outcome.report.device_time.tzinfo is not None
    await rig.device.close()


async def test_a_refusals_words_are_handed_on(controller: Controller, handshake: MethodsHandshake) -> None:
    await handshake.connect()
    controller.machine.refusal = Refusal(RefusalReason.UNKNOWN_LOAD, "no such tote")
    answer = await handshake.send(CommandId(next(ids)), "Transfer", ["a", "b", "c"])
    assert answer == Refusal(RefusalReason.UNKNOWN_LOAD, "no such tote")


async def test_a_call_that_the_server_breaks_off_is_doubt(
    controller: Controller, handshake: MethodsHandshake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("the program crashed")

    await handshake.connect()
    monkeypatch.setattr(controller.memory, "submit", breaks)
    with pytest.raises(LinkLostError, match="calling"):
        await handshake.send(CommandId(next(ids)), "Transfer", ["a", "b", "c"])
    monkeypatch.undo()
    with pytest.raises(LinkLostError):
        await handshake.reconcile(CommandId(next(ids)), 0)


# ---- the link ------------------------------------------------------------------------------------------


async def test_a_server_that_hangs_is_noticed_in_about_two_seconds(
    cable: Cable, handshake: MethodsHandshake
) -> None:
    await handshake.connect()
    cable.replies_pass = False
    began = time.monotonic()
    with pytest.raises(LinkLostError):
        async for _ in handshake.observations():
            pass
    assert time.monotonic() - began < 3.5  # two seconds, and a slow machine
    cable.cut()


async def test_a_server_that_accepts_the_connection_and_says_nothing_is_a_lost_link(
    controller: Controller,
) -> None:
    async def listen_only(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with talking(listen_only) as port:
        async with asyncio.timeout(5):
            with pytest.raises(LinkLostError):
                await talk_to(controller, port).connect()


async def test_a_controller_whose_heartbeat_stands_still_is_a_lost_link(
    controller: Controller, cable: Cable
) -> None:
    handshake = talk_to(controller, cable.port, heartbeat_limit_s=1.0)
    await handshake.connect()
    controller.stalled = True
    with pytest.raises(LinkLostError, match="heartbeat"):
        async for _ in handshake.observations():
            pass
    await handshake.close()


async def test_a_device_that_does_not_see_the_agents_heartbeat_is_a_lost_link(
    controller: Controller, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    handshake = talk_to(controller, cable.port, heartbeat_limit_s=1.2)
    await handshake.connect()
    monkeypatch.setattr(controller.memory, "agent_is_stale", lambda _wall_s: True)
    began = time.monotonic()
    with pytest.raises(LinkLostError, match="does not see the agent's heartbeat"):
        async for _ in handshake.observations():
            pass
    assert time.monotonic() - began > 1.2, "it had no time to see it"
    await handshake.close()


async def test_an_answer_to_a_query_that_is_none_is_no_sighting(
    controller: Controller, handshake: MethodsHandshake, monkeypatch: pytest.MonkeyPatch
) -> None:
    await handshake.connect()
    monkeypatch.setattr(controller.machine, "sighting", Odd())
    assert await handshake.query("TOTE-0001") is None
    assert await handshake.query("") is None, "the profile names no query for a gripper"


class Odd:
    """A sighting that no page describes."""

    seen, place = 7, "st1-tote"


async def test_a_subscription_that_the_server_has_lost_is_a_lost_link_though_the_session_lives(
    controller: Controller, cable: Cable
) -> None:
    handshake = talk_to(controller, cable.port, heartbeat_limit_s=1.0)
    await handshake.connect()
    server = controller.server._server
    assert server is not None
    service = server.iserver.subscription_service
    await service.delete_subscriptions(list(service.subscriptions))
    epoch = controller.memory.epoch
    assert await handshake.reconcile(CommandId(next(ids)), epoch) == NotStarted(), "the session answers"
    with pytest.raises(LinkLostError):
        async for _ in handshake.observations():
            pass
    await handshake.connect()
    await handshake.close()


async def test_events_that_nobody_fetches_are_a_lost_link_and_not_dropped(
    controller: Controller, handshake: MethodsHandshake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers.links.opcua, "QUEUE_LIMIT", 6)
    await handshake.connect()
    started = [CommandId(next(ids)) for _ in range(8)]
    for command_id in started:
        assert await handshake.send(command_id, "Transfer", [f"TOTE-{command_id}", "b", "c"]) == Accepted()
    await controller.settle()
    client = handshake._link._client
    assert client is not None
    await until(lambda: client.state is not UaClientState.CONNECTED)
    reported = await _reported_until_lost(handshake)
    assert reported == started[: len(reported)]
    assert len(reported) < len(started)
    await handshake.connect()
    for command_id in started:
        assert isinstance(await handshake.reconcile(command_id, controller.memory.epoch), Done)


async def test_an_event_that_comes_while_connecting_is_not_lost(
    controller: Controller, handshake: MethodsHandshake, monkeypatch: pytest.MonkeyPatch
) -> None:
    await handshake.connect()
    command_id = CommandId(next(ids))
    await handshake.send(command_id, "Transfer", ["TOTE-1", "b", "c"])
    real = OpcUaLink.monitor_values

    async def end_it_first(link: OpcUaLink, *arguments: object) -> None:
        await controller.settle()
        await asyncio.sleep(0.05)  # let the server publish the event before the variables are subscribed to
        await real(link, *arguments)

    monkeypatch.setattr(OpcUaLink, "monitor_values", end_it_first)
    await handshake.connect()
    ended = await following(handshake.observations())
    assert isinstance(ended, CommandEnded)
    assert ended.command_id == command_id


async def test_a_mode_that_the_profile_does_not_know_counts_as_held(
    controller: Controller, cable: Cable
) -> None:
    codes = CONVEYOR.codes.model_copy(update={"modes": {1: Mode.READY}})
    handshake = talk_to(controller, cable.port, CONVEYOR.model_copy(update={"codes": codes}))
    await handshake.connect()
    controller.memory.show(Mode.FAULTED, wall_s=controller.clock.wall_s())
    changed = await following(handshake.observations())
    assert changed == StatusChanged(DeviceStatus(Mode.HELD, controller.memory.epoch, 0))
    await handshake.close()


async def _reported_until_lost(handshake: MethodsHandshake) -> list[CommandId]:
    reported = []
    try:
        async for observed in handshake.observations():
            assert isinstance(observed, CommandEnded)
            reported.append(observed.command_id)
    except LinkLostError:
        return reported
    raise AssertionError("the observations ended without an error")
