"""A person picks: asked by prompts, heard by scans, with the same events as a machine's station."""

from collections import Counter
from datetime import timedelta

import pytest

from edge_agent.core.confirmations import confirmation, is_confirmed
from edge_agent.core.image import image_of
from edge_agent.core.moves import moving
from edge_agent.core.prompts import PromptCode
from edge_agent.core.step import next_wakeup_s
from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.decision import DeviceHold, StationHold
from edge_agent.domain.ids import DeviceId, Lpn, StationId, TaskId
from edge_agent.domain.site import Site
from edge_agent.domain.station import Answer
from edge_agent.domain.task import Line
from tests.core import laws
from tests.core.agent import (
    CUP,
    MUG,
    PEN,
    T0,
    Agent,
    a_line,
    a_site,
    a_task,
    an_agent,
    ean,
)
from tests.core.operator import Operator, at, by_hand, finished, up_to

HANDHELD = DeviceId("st2-item-scan")
ST2 = StationId("st2")


def one_handheld() -> Site:
    """Station 2, where one handheld scans totes, items and containers."""
    site = a_site("st2")
    station = site.stations[ST2]
    positions = tuple(p.model_copy(update={"scanner": HANDHELD}) for p in station.put_positions)
    one = station.model_copy(update={"tote_scanner": HANDHELD, "put_positions": positions})
    return site.model_copy(update={"stations": {ST2: one}})


# ---- scans -------------------------------------------------------------------------------------------


def test_a_task_is_picked_with_a_handheld_and_no_button() -> None:
    agent, operator = by_hand("st2", site=one_handheld())
    agent.submit(a_task("T-1", a_line(quantity=2)))
    assert finished(operator) == (2, 0)
    assert agent.of(ev.AnswerTaken) == []
    assert agent.floor.placed[Lpn("OC-0001")] == Counter({MUG: 2})


def test_the_oms_is_told_the_same_as_of_a_machine() -> None:
    def told(agent: Agent) -> list[str]:
        agent.submit(a_task("T-1", a_line(quantity=2)))
        agent.run()
        return [confirmation(event).name for event in agent.events if is_confirmed(event)]

    assert told(by_hand("st2")[0]) == told(an_agent(site=a_site("st2")))


def test_a_person_takes_as_long_as_it_takes() -> None:
    operator = at(PromptCode.SCAN_TOTE)
    agent = operator.agent
    assert agent.last(ev.ScanRequested).deadline_s is None
    asked = operator.asked
    assert {type(event) for event in agent.wait(3600)} == {ev.EtaChanged}
    assert operator.asked == asked
    assert asked.since_s == agent.clock_s - 3600
    up_to(operator, PromptCode.PICK)
    assert next_wakeup_s(agent.state, agent.now) is None
    agent.wait(3600)
    assert finished(operator) == (1, 0)


def test_a_wait_says_that_a_person_is_asked() -> None:
    operator = at(PromptCode.SCAN_TOTE)
    for code in (PromptCode.PICK, PromptCode.SCAN_CONTAINER):
        assert WaitCode.PERSON_ASKED in [wait.code for wait in operator.agent.why()]
        up_to(operator, code)


def test_a_stop_of_the_agent_does_not_wait_for_a_person() -> None:
    operator = at(PromptCode.PICK)
    assert [c.command.order for c in operator.agent.state.commands.values()] != []
    assert moving(operator.agent.state) == []


def test_a_scan_over_the_local_api_counts_while_the_handheld_is_off() -> None:
    agent, operator = by_hand("st2", present=False)
    agent.submit(a_task())
    agent.lose("st2-tote-scan", "st2-item-scan", "st2-put-1-scan")
    agent.run(until=lambda _: operator.prompt and operator.asked.code is PromptCode.SCAN_TOTE)
    while operator.act():
        pass
    assert agent.last(ev.LinePicked).picked == 1


def test_a_handheld_that_comes_back_changes_no_prompt() -> None:
    operator = at(PromptCode.SCAN_TOTE)
    before = operator.asked
    operator.agent.lose("st2-tote-scan")
    operator.agent.ready("st2-tote-scan")
    assert operator.asked == before


def test_what_nobody_asks_for_is_ignored() -> None:
    operator = at(PromptCode.PLACE, station="st1")
    events = operator.agent.scan(ean(MUG), operator.station.item_scanner)
    assert [type(event) for event in events] == [ev.ScanIgnored]


@pytest.mark.parametrize("code", [PromptCode.SCAN_TOTE, PromptCode.PICK, PromptCode.SCAN_CONTAINER])
def test_a_rejected_scan_changes_nothing_and_the_prompt_says_why(code: PromptCode) -> None:
    operator = at(code)
    asked, tasks = operator.asked, image_of(operator.agent.state).tasks
    for attempt in (1, 2):
        _, rejected = operator.scan(b"]C0TOTE-0099")
        assert isinstance(rejected, ev.ScanRejected)
        assert rejected.step_open
        assert image_of(operator.agent.state).tasks == tasks
        now = operator.asked
        assert (now.code, now.answers, now.facts) == (asked.code, asked.answers, asked.facts)
        assert now.rejection is not None
        assert (now.rejection.rule, now.rejection.name) == (rejected.rule, rejected.name)
        assert (now.rejection.scanned, now.rejection.attempt) == (
            "TOTE-0099",
            attempt,
        ) or code is PromptCode.PICK
        assert bytes.fromhex(now.rejection.data_hex) == b"]C0TOTE-0099"
    assert finished(operator) == (1, 0)


def test_a_scan_that_passes_takes_the_rejection_away() -> None:
    operator = at(PromptCode.PICK)
    operator.scan(ean(PEN))
    operator.act()
    assert operator.asked.rejection is None


