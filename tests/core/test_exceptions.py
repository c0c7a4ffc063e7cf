"""Exceptions: settled by the machine where it may, else held; and what is held holds nothing else back."""

import pytest

from edge_agent.core.lifecycle import TripStatus
from edge_agent.core.sourcing import queue_length
from edge_agent.core.view import held_tasks
from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.events import ExceptionKind, HeldLine, HeldTask, HeldTrip, HeldUnit
from tests.core.agent import CUP, MUG, PEN, Agent, a_line, a_site, a_task, an_agent
from tests.core.floor import tote


def held(agent: Agent) -> list[ev.Held]:
    return [raised.held for raised in agent.state.exceptions.values() if raised.held is not None]


def up_to(agent: Agent, order: type) -> cmd.Command:
    """Everything goes right until such a command is open."""
    agent.run(until=lambda agent: any(isinstance(c.order, order) for c in agent.open_commands()))
    return agent.command(order)


# ---- too few -----------------------------------------------------------------------------------------


def test_a_missing_item_is_looked_for_in_the_next_source_by_rank() -> None:
    agent = an_agent({1: [MUG], 2: [], 3: [MUG]})
    agent.submit(a_task("T-1", a_line("1", MUG, 2, totes=(1, 2, 3))))
    agent.run()
    assert [event.tote for event in agent.of(ev.SourceExhausted)] == [tote(1), tote(2)]
    assert [event.tote for event in agent.of(ev.UnitPlaced)] == [tote(1), tote(3)]
    assert agent.last(ev.LinePicked).picked == 2


def test_a_line_without_sources_left_ends_short_with_its_reason() -> None:
    agent = an_agent({1: [MUG]})
    agent.submit(a_task("T-1", a_line("1", MUG, 3)))
    agent.run()
    short = agent.last(ev.LineShort)
    assert (short.ordered, short.picked, short.short) == (3, 1, 2)
    assert (short.reason, short.next_action) == (ev.SourceReason.ITEM_MISSING, "close_line")
    assert agent.last(ev.TaskCompleted).lines == (ev.LineResult("1", 3, 1, 2, 0),)


def test_what_the_machine_settles_is_raised_and_resolved_at_once() -> None:
    agent = an_agent({1: []})
    agent.submit(a_task())
    agent.run()
    raised, resolved = agent.last(ev.ExceptionRaised), agent.last(ev.ExceptionResolved)
    assert (raised.kind, raised.held, raised.options) == (ExceptionKind.SHORT, None, ("short",))
    assert (resolved.exception_id, resolved.action, resolved.actor) == (raised.exception_id, "short", "agent")
    assert agent.state.exceptions == {}


def test_a_line_that_may_not_be_short_is_held_for_a_person() -> None:
    agent = an_agent({1: [MUG]})
    agent.submit(a_task("T-1", a_line("1", MUG, 3), partial=False))
    agent.run()
    assert held(agent) == [HeldLine("T-1", "1")]
    assert agent.of(ev.LineShort) == []
    assert "2 of 3 not found (item_missing)" in agent.last(ev.ExceptionRaised).detail
    assert [wait.code for wait in agent.why()] == [WaitCode.HELD]


def test_the_other_lines_of_a_task_with_a_held_line_are_picked() -> None:
    agent = an_agent({1: [], 2: [PEN]})
    agent.submit(a_task("T-1", a_line("1", MUG), a_line("2", PEN, 1, totes=(2,)), partial=False))
    agent.run()
    assert [event.line_id for event in agent.of(ev.LinePicked)] == ["2"]
    assert held(agent) == [HeldLine("T-1", "1")]


def test_put_positions_full_of_held_tasks_are_a_wait_for_a_person() -> None:
    agent = an_agent({2: [PEN]}, a_site("st1"))
    agent.submit(*(a_task(f"T-{n}", box=n, partial=False) for n in (1, 2, 3)))
    agent.run()
    agent.submit(a_task("T-4", a_line("1", PEN, 1, totes=(2,)), box=4))
    assert [wait.code for wait in agent.why("T-4")] == [WaitCode.HELD]


# ---- devices fail ------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [cmd.FailureReason.JAM, cmd.FailureReason.DEVICE_FAULT])
def test_a_failed_retrieval_holds_the_tote_and_its_lines_take_the_next(reason: cmd.FailureReason) -> None:
    agent = an_agent({1: [MUG], 2: [MUG]})
    agent.submit(a_task("T-1", a_line(totes=(1, 2))))
    agent.fail(agent.command(cmd.Retrieve), reason)
    agent.run()
    assert [type(mark) for mark in held(agent)] == [HeldTrip]
    assert reason.value in agent.last(ev.ExceptionRaised).detail
    assert [event.tote for event in agent.of(ev.UnitPlaced)] == [tote(2)]
    assert len(agent.of(ev.TaskCompleted)) == 1


def test_a_line_whose_only_tote_is_held_ends_short() -> None:
    agent = an_agent({1: [MUG]})
    agent.submit(a_task())
    agent.fail(agent.command(cmd.Retrieve), cmd.FailureReason.JAM)
    assert agent.last(ev.LineShort).reason is ev.SourceReason.TOTE_HELD


