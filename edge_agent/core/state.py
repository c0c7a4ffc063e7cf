"""The state: what the journal says up to now. Only the loop holds it and only `evolve` changes it."""

import math
from bisect import insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Self, TypeAlias

from edge_agent.core.lifecycle import LINE, CommandStatus, LineStatus, TaskStatus, TripStatus, UnitPhase
from edge_agent.core.rejection import Rejection
from edge_agent.core.verification.barcode import SiteLabels
from edge_agent.domain.command import Command, ForContainer, ForTrip, ForUnit, Purpose
from edge_agent.domain.decision import HoldSubject
from edge_agent.domain.device import DeviceStatus, Mode
from edge_agent.domain.events import ExceptionRaised, LineRef, Override, PickedUnit, ScanTarget
from edge_agent.domain.ids import (
    CommandId,
    DeviceId,
    ExceptionId,
    Gtin,
    LineId,
    LocationId,
    Lpn,
    PointId,
    StationId,
    TaskId,
    TripId,
)
from edge_agent.domain.item import Catalogue
from edge_agent.domain.site import Labels, Site
from edge_agent.domain.station import Answer
from edge_agent.domain.tagged import Tagged
from edge_agent.domain.task import Line, PickTask, Source
from edge_agent.domain.time import ClockSync

Rank: TypeAlias = tuple[int, float, int]
"""A task's place in the schedule: the smallest goes first."""


@dataclass(frozen=True)
class Plant:
    """What the core must know of the site that no journal says."""

    site: Site
    max_open: Mapping[DeviceId, int]
    """How many commands each machine takes at once (from its profile)."""
    aim: Mapping[DeviceId, bool] = field(default_factory=dict)
    """Which scanners send AIM identifiers (from their profiles)."""
    catalogue: Catalogue = field(default=Catalogue(), repr=False)
    """The item master as it was read at the start."""
    persons: frozenset[DeviceId] = frozenset()
    """Devices that are a person (from their profiles)."""
    labels: SiteLabels = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", SiteLabels(self.site.labels))

    def sends_aim(self, scanner: DeviceId, data: bytes) -> bool:
        """Whether the scan should begin with an AIM identifier. What comes over the local API does or does
        not, as the person's own scanner is set."""
        return data.startswith(b"]") if scanner in self.persons else self.aim.get(scanner, True)

    def has_operator(self, station_id: StationId) -> bool:
        """Whether a person works at the station instead of a machine."""
        station = self.site.stations.get(station_id)
        return station is not None and station.picker in self.persons


@dataclass(slots=True)
class LineState:
    line: Line
    status: LineStatus = LineStatus.WAITING
    trip_id: TripId | None = None
    units: list[PickedUnit] = field(default_factory=list)
    tried: set[Lpn] = field(default_factory=set)
    failed_picks: int = 0
    """Picks from the present tote that were put back."""
    picked_here: int = 0
    """Units picked from the present tote."""
    short: int = 0
    cancelled: int = 0
    exhausted_by: str = ""
    """Why the last source gave out."""
    held: ExceptionId | None = None
    added: list[Source] = field(default_factory=list)
    """Sources that a person has named since."""

    @property
    def picked(self) -> int:
        return sum(unit.units for unit in self.units)

    @property
    def remaining(self) -> int:
        return self.line.quantity - self.picked - self.short - self.cancelled

    @property
    def ended(self) -> bool:
        return self.status in LINE.final

    @property
    def begun(self) -> bool:
        """Something was done for it: a higher revision leaves it as it is."""
        handled = bool(self.units or self.tried or self.held)
        return handled or self.status is not LineStatus.WAITING

    def sources(self) -> Iterator[Source]:
        """The sources not yet tried, best rank first."""
        known = (*self.line.sources, *self.added)
        untried = (source for source in known if source.container_id not in self.tried)
        return iter(sorted(untried, key=lambda source: (source.rank, source.container_id)))


@dataclass(slots=True)
class TaskState:
    task: PickTask
    digest: str
    arrival: int
    status: TaskStatus = TaskStatus.ACCEPTED
    lines: dict[LineId, LineState] = field(default_factory=dict)
    station_id: StationId | None = None
    put_point: PointId | None = None
    eta: datetime | None = None
    """When it should end, as last told."""
    eta_told_s: float = 0.0
    """When that was told, on the agent's clock; as is the next."""
    started_s: float = 0.0
    container_here: bool = False
    """The order container stands on the put position."""
    exit: PointId | None = None
    """Where the filled container goes."""
    container_command: CommandId | None = None
    cancel_reason: str | None = None
    held: ExceptionId | None = None
    overrides: list[Override] = field(default_factory=list)
    """What two persons have let pass for this task."""

    @property
    def order(self) -> Rank:
        """Scheduling: priority, then ship-by, then arrival. The smallest goes first."""
        ship_by = self.task.ship_by
        return (-self.task.priority, ship_by.timestamp() if ship_by else math.inf, self.arrival)

    @property
    def open_lines(self) -> Iterator[LineState]:
        return (line for line in self.lines.values() if not line.ended)


