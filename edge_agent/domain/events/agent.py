"""The agent itself and its devices."""

from dataclasses import dataclass
from datetime import datetime

from edge_agent.domain.device import DeviceStatus
from edge_agent.domain.ids import CommandId, DeviceId
from edge_agent.domain.item import Catalogue
from edge_agent.domain.time import ClockSync


@dataclass(frozen=True, slots=True)
class AgentStarted:
    """The agent has read its journal. `first_command` counts only for a journal that has given none yet."""

    version: str
    first_command: CommandId


@dataclass(frozen=True, slots=True)
class DiskChanged:
    """The journal's disk has less than its reserve free, or enough again: new tasks are refused meanwhile."""

    low: bool
    free_mb: int


@dataclass(frozen=True, slots=True)
class ClockChanged:
    """The wall clock is kept by a time server, or is no longer. Time stamps from here on are worth that."""

    sync: ClockSync


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """The wall clock was set, by so much; less than 0: back. Changes nothing but the time stamps."""

    step_s: float


@dataclass(frozen=True, slots=True)
class DrainChanged:
    """From now on no new work is ordered (`draining`), or it is again. A start ends draining."""

    draining: bool


@dataclass(frozen=True, slots=True)
class CatalogueReplaced:
    """From now on codes and weights are compared with this item master; no revision before was as high."""

    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A device shows another mode, epoch or fault than before."""

    device_id: DeviceId
    status: DeviceStatus
    at: datetime
    """Since when, by the wall clock."""
