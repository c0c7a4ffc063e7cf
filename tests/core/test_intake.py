"""What becomes of a submitted task: accepted, repeated, replaced or rejected."""

from dataclasses import replace

import pytest

from edge_agent.core.lifecycle import TaskStatus
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.events import FieldError
from edge_agent.domain.ids import LineId, LocationId, Lpn, TaskId
from edge_agent.domain.task import PickTask
from tests.core.agent import CUP, MUG, PEN, Agent, a_line, a_site, a_task, an_agent


def rejection(events: list[ev.Event]) -> ev.TaskRejected:
    assert len(events) == 1
    assert isinstance(events[0], ev.TaskRejected)
    return events[0]


def an_idle_agent() -> Agent:
    """No device is there: nothing begins."""
    return an_agent(ready=False)


def test_a_new_task_is_accepted() -> None:
    agent = an_idle_agent()
    assert [type(event) for event in agent.submit(a_task())] == [ev.TaskAccepted]
    assert agent.state.tasks[TaskId("T-1")].status is TaskStatus.ACCEPTED


def test_the_same_revision_with_the_same_content_has_no_effect() -> None:
    agent = an_idle_agent()
    agent.submit(a_task())
    assert agent.submit(a_task()) == []


def test_a_repeat_has_no_effect_while_the_task_is_worked_on() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run_to(ev.UnitGripped)
    assert agent.submit(a_task()) == []


def test_a_repeat_of_a_task_that_has_ended_has_no_effect() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run()
    assert agent.submit(a_task()) == []


def test_the_same_revision_with_other_content_is_a_conflict() -> None:
    agent = an_idle_agent()
    agent.submit(a_task())
    rejected = rejection(agent.submit(a_task("T-1", a_line(quantity=2))))
    assert (rejected.code, rejected.revision) == ("revision_conflict", 1)


def test_a_lower_revision_is_stale() -> None:
    agent = an_idle_agent()
    agent.submit(a_task(revision=3))
    assert rejection(agent.submit(a_task(revision=2))).code == "stale_revision"