@dataclass(slots=True)
class TripState:
    trip_id: TripId
    tote: Lpn
    location: LocationId
    asrs: DeviceId
    station_id: StationId
    lines: list[LineRef]
    status: TripStatus = TripStatus.PLANNED
    point: PointId | None = None
    """Where the tote stands; None in storage."""
    destination: PointId | None = None
    """Where a released tote goes."""
    command_id: CommandId | None = None
    held: ExceptionId | None = None


@dataclass(slots=True)
class Hand:
    """The unit that a station is busy with."""

    trip_id: TripId
    task_id: TaskId
    line_id: LineId
    phase: UnitPhase = UnitPhase.PICKING
    unit: PickedUnit | None = None
    """What its label said, once verified."""
    weight_g: int | None = None
    """What the picker weighed; None: it has no scale, or did not say."""
    rejected_by: str = ""
    """The rule that sent it back, V1..V20."""
    command_id: CommandId | None = None
    held: ExceptionId | None = None


@dataclass(frozen=True, slots=True)
class ScanStep:
    """A scan that is waited for."""

    target: ScanTarget
    scanner: DeviceId
    attempt: int
    deadline_s: float | None
    """None: a person is asked, and takes as long as it takes."""
    requested_s: float = 0.0


@dataclass(slots=True)
class StationState:
    station_id: StationId
    hand: Hand | None = None
    scan: ScanStep | None = None
    rejection: Rejection | None = None
    """Of the step that is open at an operator's station."""
    given: dict[Answer, str] = field(default_factory=dict)
    """What the person has told of the unit because its code does not say it."""
    step: int = 0
    """Counts what a person is asked here, so that an answer can say which prompt it is to."""
    since_s: float = 0.0
    """When that last changed, on the agent's clock."""
    tasks: set[TaskId] = field(default_factory=set)
    """Tasks that have a put position here."""


@dataclass(slots=True)
class CommandState:
    command: Command
    status: CommandStatus = CommandStatus.ORDERED
    ordered_s: float = 0.0


@dataclass(slots=True)
class DeviceState:
    status: DeviceStatus = field(default=DeviceStatus(Mode.DISCONNECTED))
    since: datetime | None = None
    open: int = 0
    """Commands ordered and not ended."""
    refusals: int = 0
    """In a row."""
    refused_s: float | None = None
    """When it last refused a command or was found not to have begun one, on the agent's clock; None once it
    has accepted one."""
    unstarted: int = 0
    """Commands in a row that it was found not to have begun, since one was done."""
    held: ExceptionId | None = None
    """It was e-stopped, and nobody has said yet that it may move again."""
    weighs: bool = False
    """A picker that has reported a weight: one that is missing later was lost."""
    cycles: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """The last cycle times of each verb, in seconds, the newest last."""


@dataclass(frozen=True, slots=True)
class EndedTask:
    """What is kept of a task that has ended: enough to know a repeat from a conflict."""

    revision: int
    digest: str
    status: TaskStatus


@dataclass(frozen=True, slots=True)
class PersonHold:
    """What a person has stopped, and why."""

    subject: Annotated[HoldSubject, Tagged()]
    actor: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """What is kept of an exception that a person was asked to settle: enough to tell a late answer so."""

    action: str
    actor: str
    approver: str | None
    settled_s: float
    """On the agent's clock."""


class _Stations(dict[StationId, StationState]):
    """An old journal may name a station that the site file has no more: its events still apply."""

    def __missing__(self, station_id: StationId) -> StationState:
        return self.setdefault(station_id, StationState(station_id))


class _Devices(dict[DeviceId, DeviceState]):
    """As `_Stations`, for devices."""

    def __missing__(self, device_id: DeviceId) -> DeviceState:
        return self.setdefault(device_id, DeviceState())


