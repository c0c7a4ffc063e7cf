"""The OMS's stock record: a tote that holds less than was said is told, with what is left in it."""

from edge_agent.core.confirmations import confirmation
from edge_agent.domain import events as ev
from tests.core.agent import MUG, Agent, a_line, a_site, a_task, an_agent
from tests.core.floor import location, tote


def told_short(agent: Agent) -> list[tuple[str, int]]:
    """The totes that were found short, and by how much the record was wrong."""
    return [
        (told["container"], told["delta"])
        for event in agent.of(ev.StockFoundShort)
        if (told := confirmation(event).data)["counted"] == 0
    ]


def test_a_tote_that_holds_less_than_was_said_is_told_short_by_what_is_missing() -> None:
    agent = an_agent({1: [MUG] * 2}, a_site("st1"))
    agent.submit(a_task("T-1", a_line(quantity=3)))  # nine are said to be there
    agent.run()
    assert told_short(agent) == [(tote(1), -7)]
    (found,) = agent.of(ev.StockFoundShort)
    assert (found.location, found.gtin, found.expected, found.found) == (location(1), MUG, 7, 0)


def test_it_is_told_before_the_line_takes_its_next_source_which_is_counted_anew() -> None:
    agent = an_agent({1: [MUG] * 2, 2: [MUG]}, a_site("st1"))
    agent.submit(a_task("T-1", a_line(quantity=4, totes=(1, 2))))
    agent.run()
    assert told_short(agent) == [(tote(1), -7), (tote(2), -8)]
    kinds = [type(event) for event in agent.events]
    assert kinds.index(ev.StockFoundShort) < kinds.index(ev.SourceExhausted)


def test_what_was_picked_before_a_restart_still_counts() -> None:
    agent = an_agent({1: [MUG] * 2}, a_site("st1"))
    agent.submit(a_task("T-1", a_line(quantity=3)))
    agent.run_to(ev.UnitPlaced, 2)
    cut = len(agent.journal)
    agent.run()
    assert told_short(agent) == [(tote(1), -7)]
    assert agent.replayed_with_snapshot(cut) == agent.replayed()


def test_a_tote_that_holds_enough_is_not_told_short() -> None:
    agent = an_agent({1: [MUG] * 3}, a_site("st1"))
    agent.submit(a_task("T-1", a_line(quantity=3)))
    agent.run()
    assert agent.of(ev.StockFoundShort) == []


def test_a_cancelled_task_tells_what_it_found_too() -> None:
    agent = an_agent({1: []}, a_site("st1"))
    agent.submit(a_task())
    agent.run_to(ev.UnitStarted)
    agent.cancel()
    agent.run()
    assert told_short(agent) == [(tote(1), -9)]
