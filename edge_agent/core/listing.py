"""Lists of tasks for the outside: short, a page at a time, whatever the number of tasks."""

from collections.abc import Collection

from edge_agent.core.lifecycle import TASK, TaskStatus
from edge_agent.core.state import State, TaskState
from edge_agent.core.view import View
from edge_agent.domain.ids import TaskId

OPEN = frozenset(status for status in TaskStatus if status not in TASK.final)


def task_page(state: State, statuses: Collection[TaskStatus], after: str, limit: int) -> list[View]:
    """Up to `limit` tasks of these statuses whose ids sort behind `after`, in the order of their ids."""
    found = [key for key, task in state.tasks.items() if key > after and task.status in statuses]
    if not OPEN.issuperset(statuses):
        found += [key for key, ended in state.ended.items() if key > after and ended.status in statuses]
    found.sort()
    return [_open(state.tasks[key]) if key in state.tasks else _ended(state, key) for key in found[:limit]]


def ended_view(state: State, task_id: TaskId) -> View | None:
    """What is remembered of a task that has ended; None where nothing is."""
    return _ended(state, task_id) if task_id in state.ended else None


def _open(task: TaskState) -> View:
    lines = task.lines.values()
    return {
        "task_id": task.task.task_id,
        "revision": task.task.revision,
        "status": task.status.value,
        "order_id": task.task.order_id,
        "station": task.station_id,
        "eta": task.eta.isoformat() if task.eta else None,
        "ordered": sum(line.line.quantity for line in lines),
        "picked": sum(line.picked for line in lines),
    }


def _ended(state: State, task_id: TaskId) -> View:
    ended = state.ended[task_id]
    return {"task_id": task_id, "revision": ended.revision, "status": ended.status.value}
