"""Beginning and ending tasks: which one gets a put position, and when its container may leave."""

from collections.abc import Iterator
from datetime import timedelta

from edge_agent.core.blocked import trip_held
from edge_agent.core.containers import stands_at, taken_by, taken_points
from edge_agent.core.exceptions import in_hand, release
from edge_agent.core.forecast import remaining_s
from edge_agent.core.lanes import is_leaving_by_lane, lane_wait
from edge_agent.core.lifecycle import TaskStatus
from edge_agent.core.sourcing import choose, needs_tote
from edge_agent.core.state import LineState, State, TaskState
from edge_agent.core.wait import (
    DRAINING,
    FOR_A_PERSON,
    Wait,
    WaitCode,
    all_held,
    device_held,
    held_by_person,
    station_held,
)
from edge_agent.core.weighing import is_on_scale
from edge_agent.domain import events as ev
from edge_agent.domain.decision import StationHold, TaskHold
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import ExceptionId, PointId, StationId
from edge_agent.domain.time import Instant


def free_put_position(state: State, station_id: StationId, asking: TaskState | None = None) -> PointId | None:
    """A put position that no container stands on or is on its way to, but that of the task that asks."""
    taken = set(taken_points(state, asking))
    positions = state.plant.site.stations[station_id].put_positions
    return next((position.point for position in positions if position.point not in taken), None)


def _with_put_position(state: State, station_id: StationId) -> Iterator[TaskState]:
    """The tasks that take a put position here, or whose container still does."""
    points = {position.point for position in state.plant.site.stations[station_id].put_positions}
    for task in (state.tasks[task_id] for task_id in state.active):
        if not points.isdisjoint(taken_by(state, task)):
            yield task


def station_for(state: State, task: TaskState, now: Instant) -> tuple[StationId, PointId] | Wait:
    """The station with the least work that is ready and has a free put position."""
    if state.draining:
        return DRAINING
    if own := _own_wait(state, task, now):
        return own
    waits: list[Wait] = []
    sites = state.plant.site.stations
    for station_id in sorted(sites, key=lambda name: (len(state.stations[name].tasks), name)):
        place = place_at(state, station_id)
        if not isinstance(place, Wait):
            return station_id, place
        waits.append(place)
    # A wait that ends by itself says more than one for a person.
    return next((wait for wait in waits if wait.code not in FOR_A_PERSON), waits[0])


def _own_wait(state: State, task: TaskState, now: Instant) -> Wait | None:
    """Why this task may not start yet, whatever is free."""
    task_id, not_before = task.task.task_id, task.task.not_before
    if not_before is not None and not_before > now.utc:
        return Wait(WaitCode.NOT_BEFORE, task_id, f"not before {not_before.isoformat()}")
    stopped = held_by_person(state, TaskHold(task_id), task_id)
    return stopped or lane_wait(state, task, now)


def place_at(state: State, station_id: StationId, asking: TaskState | None = None) -> PointId | Wait:
    """A free put position of the station, or why it gives none."""
    picker = state.plant.site.stations[station_id].picker
    mode = state.devices[picker].status.mode
    blocked = station_held(state, station_id) or device_held(state, picker)
    if blocked := blocked or held_by_person(state, StationHold(station_id), station_id):
        return blocked
    if mode is not Mode.READY:
        return Wait(WaitCode.DEVICE_NOT_READY, picker, f"{picker} of {station_id} is {mode.value}")
    if point := free_put_position(state, station_id, asking):
        return point
    full = Wait(WaitCode.NO_PUT_POSITION, station_id, f"every put position of {station_id} is taken")
    if not state.exceptions:
        return full
    return all_held(held_by(state, task) for task in _with_put_position(state, station_id)) or full


def held_by(state: State, task: TaskState) -> ExceptionId | None:
    """The exception that keeps a task from ending: its own, or that of what one of its lines waits for."""
    marks = (mark for line in task.open_lines if (mark := _line_held_by(state, task, line)))
    return task.held or next(marks, None)


def _line_held_by(state: State, task: TaskState, line: LineState) -> ExceptionId | None:
    if line.held is not None:
        return line.held
    wait: object = None
    if line.trip_id is not None:
        wait = trip_held(state, state.trips[line.trip_id])
    elif needs_tote(task, line):
        wait = choose(state, task, line)
    return ExceptionId(wait.about) if isinstance(wait, Wait) and wait.code is WaitCode.HELD else None


def start_tasks(state: State, now: Instant) -> Iterator[ev.Event]:
    """Give free put positions to waiting tasks, in scheduling order."""
    for _, task_id in list(state.queue):
        task = state.tasks[task_id]
        if _own_wait(state, task, now):
            continue
        place = station_for(state, task, now)
        if isinstance(place, Wait):
            return  # nothing is free: the ones behind it need not be looked at
        station_id, point = place
        end_s = remaining_s(state, now, (task, station_id))[task_id]
        yield ev.TaskStarted(task_id, station_id, point, now.utc + timedelta(seconds=end_s))


def cancel_lines(state: State, _now: Instant) -> Iterator[ev.Event]:
    """Cancel what a cancelled task has not in hand; the unit in hand is finished, and weighed, first."""
    for task in [state.tasks[task_id] for task_id in state.active]:
        if task.status is not TaskStatus.CANCELLING or task.unweighed:
            continue
        task_id = task.task.task_id
        for line in list(task.open_lines):
            if not in_hand(state, task_id, line.line.line_id):
                if line.held is not None:
                    yield from release(state, line.held, "cancelled", "oms", task.cancel_reason or "")
                yield ev.LineCancelled(task_id, line.line.line_id, line.remaining)


def fill_tasks(state: State, _now: Instant) -> Iterator[ev.Event]:
    """A task whose lines have all ended lets its container go."""
    for task in [state.tasks[task_id] for task_id in state.active]:
        ready = task.status in (TaskStatus.STARTED, TaskStatus.CANCELLING) and task.held is None
        lacks = any(True for _ in task.open_lines)
        if not ready or lacks or task.container_command is not None or is_on_scale(state, task):
            continue
        if stands_at(state, task) is not None:
            yield ev.TaskFilled(task.task.task_id, _exit(state, task))
        else:
            yield ev.TaskFilled(task.task.task_id, None)
            yield ended(state, task)


def _exit(state: State, task: TaskState) -> PointId:
    """The lane; but an empty container or that of a cancelled task must not be shipped."""
    site = state.plant.site
    lane = site.lanes.get(task.lane)
    picked = any(line.picked for line in task.lines.values())
    if task.status is TaskStatus.CANCELLING or not picked or lane is None:
        return site.reject
    return lane.point


def ended(state: State, task: TaskState) -> ev.TaskCompleted | ev.TaskCancelled:
    """The last event of a task, with the result of every line."""
    lines = tuple(
        ev.LineResult(line.line.line_id, line.line.quantity, line.picked, line.short, line.cancelled)
        for line in task.lines.values()
    )
    pick_task = task.task
    if task.cancel_reason is not None:
        return ev.TaskCancelled(
            pick_task.task_id,
            pick_task.revision,
            pick_task.order_id,
            task.cancel_reason,
            lines,
            pick_task.attributes,
        )
    lane = task.lane if is_leaving_by_lane(state, task) else None
    return ev.TaskCompleted(
        pick_task.task_id, pick_task.revision, pick_task.order_id, lines, pick_task.attributes, lane
    )
