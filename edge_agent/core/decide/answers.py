"""A person settles an exception: the answer is checked, and if it holds it is taken as the outcome.

The exception is resolved first; then the command that nobody knew the end of ends by the person's word,
through the same functions as by a device's report. It is never sent again: what is still needed is decided
anew, under a new id (invariant 3).
"""

from collections.abc import Iterator, Mapping

from edge_agent.core.decide.commands import (
    container_moved,
    take_in_hand,
    tote_moved,
    unit_lost,
    unit_moved,
    unit_put_back,
)
from edge_agent.core.decide.contradictions import Refused, contradiction, not_approved
from edge_agent.core.decide.scans import judge_again
from edge_agent.core.exceptions import ACTOR, release
from edge_agent.core.moves import tote_order
from edge_agent.core.options import in_doubt, options
from edge_agent.core.sourcing import abandon, line_short
from edge_agent.core.state import State, TripState
from edge_agent.core.stations import unit_order
from edge_agent.core.verification.barcode import LabelKind, printable
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.command import FailureReason, Report
from edge_agent.domain.decision import Action, DecisionCode, Option
from edge_agent.domain.events import (
    ExceptionKind,
    ExceptionRaised,
    HeldLine,
    HeldTask,
    HeldTrip,
    HeldUnit,
    SourceReason,
)
from edge_agent.domain.ids import CommandId, LocationId, Lpn, StationId, TaskId
from edge_agent.domain.task import Source
from edge_agent.domain.time import Instant

_HAPPENED = frozenset({Action.DONE, Action.GRIPPER_HOLDS, Action.PLACED, Action.PUT_BACK})
"""What was ordered has been done."""


def exception_answered(state: State, answer: inp.ExceptionAnswered, now: Instant) -> Iterator[ev.Event]:
    """The exception is settled as the person says, or the answer is refused and changes nothing."""
    refused = _checked(state, answer, now)
    if refused is not None:
        yield ev.DecisionRefused(
            answer.exception_id, None, answer.action, answer.actor.name, refused.code, refused.text
        )
        return
    raised, action = state.exceptions[answer.exception_id], Action(answer.action)
    yield from release(
        state,
        answer.exception_id,
        answer.action,
        answer.actor.name,
        answer.reason,
        answer.approver.name if answer.approver else None,
        answer.arguments,
    )
    yield from _carried_out(state, raised, action, answer, now)


# ---- is the answer one that counts? ------------------------------------------------------------------


def _checked(state: State, answer: inp.ExceptionAnswered, now: Instant) -> Refused | None:
    raised = state.exceptions.get(answer.exception_id)
    if raised is None:
        return _no_longer_open(state, answer, now)
    allowed = options(state, raised)
    option = next((option for option in allowed if option.action == answer.action), None)
    if option is None:
        names = ", ".join(option.action.value for option in allowed)
        text = f"{answer.exception_id} is not settled by {answer.action!r}; it is by {names}"
        return Refused(DecisionCode.UNKNOWN_ACTION, text)
    return (
        _not_entitled(option, answer)
        or _bad_arguments(state, option, answer.arguments)
        or contradiction(state, raised, option.action)
    )


def _no_longer_open(state: State, answer: inp.ExceptionAnswered, now: Instant) -> Refused:
    exception_id = answer.exception_id
    settled = state.settled.get(exception_id)
    if settled is not None:
        ago_s = now.clock_s - settled.settled_s
        text = f"{exception_id} was settled {ago_s:.0f} s ago by {settled.actor}: {settled.action}"
        return Refused(DecisionCode.ALREADY_RESOLVED, text)
    number = exception_id.removeprefix("X-")
    if number.isascii() and number.isdigit() and 0 < int(number) < state.next_exception:
        return Refused(DecisionCode.ALREADY_RESOLVED, f"{exception_id} was settled; the journal says by whom")
    return Refused(DecisionCode.UNKNOWN_EXCEPTION, f"there has been no exception {exception_id!r} here")


def _not_entitled(option: Option, answer: inp.ExceptionAnswered) -> Refused | None:
    actor, approver, action = answer.actor, answer.approver, option.action.value
    if not actor.role.covers(option.role):
        text = f"{action} is for a {option.role.value}; {actor.name} is {actor.role.value}"
        return Refused(DecisionCode.NOT_ALLOWED, text)
    if option.needs_reason and not answer.reason.strip():
        return Refused(DecisionCode.REASON_NEEDED, f"{action} needs a reason")
    if not option.needs_approval:
        return None
    return not_approved(action, actor, approver)


def _bad_arguments(state: State, option: Option, arguments: Mapping[str, str]) -> Refused | None:
    action = option.action.value
    for name in option.arguments:
        if not arguments.get(name):
            return Refused(DecisionCode.MISSING_ARGUMENT, f"{action} needs the argument {name}")
    for name in arguments:
        if name not in option.arguments:
            wanted = ", ".join(option.arguments) or "no arguments"
            text = f"{action} has no argument {name!r}; it takes {wanted}"
            return Refused(DecisionCode.BAD_ARGUMENT, text)
    if option.action is Action.ADD_SOURCE:
        return _bad_source(state, LocationId(arguments["location"]), Lpn(arguments["tote"]))
    return None


def _bad_source(state: State, location: LocationId, tote: Lpn) -> Refused | None:
    if state.plant.site.storage_of(location) is None:
        text = f"location: no AS/RS of this site reaches {location!r}"
        return Refused(DecisionCode.BAD_ARGUMENT, text)
    if not state.plant.labels.matches(LabelKind.TOTE, tote):
        return Refused(DecisionCode.BAD_ARGUMENT, f"tote: {tote!r} is not a tote label of this site")
    return None


