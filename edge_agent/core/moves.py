"""Moving totes and order containers: the next command of each, or why it waits."""

from collections.abc import Iterator, Mapping

from edge_agent.core.blocked import INBOUND, outfeed_wait
from edge_agent.core.containers import stands_at
from edge_agent.core.exceptions import in_hand
from edge_agent.core.lifecycle import CommandStatus, TaskStatus, TripStatus
from edge_agent.core.sourcing import (
    abandon,
    choose,
    exhaust,
    give_up,
    has_open_source,
    needs_tote,
    shut_storage,
)
from edge_agent.core.state import Rank, State, TaskState, TripState
from edge_agent.core.wait import Wait, command_wait, device_wait, held, held_by_person
from edge_agent.domain import events as ev
from edge_agent.domain.command import (
    Command,
    ForContainer,
    ForTrip,
    Order,
    Purpose,
    Retrieve,
    Store,
    Transfer,
)
from edge_agent.domain.decision import LaneHold, StationHold, TaskHold
from edge_agent.domain.events import SourceReason
from edge_agent.domain.ids import CommandId, DeviceId, Lpn, PointId
from edge_agent.domain.time import Instant

_STANDING = frozenset({TripStatus.AT_STATION, TripStatus.PRESENTED})


def order(state: State, device_id: DeviceId, what: Order, purpose: Purpose) -> ev.CommandOrdered:
    """Give the order the next command id and the device's present boot epoch."""
    epoch = state.devices[device_id].status.epoch
    return ev.CommandOrdered(Command(CommandId(state.next_command), device_id, what, purpose, epoch))


# ---- lines find totes --------------------------------------------------------------------------------


def find_totes(state: State, _now: Instant) -> Iterator[ev.Event]:
    """Every line that needs a tote joins a trip, plans one, or gives up when no source is left."""
    for task in state.started():
        for line in task.lines.values():
            if not needs_tote(task, line):
                continue
            choice = choose(state, task, line)
            if choice is None:
                yield from give_up(state, ev.LineRef(task.task.task_id, line.line.line_id))
            elif not isinstance(choice, Wait):
                yield choice


def leave_held_trips(state: State, _now: Instant) -> Iterator[ev.Event]:
    """Lines do not wait for a tote that is held or diverted: they look for another."""
    for trip in list(state.trips.values()):
        if trip.lines and (trip.held is not None or trip.status is TripStatus.DIVERTED):
            for ref in list(trip.lines):
                if not in_hand(state, ref.task_id, ref.line_id):
                    yield from exhaust(state, ref, trip.tote, SourceReason.TOTE_HELD)


def leave_shut_trips(state: State, _now: Instant) -> Iterator[ev.Event]:
    """Lines do not wait for a tote that cannot leave its storage, where another one can come."""
    for trip in list(state.trips.values()):
        planned = trip.status is TripStatus.PLANNED and trip.command_id is None and trip.held is None
        if planned and trip.lines and shut_storage(state, trip.location) is not None:
            for ref in list(trip.lines):
                if has_open_source(state, ref, trip):
                    yield ev.LineUnassigned(ref.task_id, ref.line_id)


def leave_held_tasks(state: State, _now: Instant) -> Iterator[ev.Event]:
    """No tote waits for a task that a person holds."""
    held_tasks = [subject.task_id for subject in state.holds if isinstance(subject, TaskHold)]
    for task_id in held_tasks:
        task = state.tasks.get(task_id)
        for line_id, line in task.lines.items() if task else ():
            if line.trip_id is not None and not in_hand(state, task_id, line_id):
                yield ev.LineUnassigned(task_id, line_id)


def drop_useless_trips(state: State, _now: Instant) -> Iterator[ev.Event]:
    """A trip that no line needs any more does not begin, or turns round at the outfeed. A person need not
    scan its tote first: where the station was stopped, nobody may be there."""
    for trip in list(state.trips.values()):
        if trip.lines or trip.held is not None or trip.command_id is not None:
            continue
        if trip.status is TripStatus.PLANNED:
            yield ev.TripDropped(trip.trip_id)
        elif trip.status is TripStatus.AT_OUTFEED or _waits_for_a_person(state, trip):
            yield ev.ToteReleased(trip.trip_id, infeed_of(state, trip))


def _waits_for_a_person(state: State, trip: TripState) -> bool:
    return trip.status is TripStatus.AT_STATION and state.plant.has_operator(trip.station_id)


def infeed_of(state: State, trip: TripState) -> PointId:
    """Where the trip's AS/RS takes totes in."""
    return state.plant.site.storage[trip.asrs].infeed


# ---- totes -------------------------------------------------------------------------------------------


def next_tote_move(state: State, trip: TripState, now: Instant) -> tuple[DeviceId, Order] | Wait | None:
    """The next command of a trip; None where it is not a machine's turn to move it."""
    if trip.held is not None:
        return held(trip.held)
    if trip.command_id is not None:
        return command_wait(state, trip.tote, trip.command_id)
    move = tote_order(state, trip)
    if move is None:
        return None
    return _retrieval_wait(state, trip) or device_wait(state, move[0], now) or move


