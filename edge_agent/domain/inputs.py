"""What enters the loop: everything that happens outside, as typed values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from edge_agent.domain.command import Accepted, Done, Failed, Refusal, Unknown
from edge_agent.domain.decision import Actor, HoldSubject
from edge_agent.domain.device import DeviceStatus
from edge_agent.domain.events import FieldError
from edge_agent.domain.ids import CommandId, DeviceId, ExceptionId, StationId, TaskId
from edge_agent.domain.task import CancelRequest, PickTask
from edge_agent.domain.time import ClockSync


@dataclass(frozen=True, slots=True)
class Started:
    """The agent process has started; always the first input."""

    version: str


@dataclass(frozen=True, slots=True)
class Drain:
    """Stop ordering new work (or go on): what is under way is finished and recorded."""

    on: bool


@dataclass(frozen=True, slots=True)
class TaskSubmitted:
    task: PickTask
    digest: str


@dataclass(frozen=True, slots=True)
class CancelSubmitted:
    request: CancelRequest


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """Intake could not read a message; nothing of it is used."""

    message_type: str
    code: str
    message: str
    fields: tuple[FieldError, ...]
    task_id: TaskId | None
    excerpt: str


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    command_id: CommandId
    answer: Accepted | Refusal


@dataclass(frozen=True, slots=True)
class CommandResolved:
    """A command has ended, as the device reported it or as reconciliation found."""

    command_id: CommandId
    outcome: Done | Failed | Unknown


@dataclass(frozen=True, slots=True)
class DeviceReported:
    device_id: DeviceId
    status: DeviceStatus


@dataclass(frozen=True, slots=True)
class DiskReported:
    """How much is free where the journal is; `low`: less than the reserve."""

    low: bool
    free_mb: int


@dataclass(frozen=True, slots=True)
class ClockReported:
    """Whether a time server keeps the wall clock."""

    sync: ClockSync


@dataclass(frozen=True, slots=True)
class ClockSet:
    """Somebody has set the wall clock, by so much; less than 0: back."""

    step_s: float


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scanner sent a code, or its no-read text (`data` is None)."""

    scanner: DeviceId
    data: bytes | None
    more: tuple[bytes, ...] = ()
    """Further codes of the same trigger, each another one than `data`."""


@dataclass(frozen=True, slots=True)
class ExceptionAnswered:
    """A person settles an exception. `action` is as it came: what it must be is checked."""

    exception_id: ExceptionId
    action: str
    actor: Actor
    arguments: Mapping[str, str] = field(default_factory=dict)
    approver: Actor | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StationAnswered:
    """The person at an operator's station answers its prompt. `answer` is as it came: what it must be is
    checked."""

    station_id: StationId
    answer: str
    actor: Actor
    arguments: Mapping[str, str] = field(default_factory=dict)
    approver: Actor | None = None
    reason: str = ""
    step: int | None = None
    """The number of the prompt that is answered; None: the one that is open, whichever it is."""


@dataclass(frozen=True, slots=True)
class HoldPlaced:
    """A person stops something: no new work is given there."""

    subject: HoldSubject
    actor: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class HoldReleased:
    """A person lets something go on that a person has stopped."""

    subject: HoldSubject
    actor: Actor
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: a wait may be over, and the ends of tasks are looked at again."""


Input: TypeAlias = (
    Started
    | Drain
    | TaskSubmitted
    | CancelSubmitted
    | MessageRefused
    | CommandAnswered
    | CommandResolved
    | DeviceReported
    | DiskReported
    | ClockReported
    | ClockSet
    | Scanned
    | ExceptionAnswered
    | StationAnswered
    | HoldPlaced
    | HoldReleased
    | Tick
)
