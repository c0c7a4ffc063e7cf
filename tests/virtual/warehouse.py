"""A warehouse in memory: the agent's real loop and supervisors, fake wires, a floor that is the truth."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

from drivers.fake import FakeDevice, FakeScanner
from edge_agent.adapters.memory_journal import MemoryJournal
from edge_agent.core.moves import moving, open_commands
from edge_agent.core.plant import Plant
from edge_agent.core.state import State
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.device import ScanFailed, ScanRead, Seen, Sighting
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import DeviceId, TaskId
from edge_agent.domain.inputs import Started, TaskSubmitted
from edge_agent.domain.site import Site
from edge_agent.domain.task import PickTask
from edge_agent.runtime.backoff import Backoff
from edge_agent.runtime.effects import Effects
from edge_agent.runtime.loop import Loop
from edge_agent.runtime.scanner_supervisor import ScannerSupervisor
from edge_agent.runtime.supervisor import DeviceSupervisor
from tests.core.agent import digest, ean, label
from tests.core.floor import Floor
from tests.virtual.loop import VirtualClock, VirtualLoop

STEP_S = 0.25
SLICE_S, SLICES = 30.0, 150
CYCLE_S = {cmd.Retrieve: 9, cmd.Store: 7, cmd.Transfer: 12, cmd.Pick: 3, cmd.Place: 2, cmd.PutBack: 2}


class Told:
    """Stands in for the publisher: nothing that these runs judge goes through it."""

    def wake(self) -> None: ...

    def task_changed(self, task_id: TaskId) -> None: ...

    def device_changed(self, device_id: DeviceId) -> None: ...

    def agent_changed(self) -> None: ...


class Machine:
    """The physics behind one fake wire: what was taken is carried out on the floor, some time later."""

    def __init__(self, wire: FakeDevice, floor: Floor, chance: random.Random) -> None:
        self.wire = wire
        self.forgot: set[int] = set()
        self._floor = floor
        self._chance = chance
        self._seen = 0
        self._ends: dict[int, tuple[float, cmd.Command]] = {}
        wire.sees = self._sees

    def step(self, now_s: float) -> None:
        """Begin what is new, end what is due."""
        for command in self.wire.taken[self._seen :]:
            self._floor.begin(command)
            duration_s = CYCLE_S[type(command.order)] * self._chance.uniform(0.8, 1.2)
            self._ends[command.command_id] = now_s + duration_s, command
        self._seen = len(self.wire.taken)
        for number, (due_s, command) in list(self._ends.items()):
            if due_s <= now_s and self._floor.has_room_for(command):
                del self._ends[number]
                outcome = self._floor.end(command)
                if number not in self.forgot:
                    self.wire.finish(command.command_id, outcome)

    def _sees(self, command: cmd.Command) -> Sighting:
        """What its sensors show. A crane and an arm are at work on one thing at a time."""
        begun = [what for _, what in self._ends.values()] + self.wire.taken[self._seen :]
        if any(what.command_id == command.command_id for what in begun):
            return Sighting(Seen.UNDER_WAY)
        return self._floor.sees(command)

    def lose_memory(self) -> None:
        """The controller starts anew. What moves goes on moving; nobody remembers the order for it."""
        self.forgot |= {command.command_id for command in self.wire.taken}
        self.wire.lose_memory()


class Warehouse:
    """Runs in slices of virtual time. The agent may be killed at any slice's end: the journal stays."""

    def __init__(self, site: Site, floor: Floor, seed: int) -> None:
        self.site, self.floor = site, floor
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self.journal = MemoryJournal()
        self.no_reads = 0
        """So many reads fail from now on."""
        self._chance = chance = random.Random(seed)
        commanded = {*site.storage, site.conveyor, *(s.picker for s in site.stations.values())}
        self._plant = Plant(site, {device: 15 if device == site.conveyor else 1 for device in site.devices})
        self.machines = {
            device: Machine(
                FakeDevice(device, ending=None, max_open=self._plant.max_open[device]), floor, chance
            )
            for device in sorted(commanded)
        }
        self.scanners = {
            device: FakeScanner(device, self._reader(device))
            for device in site.devices
            if device not in commanded
        }
        self.state = State(self._plant)
        self._agent: list[asyncio.Task[None]] = []
        self.run(self._start())

    # ---- time ----------------------------------------------------------------------------------------

    def run(self, work: "asyncio.Future[None] | object") -> None:
        self.loop.run_until_complete(work)  # type: ignore[arg-type]

    def live(self, seconds: float) -> None:
        """Let so much time pass. Raises what the floor or the agent's loop raised."""
        self.run(self._live(seconds))

    async def _live(self, seconds: float) -> None:
        until = self.loop.time() + seconds
        while self.loop.time() < until:
            for machine in self.machines.values():
                machine.step(self.loop.time())
            await asyncio.sleep(STEP_S)
            for task in self._agent:
                if task.done():
                    task.result()

    def settle(self) -> None:
        """Let time pass until nothing happens any more."""
        before = -1
        for _ in range(SLICES):
            # What waits for room behind something held never ends by itself.
            if before == self._loop.turns and (self.state.exceptions or not self.moving):
                return
            before = self._loop.turns
            self.live(SLICE_S)
        raise AssertionError(f"no rest after {SLICES * SLICE_S:.0f} s")

    @property
    def moving(self) -> bool:
        """Whether a command is under way that needs no further order to end."""
        return bool(moving(self.state))

    def close(self) -> None:
        self.run(self._kill())
        self.loop.close()

    # ---- the agent's life ----------------------------------------------------------------------------

    def restart(self) -> None:
        """kill -9 and a new start: the journal is all that is left."""
        self.run(self._kill())
        self.run(self._start())

    async def _kill(self) -> None:
        for task in self._agent:
            task.cancel()
        for task in self._agent:
            with suppress(asyncio.CancelledError):
                await task
        self._agent = []

    async def _start(self) -> None:
        self.state = State(self._plant)
        devices = {
            name: DeviceSupervisor(machine.wire, self._put, self._backoff())
            for name, machine in self.machines.items()
        }
        scanners = {
            name: ScannerSupervisor(scanner, self._put, self._backoff())
            for name, scanner in self.scanners.items()
        }
        effects = Effects(devices, scanners, Told())
        self._loop = Loop(self.state, self.journal, self.clock, effects)
        await self._loop.replay()
        for command, accepted in open_commands(self.state):
            devices[command.device_id].recover(command, accepted=accepted)
        self._put(Started("test"))
        runs = [self._loop.run(), *(one.run() for one in (*devices.values(), *scanners.values()))]
        self._agent = [asyncio.ensure_future(run) for run in runs]

    def _backoff(self) -> Backoff:
        return Backoff(0.2, 2.0, self._chance.random)

    def _put(self, what, on_durable: Callable[[], None] | None = None) -> None:  # type: ignore[no-untyped-def]
        self._loop.put(what, on_durable)

    def submit(self, task: PickTask) -> None:
        self._put(TaskSubmitted(task, digest(task)))

    # ---- what can be seen ----------------------------------------------------------------------------

    def _reader(self, scanner: DeviceId) -> Callable[[], ScanRead | ScanFailed]:
        def read() -> ScanRead | ScanFailed:
            if self.no_reads > 0:
                self.no_reads -= 1
                return ScanFailed()
            data = self._sees(scanner)
            return ScanRead(data) if data else ScanFailed()

        return read

    def _sees(self, scanner: DeviceId) -> bytes | None:
        for station in self.site.stations.values():
            if scanner == station.item_scanner:
                gtin = self.floor.grippers.get(station.picker)
                return ean(gtin) if gtin else None
            points = {position.scanner: position.point for position in station.put_positions}
            point = station.tote_point if scanner == station.tote_scanner else points.get(scanner)
            if point is not None:
                load = next(self.floor.loads_at(point), None)
                return label(load) if load else None
        return None

    def records(self) -> Sequence[Recorded]:
        found: list[Recorded] = []
        self.run(self._read(found))
        return found

    async def _read(self, found: list[Recorded]) -> None:
        found += await self.journal.read(0, 1_000_000)

    def of(self, kind: type) -> list[ev.Event]:
        return [recorded.event for recorded in self.records() if isinstance(recorded.event, kind)]
