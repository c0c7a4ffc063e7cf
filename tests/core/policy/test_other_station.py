"""The tasks of a station that does not pick go on at another one, with what is in their containers."""

from collections.abc import Callable

import pytest

from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.decision import DeviceHold, StationHold, TaskHold
from edge_agent.domain.device import Mode
from edge_agent.domain.events import ExceptionKind
from edge_agent.domain.ids import DeviceId, StationId, TaskId
from edge_agent.domain.site import Site
from tests.core.agent import MUG, Agent, a_line, a_task, an_agent
from tests.core.floor import container
from tests.core.policy.sites import patient

ST1, T1 = StationId("st1"), TaskId("T-1")
STOPS: dict[str, Callable[[Agent], object]] = {
    "its picker is away": lambda agent: agent.lose("picker-1"),
    "its picker is faulted": lambda agent: agent.show(Mode.FAULTED, "picker-1"),
    "its picker is e-stopped": lambda agent: agent.show(Mode.E_STOPPED, "picker-1"),
    "a person holds it": lambda agent: agent.hold(StationHold(ST1), "out of service"),
    "a person holds its picker": lambda agent: agent.hold(DeviceHold(DeviceId("picker-1")), "out of service"),
}


def begun(units: int = 2, site: Site | None = None) -> Agent:
    """A task at the first station."""
    agent = an_agent({1: [MUG] * 9, 2: [MUG] * 9}, site or patient())
    agent.submit(a_task("T-1", a_line("1", MUG, units, (1,))))
    assert agent.last(ev.TaskStarted).station_id == ST1
    return agent


def kinds(agent: Agent) -> list[ExceptionKind]:
    return [raised.kind for raised in agent.of(ev.ExceptionRaised)]


def completed(agent: Agent) -> tuple[ev.LineResult, ...]:
    ended = (event for event in agent.of(ev.TaskCompleted) if event.task_id == T1)
    return next((event.lines for event in ended), ())


