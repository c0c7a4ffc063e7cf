"""The core with a journal in a list: what the loop does, without the loop. And short words for tests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from edge_agent.adapters.codec import decode, encode
from edge_agent.adapters.snapshot_codec import SnapshotCodec
from edge_agent.core.evolve import evolve
from edge_agent.core.image import image_of, load
from edge_agent.core.lifecycle import CommandStatus
from edge_agent.core.plant import Plant
from edge_agent.core.state import State
from edge_agent.core.step import next_wakeup_s, step
from edge_agent.core.wait import Wait
from edge_agent.core.weighing import WEIGHT_TARGETS
from edge_agent.core.why import why
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.decision import Actor, HoldSubject, Role
from edge_agent.domain.device import DeviceStatus, Mode, NoWeight
from edge_agent.domain.exception_policy import ExceptionPolicy
from edge_agent.domain.ids import DeviceId, ExceptionId, Gtin, LaneId, LineId, Lpn, StationId, TaskId
from edge_agent.domain.item import Catalogue
from edge_agent.domain.site import Policies, Site
from edge_agent.domain.task import CancelRequest, Destination, Line, PickTask, Source, TaskPolicy
from edge_agent.domain.time import Instant
from edge_agent.settings import load_site
from tests.core.floor import Floor, container, location, tote

DEMO = Path(__file__).parents[2] / "config" / "demo.yaml"
MUG, PEN, CUP = Gtin("04006381333931"), Gtin("04012345678901"), Gtin("00012345678905")
GTINS = (MUG, PEN, CUP)
ANNA, BO, SUE = Actor("anna", Role.OPERATOR), Actor("bo", Role.OPERATOR), Actor("sue", Role.SUPERVISOR)
T0 = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
E = TypeVar("E", bound=ev.Event)
Condition = Callable[["Agent"], object]


# ---- words -------------------------------------------------------------------------------------------


@cache
def demo_site() -> Site:
    return load_site(DEMO, {})


def a_site(
    *stations: str,
    open_tasks: int = 5000,
    queue: int = 4,
    policies: Mapping[str, object] | None = None,
    exceptions: Mapping[str, object] | None = None,
) -> Site:
    """The demo's site with some of its stations only, or with other limits."""
    site = demo_site()
    chosen = {
        name: station.model_copy(update={"queue": queue})
        for name, station in site.stations.items()
        if not stations or name in stations
    }
    return site.model_copy(
        update={
            "stations": chosen,
            "limits": site.limits.model_copy(update={"open_tasks": open_tasks}),
            "exceptions": ExceptionPolicy.model_validate(
                {**site.exceptions.model_dump(), **(exceptions or {})}
            ),
            "policies": Policies.model_validate({**site.policies.model_dump(), **(policies or {})}),
        }
    )


def a_line(line_id: str = "1", gtin: Gtin = MUG, quantity: int = 1, totes: Sequence[int] = (1,)) -> Line:
    sources = tuple(Source(location(n), tote(n), 9, rank) for rank, n in enumerate(totes, 1))
    return Line(LineId(line_id), f"SKU-{gtin}", gtin, quantity, sources)


def a_task(
    task_id: str = "T-1",
    *lines: Line,
    box: int = 1,
    lane: str = "ship-1",
    partial: bool = True,
    revision: int = 1,
    priority: int = 50,
    ship_by: datetime | None = None,
    not_before: datetime | None = None,
) -> PickTask:
    return PickTask(
        TaskId(task_id),
        revision,
        f"SO-{task_id}",
        Destination(container(box), LaneId(lane)),
        lines or (a_line(),),
        priority=priority,
        ship_by=ship_by,
        not_before=not_before,
        policy=TaskPolicy(allow_partial=partial),
    )


def ean(gtin: Gtin) -> bytes:
    """An item's label, as a scanner with AIM identifiers reads it."""
    return b"]E0" + gtin[1:].encode()


def label(load: Lpn) -> bytes:
    """A tote's or container's label."""
    return b"]C0" + load.encode()


def digest(task: PickTask) -> str:
    return repr(task)


# ---- the agent ---------------------------------------------------------------------------------------