def test_a_later_line_for_a_held_tote_says_that_it_waits_for_a_person() -> None:
    agent = an_agent({1: [MUG]})
    agent.submit(a_task())
    agent.fail(agent.command(cmd.Retrieve), cmd.FailureReason.JAM)
    agent.submit(a_task("T-2", box=2))
    agent.run()
    assert [wait.code for wait in agent.why("T-2")] == [WaitCode.HELD]


@pytest.mark.parametrize("order", [cmd.Pick, cmd.Place])
def test_a_picker_that_fails_holds_its_station_and_the_other_station_works_on(order: type) -> None:
    agent = an_agent({1: [MUG] * 5, 2: [PEN] * 5})
    agent.submit(a_task("T-1"))
    agent.fail(up_to(agent, order), cmd.FailureReason.JAM)
    agent.submit(*(a_task(f"T-{n}", a_line("1", PEN, 1, totes=(2,)), box=n) for n in range(2, 6)))
    agent.run()
    assert held(agent) == [HeldUnit("st1")]
    assert {event.task_id for event in agent.of(ev.TaskCompleted)} == {"T-2", "T-3", "T-4", "T-5"}
    assert [wait.code for wait in agent.why("T-1")] == [WaitCode.HELD]


def test_a_tote_that_cannot_leave_its_station_closes_the_station_for_new_work() -> None:
    agent = an_agent({1: [MUG], 2: [PEN] * 2})
    agent.submit(a_task("T-1"))
    agent.run_to(ev.ToteReleased)
    leaving = next(c for c in agent.open_commands() if getattr(c.order, "load", None) == tote(1))
    agent.fail(leaving, cmd.FailureReason.JAM)
    agent.submit(*(a_task(f"T-{n}", a_line("1", PEN, 1, totes=(2,)), box=n) for n in (2, 3)))
    agent.run()
    assert {event.station_id for event in agent.of(ev.TaskStarted)[1:]} == {"st2"}
    assert len(agent.of(ev.TaskCompleted)) == 3


def test_a_container_that_cannot_leave_stops_the_task_that_was_to_get_its_put_position() -> None:
    agent = an_agent({1: [MUG] * 3, 2: [PEN]}, a_site("st1"))
    agent.submit(*(a_task(f"T-{n}", box=n) for n in (1, 2, 3)))
    agent.submit(a_task("T-4", a_line("1", PEN, 1, totes=(2,)), box=4))
    agent.run_to(ev.TaskFilled)
    leaving = next(
        c for c in agent.open_commands() if c.order == cmd.Transfer("OC-0001", "st1-put-1", "ship-1")
    )
    agent.accept(leaving)
    assert agent.last(ev.TaskStarted).put_point == "st1-put-1"
    agent.fail(leaving, cmd.FailureReason.JAM)
    assert held(agent) == [HeldTask("T-1"), HeldTask("T-4")]
    agent.run()
    assert {event.task_id for event in agent.of(ev.TaskCompleted)} == {"T-2", "T-3"}
    assert agent.state.trips == {}, "no tote waits at the station for a container that cannot come"


def test_an_outfeed_full_of_held_totes_is_a_wait_for_a_person() -> None:
    agent = an_agent({1: [MUG], 3: [MUG], 5: [MUG]}, a_site("st1"))
    agent.submit(a_task("T-1", *(a_line(str(n), MUG, 1, totes=(n,)) for n in (1, 3))))
    for load in (tote(1), tote(3)):
        agent.run(until=lambda agent, load=load: [c for c in agent.open_commands() if is_ride(c, load)])
        ride = next(c for c in agent.open_commands() if is_ride(c, load))
        agent.fail(ride, cmd.FailureReason.JAM)
    agent.submit(a_task("T-2", a_line("1", MUG, 1, totes=(5,)), box=2))
    agent.run()
    assert [wait.code for wait in agent.why("T-2")] == [WaitCode.HELD]


def is_ride(command: cmd.Command, load: str) -> bool:
    return isinstance(command.order, cmd.Transfer) and command.order.load == load


# ---- behind what is held -----------------------------------------------------------------------------


def full_outfeed(agent: Agent) -> None:
    """Two totes that nobody can move stand on the second aisle's outfeed, which has room for two."""
    agent.submit(a_task("T-1", *(a_line(str(n), MUG, 1, totes=(n,)) for n in (1, 3))))
    for load in (tote(1), tote(3)):
        agent.run(until=lambda agent, load=load: [c for c in agent.open_commands() if is_ride(c, load)])
        agent.fail(next(c for c in agent.open_commands() if is_ride(c, load)), cmd.FailureReason.JAM)


def test_a_line_takes_its_next_source_rather_than_wait_behind_a_held_outfeed() -> None:
    agent = an_agent({1: [MUG], 3: [MUG], 5: [PEN], 2: [PEN]}, a_site("st1"))
    full_outfeed(agent)
    agent.submit(a_task("T-2", a_line("1", PEN, 1, totes=(5, 2)), box=2))
    agent.run()
    assert [event.tote for event in agent.of(ev.UnitPlaced)] == [tote(2)]


