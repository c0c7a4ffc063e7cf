"""The unit in hand at a station, and the scans that gate it."""

from dataclasses import dataclass

from edge_agent.domain.events.common import PickedUnit, ScanTarget
from edge_agent.domain.ids import DeviceId, LineId, LocationId, Lpn, StationId, TaskId, TripId


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
    deadline_s: float
    """On the agent's clock: no scan by then counts as a no-read."""


@dataclass(frozen=True, slots=True)
class CodesRead:
    """What one trigger of a scanner has read for the step that waits; what follows stands behind it."""

    scanner: DeviceId
    codes: tuple[str, ...]
    """A character for each byte."""


@dataclass(frozen=True, slots=True)
class ScanIgnored:
    """A scan without effect: no step waits for it (V20), or it is the one before, once more (V12, V14)."""

    scanner: DeviceId
    scanned: str
    rule: str = "V20"
    name: str = "unexpected_scan"


@dataclass(frozen=True, slots=True)
class UnitVerified:
    """The item in hand is what the line asks for (V3): it may be placed."""

    station_id: StationId
    task_id: TaskId
    line_id: LineId
    scanner: DeviceId
    unit: PickedUnit


@dataclass(frozen=True, slots=True)
class ContainerVerified:
    """The container on the put position is the task's."""

    station_id: StationId
    task_id: TaskId
    scanner: DeviceId


@dataclass(frozen=True, slots=True)
class ScanRejected:
    """A check has failed for good; no quantity changes."""

    station_id: StationId
    task_id: TaskId | None
    line_id: LineId | None
    scanner: DeviceId
    target: ScanTarget
    rule: str
    name: str
    expected: str
    scanned: str


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
