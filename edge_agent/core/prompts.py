"""What the person at an operator's station is asked to do: a value, never prose, so that a page can translate
it. The same functions that wait for a scan or an answer say what they wait for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from edge_agent.core.lifecycle import TaskStatus, UnitPhase
from edge_agent.core.rejection import Rejection, missing_value
from edge_agent.core.state import Hand, ScanStep, State, StationState
from edge_agent.core.stations import next_step, open_step, trip_at
from edge_agent.core.wait import Wait, WaitCode
from edge_agent.domain.decision import StationHold, TaskHold
from edge_agent.domain.events import ScanTarget
from edge_agent.domain.ids import (
    DeviceId,
    ExceptionId,
    Gtin,
    LineId,
    LocationId,
    Lpn,
    PointId,
    StationId,
    TaskId,
)
from edge_agent.domain.station import Answer, AnswerOption
from edge_agent.domain.time import Instant


class PromptCode(StrEnum):
    """The kinds of prompts, for a page to translate."""

    SCAN_TOTE = "scan_tote"
    """Scan the label of the tote that stands here."""
    PICK = "pick"
    """Take one unit out of the tote and scan it."""
    SCAN_ITEM = "scan_item"
    """Scan the unit in hand."""
    GIVE_VALUE = "give_value"
    """The code does not say the lot, the last day or the serial number: scan another code, or type it in."""
    PUT_BACK = "put_back"
    """Put the unit in hand back into its tote."""
    SCAN_CONTAINER = "scan_container"
    """Put the unit into the order container and scan the container's label."""
    PLACE = "place"
    """Put the unit into the order container."""
    SETTLE = "settle"
    """An exception is open: it must be settled first."""
    WAIT = "wait"
    """There is work, and nothing for the person to do at the moment."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the prompt is about. None: it has nothing to do with it."""

    tote: Lpn | None = None
    """The tote that stands at the station."""
    tote_point: PointId | None = None
    """Where it stands."""
    location: LocationId | None = None
    """Where it lives in storage."""
    task_id: TaskId | None = None
    """The task that the unit is for."""
    line_id: LineId | None = None
    """The line of the task."""
    sku: str | None = None
    """The item by the customer's name."""
    gtin: Gtin | None = None
    """The item by its GTIN-14."""
    remaining: int | None = None
    """Units that the line still lacks."""
    lot: str | None = None
    """The lot that the line asks for."""
    expiry_min: date | None = None
    """The unit's last day must be this one or later."""
    serials: tuple[str, ...] | None = None
    """The serial numbers that the line asks for."""
    container: Lpn | None = None
    """The order container that the unit goes into."""
    put_point: PointId | None = None
    """Where it stands."""
    value: Answer | None = None
    """What the code does not say: `lot`, `expiry` or `serial`."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person at one station is asked for."""

    station_id: StationId
    code: PromptCode
    step: int
    """Another number for every prompt of the station: an answer names the one that it is to."""
    since_s: float
    """When it was first asked for, on the agent's clock."""
    facts: Facts = Facts()
    target: ScanTarget | None = None
    """What is to be scanned; None: nothing."""
    scanner: DeviceId | None = None
    """The scanner that a scan counts as coming from."""
    answers: tuple[AnswerOption, ...] = ()
    rejection: Rejection | None = None
    """Why the last scan did not count."""
    exception_id: ExceptionId | None = None
    wait: Wait | None = None


_TYPED = AnswerOption(Answer.TYPED, ("code",), needs_approval=True)

ANSWERS: Mapping[PromptCode, tuple[AnswerOption, ...]] = MappingProxyType(
    {
        PromptCode.SCAN_TOTE: (AnswerOption(Answer.NOT_THERE),),
        PromptCode.PICK: (
            AnswerOption(Answer.PICKED),
            AnswerOption(Answer.NOT_THERE),
            AnswerOption(Answer.DAMAGED),
            _TYPED,
        ),
        PromptCode.SCAN_ITEM: (AnswerOption(Answer.PUT_BACK), AnswerOption(Answer.DAMAGED), _TYPED),
        PromptCode.GIVE_VALUE: (AnswerOption(Answer.PUT_BACK), AnswerOption(Answer.DAMAGED), _TYPED),
        PromptCode.PUT_BACK: (AnswerOption(Answer.PUT_BACK), AnswerOption(Answer.DAMAGED)),
        PromptCode.SCAN_CONTAINER: (
            AnswerOption(Answer.NOT_THERE),
            AnswerOption(Answer.PUT_BACK),
            AnswerOption(Answer.DAMAGED),
        ),
        PromptCode.PLACE: (
            AnswerOption(Answer.PLACED),
            AnswerOption(Answer.PUT_BACK),
            AnswerOption(Answer.DAMAGED),
        ),
        PromptCode.SETTLE: (),
        PromptCode.WAIT: (),
    }
)
"""What each prompt takes. `give_value` takes the value that is missing too, and `pick` takes `put_back` where
nothing more is picked: its task is cancelled or held, or the station is held."""


