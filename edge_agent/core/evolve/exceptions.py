"""Exceptions and what they hold."""

from edge_agent.core.evolve.dispatch import apply
from edge_agent.core.state import (
    State,
)
from edge_agent.domain import events as ev
from edge_agent.domain.events import HeldLine, HeldTask, HeldTrip, HeldUnit


def _hold(state: State, event: ev.ExceptionRaised, value: bool) -> None:
    mark = event.exception_id if value else None
    match event.held:
        case HeldTrip(trip_id) if trip_id in state.trips:
            state.trips[trip_id].held = mark
        case HeldUnit(station_id) if (hand := state.stations[station_id].hand) is not None:
            hand.held = mark
        case HeldTask(task_id) if task_id in state.tasks:
            state.tasks[task_id].held = mark
        case HeldLine(task_id, line_id) if task_id in state.tasks:
            state.tasks[task_id].lines[line_id].held = mark
        case _:
            pass


@apply.register
def _(event: ev.ExceptionRaised, state: State, _clock_s: float) -> None:
    state.next_exception += 1
    state.exceptions[event.exception_id] = event
    _hold(state, event, True)


@apply.register
def _(event: ev.ExceptionResolved, state: State, _clock_s: float) -> None:
    raised = state.exceptions.pop(event.exception_id, None)
    if raised is not None:
        _hold(state, raised, False)
