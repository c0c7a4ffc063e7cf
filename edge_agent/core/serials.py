"""Serial numbers that are taken: no unit is picked under one twice, in any task (V12).

A number is taken from the moment its unit passed its scan. It is free again when the unit has been put back
or is lost, and when its task ends cancelled: what lies in such a container goes back to stock and may be
picked again. What has left by a lane is remembered, the newest `limits.remembered_serials` of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.core.state import SerialKey, State, TaskState
from edge_agent.domain.events import PickedUnit
from edge_agent.domain.ids import TaskId


@dataclass(frozen=True, slots=True)
class Taken:
    """Every serial number that is taken, without a copy for each scan."""

    state: State

    def __contains__(self, key: object) -> bool:
        return key in self.state.serials or key in self.state.shipped_serials


def take(state: State, unit: PickedUnit, task_id: TaskId) -> None:
    """The unit has passed its scan."""
    if unit.serial is not None:
        state.serials[unit.gtin, unit.serial] = task_id


def free(state: State, unit: PickedUnit | None) -> None:
    """The unit in hand will not be in the container; None: it had not passed its scan."""
    if unit is not None and unit.serial is not None:
        state.serials.pop((unit.gtin, unit.serial), None)


def end_task(state: State, task: TaskState, *, shipped: bool) -> None:
    """The container has left: by its lane, or by the reject point."""
    for key in _of_task(task):
        state.serials.pop(key, None)
        if shipped:
            state.shipped_serials[key] = task.task.task_id
    while len(state.shipped_serials) > state.plant.site.limits.remembered_serials:
        del state.shipped_serials[next(iter(state.shipped_serials))]


def find_taken(state: State) -> None:
    """Fill the register of the open tasks from their units, as after a snapshot."""
    for task in state.tasks.values():
        state.serials.update(dict.fromkeys(_of_task(task), task.task.task_id))
    for station in state.stations.values():
        if station.hand is not None and station.hand.unit is not None:
            take(state, station.hand.unit, station.hand.task_id)


def _of_task(task: TaskState) -> Iterator[SerialKey]:
    for line in task.lines.values():
        for unit in line.units:
            if unit.serial is not None:
                yield unit.gtin, unit.serial
