"""The weights of order containers."""

from edge_agent.core.evolve.dispatch import apply
from edge_agent.core.evolve.scans import end_scan
from edge_agent.core.state import State, TaskState
from edge_agent.domain import events as ev


@apply.register
def _(event: ev.ContainerWeighed, state: State, clock_s: float) -> None:
    task = state.tasks[event.task_id]
    task.container_g = event.weight_g
    _count_as_weighed(task)
    end_scan(state, event.station_id, clock_s)


@apply.register
def _(event: ev.WeightWaived, state: State, _clock_s: float) -> None:
    task = state.tasks[event.task_id]
    task.container_g = None
    _count_as_weighed(task)


@apply.register
def _(event: ev.PlacedUnitLost, state: State, _clock_s: float) -> None:
    line = state.line(ev.LineRef(event.task_id, event.line_id))
    last = max(number for number, unit in enumerate(line.units) if unit == event.unit)
    del line.units[last]


def _count_as_weighed(task: TaskState) -> None:
    for line in task.lines.values():
        line.weighed = len(line.units)
