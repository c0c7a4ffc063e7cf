"""What the OMS may send, again, differently, or take back."""

from collections import Counter
from dataclasses import replace

import pytest

from edge_agent.core.lifecycle import TaskStatus
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.events import ScanTarget
from edge_agent.domain.ids import LaneId, LocationId, Lpn
from edge_agent.domain.task import Destination, PickTask
from tests.core.agent import MUG, PEN, Agent, a_line, a_site, a_task, an_agent

REVISED = a_task("T-1", a_line("1", MUG, 1, (1,)), a_line("2", PEN, 1, (2,)), revision=2)


def picked(agent: Agent) -> dict[str, int]:
    return {line.line_id: line.picked for line in agent.last(ev.TaskCompleted).lines}


def rejection(agent: Agent) -> str:
    return agent.last(ev.TaskRejected).code


def test_the_same_revision_with_the_same_content_has_no_effect() -> None:
    agent = an_agent()
    agent.submit(a_task())
    assert agent.submit(a_task()) == []


def test_the_same_revision_with_other_content_is_a_conflict() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.submit(a_task(priority=99))
    assert rejection(agent) == "revision_conflict"


def test_a_lower_revision_is_stale() -> None:
    agent = an_agent()
    agent.submit(a_task(revision=5))
    agent.submit(a_task(revision=4))
    assert rejection(agent) == "stale_revision"


def test_a_higher_revision_replaces_a_task_that_has_not_started() -> None:
    agent = an_agent({1: [MUG], 2: [PEN]}, ready=False)
    agent.submit(a_task("T-1", a_line("1", MUG, 7, (1,))))
    agent.submit(REVISED)
    agent.ready()
    agent.run()
    assert [(line.line_id, line.picked) for line in agent.last(ev.TaskCompleted).lines] == [
        ("1", 1),
        ("2", 1),
    ]


def test_a_higher_revision_may_add_lines_to_a_task_that_has_started() -> None:
    agent = an_agent({1: [MUG], 2: [PEN]})
    agent.submit(a_task("T-1", a_line("1", MUG, 1, (1,))))
    agent.run_to(ev.TripRetrieved)
    agent.submit(REVISED)
    agent.run()
    assert [(line.line_id, line.picked) for line in agent.last(ev.TaskCompleted).lines] == [
        ("1", 1),
        ("2", 1),
    ]


def test_a_line_that_has_started_must_stay_as_it_was() -> None:
    agent = an_agent()
    agent.submit(a_task("T-1", a_line("1", MUG, 1, (1,))))
    agent.run_to(ev.TripRetrieved)
    agent.submit(a_task("T-1", a_line("1", MUG, 3, (1,)), revision=2))
    rejected = agent.last(ev.TaskRejected)
    assert rejected.code == "line_started"
    assert [field.path for field in rejected.fields] == ["lines[1]"]


def test_an_ended_task_that_comes_again_has_no_effect_and_another_content_is_refused() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run()
    assert agent.submit(a_task()) == []
    agent.submit(a_task(priority=1))
    assert rejection(agent) == "revision_conflict"


def test_a_container_in_use_is_refused_with_the_task_that_has_it() -> None:
    agent = an_agent()
    agent.submit(a_task("T-1", box=1), a_task("T-2", box=1))
    assert rejection(agent) == "container_in_use"
    assert "T-1" in agent.last(ev.TaskRejected).fields[0].problem


def test_what_the_site_does_not_have_is_named_field_by_field() -> None:
    wrong_source = replace(a_line().sources[0], location=LocationId("Z9"), container_id=Lpn("BOX"))
    task = replace(
        a_task(),
        destination=Destination(Lpn("BAG"), LaneId("moon")),
        lines=(replace(a_line(), sources=(wrong_source,)),),
    )
    agent = an_agent()
    agent.submit(task)
    assert [field.path for field in agent.last(ev.TaskRejected).fields] == [
        "destination.lane",
        "destination.container_id",
        "lines[0].sources[0].location",
        "lines[0].sources[0].container_id",
    ]


