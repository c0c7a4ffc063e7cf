"""Raising exceptions: those that the machine settles at once, and those that hold something for a person."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from edge_agent.core.options import options
from edge_agent.core.state import State
from edge_agent.domain import events as ev
from edge_agent.domain.events import ExceptionKind, HeldDevice, HeldTask, HeldTrip, HeldUnit
from edge_agent.domain.ids import ExceptionId, LineId, TaskId, TripId

ACTOR = "agent"


def _next_id(state: State) -> ExceptionId:
    return ExceptionId(f"X-{state.next_exception}")


def settle(
    state: State,
    kind: ExceptionKind,
    where: str,
    detail: str,
    action: str,
    line: ev.LineRef | None,
    *,
    task_id: TaskId | None = None,
    arguments: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[ev.Event]:
    """Record an exception that the machine has settled by itself, with what it does about it. It concerns a
    line, or a whole task."""
    exception_id = _next_id(state)
    task_id, line_id = (line.task_id, line.line_id) if line else (task_id, None)
    yield ev.ExceptionRaised(exception_id, kind, where, detail, (action,), None, task_id, line_id)
    yield ev.ExceptionResolved(
        exception_id, action, ACTOR, "settled by policy", task_id, line_id, arguments=dict(arguments)
    )


def hold(
    state: State,
    kind: ExceptionKind,
    where: str,
    detail: str,
    held: ev.Held,
    line: ev.LineRef | None = None,
    waiting: tuple[TaskId, ...] = (),
) -> Iterator[ev.Event]:
    """Stop `held` until a person decides. Everything else goes on (invariant 4). `waiting`: the tasks that
    wait for a device."""
    affected = waiting or tuple(_affected(state, held))
    task_id = line.task_id if line else (affected[0] if len(affected) == 1 else None)
    line_id: LineId | None = line.line_id if line else None
    raised = ev.ExceptionRaised(_next_id(state), kind, where, detail, (), held, task_id, line_id, affected)
    yield replace(raised, options=tuple(option.action.value for option in options(state, raised)))


def hold_trip(state: State, kind: ExceptionKind, detail: str, trip_id: TripId) -> Iterator[ev.Event]:
    """Stop a tote's journey. Its lines look for another tote."""
    trip = state.trips[trip_id]
    yield from hold(state, kind, f"tote {trip.tote}", detail, HeldTrip(trip_id))


def hold_task(state: State, kind: ExceptionKind, detail: str, task_id: TaskId) -> Iterator[ev.Event]:
    """Stop a task. Its lines leave their trips, so that no tote waits for it."""
    task = state.tasks[task_id]
    container = task.task.destination.container_id
    yield from hold(state, kind, f"container {container}", detail, HeldTask(task_id))
    for line_id, line in task.lines.items():
        if line.trip_id is not None and not in_hand(state, task_id, line_id):
            yield ev.LineUnassigned(task_id, line_id)


def release(
    state: State,
    exception_id: ExceptionId,
    action: str,
    actor: str,
    reason: str,
    approver: str | None = None,
    arguments: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[ev.Event]:
    """End an open exception: what it held goes on."""
    raised = state.exceptions[exception_id]
    yield ev.ExceptionResolved(
        exception_id, action, actor, reason, raised.task_id, raised.line_id, approver, dict(arguments)
    )


def in_hand(state: State, task_id: TaskId, line_id: LineId | None = None) -> bool:
    """Whether a station is busy with a unit of this task (and line)."""
    station_id = state.tasks[task_id].station_id
    hand = state.stations[station_id].hand if station_id is not None else None
    return hand is not None and hand.task_id == task_id and line_id in (None, hand.line_id)


def _affected(state: State, held: ev.Held) -> Iterator[TaskId]:
    match held:
        case HeldTrip(trip_id):
            yield from dict.fromkeys(ref.task_id for ref in state.trips[trip_id].lines)
        case HeldUnit(station_id):
            yield from sorted(state.stations[station_id].tasks)
        case HeldDevice():
            pass  # whose work needs the device changes with every plan
        case _:
            yield held.task_id
