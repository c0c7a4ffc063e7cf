"""What the person at an operator's station is asked to do: a value, never prose, so that a page can translate
it. The same functions that wait for a scan or an answer say what they wait for."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from edge_agent.core.state import Rejection
from edge_agent.core.wait import Wait
from edge_agent.domain.events import ScanTarget
from edge_agent.domain.ids import (
    DeviceId,
    ExceptionId,
    Gtin,
    LineId,
    LocationId,
    Lpn,
    PointId,
    StationId,
    TaskId,
)
from edge_agent.domain.station import Answer, AnswerOption


class PromptCode(StrEnum):
    """The kinds of prompts, for a page to translate."""

    SCAN_TOTE = "scan_tote"
    """Scan the label of the tote that stands here."""
    PICK = "pick"
    """Take one unit out of the tote and scan it."""
    SCAN_ITEM = "scan_item"
    """Scan the unit in hand."""
    GIVE_VALUE = "give_value"
    """The code does not say the lot, the last day or the serial number: scan another code, or type it in."""
    PUT_BACK = "put_back"
    """Put the unit in hand back into its tote."""
    SCAN_CONTAINER = "scan_container"
    """Put the unit into the order container and scan the container's label."""
    PLACE = "place"
    """Put the unit into the order container."""
    SETTLE = "settle"
    """An exception is open: it must be settled first."""
    WAIT = "wait"
    """There is work, and nothing for the person to do at the moment."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the prompt is about. None: it has nothing to do with it."""

    tote: Lpn | None = None
    tote_point: PointId | None = None
    location: LocationId | None = None
    """Where the tote lives."""
    task_id: TaskId | None = None
    line_id: LineId | None = None
    sku: str | None = None
    gtin: Gtin | None = None
    remaining: int | None = None
    """Units that the line still lacks."""
    lot: str | None = None
    expiry_min: date | None = None
    serials: tuple[str, ...] | None = None
    container: Lpn | None = None
    put_point: PointId | None = None
    value: Answer | None = None
    """What the code does not say: `lot`, `expiry` or `serial`."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person at one station is asked for."""

    station_id: StationId
    code: PromptCode
    step: int
    """Another number for every prompt of the station: an answer names the one that it is to."""
    since_s: float
    """When it was first asked for, on the agent's clock."""
    facts: Facts = Facts()
    target: ScanTarget | None = None
    """What is to be scanned; None: nothing."""
    scanner: DeviceId | None = None
    """The scanner that a scan counts as coming from."""
    answers: tuple[AnswerOption, ...] = ()
    rejection: Rejection | None = None
    """Why the last scan did not count."""
    exception_id: ExceptionId | None = None
    wait: Wait | None = None
