"""Totes: which line is served by which journey, and when a journey is not made."""

import pytest

from edge_agent.core.lifecycle import TripStatus
from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.ids import DeviceId, Gtin, TripId
from tests.core.agent import MUG, PEN, Agent, a_line, a_site, a_task, an_agent
from tests.core.floor import location, tote


def test_one_trip_serves_every_line_at_the_station_that_needs_its_tote() -> None:
    agent = an_agent({1: [MUG, MUG, PEN]}, a_site("st1"))
    agent.submit(a_task("T-1", a_line("1", MUG), a_line("2", PEN)), a_task("T-2", box=2))
    agent.run()
    (trip,) = agent.of(ev.TripPlanned)
    assert trip.lines == (ev.LineRef("T-1", "1"), ev.LineRef("T-1", "2"), ev.LineRef("T-2", "1"))
    assert len(agent.of(ev.TaskCompleted)) == 2


def test_a_line_joins_a_trip_that_is_under_way_to_its_station() -> None:
    agent = an_agent(site=a_site("st1"))
    agent.submit(a_task("T-1"))
    agent.run_to(ev.TripRetrieved)
    agent.submit(a_task("T-2", box=2))
    agent.run()
    assert [event.line.task_id for event in agent.of(ev.TripJoined)] == ["T-2"]
    assert len(agent.of(ev.TripPlanned)) == 1


def test_a_tote_stays_for_a_line_that_joins_while_it_is_picked_from() -> None:
    agent = an_agent(site=a_site("st1"))
    agent.submit(a_task("T-1"))
    agent.run_to(ev.TotePresented)
    agent.submit(a_task("T-2", box=2))
    agent.run()
    assert len(agent.of(ev.ToteReleased)) == 1
    assert len(agent.of(ev.TaskCompleted)) == 2


def test_a_tote_in_use_at_another_station_is_waited_for() -> None:
    agent = an_agent()
    agent.submit(a_task("T-1"), a_task("T-2", box=2))
    assert {event.station_id for event in agent.of(ev.TaskStarted)} == {"st1", "st2"}
    assert WaitCode.TOTE_IN_USE in [wait.code for wait in agent.why("T-2")]
    agent.run()
    assert [event.station_id for event in agent.of(ev.TripPlanned)] == ["st1", "st2"]
    assert len(agent.of(ev.TaskCompleted)) == 2


def test_a_line_takes_its_next_source_rather_than_wait_for_a_tote_in_use() -> None:
    agent = an_agent({1: [MUG], 2: [MUG]})
    agent.submit(a_task("T-1"), a_task("T-2", a_line(totes=(1, 2)), box=2))
    assert [event.tote for event in agent.of(ev.TripPlanned)] == [tote(1), tote(2)]


def test_units_are_picked_for_the_most_urgent_line_first() -> None:
    agent = an_agent(site=a_site("st1"))
    agent.submit(a_task("T-1", a_line("1", MUG, 2)), a_task("T-2", a_line("1", MUG, 2), box=2, priority=90))
    agent.run()
    assert [event.task_id for event in agent.of(ev.UnitPlaced)] == ["T-2", "T-2", "T-1", "T-1"]


def test_a_trip_whose_last_line_is_cancelled_before_the_crane_moves_is_dropped() -> None:
    agent = an_agent()
    agent.lose("asrs-2")
    agent.submit(a_task())
    events = agent.cancel()
    assert ev.TripDropped in map(type, events)
    assert agent.state.trips == {}


def test_a_tote_whose_last_line_is_cancelled_turns_round_at_the_outfeed() -> None:
    agent = an_agent()
    agent.submit(a_task())
    crane = agent.command(cmd.Retrieve)
    agent.cancel()
    assert agent.state.trips, "the crane has the tote already"
    agent.finish(crane)
    agent.run()
    assert agent.of(ev.ToteDelivered) == []
    assert agent.floor.places[tote(1)] == location(1)


def test_a_tote_that_is_not_in_its_location_is_no_source_any_more() -> None:
    agent = an_agent({2: [MUG]})
    agent.submit(a_task("T-1", a_line(totes=(1, 2))))
    agent.fail(agent.command(cmd.Retrieve), cmd.FailureReason.LOAD_MISSING)
    assert agent.last(ev.SourceExhausted).reason is ev.SourceReason.TOTE_MISSING
    assert agent.last(ev.ExceptionResolved).action == "next_source"
    agent.run()
    assert agent.last(ev.LinePicked).picked == 1


