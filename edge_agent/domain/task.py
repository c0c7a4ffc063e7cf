"""The pick task: what the OMS asks for, as taken in and checked (contract, "Pick task")."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from edge_agent.domain.ids import Gtin, LaneId, LineId, LocationId, Lpn, TaskId


class Verify(StrEnum):
    """How much of a line is scanned."""

    EACH = "each"
    """Every unit is scanned and verified before it is placed."""


@dataclass(frozen=True, slots=True)
class Source:
    """A storage tote that should hold the item. Lower `rank` is tried first."""

    location: LocationId
    container_id: Lpn
    quantity_available: int
    rank: int


@dataclass(frozen=True, slots=True)
class Line:
    """One item of the task. Quantities are whole units."""

    line_id: LineId
    sku: str
    gtin: Gtin
    quantity: int
    sources: tuple[Source, ...]
    uom: str = "each"
    lot: str | None = None
    expiry_min: date | None = None
    serials: tuple[str, ...] | None = None
    serial_capture: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Fields that the contract does not name, kept as they came."""


@dataclass(frozen=True, slots=True)
class Destination:
    """The order container that the task is picked into, and the lane it leaves by."""

    container_id: Lpn
    lane: LaneId


@dataclass(frozen=True, slots=True)
class TaskPolicy:
    allow_partial: bool = True
    """True: a line that runs out of sources ends short. False: it is held for a person."""
    verify: Verify = Verify.EACH


@dataclass(frozen=True, slots=True)
class OrderSource:
    """The system and account that the order came from."""

    platform: str = "generic"
    account: str = ""


@dataclass(frozen=True, slots=True)
class PickTask:
    """The lines of one order, to be picked into one container."""

    task_id: TaskId
    revision: int
    order_id: str
    destination: Destination
    lines: tuple[Line, ...]
    source: OrderSource = OrderSource()
    priority: int = 50
    """0 .. 100; the higher number goes first."""
    ship_by: datetime | None = None
    not_before: datetime | None = None
    policy: TaskPolicy = TaskPolicy()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Fields that the contract does not name, kept as they came."""
    dropped: tuple[str, ...] = ()
    """Paths of unnamed fields that were not taken in, because they tell who or where a person is."""

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """The OMS wants a task stopped. `revision` is the latest one that it knows."""

    task_id: TaskId
    revision: int
    reason: str
