"""When each task will be done: told when it starts, and again when that has moved by much."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from edge_agent.core.forecast import remaining_s
from edge_agent.core.state import State, TaskState
from edge_agent.core.tasks import held_by
from edge_agent.domain import events as ev
from edge_agent.domain.time import Instant

_STILL = 0.1
"""A move of less than this part of the time since the start is not told: a task that stands still for a night
would tell of it every minute."""


def revise_etas(state: State, now: Instant) -> Iterator[ev.Event]:
    """Tell the new end of every task whose end has moved. What waits for a person has none that is known.

    Not a phase of the plan: it costs a tenth of a millisecond, and a turn that works must not wait for it.
    """
    due = [task for task in state.started() if _may_be_told(state, task, now)]
    if not due:
        return
    ends_s = remaining_s(state, now)
    for task in due:
        eta = now.utc + timedelta(seconds=ends_s[task.task.task_id])
        if task.eta is not None and _has_moved(state, task, eta, now) and held_by(state, task) is None:
            yield ev.EtaChanged(task.task.task_id, eta, task.eta)


def _may_be_told(state: State, task: TaskState, now: Instant) -> bool:
    return now.clock_s - task.eta_told_s >= state.plant.site.policies.eta_interval_s


def _has_moved(state: State, task: TaskState, eta: datetime, now: Instant) -> bool:
    assert task.eta is not None  # the caller has looked
    least_s = max(state.plant.site.policies.eta_change_s, _STILL * (now.clock_s - task.started_s))
    return abs((eta - task.eta).total_seconds()) > least_s
