"""Answers and outcomes of commands: what each means for the trip, container or unit it was for."""

from collections.abc import Iterator

from edge_agent.core.exceptions import hold, hold_task, hold_trip, settle
from edge_agent.core.lanes import BLOCKED, is_leaving_by_lane, other_lane, take_other_lane
from edge_agent.core.lifecycle import CommandStatus, TaskStatus, UnitPhase
from edge_agent.core.moves import divert
from edge_agent.core.sourcing import abandon, exhaust, line_picked, quarantine
from edge_agent.core.state import Hand, LineState, State, TaskState, TripState
from edge_agent.core.tasks import ended
from edge_agent.core.verification.rules import Rule
from edge_agent.domain import events as ev
from edge_agent.domain.command import (
    Accepted,
    Command,
    Done,
    Failed,
    FailureReason,
    ForContainer,
    ForTrip,
    ForUnit,
    Order,
    Pick,
    Place,
    Purpose,
    PutBack,
    Refusal,
    RefusalReason,
    Report,
    Retrieve,
    Store,
    Transfer,
    Unknown,
)
from edge_agent.domain.events import ExceptionKind, HeldUnit, ScanTarget, SourceReason
from edge_agent.domain.ids import CommandId, StationId, TripId
from edge_agent.domain.time import Instant

_PASSING = frozenset({RefusalReason.BUSY, RefusalReason.NOT_READY})
"""Refusals that time may cure; the others would only be repeated."""
_UNREAD = frozenset({Rule.NO_READ.code, Rule.INVALID_CODE.code})


def command_answered(state: State, command_id: CommandId, answer: Accepted | Refusal) -> Iterator[ev.Event]:
    """Accepted: its end will be reported. Refused: decided anew, or held when that is no use."""
    open_command = state.commands.get(command_id)
    if open_command is None or open_command.status is not CommandStatus.ORDERED:
        return  # late or repeated: its end came first
    command = open_command.command
    if isinstance(answer, Accepted):
        yield ev.CommandAccepted(command_id)
        return
    yield ev.CommandRefused(command_id, answer.reason, answer.detail)
    refusals = state.devices[command.device_id].refusals
    if answer.reason not in _PASSING or refusals >= state.plant.site.policies.refusals:
        detail = f"{_name(command)} refused: {answer.reason.value} {answer.detail}".rstrip()
        yield from _other_way(state, ExceptionKind.COMMAND_REFUSED, detail, command.purpose, answer.reason)


def command_resolved(
    state: State, command_id: CommandId, outcome: Done | Failed | Unknown, now: Instant
) -> Iterator[ev.Event]:
    """The end of a command. A late or repeated report of one that has ended has no effect."""
    open_command = state.commands.get(command_id)
    if open_command is None or open_command.status is CommandStatus.UNKNOWN:
        return
    command = open_command.command
    if isinstance(outcome, Done) and (elsewhere := _elsewhere(command.order, outcome.report)):
        outcome = Unknown(elsewhere)
    match outcome:
        case Done(report):
            yield ev.CommandDone(command_id, report)
            yield from _done(state, command, report, now)
        case Failed(reason, device_code):
            yield ev.CommandFailed(command_id, reason, device_code)
            yield from _failed(state, command, reason, device_code)
        case Unknown(detail):
            yield ev.CommandUnknown(command_id, detail)
            text = f"{_name(command)}: {detail}"
            yield from _hold(state, ExceptionKind.COMMAND_UNKNOWN, text, command.purpose)


def _elsewhere(order: Order, report: Report) -> str:
    """What is wrong with the place that the device measured. That of a retrieval is judged by rule V1."""
    match order:
        case Store(location=place) | Transfer(destination=place) | Place(point=place) if report.place not in (
            None,
            place,
        ):
            return f"done, says the device, but at {report.place} instead of {place}"
    return ""


def _name(command: Command) -> str:
    return f"{command.device_id} {type(command.order).__name__.lower()} command {command.command_id}"


