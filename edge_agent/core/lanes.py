"""Another lane for a filled container whose own one takes none (step `other_lane`)."""

from collections.abc import Iterator

from edge_agent.core.exceptions import settle
from edge_agent.core.lifecycle import TaskStatus
from edge_agent.core.patience import held_for
from edge_agent.core.state import State, TaskState
from edge_agent.core.wait import Wait, held_by_person
from edge_agent.domain import events as ev
from edge_agent.domain.command import FailureReason, RefusalReason
from edge_agent.domain.decision import LaneHold, TaskHold
from edge_agent.domain.events import ExceptionKind
from edge_agent.domain.ids import LaneId
from edge_agent.domain.time import Instant

BLOCKED = frozenset(
    {FailureReason.DESTINATION_FULL, FailureReason.JAM, RefusalReason.BUSY, RefusalReason.OTHER}
)
"""What a conveyor says where it does not get a load to its destination, and may get it to another one."""


def other_lane(state: State, task: TaskState) -> LaneId | None:
    """The next lane that may take the container; None where there is none left."""
    site = state.plant.site
    own = site.lanes.get(task.task.destination.lane)
    if own is None or "other_lane" not in site.exceptions.lane_blocked.steps:
        return None
    tried = {task.task.destination.lane, *task.lanes}
    return next(
        (lane for lane in own.instead if lane not in tried and LaneHold(lane) not in state.holds), None
    )


def lane_wait(state: State, task: TaskState, now: Instant) -> Wait | None:
    """Why no container may leave by the task's lane, where no other one will take it either."""
    subject = LaneHold(task.lane)
    if subject not in state.holds:
        return None
    wait_s = state.plant.site.exceptions.lane_blocked.wait_s
    if held_for(state, subject, wait_s, now) and other_lane(state, task) is not None:
        return None
    return held_by_person(state, subject, task.lane)


def is_leaving_by_lane(state: State, task: TaskState) -> bool:
    """Whether the container is filled and is to leave by a lane."""
    return task.status is TaskStatus.FILLED and task.exit not in (None, state.plant.site.reject)


def take_other_lane(state: State, task: TaskState, detail: str) -> Iterator[ev.Event]:
    """Send the container to the next lane; nothing where there is none left."""
    lane = other_lane(state, task)
    if lane is None:
        return
    task_id = task.task.task_id
    yield from settle(
        state,
        ExceptionKind.LANE_BLOCKED,
        f"lane {task.lane}",
        detail,
        "other_lane",
        None,
        task_id=task_id,
        arguments={"lane": lane},
    )
    yield ev.LaneChanged(task_id, lane, state.plant.site.lanes[lane].point)


def leave_held_lanes(state: State, now: Instant) -> Iterator[ev.Event]:
    """Containers do not wait for ever for a lane that a person holds."""
    if not state.holds:
        return
    wait_s = state.plant.site.exceptions.lane_blocked.wait_s
    for task in [state.tasks[task_id] for task_id in state.active]:
        waits = is_leaving_by_lane(state, task) and task.held is None and task.container_command is None
        stays = TaskHold(task.task.task_id) in state.holds
        if waits and not stays and held_for(state, LaneHold(task.lane), wait_s, now):
            hold = state.holds[LaneHold(task.lane)]
            yield from take_other_lane(state, task, f"is held by {hold.actor}: {hold.reason}")