@dataclass(slots=True)
class State:
    plant: Plant
    draining: bool = False
    """No new work is ordered."""
    next_command: int = 0
    next_trip: int = 1
    next_exception: int = 1
    next_arrival: int = 1
    tasks: dict[TaskId, TaskState] = field(default_factory=dict)
    queue: list[tuple[Rank, TaskId]] = field(default_factory=list)
    """Tasks that wait for a station, in scheduling order."""
    active: dict[TaskId, None] = field(default_factory=dict)
    """The other open tasks. A plan looks at these only, however many wait."""
    ended: dict[TaskId, EndedTask] = field(default_factory=dict)
    """The last tasks that have ended, the oldest first (`limits.ended_tasks`)."""
    containers: dict[Lpn, TaskId] = field(default_factory=dict)
    """Order containers of open tasks."""
    trips: dict[TripId, TripState] = field(default_factory=dict)
    totes: dict[Lpn, TripId] = field(default_factory=dict)
    """Totes that are under way."""
    stations: dict[StationId, StationState] = field(default_factory=_Stations)
    commands: dict[CommandId, CommandState] = field(default_factory=dict)
    """Open commands, and those whose outcome is unknown."""
    devices: dict[DeviceId, DeviceState] = field(default_factory=_Devices)
    exceptions: dict[ExceptionId, ExceptionRaised] = field(default_factory=dict)
    settled: dict[ExceptionId, Settled] = field(default_factory=dict)
    """The last exceptions that were held and are settled, the oldest first (`limits.settled_exceptions`)."""
    holds: dict[HoldSubject, PersonHold] = field(default_factory=dict)
    """What persons have stopped."""
    barred: dict[Lpn, int] = field(default_factory=dict)
    """Totes that were removed or quarantined: tasks with a lower arrival number do not ask for them."""
    gtins: dict[Gtin, int] = field(default_factory=dict)
    """GTINs of open tasks, with the number of lines that name them."""
    disk_low: bool = False
    """Less than the reserve is free: new tasks are refused."""
    clock: ClockSync = ClockSync.UNKNOWN
    """Whether a time server keeps the wall clock. Nothing is decided by it."""

    def __post_init__(self) -> None:
        site = self.plant.site
        for station_id in site.stations:
            self.stations.setdefault(station_id, StationState(station_id))
        for device_id in site.devices:
            self.devices.setdefault(device_id, DeviceState())

    @classmethod
    def of_any_site(cls) -> Self:
        """For replaying a journal where the site file is not at hand; nothing can be planned with it."""
        nothing: dict[str, Any] = {"stations": {}, "devices": {}, "labels": Labels()}
        return cls(Plant(Site.model_construct(**nothing), {}))

    def foreign_to_site(self) -> list[str]:
        """What open work needs and the site file does not have; empty where they fit."""
        site = self.plant.site
        stations = {task.station_id for task in self.tasks.values() if task.station_id}
        stations |= {trip.station_id for trip in self.trips.values()}
        devices = {command.command.device_id for command in self.commands.values()}
        devices |= {trip.asrs for trip in self.trips.values()}
        missing = [f"station {name}" for name in sorted(stations - site.stations.keys())]
        return missing + [f"device {name}" for name in sorted(devices - site.devices.keys())]

    # ---- look-ups -----------------------------------------------------------------------------------

    def line(self, ref: LineRef) -> LineState:
        return self.tasks[ref.task_id].lines[ref.line_id]

    def sources(self, task: TaskState, line: LineState) -> Iterator[Source]:
        """The sources that the line may still ask for, best rank first."""
        return (s for s in line.sources() if self.barred.get(s.container_id, 0) <= task.arrival)

    def started(self) -> list[TaskState]:
        """Tasks at a station, in scheduling order."""
        at_stations = (task_id for station in self.stations.values() for task_id in station.tasks)
        return sorted((self.tasks[task_id] for task_id in at_stations), key=lambda task: task.order)

    def count_gtins(self, task: PickTask, by: int) -> None:
        """`by` 1 when a task opens, -1 when it ends."""
        for line in task.lines:
            count = self.gtins.get(line.gtin, 0) + by
            if count:
                self.gtins[line.gtin] = count
            else:
                self.gtins.pop(line.gtin, None)

    def enqueue(self, task: TaskState) -> None:
        insort(self.queue, (task.order, task.task.task_id))
        self.active.pop(task.task.task_id, None)

    def dequeue(self, task: TaskState) -> None:
        self.queue.remove((task.order, task.task.task_id))
        self.active[task.task.task_id] = None

    def holder_of(self, purpose: Purpose) -> TripState | TaskState | Hand | None:
        """What a command is for; None where it is gone."""
        match purpose:
            case ForTrip(trip_id):
                return self.trips.get(trip_id)
            case ForContainer(task_id):
                return self.tasks.get(task_id)
            case ForUnit(station_id):
                return self.stations[station_id].hand
