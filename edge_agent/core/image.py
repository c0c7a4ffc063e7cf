"""The state as a value of its own: what a snapshot holds.

An image shares the frozen values with the state and copies what changes, so that making one takes the loop
little time and the state can go on while the image is written. What can be worked out from the rest (the
queue, the registers of containers, totes and GTINs) is not in it.
"""

from dataclasses import dataclass, replace

from edge_agent.core.lifecycle import TaskStatus
from edge_agent.core.state import (
    CommandState,
    DeviceState,
    EndedTask,
    State,
    StationState,
    TaskState,
    TripState,
)
from edge_agent.domain.events import ExceptionRaised
from edge_agent.domain.ids import DeviceId, TaskId


@dataclass(frozen=True, slots=True)
class StateImage:
    """Everything that the journal says of the present. Lists keep the order of the state."""

    next_command: int
    next_trip: int
    next_exception: int
    next_arrival: int
    disk_low: bool
    draining: bool
    tasks: tuple[TaskState, ...]
    trips: tuple[TripState, ...]
    stations: tuple[StationState, ...]
    commands: tuple[CommandState, ...]
    devices: tuple[tuple[DeviceId, DeviceState], ...]
    exceptions: tuple[ExceptionRaised, ...]
    ended: tuple[tuple[TaskId, EndedTask], ...]


def image_of(state: State) -> StateImage:
    """The state as it is now; later changes of it do not show."""
    return StateImage(
        state.next_command,
        state.next_trip,
        state.next_exception,
        state.next_arrival,
        state.disk_low,
        state.draining,
        tuple(map(_task, state.tasks.values())),
        tuple(replace(trip, lines=list(trip.lines)) for trip in state.trips.values()),
        tuple(map(_station, state.stations.values())),
        tuple(map(replace, state.commands.values())),
        tuple((device_id, replace(device)) for device_id, device in state.devices.items()),
        tuple(state.exceptions.values()),
        tuple(state.ended.items()),
    )


def _task(task: TaskState) -> TaskState:
    lines = {
        line_id: replace(line, units=list(line.units), tried=set(line.tried))
        for line_id, line in task.lines.items()
    }
    return replace(task, lines=lines)


def _station(station: StationState) -> StationState:
    hand = replace(station.hand) if station.hand else None
    return replace(station, hand=hand, tasks=set(station.tasks))


def load(state: State, image: StateImage) -> None:
    """Put a state that has seen no event yet into the one of an image, whose parts it takes over."""
    state.next_command, state.next_trip = image.next_command, image.next_trip
    state.next_exception, state.next_arrival = image.next_exception, image.next_arrival
    state.disk_low, state.draining = image.disk_low, image.draining
    for task in image.tasks:
        state.tasks[task.task.task_id] = task
        state.containers[task.task.destination.container_id] = task.task.task_id
        state.count_gtins(task.task, 1)
        if task.status is TaskStatus.ACCEPTED:
            state.enqueue(task)
    for trip in image.trips:
        state.trips[trip.trip_id] = trip
        state.totes[trip.tote] = trip.trip_id
    state.stations.update({station.station_id: station for station in image.stations})
    state.commands.update({command.command.command_id: command for command in image.commands})
    state.devices.update(image.devices)
    state.exceptions.update({raised.exception_id: raised for raised in image.exceptions})
    state.ended.update(image.ended)
