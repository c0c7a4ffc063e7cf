"""What a person may answer to an open exception: a function of what it holds and of the state it is in."""

from collections.abc import Iterator

from edge_agent.core.lifecycle import CommandStatus, TaskStatus, TripStatus, UnitPhase
from edge_agent.core.state import State, TaskState
from edge_agent.core.verification.rules import Permits, Rule
from edge_agent.domain.decision import Action, Option
from edge_agent.domain.events import (
    ExceptionKind,
    ExceptionRaised,
    HeldDevice,
    HeldLine,
    HeldTask,
    HeldTrip,
    HeldUnit,
)
from edge_agent.domain.ids import CommandId, StationId, TripId

_ARGUMENTS = {Action.ADD_SOURCE: ("location", "tote")}
_COMMANDS = frozenset(
    {ExceptionKind.COMMAND_FAILED, ExceptionKind.COMMAND_REFUSED, ExceptionKind.COMMAND_UNKNOWN}
)


def options(state: State, raised: ExceptionRaised) -> tuple[Option, ...]:
    """Every action that settles the exception, by whom, and what it needs; empty where it holds nothing."""
    policy = state.plant.site.exceptions
    found = []
    for action in _actions(state, raised):
        rule = policy.rule(action)
        found.append(Option(action, _ARGUMENTS.get(action, ()), rule.role, rule.approval, rule.reason))
    return tuple(found)


def in_doubt(state: State, command_id: CommandId | None) -> CommandId | None:
    """The command, where nobody knows its end."""
    command = state.commands.get(command_id) if command_id is not None else None
    return command_id if command is not None and command.status is CommandStatus.UNKNOWN else None


def _actions(state: State, raised: ExceptionRaised) -> tuple[Action, ...]:
    match raised.held:
        case HeldTrip(trip_id):
            return _of_trip(state, trip_id)
        case HeldUnit(station_id) if raised.kind in _COMMANDS:
            return _of_unit(state, station_id)
        case HeldUnit(station_id):
            return tuple(_of_rejection(state, station_id))
        case HeldTask(task_id) if task_id in state.tasks:
            return tuple(_of_task(state, raised.kind, state.tasks[task_id]))
        case HeldLine():
            return Action.LOOK_AGAIN, Action.ADD_SOURCE, Action.ACCEPT_SHORT, Action.CANCEL_LINE
        case HeldDevice():
            return (Action.RESUME,)
        case _:
            return ()


def _of_trip(state: State, trip_id: TripId) -> tuple[Action, ...]:
    trip = state.trips.get(trip_id)
    if trip is None:
        return ()
    if trip.status is TripStatus.DIVERTED:
        return (Action.REMOVED,)
    return Action.DONE, Action.NOT_MOVED, Action.REMOVED


def _of_unit(state: State, station_id: StationId) -> tuple[Action, ...]:
    hand = state.stations[station_id].hand
    if hand is None:
        return ()
    match hand.phase:
        case UnitPhase.PICKING:
            return Action.GRIPPER_EMPTY, Action.GRIPPER_HOLDS
        case UnitPhase.REJECTED:
            return Action.PUT_BACK, Action.IN_GRIPPER, Action.LOST
        case _:
            return Action.PLACED, Action.NOT_PLACED, Action.LOST


def _of_rejection(state: State, station_id: StationId) -> Iterator[Action]:
    """What was scanned at an operator's station needs more than the person there."""
    rejection = state.stations[station_id].rejection
    if rejection is not None and Rule.named(rejection.name).permits is Permits.OVERRIDE:
        yield Action.OVERRIDE
    yield Action.PICK_AGAIN


def _of_task(state: State, kind: ExceptionKind, task: TaskState) -> Iterator[Action]:
    if kind in _COMMANDS:
        yield Action.DONE
        yield Action.NOT_MOVED
    elif kind is ExceptionKind.PUT_POSITION_TAKEN:
        yield Action.GO_ON
    else:
        yield Action.SCAN_AGAIN
    # Where its container is must be known before it can be sent to the reject point.
    if task.status is TaskStatus.STARTED and in_doubt(state, task.container_command) is None:
        yield Action.CANCEL_REST
