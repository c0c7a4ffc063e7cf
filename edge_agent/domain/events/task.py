"""What becomes of a task and its lines, from intake to the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edge_agent.domain.events.common import FieldError, LineResult, PickedUnit, SourceReason
from edge_agent.domain.ids import Gtin, LaneId, LineId, LocationId, Lpn, PointId, StationId, TaskId
from edge_agent.domain.task import PickTask, Source


@dataclass(frozen=True, slots=True)
class TaskAccepted:
    """A new pick task was taken in; its message is acknowledged once this is durable."""

    task: PickTask
    digest: str
    """SHA-256 of the content: the same revision with another digest is a conflict."""

    @property
    def task_id(self) -> TaskId:
        return self.task.task_id


@dataclass(frozen=True, slots=True)
class TaskReplaced:
    """A higher revision took the place of what had not started."""

    task: PickTask
    digest: str

    @property
    def task_id(self) -> TaskId:
        return self.task.task_id


@dataclass(frozen=True, slots=True)
class TaskRejected:
    """A message was refused at intake. `message_type` is submit, cancel, replay or catalogue."""

    message_type: str
    code: str
    message: str
    fields: tuple[FieldError, ...] = ()
    task_id: TaskId | None = None
    revision: int | None = None
    excerpt: str = ""
    """The first 4 KiB of the input."""


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """The OMS, or a person who settles an exception, wants the task stopped."""

    task_id: TaskId
    revision: int
    reason: str


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """The task has a station and a put position."""

    task_id: TaskId
    station_id: StationId
    put_point: PointId
    eta: datetime


@dataclass(frozen=True, slots=True)
class EtaChanged:
    """The task will end at another time than told before."""

    task_id: TaskId
    eta: datetime
    earlier_eta: datetime
    """What was told before; earlier or later than `eta`."""


@dataclass(frozen=True, slots=True)
class ContainerArrived:
    """The order container stands on its put position."""

    task_id: TaskId


@dataclass(frozen=True, slots=True)
class TaskMoved:
    """The task goes on at another station; its container follows, with what is in it."""

    task_id: TaskId
    station_id: StationId
    put_point: PointId


@dataclass(frozen=True, slots=True)
class TaskFilled:
    """Every line has ended; the container leaves for `destination`, or was never fetched (None)."""

    task_id: TaskId
    destination: PointId | None


@dataclass(frozen=True, slots=True)
class LaneChanged:
    """The filled container leaves by another lane than it was to."""

    task_id: TaskId
    lane: LaneId
    destination: PointId


@dataclass(frozen=True, slots=True)
class TaskCompleted:
    """Every line has ended and the container has left; how each line ended."""

    task_id: TaskId
    revision: int
    order_id: str
    lines: tuple[LineResult, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    lane: LaneId | None = None
    """Which lane the container has left by; None: by the reject point, or it was never fetched."""


@dataclass(frozen=True, slots=True)
class TaskCancelled:
    """The task ended by a cancel; what was picked before it is reported."""

    task_id: TaskId
    revision: int
    order_id: str
    reason: str
    lines: tuple[LineResult, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceExhausted:
    """The line needs another tote."""

    task_id: TaskId
    line_id: LineId
    tote: Lpn
    reason: SourceReason


@dataclass(frozen=True, slots=True)
class StockFoundShort:
    """The picker found no unit of the line's item in the tote: the stock record was wrong about it."""

    task_id: TaskId
    line_id: LineId
    tote: Lpn
    location: LocationId
    gtin: Gtin
    expected: int
    """What the task said was there, less what the line has picked out of it."""
    found: int = 0


@dataclass(frozen=True, slots=True)
class LineUnassigned:
    """The line leaves its trip without blaming the tote: its task is held."""

    task_id: TaskId
    line_id: LineId


@dataclass(frozen=True, slots=True)
class LinePicked:
    """Every unit of the line is in the order container."""

    task_id: TaskId
    line_id: LineId
    sku: str
    gtin: Gtin
    ordered: int
    picked: int
    units: tuple[PickedUnit, ...]


@dataclass(frozen=True, slots=True)
class LineShort:
    """The line ended with fewer units than ordered, and why."""

    task_id: TaskId
    line_id: LineId
    sku: str
    gtin: Gtin
    ordered: int
    picked: int
    short: int
    reason: SourceReason
    next_action: str
    units: tuple[PickedUnit, ...]


@dataclass(frozen=True, slots=True)
class LineCancelled:
    """What the line still lacked was cancelled."""

    task_id: TaskId
    line_id: LineId
    cancelled: int


@dataclass(frozen=True, slots=True)
class SourcesRenewed:
    """A person says that the line's sources were replenished: every one is tried anew."""

    task_id: TaskId
    line_id: LineId


@dataclass(frozen=True, slots=True)
class SourceAdded:
    """A person says that a further tote holds the item."""

    task_id: TaskId
    line_id: LineId
    source: Source


@dataclass(frozen=True, slots=True)
class ReplenishmentRequested:
    """Every source of a line has given out: somebody should fill one up."""

    task_id: TaskId
    line_id: LineId
    sku: str
    gtin: Gtin
    quantity: int
    """How many units the line still lacks."""
    totes: tuple[Lpn, ...]
    """The sources that gave out."""
