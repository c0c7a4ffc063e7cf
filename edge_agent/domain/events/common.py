"""Values that several events carry."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from edge_agent.domain.ids import Gtin, LineId, TaskId


@dataclass(frozen=True, slots=True)
class LineRef:
    """One line of one task."""

    task_id: TaskId
    line_id: LineId


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that intake could not take: its JSON path and what is wrong with it."""

    path: str
    problem: str


@dataclass(frozen=True, slots=True)
class PickedUnit:
    """What was placed into the order container in one go, as its label said: a unit, or a pack (V4)."""

    gtin: Gtin
    """As scanned; of a pack, its own."""
    lot: str | None = None
    expiry: date | None = None
    serial: str | None = None
    units: int = 1
    """How many units of the line it is."""


@dataclass(frozen=True, slots=True)
class Override:
    """Two persons let a value pass that a rule rejects: for one task, for this very value of this item."""

    rule: str
    """V1..V20."""
    name: str
    """The rule's name: some numbers have several."""
    gtin: Gtin
    value: str
    """What was scanned where the rule expects something else: the lot, the last day, the serial number."""
    actor: str
    approver: str
    reason: str


@dataclass(frozen=True, slots=True)
class LineResult:
    """How a line ended: ordered = picked + short + cancelled (invariant 6)."""

    line_id: LineId
    ordered: int
    picked: int
    short: int
    cancelled: int


class ScanTarget(StrEnum):
    """What a scan step expects to read."""

    TOTE = "tote"
    ITEM = "item"
    CONTAINER = "container"


class SourceReason(StrEnum):
    """Why a source cannot serve a line any further."""

    ITEM_MISSING = "item_missing"
    WRONG_ITEM = "wrong_item"
    NO_READ = "no_read"
    TOTE_MISSING = "tote_missing"
    TOTE_UNIDENTIFIED = "tote_unidentified"
    TOTE_HELD = "tote_held"
    TOTE_QUARANTINED = "tote_quarantined"
    NO_SOURCE = "no_source"
    """Every source was tried before."""
