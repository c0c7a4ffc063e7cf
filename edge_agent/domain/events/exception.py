"""What a rule or a person must settle."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

from edge_agent.domain.ids import ExceptionId, LineId, StationId, TaskId, TripId
from edge_agent.domain.tagged import Tagged


class ExceptionKind(StrEnum):
    """What went wrong, as the OMS and the operator see it."""

    NO_READ = "no_read"
    WRONG_ITEM = "wrong_item"
    SHORT = "short"
    TOTE_MISSING = "tote_missing"
    TOTE_UNIDENTIFIED = "tote_unidentified"
    WRONG_CONTAINER = "wrong_container"
    COMMAND_FAILED = "command_failed"
    COMMAND_REFUSED = "command_refused"
    COMMAND_UNKNOWN = "command_unknown"


@dataclass(frozen=True, slots=True)
class HeldTrip:
    trip_id: TripId


@dataclass(frozen=True, slots=True)
class HeldUnit:
    """The station's hand: the whole station waits."""

    station_id: StationId


@dataclass(frozen=True, slots=True)
class HeldTask:
    task_id: TaskId


@dataclass(frozen=True, slots=True)
class HeldLine:
    task_id: TaskId
    line_id: LineId


Held: TypeAlias = HeldTrip | HeldUnit | HeldTask | HeldLine


@dataclass(frozen=True, slots=True)
class ExceptionRaised:
    """Something is not as it should be. `held` stands still until it is resolved."""

    exception_id: ExceptionId
    kind: ExceptionKind
    where: str
    detail: str
    options: tuple[str, ...]
    held: Annotated[Held, Tagged()] | None
    task_id: TaskId | None = None
    line_id: LineId | None = None
    affected: tuple[TaskId, ...] = ()
    """Every task that waits because of it."""


@dataclass(frozen=True, slots=True)
class ExceptionResolved:
    """An exception is settled: by whom, how and why."""

    exception_id: ExceptionId
    action: str
    actor: str
    reason: str
    task_id: TaskId | None = None
    line_id: LineId | None = None
