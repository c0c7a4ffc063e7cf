"""Commands to devices and what can become of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

from edge_agent.domain.ids import (
    CommandId,
    DeviceId,
    Gtin,
    LocationId,
    Lpn,
    PointId,
    StationId,
    TaskId,
    TripId,
)
from edge_agent.domain.tagged import Tagged

# ---- orders: one verb each, with its arguments ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Retrieve:
    """AS/RS: bring a load from its storage location to an outfeed point."""

    load: Lpn
    location: LocationId
    point: PointId


@dataclass(frozen=True, slots=True)
class Store:
    """AS/RS: take a load from an infeed point to its storage location."""

    load: Lpn
    point: PointId
    location: LocationId


@dataclass(frozen=True, slots=True)
class Transfer:
    """Conveyor: carry a load from one point to another."""

    load: Lpn
    origin: PointId
    destination: PointId


@dataclass(frozen=True, slots=True)
class Pick:
    """Picker: grip one unit of the item out of the tote and bring it to the item scanner."""

    tote: Lpn
    point: PointId
    gtin: Gtin


@dataclass(frozen=True, slots=True)
class Place:
    """Picker: put the unit in the gripper into the order container."""

    container: Lpn
    point: PointId


@dataclass(frozen=True, slots=True)
class PutBack:
    """Picker: put the unit in the gripper back into the tote that it came from."""

    tote: Lpn
    point: PointId


Order: TypeAlias = Retrieve | Store | Transfer | Pick | Place | PutBack


# ---- what a command is for ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ForTrip:
    """The command moves this trip's tote."""

    trip_id: TripId


@dataclass(frozen=True, slots=True)
class ForContainer:
    """The command moves this task's order container."""

    task_id: TaskId


@dataclass(frozen=True, slots=True)
class ForUnit:
    """The command handles the unit in hand at this station."""

    station_id: StationId


Purpose: TypeAlias = ForTrip | ForContainer | ForUnit


@dataclass(frozen=True, slots=True)
class Command:
    """One order to one device. It is put on the wire at most once (invariant 3).

    `epoch` is the boot epoch that the device showed when the command was decided: an answer "not started"
    counts only while the device still remembers that epoch.
    """

    command_id: CommandId
    device_id: DeviceId
    order: Annotated[Order, Tagged()]
    purpose: Annotated[Purpose, Tagged()]
    epoch: int


# ---- outcomes ----------------------------------------------------------------------------------------


class FailureReason(StrEnum):
    """Why a device ended a command without doing it. The load is where it was before."""

    ITEM_MISSING = "item_missing"
    """Picker: no unit of that item found in the tote."""
    LOAD_MISSING = "load_missing"
    """The load is not where the order says."""
    DESTINATION_FULL = "destination_full"
    JAM = "jam"
    NOT_STARTED = "not_started"
    """It was never begun: what it moves was seen where it was before. Decided anew."""
    DEVICE_FAULT = "device_fault"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Report:
    """What the device says about a command it has done."""

    place: str | None = None
    """Where the load was taken from (retrieve) or now is (all others), as the device measured it."""
    weight_g: int | None = None
    device_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Done:
    report: Report = Report()


@dataclass(frozen=True, slots=True)
class Failed:
    reason: FailureReason
    device_code: int = 0
    """The device's own number for it, for the maintenance people."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say whether it happened: held for a person (invariant 4)."""

    detail: str


Outcome: TypeAlias = Done | Failed | Unknown


# ---- answers -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accepted:
    """The device took the command and will report its end."""


class RefusalReason(StrEnum):
    """Why a device did not take a command. Nothing has moved and nothing will."""

    BUSY = "busy"
    NOT_READY = "not_ready"
    BAD_ARGUMENT = "bad_argument"
    UNKNOWN_LOAD = "unknown_load"
    CONFLICT = "conflict"
    """The command id was used before with other content."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: RefusalReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """Reconcile: the device is at it; its end will be reported."""


@dataclass(frozen=True, slots=True)
class NotStarted:
    """Reconcile: the device has never seen this command."""


Reconciled: TypeAlias = Done | Failed | Running | NotStarted | Unknown
