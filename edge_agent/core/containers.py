"""Where order containers stand: what is on a put position, or may still be."""

from collections.abc import Iterator

from edge_agent.core.lifecycle import CommandStatus
from edge_agent.core.state import State, TaskState
from edge_agent.domain.ids import PointId


def has_left(state: State, task: TaskState) -> bool:
    """The conveyor has taken the container off the put position that it was to leave."""
    command = state.commands.get(task.container_command) if task.container_command else None
    return task.leaves is not None and command is not None and command.status is CommandStatus.ACCEPTED


def stands_at(state: State, task: TaskState) -> PointId | None:
    """The put position that the container stands on; None while it is under way or in the supply."""
    if has_left(state, task):
        return None
    return task.put_point if task.container_here else task.container_at


def taken_by(state: State, task: TaskState) -> Iterator[PointId]:
    """The put positions that the task's container stands on, or is to come to."""
    gone = has_left(state, task)
    if task.put_point is not None and not (gone and task.container_at is None):
        yield task.put_point
    if task.container_at is not None and not gone:
        yield task.container_at


def taken_points(state: State, asking: TaskState | None = None) -> Iterator[PointId]:
    """Every put position that is taken. A task that asks may have its own."""
    for task_id in state.active:
        if (task := state.tasks[task_id]) is not asking:
            yield from taken_by(state, task)