@dataclass
class Agent:
    """The state, the journal that it follows from, and the floor that it gives orders to."""

    floor: Floor
    plant: Plant
    journal: list[tuple[ev.Event, float]] = field(default_factory=list)
    clock_s: float = 0.0
    wall: timedelta = timedelta()
    """What the wall clock was set by."""
    watch: Callable[[ev.Event], None] = lambda event: None
    """Called with every event before anything is done about it."""
    people: list[Callable[[], bool]] = field(default_factory=list)
    """Each does what the prompt of an operator's station asks for; False: there is nothing to do."""

    def __post_init__(self) -> None:
        self.state = State(self.plant)
        self.shadow = State(self.plant)
        """Follows the journal alone, through the codec: what a restart would know."""
        self.feed(inp.Started("test"))

    @property
    def now(self) -> Instant:
        return Instant(T0 + self.wall + timedelta(seconds=self.clock_s), self.clock_s)

    @property
    def events(self) -> list[ev.Event]:
        return [event for event, _ in self.journal]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def last(self, kind: type[E]) -> E:
        return self.of(kind)[-1]

    # ---- what enters ---------------------------------------------------------------------------------

    def feed(self, *inputs: inp.Input) -> list[ev.Event]:
        events = step(self.state, inputs, self.now)
        for event in events:
            stored = decode(len(self.journal) + 1, encode(event))
            evolve(self.shadow, stored, self.clock_s)
            self.journal.append((stored, self.clock_s))
        for event in events:
            self.watch(event)
        return events

    def submit(self, *tasks: PickTask) -> list[ev.Event]:
        return self.feed(*(inp.TaskSubmitted(task, digest(task)) for task in tasks))

    def cancel(self, task_id: str = "T-1", revision: int = 1) -> list[ev.Event]:
        return self.feed(inp.CancelSubmitted(CancelRequest(TaskId(task_id), revision, "not wanted")))

    def show(self, mode: Mode, *devices: str, epoch: int = 7) -> list[ev.Event]:
        names = devices or tuple(self.plant.site.devices)
        status = DeviceStatus(mode, epoch)
        return self.feed(*(inp.DeviceReported(DeviceId(name), status) for name in names))

    def ready(self, *devices: str) -> list[ev.Event]:
        return self.show(Mode.READY, *devices)

    def lose(self, *devices: str) -> list[ev.Event]:
        return self.show(Mode.DISCONNECTED, *devices)

    def wait(self, seconds: float) -> list[ev.Event]:
        self.clock_s += seconds
        return self.feed(inp.Tick())

    def scan(
        self, data: bytes | None, scanner: DeviceId | None = None, more: tuple[bytes, ...] = ()
    ) -> list[ev.Event]:
        """A scanner reads this; where none is named, the one that is waited for."""
        return self.feed(inp.Scanned(scanner or self.scan_steps()[0][1], data, more))

    def weigh(self, answer: float | NoWeight, scale: str | None = None) -> list[ev.Event]:
        """A scale says this; where none is named, the one that is waited for."""
        return self.feed(inp.Weighed(DeviceId(scale or self.scan_steps()[0][1]), answer))

    def read(self) -> list[ev.Event]:
        """The scanner or scale that is waited for says what really is there."""
        station_id, scanner = self.scan_steps()[0]
        scan = self.state.stations[station_id].scan
        assert scan is not None
        if scan.target in WEIGHT_TARGETS:
            return self.weigh(self.shows_g(station_id), scanner)
        return self.scan(self.sees(station_id), scanner)

    # ---- people --------------------------------------------------------------------------------------

    def answer(
        self,
        action: str,
        exception_id: str | None = None,
        *,
        actor: Actor = SUE,
        approver: Actor | None = None,
        reason: str = "seen by eye",
        **arguments: str,
    ) -> list[ev.Event]:
        """A person settles an exception: the first one that is open, unless told otherwise."""
        which = ExceptionId(exception_id or next(iter(self.state.exceptions)))
        return self.feed(inp.ExceptionAnswered(which, action, actor, arguments, approver, reason))

    def hold(self, subject: HoldSubject, reason: str = "cleaning") -> list[ev.Event]:
        return self.feed(inp.HoldPlaced(subject, ANNA, reason))

    def release(self, subject: HoldSubject) -> list[ev.Event]:
        return self.feed(inp.HoldReleased(subject, ANNA, "clean"))

    # ---- commands ------------------------------------------------------------------------------------

    def open_commands(self) -> list[cmd.Command]:
        """Given to machines and not ended, in order."""
        unknown, persons = CommandStatus.UNKNOWN, self.plant.persons
        commands = (c.command for c in self.state.commands.values() if c.status is not unknown)
        return [command for command in commands if command.device_id not in persons]

    def command(self, order: type, *, of: str = "") -> cmd.Command:
        """The one open command with such an order (of one device)."""
        found = [
            command
            for command in self.open_commands()
            if isinstance(command.order, order) and command.device_id.startswith(of)
        ]
        assert len(found) == 1, f"{len(found)} open {order.__name__} commands"
        return found[0]

    def accept(self, command: cmd.Command) -> list[ev.Event]:
        self.floor.begin(command)
        return self.feed(inp.CommandAnswered(command.command_id, cmd.Accepted()))

    def refuse(self, command: cmd.Command, reason: cmd.RefusalReason) -> list[ev.Event]:
        return self.feed(inp.CommandAnswered(command.command_id, cmd.Refusal(reason)))

    def finish(self, command: cmd.Command, wrong: Gtin | None = None) -> list[ev.Event]:
        """The device carries the command out and reports its end."""
        return self.feed(inp.CommandResolved(command.command_id, self.floor.end(command, wrong)))

    def fail(self, command: cmd.Command, reason: cmd.FailureReason) -> list[ev.Event]:
        self.floor.fail(command)
        return self.feed(inp.CommandResolved(command.command_id, cmd.Failed(reason, 17)))

    def doubt(self, command: cmd.Command) -> list[ev.Event]:
        """Nobody can say what became of it."""
        return self.feed(inp.CommandResolved(command.command_id, cmd.Unknown("the device has no memory")))

    # ---- scans ---------------------------------------------------------------------------------------

    def scan_steps(self, target: ev.ScanTarget | None = None) -> list[tuple[StationId, DeviceId]]:
        """The stations that wait for a machine's scan or weight (of one kind), and whose they wait for."""
        waiting = [(s.station_id, s.scan) for s in self.state.stations.values() if s.scan is not None]
        return [
            (station, scan.scanner)
            for station, scan in waiting
            if target in (None, scan.target)
            and (scan.target in WEIGHT_TARGETS or not self.plant.has_operator(station))
        ]

    def sees(self, station_id: StationId) -> bytes:
        """What really stands before the scanner that the station waits for."""
        station, at = self.state.stations[station_id], self.plant.site.stations[station_id]
        assert station.scan is not None
        match station.scan.target:
            case ev.ScanTarget.ITEM:
                return ean(self.floor.grippers[at.picker])
            case ev.ScanTarget.TOTE:
                return self._label_at(at.tote_point)
            case ev.ScanTarget.CONTAINER:
                position = next(p for p in at.put_positions if p.scanner == station.scan.scanner)
                return self._label_at(position.point)
        raise AssertionError(f"no label tells a {station.scan.target}")

    def shows_g(self, station_id: StationId) -> float:
        """What the scale shows that the station waits for."""
        scan, at = self.state.stations[station_id].scan, self.plant.site.stations[station_id]
        assert scan is not None
        if scan.target is ev.ScanTarget.WEIGHT:
            return self.floor.held_g(at.picker)
        return self.floor.weight_at(next(p.point for p in at.put_positions if p.scale == scan.scanner))

    def _label_at(self, point: str) -> bytes:
        load = next(self.floor.loads_at(point), None)
        assert load is not None, f"a scan at {point}, where nothing stands"
        return label(load)

    # ---- going on ------------------------------------------------------------------------------------

    def advance(self, wrong: Gtin | None = None) -> bool:
        """One more thing goes right (but for a `wrong` item gripped); False where nothing moves any more."""
        waiting = [c for c in self.open_commands() if c.command_id not in self.floor.begun]
        if waiting:
            self.accept(waiting[0])
            return True
        if able := [c for c in self.open_commands() if self.floor.has_room_for(c)]:
            self.finish(able[0], wrong)
            return True
        if self.scan_steps():
            self.read()
            return True
        if any(act() for act in self.people):
            return True
        wait_s = next_wakeup_s(self.state, self.now)
        if wait_s is not None:
            self.wait(wait_s)
        return wait_s is not None

    def run(self, until: Condition | None = None, limit: int = 20_000) -> None:
        """Everything goes right from here on, until the condition holds or nothing moves any more."""
        for _ in range(limit):
            if until is not None and until(self):
                return
            if not self.advance():
                assert until is None, "it came to rest before what was waited for"
                return
        raise AssertionError("the core never comes to rest")

    def run_to(self, kind: type, count: int = 1) -> None:
        """Everything goes right until there are so many events of a kind."""
        self.run(until=lambda agent: len(agent.of(kind)) >= count)

    def replayed(self) -> State:
        """The state as a restart would build it."""
        state = State(self.plant)
        for event, clock_s in self.journal:
            evolve(state, event, clock_s)
        return state

    def replayed_with_snapshot(self, cut: int) -> State:
        """The same, but from a snapshot after the first `cut` events and the events behind it."""
        before, after, codec = State(self.plant), State(self.plant), SnapshotCodec()
        for event, clock_s in self.journal[:cut]:
            evolve(before, event, clock_s)
        load(after, codec.decode(codec.version, codec.encode(image_of(before))))
        for event, clock_s in self.journal[cut:]:
            evolve(after, event, clock_s)
        return after

    def restart(self) -> list[ev.Event]:
        """The process dies and comes back: the journal is all that is left of it."""
        self.state = self.replayed()
        return self.feed(inp.Started("test"))

    def why(self, task_id: str = "T-1") -> list[Wait]:
        return why(self.state, TaskId(task_id), self.now)


def an_agent(
    stock: Mapping[int, Sequence[Gtin]] | None = None,
    site: Site | None = None,
    *,
    ready: bool = True,
    catalogue: Catalogue | None = None,
    persons: frozenset[DeviceId] = frozenset(),
) -> Agent:
    """An agent with a floor: nine mugs in the first tote unless told otherwise, every device ready."""
    site = site or demo_site()
    max_open = {device: 15 if device == site.conveyor else 1 for device in site.devices}
    plant = Plant(site, max_open, persons=persons)
    agent = Agent(Floor.stocked(site, stock if stock is not None else {1: [MUG] * 9}), plant)
    if catalogue is not None:
        agent.feed(inp.CatalogueOffered(catalogue))
    if ready:
        agent.ready()
    return agent