# ---- what follows ------------------------------------------------------------------------------------


def _carried_out(
    state: State, raised: ExceptionRaised, action: Action, answer: inp.ExceptionAnswered, now: Instant
) -> Iterator[ev.Event]:
    match raised.held:
        case HeldTrip(trip_id):
            yield from _tote(state, state.trips[trip_id], action, now)
        case HeldUnit(station_id):
            if raised.kind is ExceptionKind.WRONG_ITEM:
                yield from _rejected_unit(state, raised, station_id, action, answer, now)
            else:
                yield from _unit(state, station_id, action, answer.reason)
        case HeldTask(task_id):
            yield from _task(state, task_id, action, answer)
        case HeldLine(task_id, line_id):
            yield from _line(state, ev.LineRef(task_id, line_id), action, answer.arguments)
        case _:
            pass  # a machine that may move again needs nothing else


def _tote(state: State, trip: TripState, action: Action, now: Instant) -> Iterator[ev.Event]:
    move = tote_order(state, trip)
    yield from _end_command(state, trip.command_id, action)
    if action is Action.REMOVED:
        yield from abandon(state, trip.trip_id, SourceReason.TOTE_HELD)
        yield ev.ToteRemoved(trip.trip_id, trip.tote)
    elif action is Action.DONE and move is not None:
        yield from tote_moved(state, move[1], trip, Report(), now)


def _unit(state: State, station_id: StationId, action: Action, reason: str) -> Iterator[ev.Event]:
    hand = state.stations[station_id].hand
    assert hand is not None  # the options have said so
    what = unit_order(state, hand)
    yield from _end_command(state, hand.command_id, action)
    if action is Action.LOST:
        yield from unit_lost(state, station_id, hand, reason)
    elif action in _HAPPENED:
        yield from unit_moved(state, what, station_id, Report())


def _rejected_unit(
    state: State,
    raised: ExceptionRaised,
    station_id: StationId,
    action: Action,
    answer: inp.ExceptionAnswered,
    now: Instant,
) -> Iterator[ev.Event]:
    """At an operator's station: the unit goes back, or passes by the word of two persons."""
    station = state.stations[station_id]
    hand, rejection = station.hand, station.rejection
    assert hand is not None  # the options have said so
    assert rejection is not None
    if action is Action.PICK_AGAIN:
        yield from take_in_hand(state, station_id, hand)
        yield from unit_put_back(state, station_id, hand)
        return
    assert answer.approver is not None  # the policy lets nobody override alone
    override = ev.Override(
        rejection.rule,
        rejection.name,
        state.tasks[hand.task_id].lines[hand.line_id].line.gtin,
        rejection.scanned,
        answer.actor.name,
        answer.approver.name,
        answer.reason,
    )
    shown = printable(bytes.fromhex(rejection.data_hex))
    refs = hand.task_id, hand.line_id, raised.exception_id
    yield ev.RuleOverridden(station_id, *refs, override, shown, rejection.data_hex)
    yield from judge_again(state, station, now)


def _end_command(state: State, command_id: CommandId | None, action: Action) -> Iterator[ev.Event]:
    """End the command that nobody knew the end of. One that was refused or has failed has ended before."""
    doubtful = in_doubt(state, command_id)
    if doubtful is None:
        return
    if action in _HAPPENED:
        yield ev.CommandDone(doubtful, Report())
    else:
        gone = action in (Action.REMOVED, Action.LOST)
        reason = FailureReason.LOAD_MISSING if gone else FailureReason.NOT_STARTED
        yield ev.CommandFailed(doubtful, reason, 0)


def _task(state: State, task_id: TaskId, action: Action, answer: inp.ExceptionAnswered) -> Iterator[ev.Event]:
    task = state.tasks[task_id]
    if action in (Action.DONE, Action.NOT_MOVED):
        yield from _end_command(state, task.container_command, action)
        yield from _release_followers(state, task_id)
    if action is Action.DONE:
        yield from container_moved(task)
    elif action is Action.CANCEL_REST:
        for line in task.open_lines:
            if line.held is not None:
                yield from release(state, line.held, "cancelled", answer.actor.name, answer.reason)
        yield ev.CancelRequested(task_id, task.task.revision, answer.reason)


def _release_followers(state: State, task_id: TaskId) -> Iterator[ev.Event]:
    """The tasks that are to get the put position of this one may go on: its container leaves."""
    task = state.tasks[task_id]
    for exception_id, raised in list(state.exceptions.items()):
        if raised.kind is not ExceptionKind.PUT_POSITION_TAKEN or not isinstance(raised.held, HeldTask):
            continue
        if state.tasks[raised.held.task_id].put_point == task.put_point:
            reason = f"container {task.task.destination.container_id} was settled"
            yield from release(state, exception_id, Action.GO_ON, ACTOR, reason)


def _line(state: State, ref: ev.LineRef, action: Action, arguments: Mapping[str, str]) -> Iterator[ev.Event]:
    line = state.line(ref)
    if action is Action.ACCEPT_SHORT:
        yield line_short(state, ref)
    elif action is Action.CANCEL_LINE:
        yield ev.LineCancelled(ref.task_id, ref.line_id, line.remaining)
    elif action is Action.LOOK_AGAIN:
        yield ev.SourcesRenewed(ref.task_id, ref.line_id)
    elif action is Action.ADD_SOURCE:
        last = max(source.rank for source in (*line.line.sources, *line.added))
        location, tote = LocationId(arguments["location"]), Lpn(arguments["tote"])
        added = Source(location, tote, line.remaining, last + 1)
        yield ev.SourceAdded(ref.task_id, ref.line_id, added)
