"""A cancel at every stage: the unit in hand is finished safely, and what was picked is told."""

import pytest

from edge_agent.core.lifecycle import TaskStatus
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.ids import TaskId
from tests.core.agent import CUP, MUG, Agent, a_line, a_task, an_agent, ean
from tests.core.floor import location, tote


def result(agent: Agent) -> tuple[int, int, int, int]:
    (line,) = agent.last(ev.TaskCancelled).lines
    return line.ordered, line.picked, line.short, line.cancelled


def code_of(events: list[ev.Event]) -> str:
    (event,) = events
    assert isinstance(event, ev.TaskRejected)
    assert event.message_type == "cancel"
    return event.code


def working(until: type, count: int = 1) -> Agent:
    agent = an_agent()
    agent.submit(a_task("T-1", a_line("1", MUG, 3)))
    agent.run_to(until, count)
    return agent


def at_rest_after_cancel(agent: Agent) -> Agent:
    agent.cancel()
    agent.run()
    assert agent.state.tasks == {}
    assert agent.state.trips == {}
    assert not agent.floor.grippers
    assert agent.floor.places[tote(1)] == location(1)
    return agent


def test_a_task_that_waits_is_cancelled_at_once() -> None:
    agent = an_agent(ready=False)
    agent.submit(a_task("T-1", a_line("1", MUG, 3)))
    events = agent.cancel()
    assert [type(event) for event in events] == [
        ev.CancelRequested,
        ev.LineCancelled,
        ev.TaskFilled,
        ev.TaskCancelled,
    ]
    assert result(agent) == (3, 0, 0, 3)
    assert agent.last(ev.TaskCancelled).reason == "not wanted"
    assert agent.state.queue == []


def test_before_any_command_was_given_nothing_moves() -> None:
    agent = an_agent()
    agent.lose("asrs-2", "conveyor-1")
    agent.submit(a_task("T-1", a_line("1", MUG, 3)))
    agent.cancel()
    agent.ready()
    assert agent.of(ev.CommandOrdered) == []
    assert result(agent) == (3, 0, 0, 3)


def test_a_container_on_its_way_arrives_and_leaves_by_the_reject_point() -> None:
    agent = working(ev.CommandAccepted)
    agent.cancel()
    assert agent.state.tasks[TaskId("T-1")].status is TaskStatus.CANCELLING
    agent.run()
    assert agent.last(ev.TaskFilled).destination == "reject"
    assert agent.floor.places["OC-0001"] == "reject"
    assert result(agent) == (3, 0, 0, 3)


def test_a_container_whose_transfer_is_refused_is_not_fetched_any_more() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.cancel()
    agent.refuse(agent.command(cmd.Transfer), cmd.RefusalReason.BUSY)
    assert result(agent) == (1, 0, 0, 1)
    assert not [c for c in agent.open_commands() if isinstance(c.order, cmd.Transfer)]


@pytest.mark.parametrize("stage", [ev.TripRetrieved, ev.ToteDelivered])
def test_a_tote_on_its_way_goes_home(stage: type) -> None:
    agent = at_rest_after_cancel(working(stage))
    assert agent.of(ev.UnitPlaced) == []
    assert result(agent) == (3, 0, 0, 3)


@pytest.mark.parametrize("stage", [ev.UnitStarted, ev.UnitGripped, ev.UnitVerified])
def test_the_unit_in_hand_is_finished_and_counts(stage: type) -> None:
    agent = at_rest_after_cancel(working(stage))
    assert len(agent.of(ev.UnitPlaced)) == 1
    assert result(agent) == (3, 1, 0, 2)
    assert agent.floor.places["OC-0001"] == "reject"


def test_units_placed_before_the_cancel_count() -> None:
    agent = at_rest_after_cancel(working(ev.UnitPlaced, count=2))
    ordered, picked, _, cancelled = result(agent)
    assert ordered == picked + cancelled
    assert picked >= 2


def test_a_wrong_unit_in_hand_goes_back_and_is_not_picked_again() -> None:
    agent = working(ev.UnitGripped)
    agent.cancel()
    agent.scan(ean(CUP))
    agent.run()
    assert len(agent.of(ev.UnitPutBack)) == 1
    assert len(agent.of(ev.UnitStarted)) == 1
    assert result(agent) == (3, 0, 0, 3)


def test_an_item_found_missing_after_the_cancel_is_cancelled_and_not_short() -> None:
    agent = an_agent({1: []})
    agent.submit(a_task("T-1", a_line("1", MUG, 3), partial=False))
    agent.run_to(ev.UnitStarted)
    agent.cancel()
    agent.run()
    assert agent.of(ev.LineShort) == []
    assert agent.state.exceptions == {}
    assert result(agent) == (3, 0, 0, 3)


def test_the_exception_of_a_held_line_ends_with_the_cancel() -> None:
    agent = an_agent({1: []})
    agent.submit(a_task("T-1", a_line("1", MUG, 3), partial=False))
    agent.run()
    assert len(agent.state.exceptions) == 1
    agent.cancel()
    resolved = agent.last(ev.ExceptionResolved)
    assert (resolved.action, resolved.actor, resolved.reason) == ("cancelled", "oms", "not wanted")
    agent.run()
    assert agent.state.exceptions == {}
    assert result(agent) == (3, 0, 0, 3)


def test_a_held_task_stays_held_when_it_is_cancelled() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.doubt(agent.command(cmd.Transfer))
    agent.cancel()
    agent.run()
    assert agent.of(ev.TaskCancelled) == [], "nobody knows where its container is"
    assert len(agent.state.exceptions) == 1


def test_other_tasks_go_on_with_a_tote_of_a_cancelled_one() -> None:
    agent = an_agent()
    agent.submit(a_task("T-1", priority=90), a_task("T-2", box=2), a_task("T-3", box=3))
    agent.run_to(ev.UnitGripped)
    agent.cancel()
    agent.run()
    assert {event.task_id for event in agent.of(ev.TaskCompleted)} == {"T-2", "T-3"}


def test_when_every_line_has_ended_it_is_too_late() -> None:
    agent = working(ev.TaskFilled)
    assert code_of(agent.cancel()) == "too_late"
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 1


def test_a_task_that_was_never_here_cannot_be_cancelled() -> None:
    assert code_of(an_agent().cancel("T-9")) == "unknown_task"


def test_a_completed_task_cannot_be_cancelled() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run()
    assert code_of(agent.cancel()) == "task_ended"


def test_a_cancel_of_an_older_revision_is_stale() -> None:
    agent = an_agent(ready=False)
    agent.submit(a_task(revision=2))
    assert code_of(agent.cancel(revision=1)) == "stale_revision"


def test_a_repeated_cancel_has_no_effect_at_any_time() -> None:
    agent = working(ev.UnitGripped)
    agent.cancel()
    assert agent.cancel() == []
    agent.run_to(ev.TaskFilled)
    assert agent.cancel() == []
    agent.run()
    assert agent.cancel() == []
    assert len(agent.of(ev.TaskCancelled)) == 1