def test_more_open_tasks_than_the_limit_are_refused_until_one_has_ended() -> None:
    agent = an_agent({1: [MUG] * 9}, site=a_site(open_tasks=1))
    agent.submit(a_task("T-1"), a_task("T-2", box=2))
    assert rejection(agent) == "too_many_open_tasks"
    agent.run()
    agent.submit(a_task("T-2", box=2))
    assert agent.last(ev.TaskAccepted).task_id == "T-2"


# ---- cancel ------------------------------------------------------------------------------------------


def test_a_cancel_before_the_start_ends_the_task_with_nothing_moved() -> None:
    agent = an_agent(ready=False)
    agent.submit(a_task())
    agent.cancel()
    (line,) = agent.last(ev.TaskCancelled).lines
    assert (line.ordered, line.picked, line.cancelled) == (1, 0, 1)
    assert agent.of(ev.CommandOrdered) == []


MOMENTS = {
    "the container is on its way": lambda a: a.of(ev.CommandOrdered),
    "the tote is retrieved": lambda a: a.of(ev.TripRetrieved),
    "the tote is at the station": lambda a: a.of(ev.ToteDelivered),
    "the tote is verified": lambda a: a.of(ev.TotePresented),
    "a unit is being picked": lambda a: any(isinstance(c.order, cmd.Pick) for c in a.open_commands()),
    "a unit waits for its scan": lambda a: a.scan_steps(ScanTarget.ITEM),
    "a unit is verified": lambda a: a.of(ev.UnitVerified),
    "a unit is placed": lambda a: a.of(ev.UnitPlaced),
    "two units are placed": lambda a: len(a.of(ev.UnitPlaced)) == 2,
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_cancel_finishes_the_unit_in_hand_and_reports_what_was_picked(moment: object) -> None:
    agent = an_agent({1: [MUG] * 5})
    agent.submit(a_task("T-1", a_line("1", MUG, 4, (1,))))
    agent.run(until=moment)  # type: ignore[arg-type]
    agent.cancel()
    agent.run()
    (line,) = agent.last(ev.TaskCancelled).lines
    placed = agent.floor.placed.get(Lpn("OC-0001"), Counter())
    assert line.picked == placed.total() < 4
    assert line.picked + line.cancelled == line.ordered
    assert agent.floor.grippers == {}
    assert agent.state.trips == {}, "the tote is at home again"
    assert agent.last(ev.TaskFilled).destination in ("reject", None)


def test_a_cancel_of_a_full_container_comes_too_late() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run_to(ev.TaskFilled)
    agent.cancel()
    assert rejection(agent) == "too_late"
    agent.run()
    assert agent.of(ev.TaskCompleted)


def test_a_second_cancel_has_no_effect_and_one_of_an_unknown_or_completed_task_is_told_so() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.cancel()
    assert agent.cancel() == []
    agent.run()
    assert agent.cancel() == []
    agent.cancel("T-nobody")
    assert rejection(agent) == "unknown_task"
    agent.submit(a_task("T-2", box=2))
    agent.run()
    agent.cancel("T-2")
    assert rejection(agent) == "task_ended"


def test_a_cancel_that_names_an_older_revision_is_stale() -> None:
    agent = an_agent(ready=False)
    agent.submit(a_task(revision=3))
    agent.cancel(revision=2)
    assert rejection(agent) == "stale_revision"
    assert agent.state.tasks["T-1"].status is TaskStatus.ACCEPTED


def test_a_task_that_is_being_cancelled_cannot_be_replaced() -> None:
    agent = an_agent()
    agent.submit(a_task("T-1", a_line("1", MUG, 3, (1,))))
    agent.run_to(ev.UnitGripped)
    agent.cancel()
    newer: PickTask = a_task("T-1", a_line("1", MUG, 3, (1,)), revision=2)
    agent.submit(newer)
    assert rejection(agent) == "not_replaceable"
