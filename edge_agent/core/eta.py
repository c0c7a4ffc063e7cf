"""When a task will be done, from the site's cycle times and the work ahead at its station."""

from datetime import datetime, timedelta

from edge_agent.core.state import State, TaskState
from edge_agent.domain.ids import StationId
from edge_agent.domain.time import Instant


def eta(state: State, task: TaskState, station_id: StationId, now: Instant) -> datetime:
    """Estimated end: fetch the first tote, pick what is ahead and its own units, carry the container out."""
    times = state.plant.site.cycle_times
    ahead = sum(
        line.remaining
        for task_id in state.stations[station_id].tasks
        if task_id != task.task.task_id
        for line in state.tasks[task_id].open_lines
    )
    own = sum(line.remaining for line in task.open_lines)
    per_unit_s = times.pick_s + times.scan_s + times.place_s
    seconds = times.retrieve_s + 2 * times.transfer_s + (ahead + own) * per_unit_s
    return now.utc + timedelta(seconds=seconds)
