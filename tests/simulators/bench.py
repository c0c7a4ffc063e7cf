"""One machine with its controller, mailbox and injector, without a socket and with time pushed by hand."""

from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from drivers.profile import Profile
from edge_agent.domain.ids import CommandId, DeviceId, Lpn, PointId
from edge_agent.domain.site import Site
from simulators.agenda import Agenda
from simulators.asrs import Asrs
from simulators.clock import SimClock
from simulators.conveyor import Conveyor
from simulators.device_memory import DeviceMemory
from simulators.faults import AnyFault, DeviceFaults, FaultSource, Target
from simulators.gate import Gate
from simulators.injector import MachineInjector
from simulators.machine import Machine, Pace
from simulators.mailbox import RegisterImage
from simulators.picker import Picker
from simulators.world import Cause, World, at_point
from tests.simulators.floor import Hand, Notes
from tests.simulators.test_mailbox import text

FAULT: TypeAdapter[AnyFault] = TypeAdapter(AnyFault)
OPCODES = {"retrieve": 1, "store": 2, "transfer": 1, "pick": 1, "place": 2, "put_back": 3}
ELSEWHERE = Cause(DeviceId("elsewhere"), CommandId(99))


def of(**description: Any) -> AnyFault:
    return FAULT.validate_python(description)


def put(world: World, load: Lpn, point: str) -> None:
    """Carry a load to a point by a hand that is none of the machines'."""
    world.pick_up(load, world.loads[load], ELSEWHERE)
    world.set_down(load, at_point(PointId(point)), ELSEWHERE)


class Bench:
    """A mailbox device of the small site. `run` lets simulated seconds pass; one is a real one."""

    def __init__(
        self,
        device: str,
        site: Site,
        world: World,
        profiles: dict[str, Profile],
        notes: Notes,
        armed: tuple[AnyFault, ...],
    ) -> None:
        self.device = DeviceId(device)
        self.world, self.notes, self.hand = world, notes, Hand()
        clock = SimClock(monotonic=self.hand)
        profile = profiles[site.devices[self.device].profile]
        faults = DeviceFaults(FaultSource(armed, 1), Target(self.device, profile.family, profile.handshake))
        self.machine = self._machine(site, profile.family, faults)
        self.memory = DeviceMemory(self.device, profile, self.machine, notes, epoch=7)
        self.image = RegisterImage(self.memory)
        self.gate = Gate(device, "127.0.0.1", 0, clock)
        self.agenda = Agenda()
        self.injector = MachineInjector(
            faults, self.memory, self.machine, self.gate, self.image,
            record=notes, agenda=self.agenda, clock=clock,
        )  # fmt: skip

    def _machine(self, site: Site, family: str, faults: DeviceFaults) -> Machine:
        pace = Pace(1, self.device)
        match family:
            case "asrs":
                storage = site.storage[self.device]
                return Asrs(self.device, storage, self.world, site.cycle_times, pace)
            case "conveyor":
                return Conveyor(self.device, site, self.world, pace)
            case _:
                station = next(iter(site.stations.values()))
                times = site.cycle_times
                return Picker(
                    self.device, station, self.world, times, pace, faults=faults, seed=1, record=self.notes
                )

    # ---- the agent's side ----------------------------------------------------------------------------

    def tell(self, command: int, verb: str, *arguments: str) -> None:
        """Write a command block."""
        texts = [register for word in (*arguments, "", "")[:3] for register in text(word)]
        block = [OPCODES[verb], *texts, command >> 16, command & 0xFFFF]
        now_s = self.hand.time_s
        assert self.image.write(0, block, now_s=now_s, wall_s=now_s) is None
        self.step()

    def shown(self, field: str) -> list[int]:
        registers = self.image.read(wall_s=self.hand.time_s)
        where = self.image.mailbox.field(field)
        return registers[where.start : where.stop]

    def number(self, field: str) -> int:
        high_to_low = self.shown(field)
        return high_to_low[-1]

    @property
    def acknowledged(self) -> int:
        return self.number("ack_sequence")

    @property
    def running(self) -> list[int]:
        return [command for command in self.shown("open_commands") if command]

    @property
    def ended(self) -> list[tuple[int, int]]:
        """The ring: (command, result)."""
        ring = self.shown("ring")
        return [(ring[at + 1], ring[at + 2]) for at in range(0, len(ring), 3) if ring[at + 1]]

    @property
    def reported(self) -> list[int]:
        """Take every event out of the slot: the commands that they tell of."""
        told: list[int] = []
        before = -1
        while (sequence := self.number("event_sequence")) != before and sequence:
            told.append(self.number("event_command"))
            self.image.write(40, [sequence], now_s=self.hand.time_s, wall_s=self.hand.time_s)
            before = sequence
            self.step()
        return told

    def ask(self, load: str) -> tuple[int, int, str]:
        """A load query: the sequence number answered, what is seen, the place."""
        query = self.image.mailbox.query
        assert query is not None
        now_s = self.hand.time_s
        assert self.image.write(query.address, [*text(load), 77], now_s=now_s, wall_s=now_s) is None
        answer = self.image.read(wall_s=now_s)[query.answer : query.answer + 10]
        place = b"".join(register.to_bytes(2, "big") for register in answer[2:]).rstrip(b"\0").decode()
        return answer[0], answer[1], place

    # ---- time ----------------------------------------------------------------------------------------

    def step(self) -> None:
        self.agenda.run(self.hand.time_s)
        self.image.step(now_s=self.hand.time_s, wall_s=self.hand.time_s)

    def run(self, seconds: float, tick_s: float = 0.1) -> None:
        for _ in range(round(seconds / tick_s)):
            self.hand.time_s += tick_s
            self.step()

    def faults_written(self) -> list[dict[str, Any]]:
        return self.notes.of("fault")


MakeBench = Callable[..., Bench]