def _hold(state: State, kind: ExceptionKind, detail: str, purpose: Purpose) -> Iterator[ev.Event]:
    match purpose:
        case ForTrip(trip_id) if trip_id in state.trips:
            yield from hold_trip(state, kind, detail, trip_id)
        case ForContainer(task_id) if task_id in state.tasks:
            yield from hold_task(state, kind, detail, task_id)
            yield from _hold_follower(state, state.tasks[task_id])
        case ForUnit(station_id):
            hand = state.stations[station_id].hand
            line = ev.LineRef(hand.task_id, hand.line_id) if hand else None
            yield from hold(state, kind, f"station {station_id}", detail, HeldUnit(station_id), line)


def _hold_follower(state: State, task: TaskState) -> Iterator[ev.Event]:
    """The container that should have left still stands there, or may: no tote must wait for the next one."""
    if (point := task.leaves) is None:
        return
    for other_id in sorted(state.active.keys() - {task.task.task_id}):
        if state.tasks[other_id].put_point == point:
            detail = f"container {task.task.destination.container_id} is not known to have left {point}"
            yield from hold_task(state, ExceptionKind.PUT_POSITION_TAKEN, detail, other_id)


# ---- done --------------------------------------------------------------------------------------------


def _done(state: State, command: Command, report: Report, now: Instant) -> Iterator[ev.Event]:
    match command.purpose:
        case ForTrip(trip_id):
            yield from tote_moved(state, command.order, state.trips[trip_id], report, now)
        case ForContainer(task_id):
            yield from container_moved(state, state.tasks[task_id])
        case ForUnit(station_id):
            yield from unit_moved(state, command.order, station_id, report)


def tote_moved(
    state: State, order: Order, trip: TripState, report: Report, now: Instant
) -> Iterator[ev.Event]:
    """What follows when a trip's tote has been moved as ordered."""
    match order:
        case Retrieve():
            yield from _retrieved(state, trip, report, now)
            if report.place not in (None, trip.location):
                yield from _wrong_location(state, trip, report)
        case Store():
            yield ev.TripEnded(trip.trip_id)
        case Transfer(destination=destination) if destination == trip.destination:
            rejected = destination == state.plant.site.reject
            moved = ev.ToteDiverted if rejected else ev.ToteReturned
            yield moved(trip.trip_id, destination)
            if rejected:
                detail = "could not be identified at the station; it stands on the reject point"
                yield from hold_trip(state, ExceptionKind.TOTE_UNIDENTIFIED, detail, trip.trip_id)
        case Transfer(destination=destination):
            yield ev.ToteDelivered(trip.trip_id, destination)


def _retrieved(state: State, trip: TripState, report: Report, now: Instant) -> Iterator[ev.Event]:
    outfeed = state.plant.site.storage[trip.asrs].outfeed
    yield ev.TripRetrieved(trip.trip_id, outfeed)
    for task_id in dict.fromkeys(ref.task_id for ref in trip.lines):
        yield ev.ToteRetrieved(
            task_id,
            trip.tote,
            trip.location,
            outfeed,
            trip.station_id,
            report.device_time,
            state.tasks[task_id].eta or now.utc,
        )


def _wrong_location(state: State, trip: TripState, report: Report) -> Iterator[ev.Event]:
    """V1: the AS/RS took the load from another location than ordered. Nobody picks from it."""
    yield ev.ScanRejected(
        trip.station_id,
        None,
        None,
        trip.asrs,
        ScanTarget.TOTE,
        Rule.WRONG_LOCATION.code,
        Rule.WRONG_LOCATION.value,
        trip.location,
        report.place or "",
    )
    yield from divert(state, trip)


def container_moved(state: State, task: TaskState) -> Iterator[ev.Event]:
    """What follows when a task's container has come to its put position, or has left by its exit."""
    if task.exit is None:
        yield ev.ContainerArrived(task.task.task_id)
    else:
        yield ended(state, task)


