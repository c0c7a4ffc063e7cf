"""A disk that is nearly full: nothing new is taken, what is in hand goes on."""

from edge_agent.core.view import refusals
from edge_agent.domain import events as ev
from edge_agent.domain.inputs import DiskReported
from tests.core.agent import MUG, Agent, a_site, a_task, an_agent


def low(agent: Agent, free_mb: int = 12) -> list[ev.Event]:
    return agent.feed(DiskReported(True, free_mb))


def test_below_the_reserve_a_new_task_is_refused_with_a_reason() -> None:
    agent = an_agent()
    assert low(agent) == [ev.DiskChanged(True, 12)]
    (event,) = agent.submit(a_task())
    assert isinstance(event, ev.TaskRejected)
    assert (event.code, event.task_id) == ("disk_reserve", "T-1")
    assert "less than 200 MB are free" in event.message
    assert refusals(agent.state) == ("disk_reserve",)


def test_work_in_hand_goes_on_to_its_end() -> None:
    agent = an_agent({1: [MUG] * 9})
    agent.submit(a_task())
    agent.run_to(ev.UnitStarted)
    low(agent)
    agent.run()
    assert agent.of(ev.TaskCompleted)


def test_a_repeat_a_change_and_a_cancel_of_an_open_task_are_still_taken() -> None:
    agent = an_agent()
    agent.lose()
    agent.submit(a_task())
    low(agent)
    assert agent.submit(a_task()) == []
    assert isinstance(agent.submit(a_task(revision=2, priority=60))[0], ev.TaskReplaced)
    assert isinstance(agent.cancel(revision=2)[0], ev.CancelRequested)


def test_tasks_are_taken_again_when_there_is_enough_space() -> None:
    agent = an_agent()
    low(agent)
    assert agent.feed(DiskReported(False, 900)) == [ev.DiskChanged(False, 900)]
    assert isinstance(agent.submit(a_task())[0], ev.TaskAccepted)
    assert refusals(agent.state) == ()


def test_the_same_news_again_is_no_event() -> None:
    agent = an_agent()
    assert agent.feed(DiskReported(False, 900)) == []
    low(agent)
    assert low(agent, 11) == []


def test_a_gateway_that_is_full_says_so_too() -> None:
    agent = an_agent(site=a_site(open_tasks=1))
    agent.submit(a_task())
    low(agent)
    assert refusals(agent.state) == ("disk_reserve", "too_many_open_tasks")


def test_only_so_many_ended_tasks_are_remembered() -> None:
    site = a_site()
    limits = site.limits.model_copy(update={"ended_tasks": 3})
    agent = an_agent(site=site.model_copy(update={"limits": limits}))
    for number in range(1, 6):
        agent.submit(a_task(f"T-{number}", box=number))
        agent.cancel(f"T-{number}")
        agent.run()
    assert list(agent.state.ended) == ["T-3", "T-4", "T-5"]
    assert agent.submit(a_task("T-5", box=5)) == []
    assert isinstance(agent.submit(a_task("T-1"))[0], ev.TaskAccepted)
    assert agent.state == agent.replayed() == agent.replayed_with_snapshot(len(agent.journal) // 2)