def test_totes_that_are_shut_in_take_no_place_in_the_queue_of_their_station() -> None:
    agent = an_agent({n: [MUG] for n in (1, 2, 3, 5, 7)}, a_site("st1", queue=4))
    agent.submit(a_task("T-2", *(a_line(str(n), MUG, 1, totes=(n,)) for n in (1, 3, 5, 7)), box=2))
    for load in (tote(1), tote(3)):
        agent.run(until=lambda agent, load=load: [c for c in agent.open_commands() if is_ride(c, load)])
        agent.fail(next(c for c in agent.open_commands() if is_ride(c, load)), cmd.FailureReason.JAM)
    shut_in = [trip for trip in agent.state.trips.values() if trip.status is TripStatus.PLANNED]
    assert {trip.tote for trip in shut_in} == {tote(5), tote(7)}
    assert queue_length(agent.state, shut_in[0].station_id) == 0
    agent.submit(a_task("T-3", a_line("1", MUG, 1, totes=(2,)), box=3))
    agent.run()
    assert "T-3" in {event.task_id for event in agent.of(ev.TaskCompleted)}


def test_a_task_that_no_station_can_take_names_the_exception_at_the_end_of_the_chain() -> None:
    agent = an_agent({n: [MUG] for n in range(1, 12)}, a_site("st1"))
    full_outfeed(agent)
    agent.submit(*(a_task(f"T-{n}", a_line("1", MUG, 1, totes=(5,)), box=n) for n in range(2, 6)))
    agent.run()
    waiting = [task_id for _, task_id in agent.state.queue]
    assert waiting
    for task_id in agent.state.tasks:
        assert WaitCode.HELD in [wait.code for wait in agent.why(task_id)]
    marks = held_tasks(agent.state, agent.now)
    assert marks.keys() == agent.state.tasks.keys()
    assert set(marks.values()) <= agent.state.exceptions.keys()


def test_while_nothing_is_held_no_task_is_marked_so() -> None:
    agent = an_agent()
    agent.submit(a_task())
    assert held_tasks(agent.state, agent.now) == {}


# ---- nobody knows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [cmd.Retrieve, cmd.Pick, cmd.Place, cmd.Store])
def test_a_command_whose_end_nobody_knows_is_held_and_never_given_again(order: type) -> None:
    agent = an_agent()
    agent.submit(a_task())
    command = up_to(agent, order)
    agent.doubt(command)
    agent.run()
    agent.wait(3600)
    assert agent.last(ev.CommandUnknown).command_id == command.command_id
    assert len(held(agent)) == 1
    assert [c for c in agent.of(ev.CommandOrdered) if c.command.order == command.order] == [
        ev.CommandOrdered(command)
    ]


def test_a_report_that_comes_after_all_changes_nothing_that_is_held() -> None:
    agent = an_agent()
    agent.submit(a_task())
    command = up_to(agent, cmd.Place)
    agent.doubt(command)
    assert agent.finish(command) == []
    assert agent.of(ev.UnitPlaced) == []


def test_everything_else_goes_on_beside_an_unknown_command() -> None:
    agent = an_agent({n: [MUG] * 3 for n in range(1, 8)})
    agent.submit(*(a_task(f"T-{n}", a_line(totes=(n,)), box=n) for n in range(1, 8)))
    agent.doubt(agent.open_commands()[0])
    agent.run()
    completed = {event.task_id for event in agent.of(ev.TaskCompleted)}
    assert len(completed) == 6
    assert [agent.why(task_id)[0].code for task_id in agent.state.tasks] == [WaitCode.HELD]


def test_a_station_whose_tote_point_may_be_taken_gets_no_new_task() -> None:
    agent = an_agent({1: [MUG], 2: [PEN]})
    agent.submit(a_task("T-1"))
    agent.run_to(ev.TripRetrieved)
    agent.doubt(next(c for c in agent.open_commands() if is_ride(c, tote(1))))
    agent.submit(a_task("T-2", a_line("1", PEN, 1, totes=(2,)), box=2))
    assert agent.last(ev.TaskStarted).station_id == "st2"


# ---- how an exception is told ------------------------------------------------------------------------


def test_every_task_that_waits_because_of_an_exception_is_named() -> None:
    agent = an_agent({1: [MUG] * 3}, a_site("st1"))
    agent.submit(a_task("T-1"), a_task("T-2", box=2))
    agent.fail(up_to(agent, cmd.Pick), cmd.FailureReason.JAM)
    raised = agent.last(ev.ExceptionRaised)
    assert raised.affected == ("T-1", "T-2")
    assert (raised.task_id, raised.line_id, raised.where) == ("T-1", "1", "station st1")


def test_exception_ids_are_never_used_twice() -> None:
    agent = an_agent({1: [PEN], 2: [CUP]})
    agent.submit(*(a_task(f"T-{n}", a_line(totes=(1, 2)), box=n) for n in range(1, 4)))
    agent.run()
    raised = [event.exception_id for event in agent.of(ev.ExceptionRaised)]
    assert len(raised) == len(set(raised)) > 3
