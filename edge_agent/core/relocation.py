"""The tasks of a station that does not pick go on at another one (step `other_station`).

Only what has no unit in the hand moves. The container travels with what is in it; its totes go home and are
planned anew for the other station.
"""

from collections.abc import Iterator

from edge_agent.core.exceptions import in_hand, settle
from edge_agent.core.lifecycle import TaskStatus
from edge_agent.core.patience import down_for, held_for
from edge_agent.core.state import State, TaskState
from edge_agent.core.tasks import place_at
from edge_agent.core.wait import Wait
from edge_agent.core.weighing import is_on_scale
from edge_agent.domain import events as ev
from edge_agent.domain.decision import DeviceHold, StationHold, TaskHold, subject_name
from edge_agent.domain.events import ExceptionKind
from edge_agent.domain.ids import PointId, StationId
from edge_agent.domain.time import Instant


def leave_stopped_stations(state: State, now: Instant) -> Iterator[ev.Event]:
    """Move the tasks of every station that has not picked for long to one that does."""
    if state.draining or "other_station" not in state.plant.site.exceptions.station_down.steps:
        return
    for station_id in state.plant.site.stations:
        why = _stopped(state, station_id, now)
        tasks = (state.tasks[task_id] for task_id in state.stations[station_id].tasks) if why else ()
        for task in sorted(tasks, key=lambda task: task.order):
            place = _place(state, task, now) if _can_move(state, task) else None
            if place is not None:
                yield from _move(state, task, *place, why)


def _stopped(state: State, station_id: StationId, now: Instant) -> str:
    """Why a station does not pick, where that has lasted for long; else empty."""
    site = state.plant.site
    picker, wait_s = site.stations[station_id].picker, site.exceptions.station_down.wait_s
    for subject in (StationHold(station_id), DeviceHold(picker)):
        if held_for(state, subject, wait_s, now):
            hold = state.holds[subject]
            return f"{subject_name(subject)} is held by {hold.actor}: {hold.reason}"
    if down_for(state, picker, wait_s, now):
        return f"{picker} has been {state.devices[picker].status.mode.value} for longer than {wait_s:g} s"
    return ""


def _can_move(state: State, task: TaskState) -> bool:
    """Whether nothing of the task is in doubt, in the hand or under way, and it still lacks something."""
    still = task.status is TaskStatus.STARTED and task.held is None and task.container_command is None
    stays = TaskHold(task.task.task_id) in state.holds or task.unweighed or is_on_scale(state, task)
    return still and not stays and not in_hand(state, task.task.task_id) and any(task.open_lines)


def _place(state: State, task: TaskState, now: Instant) -> tuple[StationId, PointId] | None:
    """A free put position at the station with the least work that picks."""
    others = (name for name in state.plant.site.stations if name != task.station_id)
    for station_id in sorted(others, key=lambda name: (len(state.stations[name].tasks), name)):
        place = place_at(state, station_id, task)
        if not isinstance(place, Wait) and not _stopped(state, station_id, now):
            return station_id, place
    return None


def _move(
    state: State, task: TaskState, station_id: StationId, point: PointId, why: str
) -> Iterator[ev.Event]:
    task_id = task.task.task_id
    yield from settle(
        state,
        ExceptionKind.STATION_DOWN,
        f"station {task.station_id}",
        why,
        "moved",
        None,
        task_id=task_id,
        arguments={"station": station_id},
    )
    for line_id, line in task.lines.items():
        if line.trip_id is not None:
            yield ev.LineUnassigned(task_id, line_id)
    yield ev.TaskMoved(task_id, station_id, point)
