"""The state machines of task, line, trip and command: one table each.

A row says: in this state, this event leads to that state. What no row allows raises `IllegalTransitionError`
and changes nothing. The diagrams in `docs/reference/states.md` are generated from these tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from edge_agent.domain import events as ev
from edge_agent.errors import IllegalTransitionError

S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True)
class Lifecycle(Generic[S]):
    """A transition table. `initial` is entered by the event that creates the thing."""

    name: str
    created_by: type
    initial: S
    table: Mapping[tuple[S, type], S]
    final: frozenset[S]

    def next(self, state: S, event: object) -> S:
        """The state after `event`. Raises `IllegalTransitionError` where the table has no row."""
        try:
            return self.table[state, type(event)]
        except KeyError:
            raise IllegalTransitionError(self.name, state.value, type(event).__name__) from None


class TaskStatus(StrEnum):
    ACCEPTED = "accepted"
    """Durable and acknowledged; waits for a station."""
    STARTED = "started"
    """Has a station and a put position; its container and totes are on the way or being picked."""
    CANCELLING = "cancelling"
    """A cancel came after the start: the unit in hand is finished, nothing new begins."""
    FILLED = "filled"
    """Every line has ended; the container is leaving."""
    COMPLETED = "completed"
    """The container has left by its lane, or by the reject point where it stayed empty."""
    CANCELLED = "cancelled"
    """Stopped by the OMS; a container that was used has left by the reject point."""


TASK = Lifecycle(
    "task",
    ev.TaskAccepted,
    TaskStatus.ACCEPTED,
    {
        (TaskStatus.ACCEPTED, ev.TaskReplaced): TaskStatus.ACCEPTED,
        (TaskStatus.ACCEPTED, ev.TaskStarted): TaskStatus.STARTED,
        (TaskStatus.ACCEPTED, ev.CancelRequested): TaskStatus.CANCELLING,
        (TaskStatus.STARTED, ev.TaskReplaced): TaskStatus.STARTED,
        (TaskStatus.STARTED, ev.ContainerArrived): TaskStatus.STARTED,
        (TaskStatus.STARTED, ev.CancelRequested): TaskStatus.CANCELLING,
        (TaskStatus.STARTED, ev.TaskFilled): TaskStatus.FILLED,
        (TaskStatus.CANCELLING, ev.ContainerArrived): TaskStatus.CANCELLING,
        (TaskStatus.CANCELLING, ev.TaskFilled): TaskStatus.FILLED,
        (TaskStatus.FILLED, ev.TaskCompleted): TaskStatus.COMPLETED,
        (TaskStatus.FILLED, ev.TaskCancelled): TaskStatus.CANCELLED,
    },
    frozenset({TaskStatus.COMPLETED, TaskStatus.CANCELLED}),
)


class LineStatus(StrEnum):
    WAITING = "waiting"
    """Needs a tote."""
    SOURCING = "sourcing"
    """A trip brings a tote for it."""
    PICKING = "picking"
    """At least one unit of it was begun from the present tote."""
    PICKED = "picked"
    """All its units are in the container."""
    SHORT = "short"
    """Ended with fewer units than ordered."""
    CANCELLED = "cancelled"
    """Ended by a cancel of its task."""


LINE = Lifecycle(
    "line",
    ev.TaskAccepted,
    LineStatus.WAITING,
    {
        (LineStatus.WAITING, ev.TripPlanned): LineStatus.SOURCING,
        (LineStatus.WAITING, ev.TripJoined): LineStatus.SOURCING,
        (LineStatus.WAITING, ev.LineShort): LineStatus.SHORT,
        (LineStatus.WAITING, ev.LineCancelled): LineStatus.CANCELLED,
        (LineStatus.SOURCING, ev.UnitStarted): LineStatus.PICKING,
        (LineStatus.SOURCING, ev.SourceExhausted): LineStatus.WAITING,
        (LineStatus.SOURCING, ev.LineUnassigned): LineStatus.WAITING,
        (LineStatus.SOURCING, ev.LineCancelled): LineStatus.CANCELLED,
        (LineStatus.PICKING, ev.UnitStarted): LineStatus.PICKING,
        (LineStatus.PICKING, ev.UnitPlaced): LineStatus.PICKING,
        (LineStatus.PICKING, ev.SourceExhausted): LineStatus.WAITING,
        (LineStatus.PICKING, ev.LineUnassigned): LineStatus.WAITING,
        (LineStatus.PICKING, ev.LinePicked): LineStatus.PICKED,
        (LineStatus.PICKING, ev.LineCancelled): LineStatus.CANCELLED,
    },
    frozenset({LineStatus.PICKED, LineStatus.SHORT, LineStatus.CANCELLED}),
)


class TripStatus(StrEnum):
    PLANNED = "planned"
    """The tote is at its location."""
    AT_OUTFEED = "at_outfeed"
    """Out of storage, where the conveyor takes it over."""
    AT_STATION = "at_station"
    """On the tote point; its label has not been verified."""
    PRESENTED = "presented"
    """Verified; units are picked from it."""
    RELEASED = "released"
    """On its way out, to the infeed or the reject point."""
    AT_INFEED = "at_infeed"
    """Back where the AS/RS takes it in."""
    DIVERTED = "diverted"
    """On the reject point; a person must look at it."""
    ENDED = "ended"
    """At its location again, or never left it, or taken out by a person."""


TRIP = Lifecycle(
    "trip",
    ev.TripPlanned,
    TripStatus.PLANNED,
    {
        (TripStatus.PLANNED, ev.TripRetrieved): TripStatus.AT_OUTFEED,
        (TripStatus.PLANNED, ev.TripDropped): TripStatus.ENDED,
        (TripStatus.PLANNED, ev.ToteRemoved): TripStatus.ENDED,
        (TripStatus.AT_OUTFEED, ev.ToteDelivered): TripStatus.AT_STATION,
        (TripStatus.AT_OUTFEED, ev.ToteReleased): TripStatus.RELEASED,
        (TripStatus.AT_OUTFEED, ev.ToteRemoved): TripStatus.ENDED,
        (TripStatus.AT_STATION, ev.TotePresented): TripStatus.PRESENTED,
        (TripStatus.AT_STATION, ev.ToteReleased): TripStatus.RELEASED,
        (TripStatus.PRESENTED, ev.ToteReleased): TripStatus.RELEASED,
        (TripStatus.RELEASED, ev.ToteReturned): TripStatus.AT_INFEED,
        (TripStatus.RELEASED, ev.ToteDiverted): TripStatus.DIVERTED,
        (TripStatus.RELEASED, ev.ToteRemoved): TripStatus.ENDED,
        (TripStatus.DIVERTED, ev.ToteRemoved): TripStatus.ENDED,
        (TripStatus.AT_INFEED, ev.ToteRemoved): TripStatus.ENDED,
        (TripStatus.AT_INFEED, ev.TripEnded): TripStatus.ENDED,
    },
    frozenset({TripStatus.ENDED}),
)


class CommandStatus(StrEnum):
    ORDERED = "ordered"
    """Durable; on the wire at most once from now on."""
    ACCEPTED = "accepted"
    """The device has it and will report its end."""
    DONE = "done"
    """The device reports that it was carried out."""
    FAILED = "failed"
    """The device reports that it was not carried out, and why."""
    REFUSED = "refused"
    """The device did not take it; nothing has moved."""
    UNKNOWN = "unknown"
    """The device cannot say; a person is asked, whose word ends it."""


COMMAND = Lifecycle(
    "command",
    ev.CommandOrdered,
    CommandStatus.ORDERED,
    {
        (CommandStatus.ORDERED, ev.CommandAccepted): CommandStatus.ACCEPTED,
        (CommandStatus.ORDERED, ev.CommandRefused): CommandStatus.REFUSED,
        (CommandStatus.ORDERED, ev.CommandDone): CommandStatus.DONE,
        (CommandStatus.ORDERED, ev.CommandFailed): CommandStatus.FAILED,
        (CommandStatus.ORDERED, ev.CommandUnknown): CommandStatus.UNKNOWN,
        (CommandStatus.ACCEPTED, ev.CommandDone): CommandStatus.DONE,
        (CommandStatus.ACCEPTED, ev.CommandFailed): CommandStatus.FAILED,
        (CommandStatus.ACCEPTED, ev.CommandUnknown): CommandStatus.UNKNOWN,
        (CommandStatus.UNKNOWN, ev.CommandDone): CommandStatus.DONE,
        (CommandStatus.UNKNOWN, ev.CommandFailed): CommandStatus.FAILED,
    },
    frozenset({CommandStatus.DONE, CommandStatus.FAILED, CommandStatus.REFUSED}),
)


class UnitPhase(StrEnum):
    PICKING = "picking"
    """The picker looks for the unit in the tote."""
    GRIPPED = "gripped"
    """In the gripper before the scanner; not verified."""
    VERIFIED = "verified"
    """The item is the line's (V3). Where the put position has a scanner, the container comes next."""
    CLEARED = "cleared"
    """The container is the task's too."""
    REJECTED = "rejected"
    """A check has failed: the unit goes back."""
    GONE = "gone"
    """Placed, put back, never found, or lost."""


