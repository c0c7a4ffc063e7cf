"""Which task goes first, where it goes, and how much is under way at once."""

from datetime import timedelta, timezone

import pytest

from edge_agent.core.sourcing import queue_length
from edge_agent.core.step import next_wakeup_s
from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import StationId
from edge_agent.domain.task import PickTask
from tests.core.agent import MUG, T0, Agent, a_line, a_site, a_task, an_agent

EARLY, LATE = T0 + timedelta(hours=1), T0 + timedelta(hours=2)
EAST = timezone(timedelta(hours=9))


def order_of_start(*tasks: PickTask) -> list[str]:
    agent = an_agent(site=a_site("st1"), ready=False)
    agent.submit(*tasks)
    agent.ready()
    return [event.task_id for event in agent.of(ev.TaskStarted)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (a_task("T-1", box=1, priority=90), a_task("T-2", box=2, priority=10, ship_by=EARLY)),
        (a_task("T-1", box=1, ship_by=EARLY), a_task("T-2", box=2, ship_by=LATE)),
        (a_task("T-1", box=1, ship_by=LATE), a_task("T-2", box=2)),
        (a_task("T-1", box=1, ship_by=EARLY.astimezone(EAST)), a_task("T-2", box=2, ship_by=LATE)),
    ],
    ids=["priority", "ship-by", "any ship-by before none", "ship-by of another zone"],
)
def test_the_more_urgent_task_starts_first_whichever_came_first(first: PickTask, second: PickTask) -> None:
    assert order_of_start(first, second) == ["T-1", "T-2"]
    assert order_of_start(second, first) == ["T-1", "T-2"]


def test_equally_urgent_tasks_start_in_the_order_of_their_arrival() -> None:
    assert order_of_start(a_task("T-9", box=1), a_task("T-1", box=2)) == ["T-9", "T-1"]


def test_a_task_waits_for_its_time_and_holds_no_other_back() -> None:
    agent = an_agent()
    agent.submit(a_task("T-1", priority=90, not_before=T0 + timedelta(seconds=30)), a_task("T-2", box=2))
    assert [event.task_id for event in agent.of(ev.TaskStarted)] == ["T-2"]
    assert [wait.code for wait in agent.why("T-1")] == [WaitCode.NOT_BEFORE]
    assert next_wakeup_s(agent.state, agent.now) == 30
    agent.wait(30)
    assert [event.task_id for event in agent.of(ev.TaskStarted)] == ["T-2", "T-1"]


def test_tasks_are_spread_over_the_stations() -> None:
    agent = an_agent()
    agent.submit(*(a_task(f"T-{n}", box=n) for n in range(1, 5)))
    assert [event.station_id for event in agent.of(ev.TaskStarted)] == ["st1", "st2", "st1", "st2"]


def test_a_station_whose_picker_is_away_gets_no_task() -> None:
    agent = an_agent()
    agent.lose("picker-1")
    agent.submit(*(a_task(f"T-{n}", box=n) for n in range(1, 3)))
    assert {event.station_id for event in agent.of(ev.TaskStarted)} == {"st2"}


def test_no_two_tasks_get_the_same_put_position() -> None:
    agent = an_agent(site=a_site("st1"))
    agent.submit(*(a_task(f"T-{n}", a_line(totes=(n,)), box=n) for n in range(1, 5)))
    started = agent.of(ev.TaskStarted)
    assert [event.put_point for event in started] == ["st1-put-1", "st1-put-2", "st1-put-3"]
    assert [wait.code for wait in agent.why("T-4")] == [WaitCode.NO_PUT_POSITION]


def test_a_put_position_is_given_on_as_soon_as_the_conveyor_has_taken_its_container() -> None:
    agent = an_agent({1: [MUG] * 9}, a_site("st1"))
    agent.submit(*(a_task(f"T-{n}", box=n) for n in range(1, 5)))
    agent.run_to(ev.TaskFilled)
    leaving = next(c for c in agent.open_commands() if isinstance(c.order, cmd.Transfer))
    assert len(agent.of(ev.TaskStarted)) == 3
    agent.accept(leaving)
    assert agent.last(ev.TaskStarted).task_id == "T-4"
    assert agent.last(ev.TaskStarted).put_point == "st1-put-1"
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 4


def test_no_more_totes_are_on_their_way_to_a_station_than_its_queue_takes() -> None:
    agent = an_agent({n: [MUG] for n in range(1, 6)}, a_site("st1", queue=2))
    agent.submit(a_task("T-1", *(a_line(str(n), MUG, 1, totes=(n,)) for n in range(1, 6))))

    def bounded(agent: Agent) -> bool:
        assert queue_length(agent.state, StationId("st1")) <= 2
        return bool(agent.of(ev.TaskCompleted))

    assert WaitCode.STATION_QUEUE_FULL in [wait.code for wait in agent.why()]
    agent.run(until=bounded)


def test_no_more_totes_are_fetched_than_the_outfeed_holds() -> None:
    agent = an_agent({n: [MUG] for n in range(1, 12)})
    agent.lose("conveyor-1")
    agent.submit(a_task("T-1", *(a_line(str(n), MUG, 1, totes=(n,)) for n in (1, 3, 5, 7))))
    agent.run()
    assert len(list(agent.floor.loads_at("asrs-2-out"))) == 2
    assert WaitCode.POINT_FULL in [wait.code for wait in agent.why()]


def test_a_picker_that_is_e_stopped_keeps_its_work_and_goes_on_when_it_is_ready() -> None:
    agent = an_agent(site=a_site("st1"))
    agent.submit(a_task())
    agent.run_to(ev.TotePresented)
    agent.finish(agent.command(cmd.Pick))
    agent.show(Mode.E_STOPPED, "picker-1")
    agent.read()
    assert agent.open_commands() == []
    assert [wait.code for wait in agent.why()] == [WaitCode.DEVICE_NOT_READY]
    agent.ready("picker-1")
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 1
