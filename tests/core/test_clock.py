"""Steps of the wall clock: nothing waits longer or shorter, but for what is meant in wall-clock time."""

from datetime import timedelta

import pytest

from edge_agent.core.step import LONGEST_WAIT_S, next_wakeup_s
from edge_agent.core.view import agent_view
from edge_agent.core.wait import WaitCode
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.command import RefusalReason
from edge_agent.domain.time import ClockSync
from tests.core.agent import T0, a_site, a_task, an_agent

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
steps = pytest.mark.parametrize("step", [HOUR, -DAY], ids=["an hour forward", "a day back"])


def test_a_clock_that_loses_its_time_server_is_written_down_and_shown() -> None:
    agent = an_agent()
    assert agent_view(agent.state)["clock"] == "unknown"
    assert agent.feed(inp.ClockReported(ClockSync.SYNCHRONISED)) == [ev.ClockChanged(ClockSync.SYNCHRONISED)]
    assert agent.feed(inp.ClockReported(ClockSync.SYNCHRONISED)) == []
    agent.feed(inp.ClockReported(ClockSync.UNSYNCHRONISED))
    assert agent_view(agent.state)["clock"] == "unsynchronised"
    assert agent.state == agent.replayed() == agent.replayed_with_snapshot(len(agent.journal))


def test_an_unsynchronised_clock_stops_no_work() -> None:
    agent = an_agent()
    agent.feed(inp.ClockReported(ClockSync.UNSYNCHRONISED))
    agent.submit(a_task())
    agent.run()
    assert agent.of(ev.TaskCompleted)


def test_a_clock_that_was_set_is_written_down_and_changes_nothing() -> None:
    agent = an_agent()
    before = agent.replayed()
    assert agent.feed(inp.ClockSet(-86_400.0)) == [ev.ClockStepped(-86_400.0)]
    assert agent.state == before


@steps
def test_a_scan_waits_as_long_as_ever(step: timedelta) -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run(until=lambda agent: agent.scan_steps())
    requests = len(agent.of(ev.ScanRequested))
    agent.wall += step
    timeout_s = agent.plant.site.policies.scan_timeout_s
    assert next_wakeup_s(agent.state, agent.now) == pytest.approx(timeout_s)
    agent.wait(timeout_s - 0.1)
    assert len(agent.of(ev.ScanRequested)) == requests
    agent.wait(0.2)
    assert len(agent.of(ev.ScanRequested)) == requests + 1


@steps
def test_a_refused_command_is_tried_again_when_its_time_has_come(step: timedelta) -> None:
    agent = an_agent()
    agent.submit(a_task())
    retry_s = agent.plant.site.policies.refusal_retry_s
    agent.refuse(agent.open_commands()[0], RefusalReason.BUSY)
    agent.wall += step
    given = len(agent.of(ev.CommandOrdered))
    agent.wait(retry_s / 2)
    assert len(agent.of(ev.CommandOrdered)) == given
    agent.wait(retry_s)
    assert len(agent.of(ev.CommandOrdered)) == given + 1


@steps
def test_ship_by_orders_the_tasks_among_themselves_whatever_the_clock_says(step: timedelta) -> None:
    agent = an_agent(site=a_site("st1"), ready=False)
    agent.wall += step
    for number, hours in enumerate((5, 1, 3), 1):
        agent.submit(a_task(f"T-{number}", box=number, ship_by=T0 + timedelta(hours=hours)))
    agent.wall -= step
    assert [task_id for _, task_id in agent.state.queue] == ["T-2", "T-3", "T-1"]


def test_not_before_is_meant_by_the_wall_clock_and_follows_it() -> None:
    agent = an_agent()
    agent.submit(a_task(not_before=T0 + HOUR))
    assert [wait.code for wait in agent.why()] == [WaitCode.NOT_BEFORE]
    assert next_wakeup_s(agent.state, agent.now) == LONGEST_WAIT_S
    agent.wall += HOUR
    agent.wait(LONGEST_WAIT_S)
    assert agent.of(ev.TaskStarted), "a step forward is noticed within half a minute"


def test_a_task_that_has_started_does_not_wait_again_when_the_clock_is_set_back() -> None:
    agent = an_agent()
    agent.submit(a_task(not_before=T0))
    agent.run_to(ev.UnitStarted)
    agent.wall -= DAY
    agent.run()
    assert agent.of(ev.TaskCompleted)


@steps
def test_a_day_with_a_step_in_it_is_the_same_day_but_for_its_time_stamps(step: timedelta) -> None:
    def day(at: int) -> list[type]:
        agent = an_agent()
        agent.submit(a_task())
        while agent.advance():
            if len(agent.journal) >= at:
                agent.wall, at = agent.wall + step, 10**9
        return [type(event) for event in agent.events]

    undisturbed = day(10**9)
    assert all(day(at) == undisturbed for at in range(0, len(undisturbed), 7))