UNIT = Lifecycle(
    "unit",
    ev.UnitStarted,
    UnitPhase.PICKING,
    {
        (UnitPhase.PICKING, ev.UnitGripped): UnitPhase.GRIPPED,
        (UnitPhase.PICKING, ev.UnitMissing): UnitPhase.GONE,
        (UnitPhase.GRIPPED, ev.UnitVerified): UnitPhase.VERIFIED,
        (UnitPhase.GRIPPED, ev.ScanRejected): UnitPhase.REJECTED,
        (UnitPhase.VERIFIED, ev.ContainerVerified): UnitPhase.CLEARED,
        (UnitPhase.VERIFIED, ev.ScanRejected): UnitPhase.REJECTED,
        (UnitPhase.VERIFIED, ev.UnitPlaced): UnitPhase.GONE,
        (UnitPhase.CLEARED, ev.UnitPlaced): UnitPhase.GONE,
        (UnitPhase.REJECTED, ev.UnitPutBack): UnitPhase.GONE,
        (UnitPhase.GRIPPED, ev.UnitPutBack): UnitPhase.GONE,
        (UnitPhase.VERIFIED, ev.UnitPutBack): UnitPhase.GONE,
        (UnitPhase.GRIPPED, ev.UnitLost): UnitPhase.GONE,
        (UnitPhase.VERIFIED, ev.UnitLost): UnitPhase.GONE,
        (UnitPhase.CLEARED, ev.UnitLost): UnitPhase.GONE,
        (UnitPhase.REJECTED, ev.UnitLost): UnitPhase.GONE,
    },
    frozenset({UnitPhase.GONE}),
)

LIFECYCLES = (TASK, LINE, TRIP, COMMAND, UNIT)
