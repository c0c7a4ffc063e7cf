"""One device under test, with the hands of a test on its device side.

The device side of the wires are the bundled simulators' controllers, with a machine behind them that does
what the test says.
"""

import asyncio
import itertools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from drivers.fake import FakeDevice, Loss
from drivers.profile import Profile
from drivers.registry import build_device, load_profile
from edge_agent.domain.command import (
    Accepted,
    Command,
    Done,
    Failed,
    ForTrip,
    Order,
    Pick,
    Refusal,
    RefusalReason,
    Retrieve,
    Transfer,
)
from edge_agent.domain.device import Mode, Sighting
from edge_agent.domain.device import Seen as AgentSees
from edge_agent.domain.ids import CommandId, DeviceId, Gtin, LocationId, Lpn, PointId, TripId
from edge_agent.domain.site import DeviceSettings
from edge_agent.ports import Device
from simulators import machine
from simulators.clock import SimClock
from simulators.device_memory import DeviceMemory
from simulators.machine import End
from simulators.mailbox import RegisterImage
from simulators.modbus_server import ModbusServer
from simulators.opcua_server import OpcUaServer
from tests.drivers.proxy import Cable
from tests.drivers.waiting import until

PROFILES = Path(__file__).parents[2] / "config" / "profiles"
DEVICE = DeviceId("machine-1")
ids = itertools.count(1)


def order_for(family: str, load: int) -> Order:
    lpn = Lpn(f"TOTE-{load:04}")
    match family:
        case "asrs":
            return Retrieve(lpn, LocationId("A01-03-12"), PointId("asrs-1-out"))
        case "conveyor":
            return Transfer(lpn, PointId("asrs-1-out"), PointId("st1-tote"))
        case _:
            return Pick(lpn, PointId("st1-tote"), Gtin("04006381333931"))


def command_for(family: str, epoch: int = 1, load: int = 1, command_id: int | None = None) -> Command:
    """A command with an id of its own, unless one is given."""
    return Command(
        CommandId(command_id or next(ids)), DEVICE, order_for(family, load), ForTrip(TripId("trip")), epoch
    )


class Rig(Protocol):
    """What the contract tests do to a device, whatever it is."""

    family: str
    max_open: int
    device: Device
    reports_again: bool
    """An end that was not acknowledged is reported again after a reconnect; else reconciling finds it."""

    def epoch(self) -> int: ...
    def taken(self) -> list[CommandId]: ...
    def finish(self, command_id: CommandId, outcome: Done | Failed) -> None: ...
    def refuse_next(self, reason: RefusalReason) -> None: ...
    def show(self, mode: Mode, fault: int = 0) -> None: ...
    def see(self, sighting: Sighting) -> None: ...
    def lose_memory(self) -> None: ...
    def lose_next(self, loss: Loss) -> None: ...
    def cut(self) -> None: ...
    def mend(self) -> None: ...


def a_command(rig: Rig, load: int = 1) -> Command:
    """A new command, decided under the epoch that the device has now."""
    return command_for(rig.family, rig.epoch(), load)


async def accepted(rig: Rig, load: int = 1) -> Command:
    command = a_command(rig, load)
    assert await rig.device.send(command) == Accepted()
    return command


class FakeRig:
    reports_again = True
    family = "asrs"
    max_open = 4

    def __init__(self) -> None:
        self.fake = FakeDevice(DEVICE, ending=None, max_open=self.max_open)
        self.device: Device = self.fake
        self.finish: Callable[[CommandId, Done | Failed], None] = self.fake.finish
        self.refuse_next: Callable[[RefusalReason], None] = self.fake.refuse_next
        self.show: Callable[..., None] = self.fake.show
        self.lose_memory = self.fake.lose_memory
        self.lose_next = self.fake.lose_next

    def see(self, sighting: Sighting) -> None:
        self.fake.sees = lambda _command: sighting

    def epoch(self) -> int:
        return self.fake.status.epoch

    def taken(self) -> list[CommandId]:
        return [command.command_id for command in self.fake.taken]

    def cut(self) -> None:
        self.fake.reachable = False
        self.fake.drop_link()

    def mend(self) -> None:
        self.fake.reachable = True


class ScriptedMachine:
    """Starts whatever it is told and ends it when the test says so."""

    def __init__(self) -> None:
        self.taken: list[CommandId] = []
        self.ends: list[End] = []
        self.refusal: Refusal | None = None
        self.sighting = machine.Sighting(machine.Seen.NOT_HERE)
        self.asked: list[str] = []

    def start(self, command_id: CommandId, order: Order, now_s: float) -> Refusal | None:
        refusal, self.refusal = self.refusal, None
        if refusal is None:
            self.taken.append(command_id)
        return refusal

    def step(self, now_s: float) -> list[End]:
        ends, self.ends = self.ends, []
        return ends

    def middle_s(self, command_id: CommandId) -> float:
        return math.inf

    def sight(self, load: str) -> machine.Sighting:
        self.asked.append(load)
        return self.sighting

    def forget(self) -> None:
        """It remembers nothing that a controller could lose."""


