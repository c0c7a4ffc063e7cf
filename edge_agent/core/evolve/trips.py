"""Trips."""

from edge_agent.core.evolve.dispatch import apply
from edge_agent.core.evolve.scans import drop_scan, end_scan
from edge_agent.core.lifecycle import LINE, TRIP
from edge_agent.core.state import (
    State,
    TripState,
)
from edge_agent.domain import events as ev
from edge_agent.errors import IllegalTransitionError


@apply.register
def _(event: ev.TripPlanned, state: State, _clock_s: float) -> None:
    if event.tote in state.totes:
        under_way = state.trips[state.totes[event.tote]].status
        raise IllegalTransitionError(TRIP.name, under_way.value, type(event).__name__)
    lines = [state.line(ref) for ref in event.lines]
    statuses = [LINE.next(line.status, event) for line in lines]
    trip = TripState(
        event.trip_id, event.tote, event.location, event.asrs, event.station_id, list(event.lines)
    )
    state.next_trip += 1
    state.trips[event.trip_id] = trip
    state.totes[event.tote] = event.trip_id
    for line, status in zip(lines, statuses, strict=True):
        line.status, line.trip_id = status, event.trip_id


@apply.register
def _(event: ev.TripJoined, state: State, _clock_s: float) -> None:
    line, trip = state.line(event.line), state.trips[event.trip_id]
    line.status = LINE.next(line.status, event)
    line.trip_id = event.trip_id
    trip.lines.append(event.line)


def _move_trip(
    event: ev.TripRetrieved | ev.ToteDelivered | ev.ToteReturned | ev.ToteDiverted,
    state: State,
    _clock_s: float,
) -> None:
    trip = state.trips[event.trip_id]
    trip.status = TRIP.next(trip.status, event)
    trip.point = event.point


for _event_type in (ev.TripRetrieved, ev.ToteDelivered, ev.ToteReturned, ev.ToteDiverted):
    apply.register(_event_type)(_move_trip)


@apply.register
def _(event: ev.TotePresented, state: State, clock_s: float) -> None:
    trip = state.trips[event.trip_id]
    trip.status = TRIP.next(trip.status, event)
    end_scan(state, event.station_id, clock_s)


@apply.register
def _(event: ev.ToteReleased, state: State, clock_s: float) -> None:
    trip = state.trips[event.trip_id]
    trip.status = TRIP.next(trip.status, event)
    trip.destination = event.destination
    station = state.stations[trip.station_id]
    if station.scan is not None and station.scan.target is ev.ScanTarget.TOTE:
        drop_scan(state, trip.station_id, clock_s)


@apply.register
def _(event: ev.ToteIdentified, state: State, _clock_s: float) -> None:
    trip = state.trips[event.trip_id]
    trip.status = TRIP.next(trip.status, event)
    trip.location, trip.asrs, trip.destination = event.location, event.asrs, event.destination


@apply.register
def _(event: ev.ToteQuarantined, state: State, _clock_s: float) -> None:
    state.barred[event.tote] = state.next_arrival


@apply.register
def _(event: ev.ToteRemoved, state: State, clock_s: float) -> None:
    _end_trip(event, state, clock_s)
    state.barred[event.tote] = state.next_arrival


def _end_trip(event: ev.TripEnded | ev.TripDropped | ev.ToteRemoved, state: State, _clock_s: float) -> None:
    trip = state.trips[event.trip_id]
    TRIP.next(trip.status, event)
    del state.trips[event.trip_id]
    state.totes.pop(trip.tote, None)


apply.register(ev.TripEnded)(_end_trip)
apply.register(ev.TripDropped)(_end_trip)
