"""What the site's policy says about each kind of exception is what the machine does."""

import pytest

from edge_agent.domain import events as ev
from edge_agent.domain.decision import Action
from edge_agent.domain.events import ExceptionKind
from edge_agent.domain.exception_policy import DEFAULT_RULES
from tests.core.agent import MUG, PEN, Agent, a_line, a_site, a_task, an_agent
from tests.core.floor import tote


def steps(**kinds: list[str]) -> dict[str, object]:
    return {kind: {"steps": taken} for kind, taken in kinds.items()}


def held_kinds(agent: Agent) -> list[ExceptionKind]:
    return [raised.kind for raised in agent.state.exceptions.values()]


def unread(agent: Agent, times: int) -> None:
    agent.run_to(ev.UnitGripped)
    for _ in range(times):
        agent.scan(None)


def test_a_scanner_is_triggered_again_only_where_the_site_says_so() -> None:
    policy = steps(no_read=["pick_again", "next_source", "short"])
    agent = an_agent(site=a_site(exceptions=policy))
    agent.submit(a_task())
    unread(agent, 1)
    assert agent.last(ev.ScanRejected).name == "no_read"


def test_a_unit_is_not_picked_again_from_the_same_tote_where_the_site_does_not_say_so() -> None:
    agent = an_agent({1: [MUG], 2: [MUG]}, a_site(exceptions=steps(no_read=["next_source", "short"])))
    agent.submit(a_task("T-1", a_line(totes=(1, 2))))
    unread(agent, 1)
    agent.run()
    assert [event.tote for event in agent.of(ev.SourceExhausted)] == [tote(1)]
    assert agent.last(ev.UnitPlaced).tote == tote(2)


def test_a_person_is_asked_where_the_site_wants_no_other_source_tried() -> None:
    agent = an_agent({1: [], 2: [MUG]}, a_site(exceptions=steps(short=[])))
    agent.submit(a_task("T-1", a_line(totes=(1, 2))))
    agent.run()
    assert held_kinds(agent) == [ExceptionKind.SHORT]
    assert "this site asks a person" in agent.last(ev.ExceptionRaised).detail
    agent.floor.content[tote(1)].append(MUG)
    agent.answer("look_again")
    agent.run()
    assert agent.last(ev.UnitPlaced).tote == tote(1)


def test_a_person_is_asked_before_a_line_is_short_where_the_site_wants_it() -> None:
    agent = an_agent({1: [], 2: []}, a_site(exceptions=steps(short=["next_source"])))
    agent.submit(a_task("T-1", a_line(totes=(1, 2))))
    agent.run()
    assert len(agent.of(ev.SourceExhausted)) == 2
    assert held_kinds(agent) == [ExceptionKind.SHORT]
    assert agent.of(ev.LineShort) == []


def test_a_tote_with_wrong_items_is_quarantined_for_every_open_task() -> None:
    policy = steps(wrong_item=["pick_again", "quarantine_tote", "next_source", "short"])
    agent = an_agent({1: [PEN] * 3 + [MUG] * 3, 2: [MUG] * 3}, a_site("st1", exceptions=policy))
    agent.submit(*(a_task(f"T-{n}", a_line(totes=(1, 2)), box=n) for n in (1, 2, 3)))
    agent.run_to(ev.TotePresented)
    while not agent.of(ev.ToteQuarantined):
        agent.advance(wrong=PEN)
    agent.run()
    assert {event.tote for event in agent.of(ev.UnitPlaced)} == {tote(2)}
    assert len(agent.of(ev.TaskCompleted)) == 3
    agent.submit(a_task("T-4", a_line(totes=(1,)), box=4))
    agent.run()
    assert agent.last(ev.UnitPlaced).tote == tote(1), "a task that comes later names it: it was looked after"
    assert agent.state.barred == {}


def test_replenishment_is_asked_for_when_every_source_has_given_out() -> None:
    policy = steps(short=["next_source", "request_replenishment", "short"])
    agent = an_agent({1: [MUG], 2: []}, a_site(exceptions=policy))
    agent.submit(a_task("T-1", a_line("1", MUG, 3, totes=(1, 2))))
    agent.run()
    (asked,) = agent.of(ev.ReplenishmentRequested)
    assert (asked.gtin, asked.quantity, asked.totes) == (MUG, 2, (tote(1), tote(2)))
    assert agent.last(ev.LineShort).short == 2


@pytest.mark.parametrize("action", Action)
def test_every_action_has_a_rule(action: Action) -> None:
    assert action in DEFAULT_RULES
