"""The OPC UA server on a real socket, spoken to by a bare asyncua client."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from asyncua import Client, Node, ua

from drivers.profile import Profile
from edge_agent.domain.command import Failed, FailureReason
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import DeviceId
from edge_agent.errors import ConfigurationError
from simulators.clock import SimClock
from simulators.device_memory import DeviceMemory
from simulators.machine import Seen, Sighting
from simulators.opcua_server import HEARTBEAT_S, OpcUaServer
from tests.simulators.floor import Hand, Notes, Puppet, until

ARGUMENTS = ("TOTE-0001", "A01-01-01", "out")
UINT16, UINT32, STRING = ua.VariantType.UInt16, ua.VariantType.UInt32, ua.VariantType.String

# Building an address space takes most of a second, so a test here asks more than one thing of a server.


@dataclass
class Rig:
    server: OpcUaServer
    machine: Puppet
    hand: Hand
    client: Client
    index: int
    device: Node

    async def call(self, method: str, *arguments: Any) -> list[Any]:
        return await self.device.call_method(f"{self.index}:{method}", *arguments)

    async def retrieve(self, command: int, *arguments: str) -> list[Any]:
        return await self.call("Retrieve", ua.Variant(command, UINT32), *(arguments or ARGUMENTS))

    async def status(self, command: int) -> list[Any]:
        return await self.call("CommandStatus", ua.Variant(command, UINT32))

    async def value(self, name: str) -> ua.Variant:
        node = await self.device.get_child(f"{self.index}:{name}")
        return (await node.read_data_value()).Value


class Events:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def event_notification(self, event: Any) -> None:
        self.seen.append(event)


@pytest.fixture
async def rig(profiles: dict[str, Profile], notes: Notes) -> AsyncIterator[Rig]:
    machine, hand = Puppet(), Hand()
    memory = DeviceMemory(DeviceId("asrs-1"), profiles["asrs-opcua"], machine, notes, epoch=70_000)
    server = OpcUaServer("opc.tcp://127.0.0.1:0/asrs-1", memory, SimClock(monotonic=hand))
    await server.start()
    async with Client(server.url) as client:
        index = await client.get_namespace_index("urn:edge-agent:asrs")
        device = await client.nodes.objects.get_child(f"{index}:Asrs")
        yield Rig(server, machine, hand, client, index, device)
    await server.stop()


async def test_a_command_is_answered_carried_out_and_reported_by_an_event(rig: Rig) -> None:
    events = Events()
    subscription = await rig.client.create_subscription(10, events)
    event_type = await rig.client.nodes.base_event_type.get_child(f"{rig.index}:CommandEndedEventType")
    await subscription.subscribe_events(rig.device, event_type)

    assert await rig.retrieve(5) == [0, ""]
    assert await rig.status(5) == [1, 0, "", 0]
    rig.machine.end(5)
    await rig.server.step()
    await until(lambda: bool(events.seen))
    (event,) = events.seen
    assert (event.CommandId, event.Result, event.Place, event.WeightGrams) == (5, 1, "A01-01-01", 70_000)
    assert event.Time is not None
    assert await rig.status(5) == [2, 1, "A01-01-01", 70_000]

    for command in (6, 7):
        await rig.retrieve(command)
        rig.machine.end(command, Failed(FailureReason.LOAD_MISSING))
        await rig.server.step()
    await until(lambda: len(events.seen) == 3)
    assert [(event.CommandId, event.Result) for event in events.seen[1:]] == [(6, 3), (7, 3)]
    await subscription.delete()


async def test_repeats_conflicts_and_a_busy_device_are_answered_by_the_rules(rig: Rig, notes: Notes) -> None:
    assert await rig.status(5) == [0, 0, "", 0]
    assert await rig.retrieve(5) == await rig.retrieve(5) == [0, ""]
    assert len(rig.machine.started) == 1
    assert (await rig.retrieve(5, "TOTE-0002", "A01-01-01", "out"))[0] == 5
    assert (await rig.retrieve(6))[0] == 1
    assert await rig.status(6) == [0, 0, "", 0]
    assert notes.rules_broken == ["sequence_reused", "command_while_busy"]


async def test_arguments_of_the_wrong_number_or_type_start_nothing(rig: Rig) -> None:
    number = ua.Variant(5, UINT32)
    wrong = [
        (),
        (number, "TOTE-0001"),
        (number, *ARGUMENTS, "more"),
        (5, *ARGUMENTS),
        (number, "TOTE-0001", "A01-01-01", 7),
    ]
    for arguments in wrong:
        with pytest.raises(ua.UaStatusCodeError):
            await rig.call("Retrieve", *arguments)
    with pytest.raises(ua.UaStatusCodeError):
        await rig.call("CommandStatus", 5)
    assert rig.machine.started == []
    assert (await rig.retrieve(5, "TOTE-0001", "", "out"))[0] == 3


async def test_nodes_have_the_types_of_the_profiles_documentation(rig: Rig) -> None:
    shown = {name: await rig.value(name) for name in ("Mode", "Fault", "BootEpoch", "Heartbeat")}
    assert {name: (value.Value, value.VariantType) for name, value in shown.items()} == {
        "Mode": (1, UINT16),
        "Fault": (0, UINT16),
        "BootEpoch": (70_000, UINT32),
        "Heartbeat": (0, UINT32),
    }
    method = await rig.device.get_child(f"{rig.index}:Retrieve")
    described = {
        name: [
            (field.Name, field.DataType.Identifier)
            for field in await (await method.get_child(f"0:{name}")).read_value()
        ]
        for name in ("InputArguments", "OutputArguments")
    }
    assert described == {
        "InputArguments": [
            ("CommandId", UINT32.value),
            *((name, STRING.value) for name in ("load", "location", "point")),
        ],
        "OutputArguments": [("Code", UINT16.value), ("Detail", STRING.value)],
    }


async def test_changes_are_shown_at_the_next_step(rig: Rig) -> None:
    rig.hand.time_s = HEARTBEAT_S * 3
    rig.server.memory.show(Mode.E_STOPPED, 9, wall_s=0.0)
    rig.server.memory.forget()
    await rig.server.step()
    values = [(await rig.value(name)).Value for name in ("Mode", "Fault", "BootEpoch", "Heartbeat")]
    assert values == [4, 9, 70_001, 3]


async def test_a_device_remembers_across_a_restart_of_its_server(rig: Rig) -> None:
    await rig.retrieve(5)
    await rig.client.disconnect()
    await rig.server.stop()
    await rig.server.start()
    async with Client(rig.server.url) as client:
        device = await client.nodes.objects.get_child(f"{rig.index}:Asrs")
        status = await device.call_method(f"{rig.index}:CommandStatus", ua.Variant(5, UINT32))
    assert status == [1, 0, "", 0]


async def test_a_taken_address_and_a_wrong_profile_are_errors_that_say_so(
    rig: Rig, profiles: dict[str, Profile], notes: Notes
) -> None:
    second = OpcUaServer(rig.server.url, rig.server.memory, SimClock())
    with pytest.raises(ConfigurationError, match=f"{rig.server.port}/asrs-1: cannot listen there"):
        await second.start()
    await second.stop()
    modbus = DeviceMemory(DeviceId("asrs-1"), profiles["asrs-modbus"], Puppet(), notes)
    with pytest.raises(ConfigurationError, match="needs a section 'methods'"):
        OpcUaServer("opc.tcp://127.0.0.1:0/x", modbus, SimClock())


async def test_the_object_may_lie_deeper_and_under_other_names(
    profiles: dict[str, Profile], notes: Notes
) -> None:
    profile = profiles["asrs-opcua"]
    assert profile.methods is not None
    methods = profile.methods.model_copy(update={"object": ("Plant", "Crane1"), "mode": "State"})
    memory = DeviceMemory(DeviceId("a"), profile.model_copy(update={"methods": methods}), Puppet(), notes)
    server = OpcUaServer("opc.tcp://127.0.0.1:0/a", memory, SimClock())
    await server.start()
    async with Client(server.url) as client:
        index = await client.get_namespace_index("urn:edge-agent:asrs")
        path = [f"{index}:{name}" for name in ("Plant", "Crane1", "State")]
        assert await (await client.nodes.objects.get_child(path)).read_value() == 1
    await server.stop()
    await server.stop()


async def test_servers_of_one_process_share_no_node_that_one_of_them_has_touched(
    rig: Rig, profiles: dict[str, Profile], notes: Notes
) -> None:
    memory = DeviceMemory(DeviceId("picker-1"), profiles["picker-opcua"], Puppet(), notes)
    other = OpcUaServer("opc.tcp://127.0.0.1:0/picker-1", memory, SimClock())
    await other.start()
    async with Client(other.url) as client:
        assert "urn:edge-agent:asrs" not in await client.get_namespace_array()
        assert "urn:edge-agent:picker" not in await rig.client.get_namespace_array()
        names = {(await node.read_browse_name()).Name for node in await client.nodes.objects.get_children()}
        assert "Picker" in names
        assert "Asrs" not in names
    await other.stop()
    assert await rig.retrieve(5) == [0, ""]


# ---- for recovery ------------------------------------------------------------------------------------


async def test_a_load_can_be_asked_after_and_the_agents_heartbeat_is_watched(rig: Rig) -> None:
    rig.machine.sighting = Sighting(Seen.AT_PLACE, "A01-01-01")
    assert await rig.call("WhereIs", "TOTE-0001") == [1, "A01-01-01"]
    with pytest.raises(ua.UaStatusCodeError):
        await rig.call("WhereIs")
    heartbeat = await rig.device.get_child(f"{rig.index}:AgentHeartbeat")
    stale = []
    for time_s, beat in ((10.0, None), (20.0, 1), (22.0, None), (24.0, None), (25.0, 2)):
        rig.hand.time_s = time_s
        if beat is not None:
            await heartbeat.write_value(ua.Variant(beat, UINT32))
        await rig.server.step()
        stale.append((await rig.value("AgentStale")).Value)
    assert stale == [0, 0, 0, 1, 0]


async def test_a_picker_says_what_it_holds(profiles: dict[str, Profile], notes: Notes) -> None:
    machine = Puppet(sighting=Sighting(Seen.AT_PLACE, "TOTE-0001"))
    memory = DeviceMemory(DeviceId("picker-1"), profiles["picker-opcua"], machine, notes)
    server = OpcUaServer("opc.tcp://127.0.0.1:0/p", memory, SimClock())
    await server.start()
    async with Client(server.url) as client:
        index = await client.get_namespace_index("urn:edge-agent:picker")
        device = await client.nodes.objects.get_child(f"{index}:Picker")
        assert await device.call_method(f"{index}:Holding") == [1, "TOTE-0001"]
    await server.stop()


async def test_what_a_profile_does_not_name_is_not_there(profiles: dict[str, Profile], notes: Notes) -> None:
    profile = profiles["asrs-opcua"]
    assert profile.methods is not None
    bare = {"where_method": None, "agent_heartbeat": None, "agent_stale": None}
    methods = profile.methods.model_copy(update=bare)
    memory = DeviceMemory(DeviceId("a"), profile.model_copy(update={"methods": methods}), Puppet(), notes)
    server = OpcUaServer("opc.tcp://127.0.0.1:0/a", memory, SimClock())
    await server.start()
    await server.step()
    async with Client(server.url) as client:
        index = await client.get_namespace_index("urn:edge-agent:asrs")
        device = await client.nodes.objects.get_child(f"{index}:Asrs")
        names = {(await node.read_browse_name()).Name for node in await device.get_children()}
    assert names == {"Mode", "Fault", "BootEpoch", "Heartbeat", "Retrieve", "Store", "CommandStatus"}
    await server.stop()
