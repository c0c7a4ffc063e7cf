"""What a device shows of itself and reports unasked."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from edge_agent.domain.command import Done, Failed
from edge_agent.domain.ids import CommandId


class Mode(StrEnum):
    """A device's state as the agent publishes it (contract, `devices/{device}/state`)."""

    DISCONNECTED = "disconnected"
    """No link, or the link is up but the device has not been synchronised yet."""
    READY = "ready"
    HELD = "held"
    """The device does not take commands: manual mode, maintenance."""
    FAULTED = "faulted"
    E_STOPPED = "e_stopped"


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """`epoch` changes when the device has lost its memory; `fault` is its own code, 0 for none."""

    mode: Mode
    epoch: int = 0
    fault: int = 0


@dataclass(frozen=True, slots=True)
class CommandEnded:
    """The device reports that a command has ended. Acknowledge it once it is journalled."""

    command_id: CommandId
    outcome: Done | Failed
    receipt: int = 0
    """The device's number for this report; the driver needs it to acknowledge."""


@dataclass(frozen=True, slots=True)
class StatusChanged:
    status: DeviceStatus


@dataclass(frozen=True, slots=True)
class AnswerIgnored:
    """An answer that nobody waited for: an acknowledgement that came late, or a reply that came twice."""


@dataclass(frozen=True, slots=True)
class ScanRead:
    """One de-framed code as the scanner sent it, AIM identifier and GS separators included."""

    data: bytes
    more: tuple[bytes, ...] = ()
    """Further codes of the same trigger, each another one than `data`."""


@dataclass(frozen=True, slots=True)
class ScanFailed:
    """The scanner says that it could not read (its no-read text)."""


class NoWeight(StrEnum):
    """Why a scale that was asked gives no weight."""

    MOTION = "motion"
    """What lies on it does not come to rest."""
    OVERLOAD = "overload"
    UNDERLOAD = "underload"
    """Its pan is not in place, or it was zeroed with something on it."""
    NOT_UNDERSTOOD = "not_understood"
    """The scale says that it did not understand the question."""
    BAD_READING = "bad_reading"
    """What came is no answer that the profile knows."""


@dataclass(frozen=True, slots=True)
class WeightRead:
    """A stable weight, in answer to one question; in grams, less than 0 below the scale's zero."""

    weight_g: float


@dataclass(frozen=True, slots=True)
class WeightFailed:
    """The scale has answered, and not with a weight."""

    reason: NoWeight


Observation: TypeAlias = (
    CommandEnded | StatusChanged | AnswerIgnored | ScanRead | ScanFailed | WeightRead | WeightFailed
)


class Seen(StrEnum):
    """What a device answers when it is asked where something is (docs/reference/handshakes.md, "Queries")."""

    NOWHERE = "nowhere"
    """Not in its reach; a picker: its gripper is empty."""
    AT_PLACE = "at_place"
    """It stands at the place named; a picker: it holds a unit out of the load named."""
    UNDER_WAY = "under_way"
    """It is on the machine, or the machine is at work on it; a picker: its arm is at work."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a device's own sensors see what a command moves.

    `place` is the point, the location, or for a picker the load that the unit came from; empty where there
    is none, or where the device does not know it.
    """

    seen: Seen
    place: str = ""