def retrieved_from(agent: Agent, place: str) -> list[ev.Event]:
    crane = agent.command(cmd.Retrieve)
    agent.floor.end(crane)
    return agent.feed(inp.CommandResolved(crane.command_id, cmd.Done(cmd.Report(place=place))))


def test_a_tote_from_another_location_than_ordered_is_never_picked_from() -> None:
    agent = an_agent({1: [MUG], 2: [MUG]})
    agent.submit(a_task("T-1", a_line(totes=(1, 2))))
    retrieved_from(agent, "A02-09-09")
    rejected = agent.last(ev.ScanRejected)
    assert (rejected.rule, rejected.expected, rejected.scanned) == ("V1", location(1), "A02-09-09")
    agent.run()
    assert agent.floor.places[tote(1)] == "reject"
    assert [event.tote for event in agent.of(ev.UnitPlaced)] == [tote(2)]


def test_a_crane_that_does_not_measure_the_location_is_believed() -> None:
    agent = an_agent()
    agent.submit(a_task())
    crane = agent.command(cmd.Retrieve)
    agent.floor.end(crane)
    agent.feed(inp.CommandResolved(crane.command_id, cmd.Done()))
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 1


@pytest.mark.parametrize("order", [cmd.Store, cmd.Place])
def test_a_load_that_a_device_reports_elsewhere_is_held(order: type) -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run(until=lambda agent: any(isinstance(c.order, order) for c in agent.open_commands()))
    command = agent.command(order)
    agent.floor.end(command)
    agent.feed(inp.CommandResolved(command.command_id, cmd.Done(cmd.Report(place="elsewhere"))))
    assert "at elsewhere instead of" in agent.last(ev.CommandUnknown).detail
    assert agent.last(ev.ExceptionRaised).held is not None
    assert agent.of(ev.UnitPlaced if order is cmd.Place else ev.TripEnded) == []


def test_a_tote_on_its_way_home_goes_before_one_on_its_way_out() -> None:
    agent = an_agent({1: [MUG], 3: [MUG]}, a_site("st1"))
    agent.submit(a_task())
    agent.run_to(ev.ToteReturned)
    agent.refuse(agent.command(cmd.Store), cmd.RefusalReason.BUSY)
    agent.submit(a_task("T-2", a_line(totes=(3,)), box=2, priority=90))
    agent.wait(1.0)
    assert isinstance(agent.command(cmd.Store).order, cmd.Store)
    assert agent.state.trips[TripId("trip-2")].status is TripStatus.PLANNED


def test_each_task_is_told_of_a_tote_that_left_storage_for_it() -> None:
    agent = an_agent(site=a_site("st1"))
    agent.submit(a_task("T-1"), a_task("T-2", box=2))
    agent.run_to(ev.TripRetrieved)
    assert [event.task_id for event in agent.of(ev.ToteRetrieved)] == ["T-1", "T-2"]


def test_an_empty_container_is_not_shipped() -> None:
    agent = an_agent({1: []})
    agent.submit(a_task())
    agent.run()
    assert agent.last(ev.TaskFilled).destination == "reject"


def test_a_filled_container_leaves_by_its_lane() -> None:
    agent = an_agent()
    agent.submit(a_task(lane="express-1"))
    agent.run()
    assert agent.last(ev.TaskFilled).destination == "express-1"
    assert "express-1" in agent.floor.places.values()


def test_the_floor_keeps_every_unit_while_many_tasks_share_its_totes() -> None:
    stock = {n: [MUG, PEN] * 10 for n in range(1, 7)}
    agent = an_agent(stock)
    gtins: tuple[Gtin, ...] = (MUG, PEN)
    agent.submit(
        *(
            a_task(
                f"T-{n}",
                *(a_line(str(k), gtins[k % 2], 1 + n % 3, (1 + (n + k) % 6,)) for k in range(3)),
                box=n,
            )
            for n in range(1, 16)
        )
    )
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 15
    assert agent.floor.units == 120
    assert not agent.floor.grippers
    assert all(agent.floor.places[tote(n)] == location(n) for n in stock)
    assert agent.state.devices[DeviceId("conveyor-1")].open == 0
