"""The unit in hand at a station, and its scans."""

from edge_agent.core.evolve.dispatch import apply
from edge_agent.core.evolve.scans import ask_anew, end_scan
from edge_agent.core.lifecycle import LINE, UNIT
from edge_agent.core.rejection import Rejection
from edge_agent.core.state import (
    Hand,
    ScanStep,
    State,
    StationState,
)
from edge_agent.core.verification.rules import Rule
from edge_agent.domain import events as ev
from edge_agent.domain.ids import StationId
from edge_agent.domain.station import VALUES
from edge_agent.errors import IllegalTransitionError


@apply.register
def _(event: ev.UnitStarted, state: State, clock_s: float) -> None:
    station = state.stations[event.station_id]
    if station.hand is not None:
        raise IllegalTransitionError(UNIT.name, station.hand.phase.value, type(event).__name__)
    line = state.line(ev.LineRef(event.task_id, event.line_id))
    line.status = LINE.next(line.status, event)
    station.hand = Hand(event.trip_id, event.task_id, event.line_id)
    ask_anew(state, event.station_id, clock_s)


def _advance(state: State, event: ev.Event, station_id: StationId, clock_s: float) -> Hand:
    """Take the unit in hand through its table; raises `IllegalTransitionError` where there is none."""
    station = state.stations[station_id]
    hand = station.hand
    if hand is None:
        raise IllegalTransitionError(UNIT.name, "none", type(event).__name__)
    hand.phase = UNIT.next(hand.phase, event)
    station.rejection = None
    station.given.clear()
    ask_anew(state, station_id, clock_s)
    if hand.phase in UNIT.final:
        station.hand = station.scan = None
    return hand


@apply.register
def _(event: ev.UnitGripped, state: State, clock_s: float) -> None:
    _advance(state, event, event.station_id, clock_s).weight_g = event.weight_g
    station = state.plant.site.stations.get(event.station_id)
    if station is not None and event.weight_g is not None:
        state.devices[station.picker].weighs = True


@apply.register
def _(event: ev.UnitMissing, state: State, clock_s: float) -> None:
    _advance(state, event, event.station_id, clock_s)


@apply.register
def _(event: ev.ScanRequested, state: State, clock_s: float) -> None:
    step = ScanStep(event.target, event.scanner, event.attempt, event.deadline_s, clock_s)
    state.stations[event.station_id].scan = step
    ask_anew(state, event.station_id, clock_s)


@apply.register
def _(event: ev.UnitVerified, state: State, clock_s: float) -> None:
    _advance(state, event, event.station_id, clock_s).unit = event.unit
    end_scan(state, event.station_id, clock_s)


@apply.register
def _(event: ev.ContainerVerified, state: State, clock_s: float) -> None:
    _advance(state, event, event.station_id, clock_s)
    end_scan(state, event.station_id, clock_s)


@apply.register
def _(event: ev.ScanRejected, state: State, clock_s: float) -> None:
    station = state.stations[event.station_id]
    if event.step_open:
        _reject(station, event)
        ask_anew(state, event.station_id, clock_s)
        return
    if event.target is not ev.ScanTarget.TOTE:
        _advance(state, event, event.station_id, clock_s).rejected_by = event.rule
    station.scan = station.rejection = None


def _reject(station: StationState, event: ev.ScanRejected) -> None:
    """The person scans again; how often that was in vain counts."""
    last = station.rejection
    if last is None or last.data_hex != event.data_hex:
        station.given.clear()  # what was told of another code
    wrong = event.name == Rule.WRONG_ITEM
    station.rejection = Rejection(
        event.target,
        event.rule,
        event.name,
        event.expected,
        event.scanned,
        event.data_hex,
        event.typed,
        attempt=last.attempt + 1 if last else 1,
        wrong_items=(last.wrong_items if last else 0) + 1 if wrong else 0,
    )


@apply.register
def _(event: ev.AnswerTaken, state: State, _clock_s: float) -> None:
    if event.answer in VALUES:
        state.stations[event.station_id].given[event.answer] = event.arguments["value"]


@apply.register
def _(event: ev.RuleOverridden, state: State, _clock_s: float) -> None:
    state.tasks[event.task_id].overrides.append(event.override)


@apply.register
def _(event: ev.UnitPlaced, state: State, clock_s: float) -> None:
    line = state.line(ev.LineRef(event.task_id, event.line_id))
    status = LINE.next(line.status, event)
    _advance(state, event, event.station_id, clock_s)
    line.status = status
    line.units.append(event.unit)
    line.failed_picks = 0
    line.picked_here += event.unit.units


@apply.register
def _(event: ev.UnitPutBack, state: State, clock_s: float) -> None:
    hand = _advance(state, event, event.station_id, clock_s)
    if hand.rejected_by:  # else a person has put it back by their own choice
        state.line(ev.LineRef(hand.task_id, hand.line_id)).failed_picks += 1


@apply.register
def _(event: ev.UnitLost, state: State, clock_s: float) -> None:
    _advance(state, event, event.station_id, clock_s)
