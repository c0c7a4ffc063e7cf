"""Why a task does not move: asked of the same functions that would move it, so that it is never a guess."""

from bisect import bisect_left
from collections.abc import Iterator

from edge_agent.core.lifecycle import LineStatus, TaskStatus
from edge_agent.core.moves import next_container_move, next_tote_move
from edge_agent.core.sourcing import choose, needs_tote
from edge_agent.core.state import LineState, State, TaskState
from edge_agent.core.stations import next_step, trip_at, weighing_wait
from edge_agent.core.tasks import station_for
from edge_agent.core.wait import Wait, WaitCode, held, station_held
from edge_agent.domain.ids import TaskId
from edge_agent.domain.time import Instant

_SHARED = frozenset({WaitCode.NO_PUT_POSITION, WaitCode.DEVICE_NOT_READY})
"""Every task of the queue waits for this: when it ends, it is the first one's turn."""


def why(state: State, task_id: TaskId, now: Instant) -> list[Wait]:
    """Everything that an open task waits for now. Raises KeyError where the task is not open."""
    task = state.tasks[task_id]
    return list(dict.fromkeys(_reasons(state, task, now)))


def _reasons(state: State, task: TaskState, now: Instant) -> Iterator[Wait]:
    if task.held is not None:
        yield held(task.held)
    elif task.status is TaskStatus.ACCEPTED:
        place = station_for(state, task, now)
        if isinstance(place, Wait):
            yield place
        ahead = bisect_left(state.queue, (task.order, task.task.task_id))
        if not isinstance(place, Wait) or (ahead and place.code in _SHARED):
            text = f"tasks that go first: {ahead}"
            yield Wait(WaitCode.OTHER_WORK_FIRST, task.task.task_id, text)
    else:
        move = next_container_move(state, task, now)
        if isinstance(move, Wait):
            yield move
        if weighing := weighing_wait(state, task, now):
            yield weighing
        for line in task.open_lines:
            yield from _line_reasons(state, task, line, now)


def _line_reasons(state: State, task: TaskState, line: LineState, now: Instant) -> Iterator[Wait]:
    if line.held is not None:
        yield held(line.held)
    elif line.status is LineStatus.WAITING and needs_tote(task, line):
        choice = choose(state, task, line)
        if isinstance(choice, Wait):
            yield choice
    elif line.trip_id is not None:
        yield from _trip_reasons(state, task, line, now)


def _trip_reasons(state: State, task: TaskState, line: LineState, now: Instant) -> Iterator[Wait]:
    assert line.trip_id is not None  # the caller has looked
    trip = state.trips[line.trip_id]
    move = next_tote_move(state, trip, now)
    if isinstance(move, Wait):
        yield move
    if blocked := station_held(state, trip.station_id):
        yield blocked
    if trip is not trip_at(state, trip.station_id):
        return
    station = state.stations[trip.station_id]
    hand = station.hand
    if hand is not None and (hand.task_id, hand.line_id) != (task.task.task_id, line.line.line_id):
        text = f"{trip.station_id} picks for task {hand.task_id} line {hand.line_id} first"
        yield Wait(WaitCode.OTHER_WORK_FIRST, trip.station_id, text)
    step = next_step(state, station, now)
    if isinstance(step, Wait):
        yield step