def test_a_no_read_is_told_and_scanned_again() -> None:
    operator = at(PromptCode.PICK)
    operator.scan(None)
    assert operator.asked.rejection is not None
    assert operator.asked.rejection.rule == "V15"
    assert finished(operator) == (1, 0)


def knowing_other_items(code: PromptCode, *lines: Line) -> Operator:
    """Another task, for another day, asks for the other items: their codes are known."""
    operator = at(code, *lines)
    others = a_line("1", CUP), a_line("2", PEN)
    operator.agent.submit(a_task("T-9", *others, box=9, not_before=T0 + timedelta(days=1)))
    return operator


def test_the_third_wrong_item_in_a_row_calls_for_a_supervisor() -> None:
    operator = knowing_other_items(PromptCode.PICK)
    for gtin in (CUP, PEN, CUP):
        assert operator.agent.state.exceptions == {}
        operator.scan(ean(gtin))
    raised = operator.agent.last(ev.ExceptionRaised)
    assert (raised.kind, raised.held) == (ev.ExceptionKind.WRONG_ITEM, ev.HeldUnit(ST2))
    assert raised.options == ("pick_again",)
    assert (operator.asked.code, operator.asked.exception_id) == (PromptCode.SETTLE, raised.exception_id)
    assert [type(event) for event in operator.scan(ean(MUG))] == [ev.ScanIgnored]
    operator.agent.answer("pick_again")
    assert operator.asked.rejection is None
    assert operator.agent.last(ev.UnitPutBack).station_id == ST2
    operator.agent.run(until=lambda agent: agent.of(ev.TaskCompleted))


def test_wrong_items_that_do_not_come_in_a_row_call_for_nobody() -> None:
    operator = knowing_other_items(PromptCode.PICK)
    for code in (ean(CUP), ean(PEN), b"not a code", ean(CUP), ean(PEN)):
        operator.scan(code)
    assert operator.agent.state.exceptions == {}


# ---- restarts, cancels, holds ------------------------------------------------------------------------


def a_day() -> tuple[Agent, Operator]:
    """Two items out of two totes."""
    agent, operator = by_hand("st2", stock={1: [MUG, PEN], 2: [MUG, MUG]})
    agent.submit(a_task("T-1", a_line("1", MUG, 2, totes=(1, 2)), a_line("2", PEN, 1, totes=(1,))))
    return agent, operator


def length_of_the_day() -> int:
    agent, _ = a_day()
    steps = 0
    while agent.advance():
        steps += 1
    return steps


STEPS = length_of_the_day()


@pytest.mark.parametrize("crash_at", range(STEPS))
def test_a_day_with_a_restart_ends_like_one_without(crash_at: int) -> None:
    agent, operator = a_day()
    for _ in range(crash_at):
        agent.advance()
    asked = operator.prompt
    agent.restart()
    agent.ready()
    assert operator.prompt == asked
    agent.run()
    assert agent.floor.placed[Lpn("OC-0001")] == Counter({MUG: 2, PEN: 1})
    assert [line.picked for line in agent.last(ev.TaskCompleted).lines] == [2, 1]


@pytest.mark.parametrize("cancel_at", range(STEPS))
def test_a_cancel_at_any_moment_leaves_the_books_right(cancel_at: int) -> None:
    agent, operator = a_day()
    for _ in range(cancel_at):
        agent.advance()
    agent.cancel()
    agent.run()
    laws.check_state(agent)
    laws.check_rest(agent)
    ended = [*agent.of(ev.TaskCancelled), *agent.of(ev.TaskCompleted)]
    picked = sum(line.picked for line in ended[0].lines)
    assert picked == agent.floor.placed.get(Lpn("OC-0001"), Counter()).total()
    assert operator.prompt is None


def test_nothing_is_picked_for_a_task_that_was_cancelled_while_it_was_asked_for() -> None:
    operator = at(PromptCode.PICK)
    assert Answer.PUT_BACK not in [option.answer for option in operator.asked.answers]
    operator.agent.cancel()
    assert operator.asked.answers[-1].answer is Answer.PUT_BACK
    operator.answer("put_back")
    operator.agent.run()
    (line,) = operator.agent.last(ev.TaskCancelled).lines
    assert (line.picked, line.cancelled) == (0, 1)


def test_a_station_that_is_held_finishes_the_unit_in_hand() -> None:
    operator = at(PromptCode.PICK, a_line(quantity=2))
    operator.agent.hold(StationHold(ST2))
    assert operator.asked.code is PromptCode.PICK
    operator.agent.run()
    assert operator.agent.state.tasks[TaskId("T-1")].lines[a_line().line_id].picked == 1
    asked = operator.asked
    assert asked.code is PromptCode.WAIT
    assert asked.wait is not None
    assert asked.wait.code is WaitCode.HELD_BY_PERSON
    operator.agent.release(StationHold(ST2))
    assert finished(operator) == (2, 0)


def test_a_scanner_that_is_held_is_not_asked_for() -> None:
    agent, operator = by_hand("st2")
    agent.hold(DeviceHold(DeviceId("st2-tote-scan")))
    agent.submit(a_task())
    agent.run()
    assert operator.asked.code is PromptCode.WAIT
    agent.release(DeviceHold(DeviceId("st2-tote-scan")))
    assert finished(operator) == (1, 0)


def test_the_agents_end_of_a_command_is_the_persons_word() -> None:
    """No device reports it, and what one reports all the same has no effect."""
    operator = at(PromptCode.PICK)
    (pick,) = (c.command for c in operator.agent.state.commands.values())
    operator.act()
    assert operator.agent.feed(inp.CommandResolved(pick.command_id, cmd.Done())) == []
    assert operator.agent.feed(inp.CommandAnswered(pick.command_id, cmd.Accepted())) == []
