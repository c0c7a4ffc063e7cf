"""When the work at the stations will be done: the open work played forward with measured cycle times.

Each crane fetches its totes one after the other, the conveyor carries any number at once, and each station
picks from one tote after the other, in the order in which they arrive. Totes that are not planned yet come
behind those that are, as many under way at once as the station's queue takes. One pass over the open work.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from edge_agent.core.blocked import INBOUND
from edge_agent.core.cycles import SCAN, VERBS, WEIGH, cycle_s
from edge_agent.core.lifecycle import TaskStatus, TripStatus
from edge_agent.core.state import CommandState, LineState, State, TaskState, TripState
from edge_agent.domain.command import Pick, Place, Retrieve, Store, Transfer
from edge_agent.domain.ids import DeviceId, Lpn, PointId, StationId, TaskId
from edge_agent.domain.site import Station
from edge_agent.domain.time import Instant

_STANDING = frozenset({TripStatus.AT_STATION, TripStatus.PRESENTED})
_HOMEWARD = frozenset({TripStatus.RELEASED, TripStatus.AT_INFEED})
_Lines = Sequence[tuple[TaskState, LineState]]


def remaining_s(
    state: State, now: Instant, joining: tuple[TaskState, StationId] | None = None
) -> dict[TaskId, float]:
    """In how many seconds each task at a station will be done, its container at its exit.

    `joining` is a task that is about to get a put position at that station.
    """
    at_station = [(task, task.station_id) for task in state.started()]
    if joining is not None:
        at_station.append(joining)
    forecast = _Forecast(state, now)
    forecast.planned_totes()
    forecast.further_totes(at_station)
    return {task.task.task_id: forecast.end_s(task) for task, _ in at_station}


class _Forecast:
    """One run over the open work. All times are seconds from now."""

    def __init__(self, state: State, now: Instant) -> None:
        self._state = state
        self._now = now
        self._site = state.plant.site
        self._cycles: dict[tuple[DeviceId, str], float] = {}
        self._units: dict[tuple[DeviceId, PointId], float] = {}
        self._transfer_s = self._cycle_s(self._site.conveyor, VERBS[Transfer])
        self._crane_free_s: dict[DeviceId, float] = defaultdict(float)
        self._released_s: dict[StationId, list[float]] = defaultdict(list)
        """When each tote leaves its station, in order."""
        self._picked_s: dict[TaskId, float] = {}
        """When the last unit of a task is placed."""

    # ---- totes ---------------------------------------------------------------------------------------

    def planned_totes(self) -> None:
        """Play forward every trip that is under way or planned."""
        for command in self._state.commands.values():
            crane = command.command.device_id
            self._crane_free_s[crane] = max(self._crane_free_s[crane], self._left_s(command))
        arrivals: list[tuple[float, TripState]] = []
        for trip in self._state.trips.values():
            if trip.held is None and trip.status in INBOUND and trip.lines:
                arrivals.append((self._arrival_s(trip), trip))
            elif trip.status in _HOMEWARD and trip.held is None:
                self._crane_s(trip.asrs, Store)
        for arrives_s, trip in sorted(arrivals, key=lambda arrival: arrival[0]):
            lines = [(self._state.tasks[ref.task_id], self._state.line(ref)) for ref in trip.lines]
            self._pick(trip.station_id, arrives_s, lines)

    def _arrival_s(self, trip: TripState) -> float:
        """When a tote stands at its station."""
        if trip.status in _STANDING:
            return 0.0
        command = self._state.commands.get(trip.command_id) if trip.command_id else None
        if trip.status is TripStatus.AT_OUTFEED:
            return self._left_s(command) if command else self._transfer_s
        fetched_s = self._left_s(command) if command else self._crane_s(trip.asrs, Retrieve)
        return fetched_s + self._transfer_s

    def further_totes(self, at_station: Iterable[tuple[TaskState, StationId | None]]) -> None:
        """Play forward what has no trip yet; lines at one station that need the same tote share it."""
        totes: dict[tuple[StationId, Lpn], list[tuple[TaskState, LineState]]] = defaultdict(list)
        asrs: dict[Lpn, DeviceId] = {}
        for task, station_id in at_station:
            for line in task.open_lines:
                source = next(line.sources(), None)
                if line.trip_id is not None or source is None or station_id is None:
                    continue
                storage = self._site.storage_of(source.location)
                if storage is not None:
                    asrs[source.container_id] = storage
                    totes[station_id, source.container_id].append((task, line))
        for (station_id, tote), lines in totes.items():
            # By now totes come back as often as they are fetched: the crane does both.
            ordered_s = max(self._place_in_queue_s(station_id), self._crane_free_s[asrs[tote]])
            self._crane_free_s[asrs[tote]] = ordered_s
            fetched_s = self._crane_s(asrs[tote], Retrieve)
            self._crane_s(asrs[tote], Store)
            self._pick(station_id, fetched_s + self._transfer_s, lines)

    def _place_in_queue_s(self, station_id: StationId) -> float:
        """When the station's queue takes one more tote."""
        released, limit = self._released_s[station_id], self._site.stations[station_id].queue
        return released[-limit] if len(released) >= limit else 0.0

    def _crane_s(self, crane: DeviceId, verb: type[Retrieve | Store]) -> float:
        """When the crane has done one more cycle."""
        self._crane_free_s[crane] += self._cycle_s(crane, VERBS[verb])
        return self._crane_free_s[crane]

    # ---- units ---------------------------------------------------------------------------------------

    def _pick(self, station_id: StationId, arrives_s: float, lines: _Lines) -> None:
        """The station picks these lines out of a tote, in scheduling order, once both loads are there."""
        station = self._site.stations[station_id]
        free_s = self._released_s[station_id][-1] if self._released_s[station_id] else 0.0
        at_s = max(free_s, arrives_s) + self._cycle_s(station.tote_scanner, SCAN)
        for task, line in sorted(lines, key=lambda one: one[0].order):
            at_s = max(at_s, self._container_s(task)) + line.remaining * self._unit_s(station, task)
            task_id = task.task.task_id
            self._picked_s[task_id] = max(self._picked_s.get(task_id, 0.0), at_s)
        self._released_s[station_id].append(at_s)

    def _unit_s(self, station: Station, task: TaskState) -> float:
        """One unit from tote to container, read once or twice on the way."""
        positions = (one for one in station.put_positions if task.put_point in (None, one.point))
        at = next(positions, station.put_positions[0])
        key = station.picker, at.point
        if key not in self._units:
            reading_s = sum(self._cycle_s(one, SCAN) for one in (station.item_scanner, at.scanner) if one)
            weighing_s = sum(self._cycle_s(one, WEIGH) for one in (station.scale, at.scale) if one)
            moving_s = sum(self._cycle_s(station.picker, VERBS[verb]) for verb in (Pick, Place))
            self._units[key] = reading_s + weighing_s + moving_s
        return self._units[key]

    # ---- containers ----------------------------------------------------------------------------------

    def _container_s(self, task: TaskState) -> float:
        """When the order container stands on its put position."""
        return 0.0 if task.container_here else self._move_s(task)

    def end_s(self, task: TaskState) -> float:
        """When the container is at its exit."""
        if task.status is TaskStatus.FILLED:
            return self._move_s(task)
        filled_s = max(self._picked_s.get(task.task.task_id, 0.0), self._container_s(task))
        return filled_s + self._transfer_s

    def _move_s(self, task: TaskState) -> float:
        command = self._state.commands.get(task.container_command) if task.container_command else None
        return self._left_s(command) if command else self._transfer_s

    def _left_s(self, open_command: CommandState) -> float:
        """What is left of a command's cycle; a command that is late may end at any moment."""
        command = open_command.command
        whole_s = self._cycle_s(command.device_id, VERBS[type(command.order)])
        return max(0.0, open_command.ordered_s + whole_s - self._now.clock_s)

    def _cycle_s(self, device_id: DeviceId, verb: str) -> float:
        key = device_id, verb
        if key not in self._cycles:
            self._cycles[key] = cycle_s(self._state, device_id, verb)
        return self._cycles[key]
