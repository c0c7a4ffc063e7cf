"""Which tote serves a line: joins a trip that is under way, plans a new one, or says why not.

Sources are tried by rank. When all are used up the line ends short, or is held where the task's policy
allows no partial lines.
"""

from collections.abc import Iterator

from edge_agent.core.blocked import INBOUND, shut_in, storage_held, trip_held
from edge_agent.core.exceptions import hold, settle
from edge_agent.core.lifecycle import LineStatus, TaskStatus, TripStatus
from edge_agent.core.state import LineState, State, TaskState, TripState
from edge_agent.core.wait import Wait, WaitCode, station_held
from edge_agent.domain import events as ev
from edge_agent.domain.events import ExceptionKind, HeldLine, SourceReason
from edge_agent.domain.ids import Lpn, StationId, TripId
from edge_agent.domain.task import Source

_AT_STATION = frozenset({TripStatus.AT_STATION, TripStatus.PRESENTED})

_KIND = {
    SourceReason.ITEM_MISSING: ExceptionKind.SHORT,
    SourceReason.WRONG_ITEM: ExceptionKind.WRONG_ITEM,
    SourceReason.NO_READ: ExceptionKind.NO_READ,
    SourceReason.TOTE_MISSING: ExceptionKind.TOTE_MISSING,
    SourceReason.TOTE_UNIDENTIFIED: ExceptionKind.TOTE_UNIDENTIFIED,
}


def needs_tote(task: TaskState, line: LineState) -> bool:
    """Whether a tote has to be found for the line now."""
    return (
        task.status is TaskStatus.STARTED
        and task.held is None
        and line.status is LineStatus.WAITING
        and line.held is None
    )


def queue_length(state: State, station_id: StationId) -> int:
    """Trips that take a place in the station's queue: on their way to it or standing at it.

    A held one counts only where its tote stands at the station, and one that is shut in does not: they hold
    nothing else back.
    """
    return sum(
        1
        for trip in state.trips.values()
        if trip.station_id == station_id
        and trip.status in INBOUND
        and (trip.held is None or trip.status in _AT_STATION)
        and shut_in(state, trip) is None
    )


def choose(state: State, task: TaskState, line: LineState) -> ev.TripPlanned | ev.TripJoined | Wait | None:
    """What to do for a line that needs a tote. None: no source is left."""
    ref = ev.LineRef(task.task.task_id, line.line.line_id)
    reason: Wait | None = None
    for source in line.sources():
        found = _try_source(state, task, ref, source)
        if not isinstance(found, Wait):
            return found
        if reason is None or reason.code is WaitCode.HELD:  # what frees itself is the better reason
            reason = found
    return reason


def _try_source(
    state: State, task: TaskState, ref: ev.LineRef, source: Source
) -> ev.TripPlanned | ev.TripJoined | Wait:
    tote, station_id = source.container_id, task.station_id
    assert station_id is not None  # a started task has a station
    if blocked := station_held(state, station_id):
        return blocked  # no tote is taken from the others for a station that cannot use it
    trip_id = state.totes.get(tote)
    if trip_id is not None:
        return _join(state, state.trips[trip_id], station_id, ref)
    asrs = state.plant.site.storage_of(source.location)
    if asrs is not None and (blocked := storage_held(state, asrs)):
        return blocked
    limit = state.plant.site.stations[station_id].queue
    if queue_length(state, station_id) >= limit:
        return Wait(
            WaitCode.STATION_QUEUE_FULL,
            station_id,
            f"{limit} totes are on their way to {station_id}: its limit",
        )
    if asrs is None:  # the site file has changed since the task was accepted
        return Wait(WaitCode.NO_ASRS, source.location, f"no AS/RS of this site reaches {source.location}")
    lines = (ref, *_sharing(state, station_id, tote, ref))
    trip = TripId(f"trip-{state.next_trip}")
    return ev.TripPlanned(trip, tote, source.location, asrs, station_id, lines)


def _join(state: State, trip: TripState, station_id: StationId, ref: ev.LineRef) -> ev.TripJoined | Wait:
    if blocked := trip_held(state, trip):
        return blocked
    if trip.station_id == station_id and trip.status in INBOUND:
        return ev.TripJoined(trip.trip_id, ref)
    return Wait(WaitCode.TOTE_IN_USE, trip.tote, f"tote {trip.tote} is {trip.status.value} on {trip.trip_id}")


def _sharing(state: State, station_id: StationId, tote: Lpn, first: ev.LineRef) -> Iterator[ev.LineRef]:
    """Other lines at the station whose best source is this tote too: the trip serves them as well."""
    for task in state.started():
        if task.station_id != station_id:
            continue
        for line in task.lines.values():
            ref = ev.LineRef(task.task.task_id, line.line.line_id)
            best = next(line.sources(), None)
            if ref != first and needs_tote(task, line) and best is not None and best.container_id == tote:
                yield ref


def exhaust(state: State, ref: ev.LineRef, tote: Lpn, reason: SourceReason) -> Iterator[ev.Event]:
    """This tote cannot serve the line any further: next source, else short, else a person."""
    yield ev.SourceExhausted(ref.task_id, ref.line_id, tote, reason)
    line = state.line(ref)
    more = next(line.sources(), None) is not None
    action = "next_source" if more else "short" if _may_be_short(state, ref) else ""
    if action and reason in _KIND:
        detail = f"{reason.value} in {tote}, {line.remaining} of {line.line.quantity} still to pick"
        yield from settle(state, _KIND[reason], f"tote {tote}", detail, action, ref)
    if not more:
        yield from give_up(state, ref)


def give_up(state: State, ref: ev.LineRef) -> Iterator[ev.Event]:
    """No source is left: the line ends short, or is held where no partial line is allowed."""
    line = state.line(ref)
    reason = SourceReason(line.exhausted_by) if line.exhausted_by else SourceReason.NO_SOURCE
    if not _may_be_short(state, ref):
        missing = f"{line.remaining} of {line.line.quantity} not found ({reason.value})"
        detail = f"{missing} and no partial line is allowed"
        where = f"task {ref.task_id} line {ref.line_id}"
        yield from hold(state, ExceptionKind.SHORT, where, detail, HeldLine(ref.task_id, ref.line_id), ref)
        return
    yield ev.LineShort(
        ref.task_id,
        ref.line_id,
        line.line.sku,
        line.line.gtin,
        line.line.quantity,
        line.picked,
        line.remaining,
        reason,
        "close_line",
        tuple(line.units),
    )


def _may_be_short(state: State, ref: ev.LineRef) -> bool:
    return state.tasks[ref.task_id].task.policy.allow_partial


def abandon(state: State, trip_id: TripId, reason: SourceReason) -> Iterator[ev.Event]:
    """Every line of the trip looks for another tote."""
    trip = state.trips[trip_id]
    for ref in list(trip.lines):
        yield from exhaust(state, ref, trip.tote, reason)