def _retrieval_wait(state: State, trip: TripState) -> Wait | None:
    """Why a tote that is in storage stays there for now."""
    if trip.status is not TripStatus.PLANNED:
        return None
    station = held_by_person(state, StationHold(trip.station_id), trip.station_id)
    return station or outfeed_wait(state, state.plant.site.storage[trip.asrs].outfeed)


def open_commands(state: State) -> Iterator[tuple[Command, bool]]:
    """The commands whose end is still to come, and whether the device has accepted each."""
    for command in state.commands.values():
        if command.status in (CommandStatus.ORDERED, CommandStatus.ACCEPTED):
            yield command.command, command.status is CommandStatus.ACCEPTED


def moving(state: State) -> list[Command]:
    """The open commands that will end without any further order.

    A transfer to a point where another load stands waits for that load to be ordered away, and a person takes
    as long as it takes.
    """
    taken = {trip.point: trip.tote for trip in state.trips.values() if trip.status in _STANDING}
    for task in state.tasks.values():
        if (point := stands_at(state, task)) is not None:
            taken[point] = task.task.destination.container_id
    for unknown in state.commands.values():
        if unknown.status is CommandStatus.UNKNOWN and isinstance(unknown.command.order, Transfer):
            taken[unknown.command.order.destination] = unknown.command.order.load  # perhaps
    machines = (one for one, _ in open_commands(state) if one.device_id not in state.plant.persons)
    return [command for command in machines if not _waits_for_room(command, taken)]


def _waits_for_room(command: Command, taken: Mapping[PointId | None, Lpn]) -> bool:
    match command.order:
        case Transfer(load, _, destination):
            return taken.get(destination, load) != load
        case _:
            return False


def tote_order(state: State, trip: TripState) -> tuple[DeviceId, Order] | None:
    """The next move of a trip and the device that makes it; None where it is not a machine's turn."""
    site = state.plant.site
    match trip.status:
        case TripStatus.PLANNED:
            return trip.asrs, Retrieve(trip.tote, trip.location, site.storage[trip.asrs].outfeed)
        case TripStatus.AT_OUTFEED:
            tote_point = site.stations[trip.station_id].tote_point
            return site.conveyor, Transfer(trip.tote, _point(trip), tote_point)
        case TripStatus.RELEASED:
            assert trip.destination is not None  # set by ToteReleased
            return site.conveyor, Transfer(trip.tote, _point(trip), trip.destination)
        case TripStatus.AT_INFEED:
            return trip.asrs, Store(trip.tote, _point(trip), trip.location)
        case _:
            return None


def _point(trip: TripState) -> PointId:
    assert trip.point is not None  # a tote out of storage stands somewhere
    return trip.point


def move_totes(state: State, now: Instant) -> Iterator[ev.Event]:
    """Give every trip its next command. Totes on their way home go first: they make room."""
    for trip in sorted(state.trips.values(), key=lambda trip: _tote_priority(state, trip)):
        move = next_tote_move(state, trip, now)
        if isinstance(move, tuple):
            yield order(state, *move, ForTrip(trip.trip_id))


def _tote_priority(state: State, trip: TripState) -> tuple[bool, Rank]:
    tasks = (state.tasks[ref.task_id].order for ref in trip.lines)
    return trip.status in INBOUND, min(tasks, default=(0, 0.0, 0))


# ---- order containers --------------------------------------------------------------------------------


def next_container_move(state: State, task: TaskState, now: Instant) -> tuple[DeviceId, Order] | Wait | None:
    """Fetch an empty container from the supply, or take the filled one to its exit."""
    if task.held is not None:
        return held(task.held)
    if task.container_command is not None:
        return command_wait(state, task.task.destination.container_id, task.container_command)
    site, container, put_point = state.plant.site, task.task.destination.container_id, task.put_point
    if put_point is None:
        return None
    if stopped := held_by_person(state, TaskHold(task.task.task_id), task.task.task_id):
        return stopped
    if task.status is TaskStatus.STARTED and not task.container_here:
        return device_wait(state, site.conveyor, now) or (
            site.conveyor,
            Transfer(container, task.container_at or site.supply, put_point),
        )
    if task.status is TaskStatus.FILLED and task.exit is not None:
        lane = task.lane
        stopped = held_by_person(state, LaneHold(lane), lane) if task.exit != site.reject else None
        return (
            stopped
            or device_wait(state, site.conveyor, now)
            or (
                site.conveyor,
                Transfer(container, task.container_at or put_point, task.exit),
            )
        )
    return None


def move_containers(state: State, now: Instant) -> Iterator[ev.Event]:
    """Fetch the containers of started tasks and take away the filled ones."""
    for task in state.started():
        move = next_container_move(state, task, now)
        if isinstance(move, tuple):
            yield order(state, *move, ForContainer(task.task.task_id))


def divert(state: State, trip: TripState) -> Iterator[ev.Event]:
    """Nobody knows what this tote is: it goes to the reject point and its lines look for another."""
    yield from abandon(state, trip.trip_id, SourceReason.TOTE_UNIDENTIFIED)
    yield ev.ToteReleased(trip.trip_id, state.plant.site.reject)