def unit_moved(state: State, order: Order, station_id: StationId, report: Report) -> Iterator[ev.Event]:
    """What follows when a picker has done what it was told with the unit in hand."""
    hand = state.stations[station_id].hand
    assert hand is not None  # a unit's command is only open while it is in hand
    match order:
        case Pick():
            yield ev.UnitGripped(station_id, report.weight_g)
        case Place():
            yield from _placed(state, station_id, hand)
        case PutBack():
            yield from unit_put_back(state, station_id, hand)


def done_by_hand(state: State, station_id: StationId) -> Iterator[ev.Event]:
    """The order that is open at an operator's station is carried out: the person shows it, or says so."""
    hand = state.stations[station_id].hand
    assert hand is not None  # the prompt is about it
    assert hand.command_id is not None
    order = state.commands[hand.command_id].command.order
    yield ev.CommandDone(hand.command_id, Report())
    yield from unit_moved(state, order, station_id, Report())


def take_in_hand(state: State, station_id: StationId, hand: Hand) -> Iterator[ev.Event]:
    """The person at an operator's station has the unit in hand, and will not do with it what was ordered."""
    if hand.phase is UnitPhase.PICKING:
        yield from done_by_hand(state, station_id)
    elif hand.command_id is not None:
        yield ev.CommandFailed(hand.command_id, FailureReason.LOAD_MISSING, 0)


def _placed(state: State, station_id: StationId, hand: Hand) -> Iterator[ev.Event]:
    trip, task = state.trips[hand.trip_id], state.tasks[hand.task_id]
    line = task.lines[hand.line_id]
    assert hand.unit is not None  # only a verified unit is placed (invariant 5)
    yield ev.UnitPlaced(
        station_id,
        hand.task_id,
        hand.line_id,
        hand.unit,
        trip.tote,
        trip.location,
        task.task.destination.container_id,
    )
    if line.remaining == 0 and not task.unweighed:
        yield line_picked(state, ev.LineRef(hand.task_id, hand.line_id))


def _after_put_back(state: State, hand: Hand) -> Iterator[ev.Event]:
    """Pick again from the same tote, or, after so many, take the next source."""
    ref, task = ev.LineRef(hand.task_id, hand.line_id), state.tasks[hand.task_id]
    trip, unread = state.trips[hand.trip_id], hand.rejected_by in _UNREAD
    if task.status is TaskStatus.CANCELLING:
        return  # nothing more is picked for it
    kind = ExceptionKind.NO_READ if unread else ExceptionKind.WRONG_ITEM
    if task.held is not None:
        yield ev.LineUnassigned(hand.task_id, hand.line_id)
    elif not hand.rejected_by:
        return  # by a person's own choice: another one is picked
    elif _may_pick_again(state, kind, state.line(ref)):
        yield from settle(state, kind, f"tote {trip.tote}", f"rule {hand.rejected_by}", "pick_again", ref)
    elif hand.rejected_at is ScanTarget.WEIGHT:  # no other tote cures a scale that gives no weight
        yield from hold_task(state, ExceptionKind.NO_READ, "its units cannot be weighed", hand.task_id)
    elif hand.unit is not None:  # the item had passed: no other tote cures a container that cannot be read
        detail = f"its label cannot be read on {task.put_point}"
        yield from hold_task(state, ExceptionKind.NO_READ, detail, hand.task_id)
    else:
        reason = SourceReason.NO_READ if unread else SourceReason.WRONG_ITEM
        yield from exhaust(state, ref, trip.tote, reason)
        if "quarantine_tote" in state.plant.site.exceptions.steps(kind):
            yield from quarantine(state, trip)


def _may_pick_again(state: State, kind: ExceptionKind, line: LineState) -> bool:
    again = "pick_again" in state.plant.site.exceptions.steps(kind)
    return again and line.failed_picks < state.plant.site.policies.picks_per_source