def check_end(agent: Agent, units: int = 2) -> None:
    agent.run(until=completed)
    (line,) = completed(agent)
    assert line.picked == units
    assert agent.floor.placed[container(1)][MUG] == units
    assert agent.floor.places[container(1)] == "ship-1"
    assert agent.state == agent.replayed() == agent.replayed_with_snapshot(len(agent.journal) // 2)


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_a_task_moves_when_its_station_has_stood_still_for_long(stop: Callable[[Agent], object]) -> None:
    agent = begun()
    agent.run_to(ev.ContainerArrived)
    stop(agent)
    agent.wait(9.9)
    assert agent.of(ev.TaskMoved) == []
    agent.wait(0.2)
    (moved,) = agent.of(ev.TaskMoved)
    assert moved.station_id == "st2"
    assert ExceptionKind.STATION_DOWN in kinds(agent)
    settled = next(e for e in agent.of(ev.ExceptionResolved) if e.action == "moved")
    assert (settled.task_id, settled.arguments) == (T1, {"station": "st2"})
    check_end(agent)


def test_a_container_travels_with_what_is_in_it() -> None:
    agent = begun(units=3)
    agent.run_to(ev.UnitPlaced)
    agent.hold(StationHold(ST1))  # the unit in the hand is still finished
    agent.run_to(ev.TaskMoved)
    assert agent.floor.placed[container(1)][MUG] >= 1
    order = next(
        o for c in agent.open_commands() if isinstance(o := c.order, cmd.Transfer) and o.load[:2] == "OC"
    )
    assert (order.origin, order.destination) == ("st1-put-1", "st2-put-1")
    check_end(agent, units=3)


def test_a_container_that_is_still_on_its_way_arrives_first() -> None:
    agent = begun()
    agent.accept(next(c for c in agent.open_commands() if isinstance(c.order, cmd.Transfer)))
    agent.hold(StationHold(ST1))
    agent.wait(10.1)
    assert agent.of(ev.TaskMoved) == []
    check_end(agent)
    assert len(agent.of(ev.TaskMoved)) == 1


def test_a_container_that_was_not_fetched_yet_comes_to_the_other_station_at_once() -> None:
    agent = an_agent({1: [MUG] * 3}, patient())
    agent.lose("conveyor-1")
    agent.submit(a_task("T-1", a_line("1", MUG, 2, (1,))))
    agent.hold(StationHold(ST1))
    agent.wait(10.1)
    agent.ready("conveyor-1")
    assert agent.of(ev.TaskMoved)
    check_end(agent)
    origins = [
        o.origin for e in agent.of(ev.CommandOrdered) if isinstance(o := e.command.order, cmd.Transfer)
    ]
    assert "st1-put-1" not in origins


def test_what_has_a_unit_in_the_hand_waits_for_it() -> None:
    agent = begun()
    agent.run_to(ev.UnitGripped)
    agent.lose("picker-1")
    agent.wait(10.1)
    assert agent.of(ev.TaskMoved) == []
    assert agent.why()


def test_nothing_moves_where_the_other_station_does_not_pick_or_is_full() -> None:
    for stop in (
        lambda agent: agent.lose("picker-2"),
        lambda agent: agent.hold(StationHold(StationId("st2"))),
        lambda agent: agent.submit(
            *(a_task(f"T-{n}", a_line("1", MUG, 1, (2,)), box=n) for n in range(2, 8))
        ),
    ):
        agent = begun()
        stop(agent)
        agent.hold(StationHold(ST1))
        agent.wait(10.1)
        assert not [event for event in agent.of(ev.TaskMoved) if event.task_id == T1]
        assert agent.why()


def test_nothing_moves_where_the_site_does_not_say_so_or_a_person_holds_the_task() -> None:
    agent = begun(site=patient(exceptions={"station_down": {"steps": [], "wait_s": 10.0}}))
    agent.hold(StationHold(ST1))
    agent.wait(10.1)
    assert agent.of(ev.TaskMoved) == []
    agent = begun()
    agent.hold(StationHold(ST1))
    agent.hold(TaskHold(T1))
    agent.wait(10.1)
    assert agent.of(ev.TaskMoved) == []


def test_the_put_position_is_free_for_another_task_only_when_the_container_has_left_it() -> None:
    agent = begun()
    agent.run_to(ev.ContainerArrived)
    agent.hold(StationHold(ST1))
    agent.run_to(ev.TaskMoved)
    agent.release(StationHold(ST1))
    agent.submit(*(a_task(f"T-{n}", a_line("1", MUG, 1, (2,)), box=n) for n in (2, 3, 4)))
    taken = [event.put_point for event in agent.of(ev.TaskStarted)[1:]]
    assert "st1-put-1" not in taken
    check_end(agent)


def test_a_move_that_fails_is_held_and_what_comes_to_its_place_with_it() -> None:
    agent = begun()
    agent.run_to(ev.ContainerArrived)
    agent.hold(StationHold(ST1))
    agent.run_to(ev.TaskMoved)
    move = next(c for c in agent.open_commands() if getattr(c.order, "origin", "") == "st1-put-1")
    agent.accept(move)
    agent.release(StationHold(ST1))
    agent.submit(*(a_task(f"T-{n}", a_line("1", MUG, 1, (2,)), box=n) for n in (2, 3)))
    follower = next(e.task_id for e in agent.of(ev.TaskStarted)[1:] if e.put_point == "st1-put-1")
    agent.fail(move, cmd.FailureReason.DEVICE_FAULT)
    held = {raised.kind: raised.task_id for raised in agent.state.exceptions.values()}
    assert held == {ExceptionKind.COMMAND_FAILED: T1, ExceptionKind.PUT_POSITION_TAKEN: follower}


def test_a_task_that_is_cancelled_before_its_container_follows_leaves_from_where_it_stands() -> None:
    agent = begun(units=3)
    agent.run_to(ev.UnitPlaced)
    agent.hold(StationHold(ST1))
    agent.run(until=lambda agent: not agent.state.stations[ST1].hand)
    agent.lose("conveyor-1")
    agent.wait(10.1)
    assert agent.of(ev.TaskMoved)
    agent.cancel()
    agent.ready("conveyor-1")
    agent.run(until=lambda agent: agent.of(ev.TaskCancelled))
    assert agent.floor.places[container(1)] == "reject"


def test_a_task_may_come_back_to_where_its_container_still_stands() -> None:
    agent = begun()
    agent.run_to(ev.ContainerArrived)
    agent.lose("conveyor-1")
    agent.hold(StationHold(ST1))
    agent.wait(10.1)
    agent.hold(StationHold(StationId("st2")))
    agent.release(StationHold(ST1))
    agent.wait(10.1)
    assert [event.station_id for event in agent.of(ev.TaskMoved)] == ["st2", "st1"]
    agent.ready("conveyor-1")
    check_end(agent)
