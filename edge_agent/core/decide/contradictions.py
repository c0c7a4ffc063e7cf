"""Answers that nobody stands behind, or that cannot be true by what the agent knows itself. A person is
believed in everything else."""

from dataclasses import dataclass

from edge_agent.core.moves import tote_order
from edge_agent.core.state import State, TaskState, TripState
from edge_agent.core.stations import trip_at
from edge_agent.domain.command import Transfer
from edge_agent.domain.decision import Action, Actor, DecisionCode, Role
from edge_agent.domain.device import Mode
from edge_agent.domain.events import ExceptionRaised, HeldDevice, HeldTask, HeldTrip
from edge_agent.domain.ids import DeviceId, PointId, StationId


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a decision changes nothing."""

    code: DecisionCode
    text: str


def not_approved(action: str, actor: Actor, approver: Actor | None) -> Refused | None:
    """Why nobody stands behind what needs a supervisor's approval; None where somebody does."""
    if approver is None:
        return Refused(DecisionCode.APPROVAL_NEEDED, f"{action} needs the approval of a supervisor")
    if approver.name == actor.name:
        text = f"{actor.name} cannot approve what {actor.name} asks for; another person must"
        return Refused(DecisionCode.APPROVER_IS_ACTOR, text)
    if not approver.role.covers(Role.SUPERVISOR):
        text = f"a supervisor must approve {action}; {approver.name} is {approver.role.value}"
        return Refused(DecisionCode.NOT_ALLOWED, text)
    return None


def contradiction(state: State, raised: ExceptionRaised, action: Action) -> Refused | None:
    """What speaks against the answer; None where nothing does."""
    text = None
    match raised.held, action:
        case HeldDevice(device_id), _:
            text = _still_stopped(state, device_id)
        case HeldTrip(trip_id), Action.DONE:
            text = _station_is_taken(state, state.trips[trip_id])
        case HeldTask(task_id), Action.DONE | Action.GO_ON:
            text = _put_position_is_taken(state, state.tasks[task_id])
    return Refused(DecisionCode.NOT_POSSIBLE_NOW, text) if text else None


def _still_stopped(state: State, device_id: DeviceId) -> str | None:
    if state.devices[device_id].status.mode is Mode.E_STOPPED:
        return f"{device_id} is still e-stopped; release it at its panel first"
    return None


def _station_is_taken(state: State, trip: TripState) -> str | None:
    move = tote_order(state, trip)
    at = move[1].destination if move is not None and isinstance(move[1], Transfer) else None
    station_id = _station_with(state, at)
    there = trip_at(state, station_id) if station_id is not None else None
    return f"{there.tote} stands at {at}" if there is not None else None


def _station_with(state: State, tote_point: PointId | None) -> StationId | None:
    stations = state.plant.site.stations.items()
    return next((station_id for station_id, at in stations if at.tote_point == tote_point), None)


def _put_position_is_taken(state: State, task: TaskState) -> str | None:
    """A container comes to its put position only after the one before it has left."""
    if task.exit is not None:
        return None
    for other in state.tasks.values():
        if other is not task and other.put_point == task.put_point and other.container_here:
            return f"container {other.task.destination.container_id} still stands at {task.put_point}"
    return None
