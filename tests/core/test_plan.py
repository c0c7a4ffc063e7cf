"""The plan: ordered phases that come to an end."""

from edge_agent.core.evolve import evolve
from edge_agent.core.plan import PHASES, plan
from edge_agent.core.step import step
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from tests.core.agent import MUG, PEN, Agent, a_line, a_task, an_agent


def a_busy_floor() -> Agent:
    agent = an_agent({1: [MUG] * 9, 2: [PEN] * 9})
    agent.submit(
        *(a_task(f"T-{n}", a_line("1", MUG), a_line("2", PEN, 2, totes=(2, 1)), box=n) for n in range(1, 12))
    )
    return agent


def test_after_a_plan_there_is_nothing_left_to_plan() -> None:
    agent = a_busy_floor()
    while agent.advance():
        assert list(plan(agent.state, agent.now)) == []


def test_a_plan_with_nothing_to_do_has_no_events() -> None:
    assert list(plan(an_agent().state, an_agent().now)) == []


def test_no_phase_gives_an_event_for_ever() -> None:
    """Each phase alone comes to an end, whatever the others would have done before it."""
    agent = an_agent({1: [MUG]}, ready=False)
    agent.submit(*(a_task(f"T-{n}", box=n) for n in range(1, 9)))
    agent.ready()
    for phase in PHASES:
        for count, event in enumerate(phase(agent.state, agent.now)):
            evolve(agent.state, event, agent.clock_s)
            assert count < 100


def test_room_is_made_before_it_is_taken() -> None:
    names = [phase.__name__ for phase in PHASES]
    for first, then in (
        ("expire_scans", "work"),
        ("cancel_lines", "fill_tasks"),
        ("leave_held_trips", "find_totes"),
        ("fill_tasks", "start_tasks"),
        ("start_tasks", "find_totes"),
        ("find_totes", "drop_useless_trips"),  # a line may still join before a trip is dropped
        ("find_totes", "move_totes"),
    ):
        assert names.index(first) < names.index(then)


def test_a_task_that_finds_everything_ready_gets_its_first_commands_in_one_step() -> None:
    agent = an_agent()
    events = agent.submit(a_task())
    assert [type(event) for event in events] == [
        ev.TaskAccepted,
        ev.TaskStarted,
        ev.TripPlanned,
        ev.CommandOrdered,
        ev.CommandOrdered,
    ]
    assert {type(c.order) for c in agent.open_commands()} == {cmd.Retrieve, cmd.Transfer}


def test_many_inputs_in_one_step_are_decided_like_one_after_another() -> None:
    together, single = an_agent({1: [MUG] * 9}), an_agent({1: [MUG] * 9})
    tasks = [a_task(f"T-{n}", box=n) for n in range(1, 5)]
    together.submit(*tasks)
    for task in tasks:
        single.submit(task)
    together.run()
    single.run()
    assert {e.task_id for e in together.of(ev.TaskCompleted)} == {
        e.task_id for e in single.of(ev.TaskCompleted)
    }


def test_a_step_without_news_decides_nothing() -> None:
    agent = a_busy_floor()
    assert step(agent.state, [], agent.now) == []