def prompt(state: State, station_id: StationId, now: Instant) -> Prompt | None:
    """What is asked at an operator's station; None where it has no work, or a machine works there."""
    if not state.plant.has_operator(station_id):
        return None
    station = state.stations[station_id]
    step = next_step(state, station, now)
    if not isinstance(step, Wait):
        return None
    if step.code is WaitCode.PERSON_ASKED:
        return _asked(state, station, now)
    is_held = step.code is WaitCode.HELD
    return Prompt(
        station_id,
        PromptCode.SETTLE if is_held else PromptCode.WAIT,
        station.step,
        station.since_s,
        _facts(state, station),
        rejection=station.rejection,
        exception_id=ExceptionId(step.about) if is_held else None,
        wait=step,
    )


def _asked(state: State, station: StationState, now: Instant) -> Prompt:
    """What only the person can do next."""
    scan = open_step(state, station, now)
    missing = missing_value(station.rejection)
    code = _code(station, scan, missing)
    return Prompt(
        station.station_id,
        code,
        station.step,
        station.since_s,
        _facts(state, station, missing),
        scan.target if scan else None,
        scan.scanner if scan else None,
        _answers(state, station, code, missing),
        station.rejection,
    )


def _code(station: StationState, scan: ScanStep | None, missing: Answer | None) -> PromptCode:
    match scan.target if scan else None:
        case ScanTarget.TOTE:
            return PromptCode.SCAN_TOTE
        case ScanTarget.CONTAINER:
            return PromptCode.SCAN_CONTAINER
        case ScanTarget.ITEM if missing is not None:
            return PromptCode.GIVE_VALUE
        case ScanTarget.ITEM:
            return PromptCode.PICK if station.scan is None else PromptCode.SCAN_ITEM
    hand = station.hand
    return PromptCode.PUT_BACK if hand and hand.phase is UnitPhase.REJECTED else PromptCode.PLACE


def _answers(
    state: State, station: StationState, code: PromptCode, missing: Answer | None
) -> tuple[AnswerOption, ...]:
    fixed = ANSWERS[code]
    if missing is not None and code is PromptCode.GIVE_VALUE:
        return (AnswerOption(missing, ("value",)), *fixed)
    if code is PromptCode.PICK and station.hand and _picks_no_more(state, station.station_id, station.hand):
        return (*fixed, AnswerOption(Answer.PUT_BACK))
    return fixed


def _picks_no_more(state: State, station_id: StationId, hand: Hand) -> bool:
    """Whether no other unit follows the one in hand, so that it need not be taken out at all."""
    is_held = StationHold(station_id) in state.holds or TaskHold(hand.task_id) in state.holds
    return is_held or state.tasks[hand.task_id].status is TaskStatus.CANCELLING


def _facts(state: State, station: StationState, missing: Answer | None = None) -> Facts:
    trip = trip_at(state, station.station_id)
    about = Facts(value=missing)
    if trip is not None:
        point = state.plant.site.stations[station.station_id].tote_point
        about = replace(about, tote=trip.tote, tote_point=point, location=trip.location)
    return _with_line(state, about, station.hand) if station.hand else about


def _with_line(state: State, about: Facts, hand: Hand) -> Facts:
    task = state.tasks[hand.task_id]
    line_state = task.lines[hand.line_id]
    line = line_state.line
    return replace(
        about,
        task_id=hand.task_id,
        line_id=hand.line_id,
        sku=line.sku,
        gtin=line.gtin,
        remaining=line_state.remaining,
        lot=line.lot,
        expiry_min=line.expiry_min,
        serials=line.serials,
        container=task.task.destination.container_id,
        put_point=task.put_point,
    )
