"""Draining: nothing new is ordered; what is under way ends and is recorded."""

import pytest

from edge_agent.core.wait import WaitCode
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from tests.core.agent import MUG, Agent, a_line, a_task, an_agent


def drained(agent: Agent) -> None:
    """Everything that is under way ends."""
    while agent.open_commands():
        agent.advance()


@pytest.mark.parametrize("stage", [ev.TaskStarted, ev.TotePresented, ev.UnitStarted, ev.UnitVerified])
def test_while_draining_no_command_is_given_and_what_is_under_way_ends(stage: type) -> None:
    agent = an_agent({1: [MUG] * 9})
    agent.submit(a_task("T-1", a_line(quantity=3)))
    agent.run_to(stage)
    agent.feed(inp.Drain(True))
    given = len(agent.of(ev.CommandOrdered))
    agent.submit(a_task("T-2", box=2))
    drained(agent)
    assert len(agent.of(ev.CommandOrdered)) == given
    assert len(agent.of(ev.TaskStarted)) == 1
    assert WaitCode.DRAINING in [wait.code for wait in agent.why("T-2")]


def test_after_draining_the_work_goes_on_to_its_end() -> None:
    agent = an_agent({1: [MUG] * 9})
    agent.submit(a_task("T-1", a_line(quantity=3)))
    agent.run_to(ev.UnitVerified)
    agent.feed(inp.Drain(True))
    drained(agent)
    agent.feed(inp.Drain(False))
    agent.run()
    assert agent.of(ev.TaskCompleted)