def unit_put_back(state: State, station_id: StationId, hand: Hand) -> Iterator[ev.Event]:
    """What follows when the unit in hand lies in its tote again."""
    yield ev.UnitPutBack(station_id)
    yield from _after_put_back(state, hand)


def unit_lost(
    state: State, station_id: StationId, hand: Hand, reason: str, *, damaged: bool = False
) -> Iterator[ev.Event]:
    """What follows when a person says that the unit in hand is gone or set aside: the line still lacks it."""
    trip, task = state.trips[hand.trip_id], state.tasks[hand.task_id]
    at = trip.tote, trip.location
    yield ev.UnitLost(station_id, hand.task_id, hand.line_id, hand.unit, *at, reason, damaged)
    if task.status is not TaskStatus.CANCELLING and task.held is not None:
        yield ev.LineUnassigned(hand.task_id, hand.line_id)


# ---- failed ------------------------------------------------------------------------------------------


def _failed(state: State, command: Command, reason: FailureReason, code: int) -> Iterator[ev.Event]:
    match command.purpose, command.order, reason:
        case _, _, FailureReason.NOT_STARTED:
            yield from _not_started(state, command)
        case ForTrip(trip_id), Retrieve(), FailureReason.LOAD_MISSING:
            yield from _tote_missing(state, trip_id)
        case ForUnit(station_id), Pick(), FailureReason.ITEM_MISSING:
            yield from item_missing(state, station_id)
        case _:
            detail = f"{_name(command)} failed: {reason.value} (device code {code})"
            yield from _other_way(state, ExceptionKind.COMMAND_FAILED, detail, command.purpose, reason)


def _other_way(
    state: State,
    kind: ExceptionKind,
    detail: str,
    purpose: Purpose,
    reason: FailureReason | RefusalReason,
) -> Iterator[ev.Event]:
    """A container that its lane does not take leaves by another one; all else is held."""
    task = state.tasks.get(purpose.task_id) if isinstance(purpose, ForContainer) else None
    blocked = task is not None and reason in BLOCKED and is_leaving_by_lane(state, task)
    if task is not None and blocked and other_lane(state, task) is not None:
        yield from take_other_lane(state, task, detail)
    else:
        yield from _hold(state, kind, detail, purpose)


def _not_started(state: State, command: Command) -> Iterator[ev.Event]:
    """Nothing has moved: decided anew, as after a refusal, until it has happened too often in a row."""
    unstarted = state.devices[command.device_id].unstarted
    if unstarted >= state.plant.site.policies.refusals:
        detail = f"{_name(command)} was never begun, as {unstarted - 1} before it"
        yield from _hold(state, ExceptionKind.COMMAND_FAILED, detail, command.purpose)


def _tote_missing(state: State, trip_id: TripId) -> Iterator[ev.Event]:
    yield from abandon(state, trip_id, SourceReason.TOTE_MISSING)
    yield ev.TripDropped(trip_id)


def item_missing(state: State, station_id: StationId) -> Iterator[ev.Event]:
    """What follows when there is no unit of the item in the tote."""
    hand = state.stations[station_id].hand
    assert hand is not None  # the pick that failed was for it
    yield ev.UnitMissing(station_id)
    ref = ev.LineRef(hand.task_id, hand.line_id)
    yield _found_short(state, ref, state.trips[hand.trip_id])
    if state.tasks[hand.task_id].status is not TaskStatus.CANCELLING:
        yield from exhaust(state, ref, state.trips[hand.trip_id].tote, SourceReason.ITEM_MISSING)


def _found_short(state: State, ref: ev.LineRef, trip: TripState) -> ev.StockFoundShort:
    """What the OMS must set right in its stock record: there is no unit left in this tote."""
    line = state.line(ref)
    said = (one.quantity_available for one in line.line.sources if one.container_id == trip.tote)
    expected = max(next(said, 0) - line.picked_here, 0)
    return ev.StockFoundShort(ref.task_id, ref.line_id, trip.tote, trip.location, line.line.gtin, expected)
