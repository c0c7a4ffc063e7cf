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
    LineState,
    PersonHold,
    Settled,
    State,
    StationState,
    TaskState,
    TripState,
)
from edge_agent.domain.events import ExceptionRaised
from edge_agent.domain.ids import DeviceId, ExceptionId, Lpn, TaskId
from edge_agent.domain.time import ClockSync


@dataclass(frozen=True, slots=True)
class StateImage:
    """Everything that the journal says of the present. Lists keep the order of the state."""

    next_command: int
    next_trip: int
    next_exception: int
    next_arrival: int
    disk_low: bool
    clock: ClockSync
    draining: bool
    tasks: tuple[TaskState, ...]
    active: tuple[TaskId, ...]
    trips: tuple[TripState, ...]
    stations: tuple[StationState, ...]
    commands: tuple[CommandState, ...]
    devices: tuple[tuple[DeviceId, DeviceState], ...]
    exceptions: tuple[ExceptionRaised, ...]
    ended: tuple[tuple[TaskId, EndedTask], ...]
    settled: tuple[tuple[ExceptionId, Settled], ...] = ()
    holds: tuple[PersonHold, ...] = ()
    barred: tuple[tuple[Lpn, int], ...] = ()


def image_of(state: State) -> StateImage:
    """The state as it is now; later changes of it do not show."""
    return StateImage(
        state.next_command,
        state.next_trip,
        state.next_exception,
        state.next_arrival,
        state.disk_low,
        state.clock,
        state.draining,
        tuple(map(_task, state.tasks.values())),
        tuple(state.active),
        tuple(replace(trip, lines=list(trip.lines)) for trip in state.trips.values()),
        tuple(map(_station, state.stations.values())),
        tuple(map(replace, state.commands.values())),
        tuple(
            (device_id, replace(device, cycles=device.cycles.copy()))
            for device_id, device in state.devices.items()
        ),
        tuple(state.exceptions.values()),
        tuple(state.ended.items()),
        tuple(state.settled.items()),
        tuple(state.holds.values()),
        tuple(state.barred.items()),
    )


# Tasks and lines are many: copying them by hand takes a quarter of the time of `replace`.


def _task(task: TaskState) -> TaskState:
    return TaskState(
        task.task,
        task.digest,
        task.arrival,
        task.status,
        {line_id: _line(line) for line_id, line in task.lines.items()},
        task.station_id,
        task.put_point,
        task.eta,
        task.eta_told_s,
        task.started_s,
        task.container_here,
        task.exit,
        task.container_command,
        task.cancel_reason,
        task.held,
        task.overrides.copy(),
    )


def _line(line: LineState) -> LineState:
    return LineState(
        line.line,
        line.status,
        line.trip_id,
        line.units.copy(),
        line.tried.copy(),
        line.failed_picks,
        line.picked_here,
        line.short,
        line.cancelled,
        line.exhausted_by,
        line.held,
        line.added.copy(),
    )


def _station(station: StationState) -> StationState:
    hand = replace(station.hand) if station.hand else None
    return replace(station, hand=hand, given=station.given.copy(), tasks=set(station.tasks))


def load(state: State, image: StateImage) -> None:
    """Put a state that has seen no event yet into the one of an image, whose parts it takes over."""
    state.next_command, state.next_trip = image.next_command, image.next_trip
    state.next_exception, state.next_arrival = image.next_exception, image.next_arrival
    state.disk_low, state.clock, state.draining = image.disk_low, image.clock, image.draining
    for task in image.tasks:
        state.tasks[task.task.task_id] = task
        state.containers[task.task.destination.container_id] = task.task.task_id
        state.count_gtins(task.task, 1)
        if task.status is TaskStatus.ACCEPTED:
            state.enqueue(task)
    state.active.update(dict.fromkeys(image.active))
    for trip in image.trips:
        state.trips[trip.trip_id] = trip
        state.totes[trip.tote] = trip.trip_id
    state.stations.update({station.station_id: station for station in image.stations})
    state.commands.update({command.command.command_id: command for command in image.commands})
    state.devices.update(image.devices)
    state.exceptions.update({raised.exception_id: raised for raised in image.exceptions})
    state.ended.update(image.ended)
    state.settled.update(image.settled)
    state.holds.update({hold.subject: hold for hold in image.holds})
    state.barred.update(image.barred)
