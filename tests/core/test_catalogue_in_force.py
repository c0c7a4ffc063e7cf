"""Which item master counts: the highest revision that was given, journalled like everything else."""

from edge_agent.core.view import agent_view
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.ids import Gtin
from edge_agent.domain.item import Catalogue, Item
from tests.core.agent import MUG, PEN, Agent, a_line, a_site, a_task, an_agent, ean

SIX = Gtin("14006381333938")


def master(revision: int, *items: Item) -> Catalogue:
    return Catalogue(revision, items or (Item(MUG, "MUG"),))


def offer(agent: Agent, revision: int, *items: Item) -> list[ev.Event]:
    return agent.feed(inp.CatalogueOffered(master(revision, *items)))


def test_a_higher_revision_replaces_the_whole_and_is_shown() -> None:
    agent = an_agent()
    assert agent_view(agent.state)["catalogue"] == 0
    offer(agent, 3)
    offer(agent, 4, Item(PEN, "PEN"))
    assert agent_view(agent.state)["catalogue"] == 4
    assert MUG not in agent.state.catalogue
    assert PEN in agent.state.catalogue


def test_the_same_or_a_lower_revision_has_no_effect() -> None:
    agent = an_agent()
    offer(agent, 3)
    assert offer(agent, 3, Item(PEN, "PEN")) == []
    assert offer(agent, 2, Item(PEN, "PEN")) == []
    assert agent.state.catalogue == master(3)


def test_it_is_the_same_after_a_restart_with_a_snapshot_or_without() -> None:
    agent = an_agent()
    offer(agent, 3, Item(MUG, "MUG", {SIX: 6}))
    assert agent.replayed() == agent.shadow == agent.state
    for cut in (0, len(agent.journal)):
        assert agent.replayed_with_snapshot(cut).catalogue.by_code[SIX].sku == "MUG"


def test_the_next_scan_is_judged_by_it() -> None:
    agent = an_agent(site=a_site("st1"))
    agent.submit(a_task("T-1", a_line("1", MUG, 6)))
    agent.run_to(ev.UnitGripped)
    offer(agent, 3, Item(MUG, "MUG", {SIX: 6}))
    agent.scan(ean(SIX) if SIX[0] == "0" else b"]C101" + SIX.encode())
    assert agent.last(ev.UnitVerified).unit.units == 6


def test_a_malformed_one_is_told_to_the_sender_and_changes_nothing() -> None:
    agent = an_agent()
    offer(agent, 3)
    fields = (ev.FieldError("items[0].gtin", "is missing"),)
    agent.feed(inp.MessageRefused("catalogue", "invalid_fields", "missing or wrong", fields, None, "{}"))
    rejected = agent.last(ev.TaskRejected)
    assert (rejected.message_type, rejected.fields) == ("catalogue", fields)
    assert agent.state.catalogue == master(3)