@pytest.mark.parametrize(
    ("task", "code"),
    [
        (a_task(revision=1), "stale_revision"),
        (a_task("T-1", a_line(quantity=2), revision=2), "revision_conflict"),
        (a_task(revision=3), "task_ended"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_task_that_has_ended_takes_nothing_new(task: PickTask, code: str) -> None:
    agent = an_agent()
    agent.submit(a_task(revision=2))
    agent.run()
    assert rejection(agent.submit(task)).code == code


def test_a_higher_revision_replaces_a_task_that_has_not_started() -> None:
    agent = an_idle_agent()
    agent.submit(a_task(priority=10), a_task("T-2", box=2))
    agent.submit(a_task("T-1", a_line("7", PEN, 5, totes=(2,)), box=3, revision=2, priority=90))
    task = agent.state.tasks[TaskId("T-1")]
    assert [line.line.quantity for line in task.lines.values()] == [5]
    assert [task_id for _, task_id in agent.state.queue] == ["T-1", "T-2"]
    assert set(agent.state.containers) == {"OC-0003", "OC-0002"}
    assert agent.state.gtins == {PEN: 1, MUG: 1}


def test_a_higher_revision_replaces_the_lines_that_are_not_begun() -> None:
    agent = an_agent({1: [MUG] * 3, 2: [PEN] * 3}, a_site("st1", queue=1))
    begun, waiting = a_line("1", MUG, 2, totes=(1,)), a_line("2", PEN, 1, totes=(2,))
    agent.submit(a_task("T-1", begun, waiting))
    agent.run_to(ev.UnitPlaced)
    agent.submit(a_task("T-1", begun, replace(waiting, quantity=3), revision=2))
    agent.run()
    results = {line.line_id: line.picked for line in agent.last(ev.TaskCompleted).lines}
    assert results == {"1": 2, "2": 3}


def test_a_line_that_is_begun_cannot_be_changed_or_left_out() -> None:
    agent = an_agent()
    agent.submit(a_task("T-1", a_line("1", MUG, 2)))
    rejected = rejection(agent.submit(a_task("T-1", a_line("1", MUG, 3), revision=2)))
    assert rejected.code == "line_started"
    assert rejected.fields == (FieldError("lines[1]", "has started and must stay as it was"),)
    assert rejection(agent.submit(a_task("T-1", a_line("2"), revision=2))).code == "line_started"


def test_a_line_that_has_ended_is_not_picked_again_by_a_higher_revision() -> None:
    agent = an_agent({1: [], 2: [PEN]}, a_site("st1"))
    short, other = a_line("1", CUP, 1, totes=(1,)), a_line("2", PEN, 1, totes=(2,))
    agent.submit(a_task("T-1", short, other))
    agent.run_to(ev.LineShort)
    agent.submit(a_task("T-1", short, other, a_line("3", MUG, 1, totes=(2,)), revision=2))
    agent.run()
    assert [event.line_id for event in agent.of(ev.LineShort)] == ["1", "3"]
    assert {line.line_id: line.short for line in agent.last(ev.TaskCompleted).lines} == {
        "1": 1,
        "2": 0,
        "3": 1,
    }


def test_the_container_of_a_started_task_cannot_be_changed() -> None:
    agent = an_agent()
    agent.submit(a_task())
    rejected = rejection(agent.submit(a_task(box=2, revision=2)))
    assert [field.path for field in rejected.fields] == ["destination.container_id"]


def test_a_task_that_is_being_cancelled_cannot_be_replaced() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run_to(ev.UnitGripped)
    agent.cancel()
    assert rejection(agent.submit(a_task(revision=2))).code == "not_replaceable"


def test_a_container_that_another_open_task_fills_is_refused() -> None:
    agent = an_idle_agent()
    agent.submit(a_task("T-1", box=1))
    rejected = rejection(agent.submit(a_task("T-2", box=1)))
    assert rejected.code == "container_in_use"
    assert rejected.fields == (FieldError("destination.container_id", "in use by task T-1"),)


def test_a_container_can_be_used_again_when_its_task_has_ended() -> None:
    agent = an_agent()
    agent.submit(a_task("T-1", box=1))
    agent.run()
    agent.submit(a_task("T-2", box=1))
    agent.run()
    assert [event.task_id for event in agent.of(ev.TaskCompleted)] == ["T-1", "T-2"]


def a_stray_task() -> PickTask:
    source = a_line().sources[0]
    strange = replace(source, location=LocationId("Z99-01-01"), container_id=Lpn("BOX-1"))
    task = a_task("T-1", replace(a_line(), sources=(source, strange)), lane="nowhere")
    return replace(task, destination=replace(task.destination, container_id=Lpn("TOTE-0001")))


def test_everything_that_the_site_does_not_have_is_named_at_once() -> None:
    rejected = rejection(an_idle_agent().submit(a_stray_task()))
    assert rejected.code == "unknown_to_site"
    assert [field.path for field in rejected.fields] == [
        "destination.lane",
        "destination.container_id",
        "lines[0].sources[1].location",
        "lines[0].sources[1].container_id",
    ]


def test_a_replacement_is_checked_against_the_site_too() -> None:
    agent = an_idle_agent()
    agent.submit(a_task())
    assert rejection(agent.submit(replace(a_stray_task(), revision=2))).code == "unknown_to_site"


def test_no_more_tasks_are_taken_than_the_limit() -> None:
    agent = an_agent(site=a_site(open_tasks=2), ready=False)
    agent.submit(a_task("T-1", box=1), a_task("T-2", box=2))
    assert rejection(agent.submit(a_task("T-3", box=3))).code == "too_many_open_tasks"
    assert agent.submit(a_task("T-2", box=2)) == []
    assert [type(event) for event in agent.submit(a_task("T-2", box=3, revision=2))] == [ev.TaskReplaced]


def test_a_message_that_nobody_could_read_is_told_and_changes_nothing() -> None:
    agent = an_idle_agent()
    before = agent.replayed()
    refused = inp.MessageRefused("submit", "not_json", "no JSON", (), None, "x" * 10)
    assert rejection(agent.feed(refused)).excerpt == "x" * 10
    assert agent.state == before


def test_one_bad_task_in_a_batch_leaves_the_others_alone() -> None:
    agent = an_idle_agent()
    agent.submit(a_task("T-1"), replace(a_stray_task(), task_id=TaskId("T-2")), a_task("T-3", box=3))
    assert set(agent.state.tasks) == {"T-1", "T-3"}


def test_a_line_id_may_be_any_text() -> None:
    agent = an_agent()
    agent.submit(a_task("T-1", replace(a_line(), line_id=LineId("10-a/ü"))))
    agent.run()
    assert agent.last(ev.LinePicked).line_id == "10-a/ü"
