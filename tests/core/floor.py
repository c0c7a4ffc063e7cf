"""A warehouse floor in a few lines: the ground truth that the core's tests hold its orders against.

It carries out what the core orders, on virtual time and in any order the test likes, and fails the test when
an order is physically impossible. Nothing here knows how the core thinks.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.core.evolve import evolve
from edge_agent.core.state import Plant, State
from edge_agent.core.step import next_wakeup_s, step
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.device import DeviceStatus, Mode
from edge_agent.domain.ids import CommandId, DeviceId, Gtin, LaneId, LineId, LocationId, Lpn, PointId, TaskId
from edge_agent.domain.site import Site
from edge_agent.domain.task import Destination, Line, PickTask, Source, TaskPolicy
from edge_agent.domain.time import Instant
from edge_agent.settings import load_site

DEMO = Path(__file__).parents[2] / "config" / "demo.yaml"
MUG, PEN, CUP = Gtin("04006381333931"), Gtin("04012345678901"), Gtin("00012345678905")
GTINS = (MUG, PEN, CUP)
T0 = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def demo_site() -> Site:
    return load_site(DEMO, {})


def demo_plant(site: Site | None = None) -> Plant:
    site = site or demo_site()
    return Plant(site, {device: 15 if device == site.conveyor else 1 for device in site.devices})


def tote(number: int) -> Lpn:
    return Lpn(f"TOTE-{number:04d}")


def location(number: int) -> LocationId:
    return LocationId(f"A0{1 + number % 2}-01-{number:02d}")


def a_line(
    line_id: str = "1", gtin: Gtin = MUG, quantity: int = 1, totes: tuple[int, ...] = (1,), **more: object
) -> Line:
    sources = tuple(Source(location(n), tote(n), 9, rank) for rank, n in enumerate(totes, 1))
    return Line(LineId(line_id), f"SKU-{gtin}", gtin, quantity, sources, **more)  # type: ignore[arg-type]


def a_task(task_id: str = "T-1", *lines: Line, container: int = 1, partial: bool = True, **more: object) -> PickTask:
    return PickTask(
        TaskId(task_id),
        more.pop("revision", 1),  # type: ignore[arg-type]
        f"SO-{task_id}",
        Destination(Lpn(f"OC-{container:04d}"), LaneId("ship-1")),
        lines or (a_line(),),
        policy=TaskPolicy(allow_partial=partial),
        **more,  # type: ignore[arg-type]
    )


def ean(gtin: Gtin) -> bytes:
    return b"]E0" + gtin[1:].encode()


@dataclass
class Floor:
    """Loads, units and devices as they really are. `stock` maps tote -> units (GTINs)."""

    stock: dict[Lpn, list[Gtin]]
    places: dict[Lpn, str] = field(default_factory=dict)
    containers: dict[Lpn, list[Gtin]] = field(default_factory=dict)
    grippers: dict[DeviceId, Gtin] = field(default_factory=dict)
    executed: list[cmd.Command] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number in range(1, 40):
            self.places.setdefault(tote(number), location(number))

    def units(self) -> int:
        held = sum(len(units) for units in (*self.stock.values(), *self.containers.values()))
        return held + len(self.grippers)

    def carry_out(self, command: cmd.Command, wrong: Gtin | None = None) -> cmd.Done | cmd.Failed:
        """Do what the command says; `wrong` is gripped instead of the right unit, where the tote has it."""
        assert command not in self.executed, "a command was carried out twice"
        self.executed.append(command)
        match command.order:
            case cmd.Retrieve(load, place, point):
                self._move(load, place, point)
                return cmd.Done(cmd.Report(place=place))
            case cmd.Store(load, point, place):
                self._move(load, point, place)
            case cmd.Transfer(load, origin, destination):
                if origin == "supply":
                    self.containers.setdefault(load, [])
                    self.places.setdefault(load, origin)
                self._move(load, origin, destination)
            case cmd.Pick(load, point, gtin):
                return self._pick(command.device_id, load, point, wrong if wrong in self._in(load) else gtin)
            case cmd.Place(load, point):
                assert self.places[load] == point, f"{load} is not at {point}"
                self.containers[load].append(self.grippers.pop(command.device_id))
            case cmd.PutBack(load, point):
                assert self.places[load] == point
                self._in(load).append(self.grippers.pop(command.device_id))
        return cmd.Done()

    def _in(self, load: Lpn) -> list[Gtin]:
        return self.stock.setdefault(load, [])

    def _move(self, load: Lpn, origin: str, destination: str) -> None:
        assert self.places[load] == origin, f"{load} is at {self.places[load]}, not {origin}"
        self.places[load] = destination

    def _pick(self, picker: DeviceId, load: Lpn, point: PointId, gtin: Gtin) -> cmd.Done | cmd.Failed:
        assert picker not in self.grippers, "a pick with a unit in the gripper"
        assert self.places[load] == point, f"{load} is not at {point}"
        if gtin not in self._in(load):
            return cmd.Failed(cmd.FailureReason.ITEM_MISSING)
        self._in(load).remove(gtin)
        self.grippers[picker] = gtin
        return cmd.Done(cmd.Report(weight_g=100))


@dataclass
class Agent:
    """The core with a journal in a list: what the loop does, without the loop."""

    floor: Floor
    plant: Plant = field(default_factory=demo_plant)
    journal: list[tuple[ev.Event, float]] = field(default_factory=list)
    clock_s: float = 0.0

    def __post_init__(self) -> None:
        self.state = State(self.plant)
        self.feed(inp.Started("test"))

    @property
    def now(self) -> Instant:
        return Instant(T0 + timedelta(seconds=self.clock_s), self.clock_s)

    @property
    def events(self) -> list[ev.Event]:
        return [event for event, _ in self.journal]

    def feed(self, *inputs: inp.Input) -> list[ev.Event]:
        events = step(self.state, inputs, self.now)
        self.journal += [(event, self.clock_s) for event in events]
        return events

    def replayed(self) -> State:
        state = State(self.plant)
        for event, clock_s in self.journal:
            evolve(state, event, clock_s)
        return state

    def submit(self, *tasks: PickTask) -> list[ev.Event]:
        return self.feed(*(inp.TaskSubmitted(task, digest=repr(task)) for task in tasks))

    def ready(self, *devices: str) -> None:
        names = devices or tuple(self.plant.site.devices)
        status = DeviceStatus(Mode.READY, epoch=7)
        self.feed(*(inp.DeviceReported(DeviceId(name), status) for name in names))

    def wait(self, seconds: float) -> list[ev.Event]:
        self.clock_s += seconds
        return self.feed(inp.Tick())

    def open_commands(self) -> list[cmd.Command]:
        return [c.command for c in self.state.commands.values() if c.status.value != "unknown"]

    def finish(self, command: cmd.Command, **how: Gtin) -> list[ev.Event]:
        """The device carries the command out and reports its end."""
        return self.feed(inp.CommandResolved(command.command_id, self.floor.carry_out(command, **how)))

    def pending_scans(self) -> list[tuple[DeviceId, bytes]]:
        """What the scanners that are waited for would read."""
        scans = []
        for station in self.state.stations.values():
            if station.scan is not None:
                scans.append((station.scan.scanner, self.sees(station.station_id, station.scan.target)))
        return scans

    def sees(self, station_id: str, target: ev.ScanTarget) -> bytes:
        site_station = self.plant.site.stations[station_id]  # type: ignore[index]
        if target is ev.ScanTarget.ITEM:
            return ean(self.floor.grippers[site_station.picker])
        if target is ev.ScanTarget.TOTE:
            point = site_station.tote_point
        else:
            hand = self.state.stations[station_id].hand  # type: ignore[index]
            assert hand is not None
            point = self.state.tasks[hand.task_id].put_point  # type: ignore[assignment]
        load = next(load for load, place in self.floor.places.items() if place == point)
        return b"]C0" + load.encode()

    def run(self, limit: int = 20_000) -> None:
        """Everything goes right from here on, until nothing moves any more."""
        for _ in range(limit):
            if commands := self.open_commands():
                self.finish(commands[0])
            elif scans := self.pending_scans():
                self.feed(inp.Scanned(*scans[0]))
            elif (wait_s := next_wakeup_s(self.state, self.now)) is not None:
                self.wait(wait_s)
            else:
                return
        raise AssertionError("the core never comes to rest")

    def of(self, kind: type) -> list[ev.Event]:
        return [event for event in self.events if isinstance(event, kind)]


def an_agent(stock: dict[int, list[Gtin]] | None = None) -> Agent:
    """An agent on the demo site with every device ready."""
    floor = Floor({tote(number): list(units) for number, units in (stock or {1: [MUG] * 9}).items()})
    agent = Agent(floor)
    agent.ready()
    return agent


