"""Tasks and their lines."""

from edge_agent.core.evolve.dispatch import apply
from edge_agent.core.lifecycle import LINE, TASK
from edge_agent.core.remembered import EndedTask
from edge_agent.core.serials import end_task
from edge_agent.core.state import (
    LineState,
    State,
    TaskState,
)
from edge_agent.domain import events as ev
from edge_agent.domain.ids import LineId
from edge_agent.domain.task import PickTask
from edge_agent.errors import IllegalTransitionError


def _fresh_lines(task: PickTask) -> dict[LineId, LineState]:
    return {line.line_id: LineState(line) for line in task.lines}


@apply.register
def _(event: ev.TaskAccepted, state: State, _clock_s: float) -> None:
    if event.task_id in state.tasks:
        raise IllegalTransitionError(TASK.name, state.tasks[event.task_id].status.value, "TaskAccepted")
    task = TaskState(event.task, event.digest, state.next_arrival, lines=_fresh_lines(event.task))
    state.next_arrival += 1
    state.ended.pop(event.task_id, None)
    state.tasks[event.task_id] = task
    state.containers[event.task.destination.container_id] = event.task_id
    state.count_gtins(event.task, 1)
    state.enqueue(task)


@apply.register
def _(event: ev.TaskReplaced, state: State, _clock_s: float) -> None:
    task = state.tasks[event.task_id]
    status = TASK.next(task.status, event)
    waiting = task.station_id is None
    if waiting:
        state.dequeue(task)
    state.count_gtins(task.task, -1)
    state.containers.pop(task.task.destination.container_id, None)
    begun = {line_id: line for line_id, line in task.lines.items() if line.begun}
    task.status, task.task, task.digest = status, event.task, event.digest
    task.lines = _fresh_lines(event.task) | begun
    state.containers[event.task.destination.container_id] = event.task_id
    state.count_gtins(event.task, 1)
    if waiting:
        state.enqueue(task)


@apply.register
def _(event: ev.CancelRequested, state: State, _clock_s: float) -> None:
    task = state.tasks[event.task_id]
    status = TASK.next(task.status, event)
    if task.station_id is None:
        state.dequeue(task)
    task.status, task.cancel_reason = status, event.reason


@apply.register
def _(event: ev.TaskStarted, state: State, clock_s: float) -> None:
    task = state.tasks[event.task_id]
    status = TASK.next(task.status, event)
    state.dequeue(task)
    task.status, task.station_id, task.put_point, task.eta = (
        status,
        event.station_id,
        event.put_point,
        event.eta,
    )
    task.eta_told_s = task.started_s = clock_s
    state.stations[event.station_id].tasks.add(event.task_id)


@apply.register
def _(event: ev.EtaChanged, state: State, clock_s: float) -> None:
    task = state.tasks[event.task_id]
    task.eta, task.eta_told_s = event.eta, clock_s


@apply.register
def _(event: ev.ContainerArrived, state: State, _clock_s: float) -> None:
    task = state.tasks[event.task_id]
    task.status = TASK.next(task.status, event)
    task.container_here, task.container_at = True, None


@apply.register
def _(event: ev.TaskMoved, state: State, _clock_s: float) -> None:
    task = state.tasks[event.task_id]
    task.status = TASK.next(task.status, event)
    if task.station_id is not None:
        state.stations[task.station_id].tasks.discard(event.task_id)
    state.stations[event.station_id].tasks.add(event.task_id)
    stands = task.put_point if task.container_here else task.container_at
    task.station_id, task.put_point = event.station_id, event.put_point
    task.container_here = stands == event.put_point
    task.container_at = None if task.container_here else stands
    task.container_g = None  # what another scale said is nothing to compare with


@apply.register
def _(event: ev.TaskFilled, state: State, _clock_s: float) -> None:
    task = state.tasks[event.task_id]
    task.status = TASK.next(task.status, event)
    task.exit = event.destination


@apply.register
def _(event: ev.LaneChanged, state: State, _clock_s: float) -> None:
    task = state.tasks[event.task_id]
    task.status = TASK.next(task.status, event)
    task.lanes.append(event.lane)
    task.exit = event.destination


def _end_task(event: ev.TaskCompleted | ev.TaskCancelled, state: State, _clock_s: float) -> None:
    task = state.tasks[event.task_id]
    status = TASK.next(task.status, event)
    del state.tasks[event.task_id], state.active[event.task_id]
    end_task(state, task, shipped=isinstance(event, ev.TaskCompleted))
    state.containers.pop(task.task.destination.container_id, None)
    state.count_gtins(task.task, -1)
    if task.station_id is not None:
        state.stations[task.station_id].tasks.discard(event.task_id)
    state.ended[event.task_id] = EndedTask(task.task.revision, task.digest, status)
    oldest = next(iter(state.tasks.values()), None)
    if oldest is None:
        state.barred.clear()
    else:
        state.barred = {tote: mark for tote, mark in state.barred.items() if mark > oldest.arrival}
    while len(state.ended) > state.plant.site.limits.ended_tasks:
        del state.ended[next(iter(state.ended))]


apply.register(ev.TaskCompleted)(_end_task)
apply.register(ev.TaskCancelled)(_end_task)


@apply.register
def _(event: ev.SourceExhausted, state: State, _clock_s: float) -> None:
    line = state.line(ev.LineRef(event.task_id, event.line_id))
    line.status = LINE.next(line.status, event)
    line.tried.add(event.tote)
    line.exhausted_by = event.reason.value
    line.failed_picks = line.picked_here = 0
    _leave_trip(state, ev.LineRef(event.task_id, event.line_id))


@apply.register
def _(event: ev.SourcesRenewed, state: State, _clock_s: float) -> None:
    line = state.line(ev.LineRef(event.task_id, event.line_id))
    line.tried.clear()
    line.exhausted_by = ""


@apply.register
def _(event: ev.SourceAdded, state: State, _clock_s: float) -> None:
    line, tote = state.line(ev.LineRef(event.task_id, event.line_id)), event.source.container_id
    line.added = [source for source in line.added if source.container_id != tote]
    line.added.append(event.source)
    line.tried.discard(tote)
    state.barred.pop(tote, None)


@apply.register
def _(event: ev.LineUnassigned, state: State, _clock_s: float) -> None:
    ref = ev.LineRef(event.task_id, event.line_id)
    line = state.line(ref)
    line.status = LINE.next(line.status, event)
    _leave_trip(state, ref)


def _end_line(event: ev.LinePicked | ev.LineShort | ev.LineCancelled, state: State, _clock_s: float) -> None:
    ref = ev.LineRef(event.task_id, event.line_id)
    line = state.line(ref)
    line.status = LINE.next(line.status, event)
    if isinstance(event, ev.LineShort):
        line.short = event.short
    elif isinstance(event, ev.LineCancelled):
        line.cancelled = event.cancelled
    _leave_trip(state, ref)


apply.register(ev.LinePicked)(_end_line)
apply.register(ev.LineShort)(_end_line)
apply.register(ev.LineCancelled)(_end_line)


def _leave_trip(state: State, ref: ev.LineRef) -> None:
    line = state.line(ref)
    if line.trip_id is not None:
        trip = state.trips.get(line.trip_id)
        if trip is not None and ref in trip.lines:
            trip.lines.remove(ref)
        line.trip_id = None
