"""The unit in hand at a station, and the scans that gate it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent.domain.events.common import Override, PickedUnit, ScanTarget
from edge_agent.domain.ids import (
    DeviceId,
    ExceptionId,
    LineId,
    LocationId,
    Lpn,
    StationId,
    TaskId,
    TripId,
)
from edge_agent.domain.station import Answer


@dataclass(frozen=True, slots=True)
class UnitStarted:
    """A station begins to pick one unit for a line."""

    station_id: StationId
    trip_id: TripId
    task_id: TaskId
    line_id: LineId


@dataclass(frozen=True, slots=True)
class UnitGripped:
    """The unit is in the gripper before the scanner."""

    station_id: StationId
    weight_g: int | None


@dataclass(frozen=True, slots=True)
class UnitMissing:
    """The picker found none in the tote."""

    station_id: StationId


@dataclass(frozen=True, slots=True)
class ScanRequested:
    """The scanner is triggered; `attempt` counts from 1."""

    station_id: StationId
    scanner: DeviceId
    target: ScanTarget
    attempt: int
    deadline_s: float | None
    """On the agent's clock: no scan by then counts as a no-read. None: a person scans, and takes as long as
    it takes."""


@dataclass(frozen=True, slots=True)
class ScanIgnored:
    """A scan that no open step waits for (V20): no effect."""

    scanner: DeviceId
    scanned: str


@dataclass(frozen=True, slots=True)
class UnitVerified:
    """The item in hand is what the line asks for (V3): it may be placed."""

    station_id: StationId
    task_id: TaskId
    line_id: LineId
    scanner: DeviceId
    unit: PickedUnit
    typed: bool = False
    """A person typed the code in, and a supervisor stood behind it (V15)."""
    overrides: tuple[Override, ...] = ()
    """The rules that it passed only because two persons said so."""


@dataclass(frozen=True, slots=True)
class ContainerVerified:
    """The container on the put position is the task's."""

    station_id: StationId
    task_id: TaskId
    scanner: DeviceId


@dataclass(frozen=True, slots=True)
class ScanRejected:
    """A check has failed; no quantity changes.

    For good, so that the unit goes back or the tote leaves. At an operator's station the step stays open: the
    person is told why and scans again.
    """

    station_id: StationId
    task_id: TaskId | None
    line_id: LineId | None
    scanner: DeviceId
    target: ScanTarget
    rule: str
    name: str
    expected: str
    scanned: str
    step_open: bool = False
    """The step goes on, and a person is told why; only at an operator's station."""
    data_hex: str = ""
    """What was scanned, byte for byte, where the step stays open."""
    typed: bool = False
    """It was typed in."""


@dataclass(frozen=True, slots=True)
class AnswerTaken:
    """The person at an operator's station has answered its prompt; what follows from it stands behind it."""

    station_id: StationId
    task_id: TaskId | None
    line_id: LineId | None
    answer: Answer
    arguments: Mapping[str, str] = field(default_factory=dict)
    actor: str = ""
    """Who it was; the scanner, where a second code on the unit said the value."""
    approver: str | None = None
    """The second person, where the answer needs one."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RuleOverridden:
    """Two persons let a unit pass that a rule has rejected, and those of its task that are like it."""

    station_id: StationId
    task_id: TaskId
    line_id: LineId
    exception_id: ExceptionId
    override: Override
    scanned: str
    """What was scanned, fit to be shown."""
    data_hex: str
    """The same byte for byte."""


@dataclass(frozen=True, slots=True)
class UnitPlaced:
    """One unit moved from the tote into the order container."""

    station_id: StationId
    task_id: TaskId
    line_id: LineId
    unit: PickedUnit
    tote: Lpn
    location: LocationId
    container: Lpn


@dataclass(frozen=True, slots=True)
class UnitPutBack:
    """The unit is in its tote again."""

    station_id: StationId


@dataclass(frozen=True, slots=True)
class UnitLost:
    """The unit in hand is gone, says a person: it is missing from its tote and in no container."""

    station_id: StationId
    task_id: TaskId
    line_id: LineId
    unit: PickedUnit | None
    """What its label said; None where it had not passed its scan."""
    tote: Lpn
    location: LocationId
    reason: str
    damaged: bool = False
    """It is not gone but set aside, because it cannot be sold."""
