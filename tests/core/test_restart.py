"""The process dies at any point of a small day: the journal is all that is left, and it is enough."""

from collections import Counter

import pytest

from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from tests.core.agent import CUP, MUG, PEN, Agent, a_line, a_site, a_task, an_agent

STOCK = {1: [MUG, PEN], 2: [MUG, MUG], 3: []}


def a_day() -> Agent:
    agent = an_agent(STOCK, a_site("st2"))
    agent.submit(
        a_task("T-1", a_line("1", MUG, 2, totes=(1, 2)), a_line("2", PEN, 1, totes=(1,))),
        a_task("T-2", a_line("1", CUP, 1, totes=(3,)), box=2),
    )
    return agent


def length_of_the_day() -> int:
    agent = a_day()
    steps = 0
    while agent.advance():
        steps += 1
    return steps


STEPS = length_of_the_day()


def test_the_journal_gives_the_same_state_after_every_step() -> None:
    agent = a_day()
    while agent.advance():
        assert agent.replayed() == agent.state
    assert agent.replayed() == agent.state


@pytest.mark.parametrize("crash_at", range(STEPS))
def test_a_day_with_a_restart_ends_like_one_without(crash_at: int) -> None:
    agent = a_day()
    for _ in range(crash_at):
        agent.advance()
    agent.restart()
    agent.ready()
    agent.run()
    assert agent.floor.placed["OC-0001"] == Counter({MUG: 2, PEN: 1})
    assert {event.task_id: [line.picked for line in event.lines] for event in agent.of(ev.TaskCompleted)} == {
        "T-1": [2, 1],
        "T-2": [0],
    }
    given = Counter(event.command.command_id for event in agent.of(ev.CommandOrdered))
    assert set(given.values()) == {1}


def test_a_scan_that_was_waited_for_is_asked_for_again() -> None:
    agent = a_day()
    agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM))
    agent.restart()
    assert agent.feed(inp.Tick()) == []
    agent.ready()
    requested = agent.last(ev.ScanRequested)
    assert (requested.target, requested.deadline_s) == (ev.ScanTarget.ITEM, agent.clock_s + 2.0)


def test_commands_that_were_open_stay_open() -> None:
    agent = a_day()
    before = agent.open_commands()
    agent.restart()
    assert agent.open_commands() == before != []


def test_the_first_event_of_a_process_says_its_version() -> None:
    agent = a_day()
    agent.restart()
    assert [event.version for event in agent.of(ev.AgentStarted)] == ["test", "test"]
