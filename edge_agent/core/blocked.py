"""What stands behind something held: places that only a person can free, and who waits for them.

Nothing waits in a line behind a held thing where it can go round it (invariant 4); where it cannot, its wait
names the exception at the end of the chain, so that nobody looks for it in vain (invariant 11).
"""

from edge_agent.core.lifecycle import CommandStatus, TripStatus
from edge_agent.core.state import State, TripState
from edge_agent.core.wait import Wait, WaitCode, all_held, held, station_held
from edge_agent.domain.command import Retrieve
from edge_agent.domain.ids import DeviceId, PointId

INBOUND = frozenset({TripStatus.PLANNED, TripStatus.AT_OUTFEED, TripStatus.AT_STATION, TripStatus.PRESENTED})
"""The tote is still to be picked from."""


def outfeed_wait(state: State, outfeed: PointId) -> Wait | None:
    """Why no tote can come to the outfeed, counting those on it and the retrievals on their way to it."""
    capacity = state.plant.site.points[outfeed].capacity
    marks = [trip.held for trip in state.trips.values() if _occupies(state, trip, outfeed)]
    if not capacity or len(marks) < capacity:
        return None
    return all_held(marks) or Wait(WaitCode.POINT_FULL, outfeed, f"outfeed {outfeed} is full")


def _occupies(state: State, trip: TripState, outfeed: PointId) -> bool:
    command = state.commands.get(trip.command_id) if trip.command_id else None
    if command is not None and isinstance(command.command.order, Retrieve):
        return command.command.order.point == outfeed
    if trip.status not in (TripStatus.AT_OUTFEED, TripStatus.RELEASED) or trip.point != outfeed:
        return False
    return command is None or command.status is not CommandStatus.ACCEPTED  # accepted: it has left


def storage_held(state: State, asrs: DeviceId) -> Wait | None:
    """The exception that lets no tote out of this part of the storage."""
    if not state.exceptions:
        return None
    if (mark := state.devices[asrs].held) is not None:
        return held(mark)
    wait = outfeed_wait(state, state.plant.site.storage[asrs].outfeed)
    return wait if wait is not None and wait.code is WaitCode.HELD else None


def shut_in(state: State, trip: TripState) -> Wait | None:
    """The exception that keeps a tote in storage whose journey was planned and has not begun."""
    if trip.status is not TripStatus.PLANNED or trip.command_id is not None:
        return None
    return storage_held(state, trip.asrs)


def trip_held(state: State, trip: TripState) -> Wait | None:
    """The exception that keeps a tote from being picked from: its own, or that of what is in its way."""
    if trip.held is not None:
        return held(trip.held)
    if trip.status not in INBOUND:
        return None
    return shut_in(state, trip) or station_held(state, trip.station_id)
