"""The person at an operator's station answers the prompt: the answer is checked, and if it fits it is taken
as the outcome. What does not fit the open prompt is refused and changes nothing."""

from collections.abc import Iterator, Mapping
from datetime import date

from edge_agent.core.decide.commands import (
    done_by_hand,
    item_missing,
    take_in_hand,
    unit_lost,
    unit_put_back,
)
from edge_agent.core.decide.contradictions import Refused, not_approved
from edge_agent.core.decide.scans import expected, judge, judge_again, rejected_for_good, scanned_by_hand
from edge_agent.core.lifecycle import UnitPhase
from edge_agent.core.prompts import Prompt, PromptCode, prompt
from edge_agent.core.state import Hand, State, StationState
from edge_agent.core.stations import open_step
from edge_agent.core.verification.rules import Rule
from edge_agent.core.verification.verdicts import NOTHING, Rejected
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.command import FailureReason
from edge_agent.domain.decision import DecisionCode
from edge_agent.domain.events import ScanTarget
from edge_agent.domain.ids import StationId
from edge_agent.domain.station import VALUES, Answer, AnswerOption
from edge_agent.domain.time import Instant

LONGEST_VALUE = 20
"""Characters of a lot or a serial number. Source: GS1 General Specifications 3.4.1 (AI 10), 3.5.2 (AI 21)."""
LONGEST_CODE = 128


def station_answered(state: State, answer: inp.StationAnswered, now: Instant) -> Iterator[ev.Event]:
    """What follows from the answer, or its refusal."""
    asked = prompt(state, answer.station_id, now)
    refused = _refused(state, asked, answer)
    if refused is not None or asked is None:
        refused = refused or _nothing_asked(answer.station_id)
        yield ev.DecisionRefused(
            None, None, answer.answer, answer.actor.name, refused.code, refused.text, answer.station_id
        )
        return
    yield ev.AnswerTaken(
        answer.station_id,
        asked.facts.task_id,
        asked.facts.line_id,
        Answer(answer.answer),
        dict(answer.arguments),
        answer.actor.name,
        answer.approver.name if answer.approver else None,
        answer.reason,
    )
    yield from _carried_out(state, asked, answer, now)


# ---- is the answer one that counts? ------------------------------------------------------------------


def _refused(state: State, asked: Prompt | None, answer: inp.StationAnswered) -> Refused | None:
    station_id = answer.station_id
    if not state.plant.has_operator(station_id):
        text = f"there is no operator's station {station_id!r} here"
        return Refused(DecisionCode.UNKNOWN_STATION, text)
    if answer.step is not None and answer.step != state.stations[station_id].step:
        text = f"prompt {answer.step} of {station_id} is no longer open: the answer came late, or twice"
        return Refused(DecisionCode.ALREADY_ANSWERED, text)
    if asked is None:
        return _nothing_asked(station_id)
    option = next((option for option in asked.answers if option.answer == answer.answer), None)
    if option is None:
        names = ", ".join(option.answer.value for option in asked.answers) or "no answer"
        text = f"{station_id} asks {asked.code.value}, which takes {names}, not {answer.answer!r}"
        return Refused(DecisionCode.NOT_ASKED, text)
    return _bad_arguments(option, answer.arguments) or (
        not_approved(option.answer.value, answer.actor, answer.approver) if option.needs_approval else None
    )


def _nothing_asked(station_id: StationId) -> Refused:
    return Refused(DecisionCode.NOT_ASKED, f"nothing is asked at {station_id}")


def _bad_arguments(option: AnswerOption, arguments: Mapping[str, str]) -> Refused | None:
    answer = option.answer.value
    for name in option.arguments:
        if not arguments.get(name):
            return Refused(DecisionCode.MISSING_ARGUMENT, f"{answer} needs the argument {name}")
        if problem := _bad_value(option.answer, arguments[name]):
            return Refused(DecisionCode.BAD_ARGUMENT, f"{name}: {problem}")
    for name in arguments:
        if name not in option.arguments:
            wanted = ", ".join(option.arguments) or "no arguments"
            text = f"{answer} has no argument {name!r}; it takes {wanted}"
            return Refused(DecisionCode.BAD_ARGUMENT, text)
    return None


def _bad_value(answer: Answer, value: str) -> str | None:
    """What is wrong with the form of a value. Whether it is the right one the rules say."""
    longest = LONGEST_CODE if answer is Answer.TYPED else LONGEST_VALUE
    if len(value) > longest or not (value.isascii() and value.isprintable()):
        return f"write {longest} printable ASCII characters at most"
    if answer is Answer.EXPIRY:
        try:
            date.fromisoformat(value)
        except ValueError:
            return f"{value!r} is no date; write it as 2026-11-30"
    return None


# ---- what follows ------------------------------------------------------------------------------------


def _carried_out(
    state: State, asked: Prompt, answer: inp.StationAnswered, now: Instant
) -> Iterator[ev.Event]:
    station, what = state.stations[asked.station_id], Answer(answer.answer)
    if what in VALUES:
        yield from judge_again(state, station, now)
    elif what is Answer.TYPED:
        yield from _typed(state, station, answer.arguments["code"], now)
    elif what in (Answer.PICKED, Answer.PLACED):
        yield from done_by_hand(state, station.station_id)
    elif what is Answer.NOT_THERE:
        yield from _not_there(state, station, asked.code)
    elif what is Answer.PUT_BACK:
        yield from _put_back(state, station, _hand(station))
    else:
        hand = _hand(station)
        yield from take_in_hand(state, station.station_id, hand)
        yield from unit_lost(state, station.station_id, hand, answer.reason, damaged=True)


def _hand(station: StationState) -> Hand:
    assert station.hand is not None  # the prompt is about the unit in hand
    return station.hand


def _typed(state: State, station: StationState, code: str, now: Instant) -> Iterator[ev.Event]:
    """V15: typed in because no scanner reads it, and judged by the same rules."""
    step, data = open_step(state, station, now), code.encode("ascii")
    assert step is not None  # the prompt waits for the item's code
    verdict = judge(state, station, step, data, now, typed=True)
    yield from scanned_by_hand(state, station, step, verdict, data, typed=True)


def _put_back(state: State, station: StationState, hand: Hand) -> Iterator[ev.Event]:
    if hand.phase is UnitPhase.REJECTED:
        yield from done_by_hand(state, station.station_id)
        return
    yield from take_in_hand(state, station.station_id, hand)
    yield from unit_put_back(state, station.station_id, hand)


def _not_there(state: State, station: StationState, code: PromptCode) -> Iterator[ev.Event]:
    """No such unit in the tote; or another tote, another container than the one that was asked for."""
    if code is PromptCode.PICK:
        command_id = _hand(station).command_id
        assert command_id is not None  # the prompt is of the open pick
        yield ev.CommandFailed(command_id, FailureReason.ITEM_MISSING, 0)
        yield from item_missing(state, station.station_id)
        return
    step, last = station.scan, station.rejection
    assert step is not None  # a label is asked for
    rule = Rule.WRONG_TOTE if step.target is ScanTarget.TOTE else Rule.WRONG_CONTAINER
    shown = last.scanned if last is not None else NOTHING
    verdict = Rejected(rule, expected(state, station, step), shown)
    yield from rejected_for_good(state, station, step, verdict)
