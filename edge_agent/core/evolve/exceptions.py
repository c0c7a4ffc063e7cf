"""Exceptions and what they hold, and what persons hold."""

from edge_agent.core.evolve.dispatch import apply
from edge_agent.core.evolve.scans import ask_anew
from edge_agent.core.state import PersonHold, Settled, State
from edge_agent.domain import events as ev
from edge_agent.domain.events import HeldDevice, HeldLine, HeldTask, HeldTrip, HeldUnit
from edge_agent.domain.ids import ExceptionId


def _mark(state: State, held: ev.Held | None, mark: ExceptionId | None, clock_s: float) -> None:
    match held:
        case HeldTrip(trip_id) if trip_id in state.trips:
            state.trips[trip_id].held = mark
        case HeldUnit(station_id) if (hand := state.stations[station_id].hand) is not None:
            hand.held = mark
            ask_anew(state, station_id, clock_s)
        case HeldTask(task_id) if task_id in state.tasks:
            state.tasks[task_id].held = mark
        case HeldLine(task_id, line_id) if task_id in state.tasks:
            state.tasks[task_id].lines[line_id].held = mark
        case HeldDevice(device_id):
            state.devices[device_id].held = mark
        case _:
            pass


@apply.register
def _(event: ev.ExceptionRaised, state: State, clock_s: float) -> None:
    state.next_exception += 1
    state.exceptions[event.exception_id] = event
    _mark(state, event.held, event.exception_id, clock_s)


@apply.register
def _(event: ev.ExceptionResolved, state: State, clock_s: float) -> None:
    raised = state.exceptions.pop(event.exception_id, None)
    if raised is None or raised.held is None:
        return
    others = (other.exception_id for other in state.exceptions.values() if other.held == raised.held)
    _mark(state, raised.held, next(others, None), clock_s)
    state.settled[event.exception_id] = Settled(event.action, event.actor, event.approver, clock_s)
    while len(state.settled) > state.plant.site.limits.settled_exceptions:
        del state.settled[next(iter(state.settled))]


@apply.register
def _(event: ev.HeldByPerson, state: State, _clock_s: float) -> None:
    state.holds[event.subject] = PersonHold(event.subject, event.actor, event.reason, event.at)


@apply.register
def _(event: ev.ReleasedByPerson, state: State, _clock_s: float) -> None:
    del state.holds[event.subject]