class Controller:
    """A simulated controller on a real socket, ticking."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.machine = ScriptedMachine()
        self.violations: list[Mapping[str, object]] = []
        self.clock = SimClock()
        self.memory = DeviceMemory(DEVICE, profile, self.machine, self._record, epoch=7)
        self.server: ModbusServer | OpcUaServer
        if profile.mailbox:
            image = RegisterImage(self.memory)
            self.server = ModbusServer("127.0.0.1", 0, {1: image}, self.clock)
        else:
            self.server = OpcUaServer("opc.tcp://127.0.0.1:0/machine", self.memory, self.clock)
        self.stalled = False
        self._ticking: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def beats_seen(self) -> int:
        """The agent's heartbeat as the controller sees it."""
        return self.memory._agent_beat._count

    async def start(self) -> None:
        await self.server.start()
        self._ticking = asyncio.create_task(self._tick(), name="controller")

    async def stop(self) -> None:
        assert self._ticking is not None
        self._ticking.cancel()
        await asyncio.wait([self._ticking])
        await self.server.stop()

    async def settle(self) -> None:
        """End what is open and be ready again, for the next test."""
        self.stalled = False
        self.memory.show(Mode.READY, wall_s=self.clock.wall_s())
        self.machine.ends += [End(command, Done()) for command in self.memory.open_commands]
        await until(lambda: not self.memory.open_commands)
        self.machine.taken.clear()
        self.violations.clear()

    def _record(self, kind: str, facts: Mapping[str, object]) -> None:
        if kind == "violation":
            self.violations.append(facts)

    async def _tick(self) -> None:
        while True:
            if not self.stalled:
                await self.server.step()
            await asyncio.sleep(0.003)


class WireRig:
    """A driver, a cable and a controller."""

    def __init__(self, controller: Controller, cable: Cable, profile: Profile | None = None) -> None:
        self.controller = controller
        self.cable = cable
        self.profile = profile or controller.profile
        self.family = self.profile.family
        self.max_open = self.profile.max_open
        self.reports_again = self.profile.mailbox is not None
        self.device = build_device(DEVICE, self._settings(), self.profile)

    def epoch(self) -> int:
        return self.controller.memory.epoch

    def taken(self) -> list[CommandId]:
        return self.controller.machine.taken

    def finish(self, command_id: CommandId, outcome: Done | Failed) -> None:
        self.controller.machine.ends.append(End(command_id, outcome))

    def refuse_next(self, reason: RefusalReason) -> None:
        self.controller.machine.refusal = Refusal(reason, "as the test says")

    def show(self, mode: Mode, fault: int = 0) -> None:
        self.controller.memory.show(mode, fault, wall_s=self.controller.clock.wall_s())

    def see(self, sighting: Sighting) -> None:
        seen = {
            AgentSees.NOWHERE: machine.Seen.NOT_HERE,
            AgentSees.AT_PLACE: machine.Seen.AT_PLACE,
            AgentSees.UNDER_WAY: machine.Seen.UNDER_WAY,
        }[sighting.seen]
        self.controller.machine.sighting = machine.Sighting(seen, sighting.place)

    def lose_memory(self) -> None:
        self.controller.memory.forget()

    def lose_next(self, loss: Loss) -> None:
        self.cable.requests_pass = loss is Loss.AFTER_TAKEN
        self.cable.replies_pass = False

    def cut(self) -> None:
        self.cable.cut()

    def mend(self) -> None:
        self.cable.mend()

    def _settings(self) -> DeviceSettings:
        if self.profile.mailbox:
            address = f"modbus://127.0.0.1:{self.cable.port}/1"
        else:
            server = self.controller.server
            assert isinstance(server, OpcUaServer)
            address = f"opc.tcp://127.0.0.1:{self.cable.port}{urlsplit(server.url).path}"
        return DeviceSettings(profile=self.profile.name, address=address)


def shipped(name: str) -> Profile:
    return load_profile(PROFILES / f"{name}.yaml")


def with_wire(profile: Profile, **changes: Any) -> Profile:
    """The profile with other values in its mailbox or methods section."""
    section = "mailbox" if profile.mailbox else "methods"
    changed = getattr(profile, section).model_copy(update=changes)
    return profile.model_copy(update={section: changed})
