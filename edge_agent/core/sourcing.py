"""Which tote serves a line: joins a trip that is under way, plans a new one, or says why not.

Sources are tried by rank. When all are used up the line ends short, or is held where the task's policy
allows no partial lines or the site's policy asks a person first.
"""

from collections.abc import Iterator

from edge_agent.core.blocked import INBOUND, shut_in, storage_held, trip_held
from edge_agent.core.exceptions import hold, settle
from edge_agent.core.lifecycle import LineStatus, TaskStatus, TripStatus
from edge_agent.core.state import LineState, State, TaskState, TripState
from edge_agent.core.wait import FOR_A_PERSON, Wait, WaitCode, held_by_person, station_held
from edge_agent.domain import events as ev
from edge_agent.domain.decision import DeviceHold, StationHold, TaskHold
from edge_agent.domain.device import Mode
from edge_agent.domain.events import ExceptionKind, HeldLine, SourceReason
from edge_agent.domain.exception_policy import Step
from edge_agent.domain.ids import LocationId, Lpn, StationId, TripId
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
        and not task.unweighed
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
    if stopped := held_by_person(state, TaskHold(ref.task_id), ref.task_id):
        return stopped
    reason: Wait | None = None
    for source in by_readiness(state, task, line):
        found = _try_source(state, task, ref, source)
        if not isinstance(found, Wait):
            return found
        if reason is None or reason.code in FOR_A_PERSON:  # what frees itself is the better reason
            reason = found
    return reason


def by_readiness(state: State, task: TaskState, line: LineState) -> list[Source]:
    """The sources that the line may still ask for: by rank, those first whose AS/RS is ready."""
    return sorted(state.sources(task, line), key=lambda source: not _is_ready(state, source))


def _is_ready(state: State, source: Source) -> bool:
    asrs = state.plant.site.storage_of(source.location)
    return asrs is not None and state.devices[asrs].status.mode is Mode.READY


def has_open_source(state: State, ref: ev.LineRef, shut: TripState) -> bool:
    """Whether the line could have another tote than the one that is shut in."""
    task, line = state.tasks[ref.task_id], state.line(ref)
    return any(
        source.container_id != shut.tote
        and _is_ready(state, source)
        and shut_storage(state, source.location) is None
        for source in state.sources(task, line)
    )


def shut_storage(state: State, location: LocationId) -> Wait | None:
    """What lets no tote out of that part of the storage: an exception, or a person who holds its AS/RS."""
    asrs = state.plant.site.storage_of(location)
    if asrs is None:
        return None
    return storage_held(state, asrs) or held_by_person(state, DeviceHold(asrs), asrs)


def _shut(state: State, trip: TripState) -> Wait | None:
    """What keeps a tote in storage whose journey was planned and has not begun."""
    waits = trip.status is TripStatus.PLANNED and trip.command_id is None
    return shut_storage(state, trip.location) if waits else None


def _try_source(
    state: State, task: TaskState, ref: ev.LineRef, source: Source
) -> ev.TripPlanned | ev.TripJoined | Wait:
    tote, station_id = source.container_id, task.station_id
    assert station_id is not None  # a started task has a station
    blocked = station_held(state, station_id) or held_by_person(state, StationHold(station_id), station_id)
    if blocked:
        return blocked  # no tote is taken from the others for a station that cannot use it
    trip_id = state.totes.get(tote)
    if trip_id is not None:
        return _join(state, state.trips[trip_id], station_id, ref)
    asrs = state.plant.site.storage_of(source.location)
    if blocked := shut_storage(state, source.location):
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
    if blocked := trip_held(state, trip) or _shut(state, trip):
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
            if ref == first or not needs_tote(task, line) or TaskHold(ref.task_id) in state.holds:
                continue
            best = next(iter(by_readiness(state, task, line)), None)
            if best is not None and best.container_id == tote:
                yield ref


def exhaust(state: State, ref: ev.LineRef, tote: Lpn, reason: SourceReason) -> Iterator[ev.Event]:
    """This tote cannot serve the line any further: what the site's policy says, and in the end a person."""
    yield ev.SourceExhausted(ref.task_id, ref.line_id, tote, reason)
    line = state.line(ref)
    if action := _next_action(state, ref, reason):
        detail = f"{reason.value} in {tote}, {line.remaining} of {line.line.quantity} still to pick"
        if reason in _KIND:
            yield from settle(state, _KIND[reason], f"tote {tote}", detail, action, ref)
    if action != "next_source" and not state.tasks[ref.task_id].unweighed:  # else once that is settled
        yield from give_up(state, ref)


def _next_action(state: State, ref: ev.LineRef, reason: SourceReason) -> str:
    """What the machine does for a line whose tote has given out; empty: a person is asked."""
    task, steps = state.tasks[ref.task_id], _steps(state, reason)
    if "next_source" in steps and next(state.sources(task, task.lines[ref.line_id]), None) is not None:
        return "next_source"
    return "short" if "short" in steps and task.task.policy.allow_partial else ""


def _steps(state: State, reason: SourceReason) -> tuple[Step, ...]:
    """A tote that is held or has gone takes no step away: the line looks elsewhere, and ends short."""
    return state.plant.site.exceptions.steps(_KIND[reason]) if reason in _KIND else ("next_source", "short")


def give_up(state: State, ref: ev.LineRef) -> Iterator[ev.Event]:
    """No source is left: the line ends short, or is held where the task or the site wants a person asked."""
    line = state.line(ref)
    reason = SourceReason(line.exhausted_by) if line.exhausted_by else SourceReason.NO_SOURCE
    steps = _steps(state, reason)
    if "request_replenishment" in steps:
        yield ev.ReplenishmentRequested(
            ref.task_id,
            ref.line_id,
            line.line.sku,
            line.line.gtin,
            line.remaining,
            tuple(sorted(line.tried)),
        )
    if "short" in steps and state.tasks[ref.task_id].task.policy.allow_partial:
        yield line_short(state, ref)
        return
    missing = f"{line.remaining} of {line.line.quantity} not found ({reason.value})"
    why = (
        "no partial line is allowed" if "short" in steps else "this site asks a person before a line is short"
    )
    where = f"task {ref.task_id} line {ref.line_id}"
    held = HeldLine(ref.task_id, ref.line_id)
    yield from hold(state, ExceptionKind.SHORT, where, f"{missing} and {why}", held, ref)


def line_picked(state: State, ref: ev.LineRef) -> ev.LinePicked:
    """The end of a line with all that was ordered."""
    line = state.line(ref)
    return ev.LinePicked(
        ref.task_id,
        ref.line_id,
        line.line.sku,
        line.line.gtin,
        line.line.quantity,
        line.picked,
        tuple(line.units),
    )


def line_short(state: State, ref: ev.LineRef) -> ev.LineShort:
    """The end of a line with fewer units than ordered."""
    line = state.line(ref)
    reason = SourceReason(line.exhausted_by) if line.exhausted_by else SourceReason.NO_SOURCE
    return ev.LineShort(
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


def quarantine(state: State, trip: TripState) -> Iterator[ev.Event]:
    """Nobody takes anything out of the trip's tote any more: its other lines look for another."""
    yield ev.ToteQuarantined(trip.tote)
    yield from abandon(state, trip.trip_id, SourceReason.TOTE_QUARANTINED)


def abandon(state: State, trip_id: TripId, reason: SourceReason) -> Iterator[ev.Event]:
    """Every line of the trip looks for another tote."""
    trip = state.trips[trip_id]
    for ref in list(trip.lines):
        yield from exhaust(state, ref, trip.tote, reason)
