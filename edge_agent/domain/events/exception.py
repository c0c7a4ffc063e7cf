"""What a rule or a person must settle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

from edge_agent.domain.decision import DecisionCode, HoldSubject
from edge_agent.domain.ids import DeviceId, ExceptionId, LineId, StationId, TaskId, TripId
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
    PUT_POSITION_TAKEN = "put_position_taken"
    """The container before it has not left."""
    E_STOP = "e_stop"
    """A machine was stopped at its panel, and a person has not said yet that it may move again."""


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


@dataclass(frozen=True, slots=True)
class HeldDevice:
    """The device gets no command."""

    device_id: DeviceId


Held: TypeAlias = HeldTrip | HeldUnit | HeldTask | HeldLine | HeldDevice


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
    approver: str | None = None
    """The second person, where the action needs one."""
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DecisionRefused:
    """A person's answer, hold or release was refused; it has changed nothing. Kept for whoever asks later.

    It names the exception or the station that was answered, or the subject of the hold; `action` is as it
    came, `hold` or `release` for a subject.
    """

    exception_id: ExceptionId | None
    subject: Annotated[HoldSubject, Tagged()] | None
    action: str
    actor: str
    code: DecisionCode
    text: str
    station_id: StationId | None = None
    """Where it was an answer to an operator's station's prompt."""


@dataclass(frozen=True, slots=True)
class HeldByPerson:
    """A person has stopped something: no new work is given there until a person releases it."""

    subject: Annotated[HoldSubject, Tagged()]
    actor: str
    reason: str
    at: datetime
    """By the wall clock."""


@dataclass(frozen=True, slots=True)
class ReleasedByPerson:
    """A person lets it go on."""

    subject: Annotated[HoldSubject, Tagged()]
    actor: str
    reason: str
