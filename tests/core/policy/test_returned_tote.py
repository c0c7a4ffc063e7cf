"""A tote that the machine could not identify goes home when a person knows it."""

from edge_agent.core.options import options
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.decision import Action, DecisionCode
from tests.core.agent import MUG, Agent, a_line, a_site, a_task, an_agent
from tests.core.floor import location, tote


def with_a_tote_on_the_reject_point() -> Agent:
    agent = an_agent({1: [MUG], 2: [MUG]}, a_site("st1"))
    agent.submit(a_task("T-1", a_line(totes=(1, 2))))
    agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.TOTE))
    for _ in range(3):
        agent.scan(None)
    agent.run_to(ev.ToteDiverted)
    assert agent.floor.places[tote(1)] == "reject"
    return agent


def test_it_goes_to_the_location_that_the_person_names_and_serves_again() -> None:
    agent = with_a_tote_on_the_reject_point()
    agent.run()
    agent.answer("returned", location=location(1))
    agent.run_to(ev.TripEnded, 2)
    assert agent.floor.places[tote(1)] == location(1)
    assert agent.state.exceptions == {}
    agent.submit(a_task("T-2", a_line(totes=(1,)), box=2))
    agent.run()
    assert agent.last(ev.UnitPlaced).tote == tote(1)


def test_it_may_go_to_another_part_of_the_storage_than_it_came_from() -> None:
    agent = with_a_tote_on_the_reject_point()
    agent.run()
    agent.answer("returned", location="A01-09-09")
    agent.run()
    orders = [one.command.order for one in agent.of(ev.CommandOrdered)]
    assert cmd.Transfer(tote(1), "reject", "asrs-1-in") in orders
    assert cmd.Store(tote(1), "asrs-1-in", "A01-09-09") in orders


def test_it_needs_a_location_of_this_site() -> None:
    agent = with_a_tote_on_the_reject_point()
    (raised,) = agent.state.exceptions.values()
    assert [option.action for option in options(agent.state, raised)] == [Action.RETURNED, Action.REMOVED]
    for place, code in (("", "missing_argument"), ("B07-01-01", "bad_argument"), ("A01-x", "bad_argument")):
        (event,) = agent.answer("returned", location=place)
        assert isinstance(event, ev.DecisionRefused)
        assert event.code is DecisionCode(code)
