"""Journal events: what the agent has decided or learnt. Past tense, frozen, the only truth.

An event carries all that its confirmation needs, so that the publisher can project it without the state.
Which ones the OMS is told, and how, is `edge_agent.core.confirmations`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from edge_agent.domain.events.agent import (
    AgentStarted,
    ClockChanged,
    ClockStepped,
    DeviceChanged,
    DiskChanged,
    DrainChanged,
)
from edge_agent.domain.events.command import (
    CommandAccepted,
    CommandDone,
    CommandFailed,
    CommandOrdered,
    CommandRefused,
    CommandUnknown,
)
from edge_agent.domain.events.common import (
    FieldError,
    LineRef,
    LineResult,
    Override,
    PickedUnit,
    ScanTarget,
    SourceReason,
)
from edge_agent.domain.events.exception import (
    DecisionRefused,
    ExceptionKind,
    ExceptionRaised,
    ExceptionResolved,
    Held,
    HeldByPerson,
    HeldDevice,
    HeldLine,
    HeldTask,
    HeldTrip,
    HeldUnit,
    ReleasedByPerson,
)
from edge_agent.domain.events.task import (
    CancelRequested,
    ContainerArrived,
    EtaChanged,
    LineCancelled,
    LinePicked,
    LineShort,
    LineUnassigned,
    ReplenishmentRequested,
    SourceAdded,
    SourceExhausted,
    SourcesRenewed,
    StockFoundShort,
    TaskAccepted,
    TaskCancelled,
    TaskCompleted,
    TaskFilled,
    TaskRejected,
    TaskReplaced,
    TaskStarted,
)
from edge_agent.domain.events.trip import (
    ToteDelivered,
    ToteDiverted,
    TotePresented,
    ToteQuarantined,
    ToteReleased,
    ToteRemoved,
    ToteRetrieved,
    ToteReturned,
    TripDropped,
    TripEnded,
    TripJoined,
    TripPlanned,
    TripRetrieved,
)
from edge_agent.domain.events.unit import (
    AnswerTaken,
    ContainerVerified,
    RuleOverridden,
    ScanIgnored,
    ScanRejected,
    ScanRequested,
    UnitGripped,
    UnitLost,
    UnitMissing,
    UnitPlaced,
    UnitPutBack,
    UnitStarted,
    UnitVerified,
)

Event: TypeAlias = (
    AgentStarted
    | DrainChanged
    | DeviceChanged
    | DiskChanged
    | ClockChanged
    | ClockStepped
    | TaskAccepted
    | TaskReplaced
    | TaskRejected
    | CancelRequested
    | TaskStarted
    | EtaChanged
    | ContainerArrived
    | TaskFilled
    | TaskCompleted
    | TaskCancelled
    | SourceExhausted
    | StockFoundShort
    | LineUnassigned
    | LinePicked
    | LineShort
    | LineCancelled
    | SourcesRenewed
    | SourceAdded
    | ReplenishmentRequested
    | TripPlanned
    | TripJoined
    | TripRetrieved
    | ToteRetrieved
    | ToteDelivered
    | TotePresented
    | ToteReleased
    | ToteReturned
    | ToteDiverted
    | ToteRemoved
    | ToteQuarantined
    | TripEnded
    | TripDropped
    | CommandOrdered
    | CommandAccepted
    | CommandRefused
    | CommandDone
    | CommandFailed
    | CommandUnknown
    | UnitStarted
    | UnitGripped
    | UnitMissing
    | ScanRequested
    | ScanIgnored
    | UnitVerified
    | ContainerVerified
    | ScanRejected
    | AnswerTaken
    | RuleOverridden
    | UnitPlaced
    | UnitPutBack
    | UnitLost
    | ExceptionRaised
    | ExceptionResolved
    | DecisionRefused
    | HeldByPerson
    | ReleasedByPerson
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it stands in the journal."""

    sequence: int
    """1, 2, 3 ... without a gap."""
    at: datetime
    """Wall clock, UTC."""
    clock_s: float
    """The agent's own clock (`edge_agent.domain.time`)."""
    event: Event
    confirmation: int | None = None
    """1, 2, 3 ... without a gap over the events that the OMS is told; None for the others."""


__all__ = [
    "AgentStarted",
    "AnswerTaken",
    "CancelRequested",
    "ClockChanged",
    "ClockStepped",
    "CommandAccepted",
    "CommandDone",
    "CommandFailed",
    "CommandOrdered",
    "CommandRefused",
    "CommandUnknown",
    "ContainerArrived",
    "ContainerVerified",
    "DecisionRefused",
    "DeviceChanged",
    "DiskChanged",
    "DrainChanged",
    "EtaChanged",
    "Event",
    "ExceptionKind",
    "ExceptionRaised",
    "ExceptionResolved",
    "FieldError",
    "Held",
    "HeldByPerson",
    "HeldDevice",
    "HeldLine",
    "HeldTask",
    "HeldTrip",
    "HeldUnit",
    "LineCancelled",
    "LinePicked",
    "LineRef",
    "LineResult",
    "LineShort",
    "LineUnassigned",
    "Override",
    "PickedUnit",
    "Recorded",
    "ReleasedByPerson",
    "ReplenishmentRequested",
    "RuleOverridden",
    "ScanIgnored",
    "ScanRejected",
    "ScanRequested",
    "ScanTarget",
    "SourceAdded",
    "SourceExhausted",
    "SourceReason",
    "SourcesRenewed",
    "StockFoundShort",
    "TaskAccepted",
    "TaskCancelled",
    "TaskCompleted",
    "TaskFilled",
    "TaskRejected",
    "TaskReplaced",
    "TaskStarted",
    "ToteDelivered",
    "ToteDiverted",
    "TotePresented",
    "ToteQuarantined",
    "ToteReleased",
    "ToteRemoved",
    "ToteRetrieved",
    "ToteReturned",
    "TripDropped",
    "TripEnded",
    "TripJoined",
    "TripPlanned",
    "TripRetrieved",
    "UnitGripped",
    "UnitLost",
    "UnitMissing",
    "UnitPlaced",
    "UnitPutBack",
    "UnitStarted",
    "UnitVerified",
]
