"""The item master at work: packs, what an item's code must say, and the weight beside the label."""

import pytest

from edge_agent.core.confirmations import confirmation
from edge_agent.core.plant import Plant
from edge_agent.core.view import agent_view
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.ids import Gtin
from edge_agent.domain.item import Catalogue, Item, Need, Weight
from tests.core.agent import CUP, MUG, PEN, Agent, a_line, a_site, a_task, ean
from tests.core.floor import Floor

SIX_MUGS = Gtin("14006381333938")
MASTER = Catalogue(
    3, (Item(MUG, "MUG", {SIX_MUGS: 6}, weight=Weight(310, 8)), Item(PEN, "PEN"), Item(CUP, "CUP"))
)


def a_cell(catalogue: Catalogue = MASTER, quantity: int = 1) -> Agent:
    """A task for mugs, out of one of two totes."""
    site = a_site("st1")
    plant = Plant(site, dict.fromkeys(site.devices, 1) | {site.conveyor: 15})
    agent = Agent(Floor.stocked(site, {1: [MUG] * 20, 2: [MUG] * 20}), plant)
    agent.feed(inp.CatalogueOffered(catalogue))
    agent.ready()
    agent.submit(a_task("T-1", a_line("1", MUG, quantity, totes=(1, 2))))
    return agent


def gripped(agent: Agent, weight_g: int | None) -> None:
    """The picker holds the next unit and says what it weighs."""
    agent.run(until=lambda agent: [c for c in agent.open_commands() if isinstance(c.order, cmd.Pick)])
    pick = agent.command(cmd.Pick)
    agent.accept(pick)
    agent.floor.end(pick)
    agent.feed(inp.CommandResolved(pick.command_id, cmd.Done(cmd.Report(weight_g=weight_g))))


# ---- weight ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight_g", [302, 310, 318, None])
def test_a_right_label_with_the_right_weight_or_none_at_all_is_placed(weight_g: int | None) -> None:
    agent = a_cell()
    gripped(agent, weight_g)
    agent.read()
    assert agent.last(ev.UnitVerified).unit.gtin == MUG


@pytest.mark.parametrize("weight_g", [301, 319, 1860])
def test_a_right_label_with_a_wrong_weight_is_put_back_like_a_wrong_item(weight_g: int) -> None:
    agent = a_cell()
    gripped(agent, weight_g)
    agent.read()
    rejected = agent.last(ev.ScanRejected)
    assert (rejected.rule, rejected.name) == ("V18", "weight_disagrees")
    assert (rejected.expected, rejected.scanned) == ("310 g within 8 g", f"{weight_g} g")
    assert isinstance(agent.command(cmd.PutBack).order, cmd.PutBack)
    gripped(agent, 310)
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


def test_after_two_wrong_weights_the_next_source_is_taken() -> None:
    agent = a_cell()
    for _ in range(2):
        gripped(agent, 100)
        agent.read()
    agent.run_to(ev.SourceExhausted)
    assert agent.last(ev.SourceExhausted).reason is ev.SourceReason.WRONG_ITEM


def test_a_weight_that_got_lost_on_the_way_is_no_evidence_and_the_unit_is_put_back() -> None:
    agent = a_cell(quantity=2)
    gripped(agent, 310)
    agent.read()
    agent.run_to(ev.UnitPlaced)
    gripped(agent, None)  # the picker has forgotten it in a restart
    agent.read()
    rejected = agent.last(ev.ScanRejected)
    assert (rejected.rule, rejected.scanned) == ("V18", "nothing")
    gripped(agent, 310)
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 2


def test_without_a_weight_in_the_master_what_the_picker_weighs_says_nothing() -> None:
    agent = a_cell(Catalogue(1, (Item(MUG, "MUG"),)))
    gripped(agent, 5)
    agent.read()
    assert agent.of(ev.UnitVerified)


def test_a_wrong_label_stays_a_wrong_item_whatever_it_weighs() -> None:
    agent = a_cell()
    gripped(agent, 310)
    agent.scan(ean(PEN))
    assert agent.last(ev.ScanRejected).rule == "V5"


def test_a_restart_between_grip_and_scan_remembers_the_weight() -> None:
    agent = a_cell()
    gripped(agent, 100)
    agent.restart()
    agent.ready()
    agent.read()
    assert agent.last(ev.ScanRejected).rule == "V18"


# ---- packs and needs ---------------------------------------------------------------------------------


def test_a_pack_counts_with_all_its_units() -> None:
    agent = a_cell(quantity=7)
    gripped(agent, 6 * 310)
    agent.scan(b"]C101" + SIX_MUGS.encode())
    agent.run_to(ev.UnitPlaced)
    placed, verified = agent.last(ev.UnitPlaced), agent.last(ev.UnitVerified)
    assert (placed.unit.gtin, placed.unit.units) == (SIX_MUGS, 6)
    assert confirmation(verified).data["rule"] == "V4"
    assert confirmation(placed).data["delta"] == -6
    assert confirmation(placed).data["units"] == 6
    gripped(agent, 310)
    agent.run()
    (line,) = agent.last(ev.TaskCompleted).lines
    assert (line.ordered, line.picked) == (7, 7)


def test_a_pack_of_more_than_the_line_lacks_is_put_back() -> None:
    agent = a_cell(quantity=5)
    gripped(agent, 6 * 310)
    agent.scan(b"]C101" + SIX_MUGS.encode())
    assert agent.last(ev.ScanRejected).rule == "V17"


def test_what_the_master_needs_of_a_code_must_be_in_it() -> None:
    agent = a_cell(Catalogue(1, (Item(MUG, "MUG", needs=frozenset({Need.LOT})),)))
    gripped(agent, None)
    agent.scan(ean(MUG))
    agent.run_to(ev.ScanRejected)
    assert agent.last(ev.ScanRejected).rule == "V8"


def test_an_item_that_only_the_master_knows_is_a_wrong_item_and_no_unknown_code() -> None:
    agent = a_cell()
    gripped(agent, None)
    agent.scan(ean(CUP))
    assert agent.last(ev.ScanRejected).rule == "V5"


@pytest.mark.parametrize(("catalogue", "revision"), [(MASTER, 3), (Catalogue(), 0)])
def test_the_agent_shows_the_revision_of_its_master(catalogue: Catalogue, revision: int) -> None:
    assert agent_view(a_cell(catalogue).state)["catalogue"] == revision
