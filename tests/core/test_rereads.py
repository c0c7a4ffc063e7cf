"""A label that stays in view is read again and again: it counts once, unless a trigger has asked for it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.verification.reads import REREAD_S
from edge_agent.core.view import device_view
from edge_agent.domain import events as ev
from edge_agent.domain.ids import DeviceId
from tests.core.agent import MUG, PEN, Agent, a_line, a_site, a_task, an_agent, ean

SCANNER = DeviceId("st1-item-scan")
MARKED = b"]C101" + MUG.encode() + b"10LOT7\x1d21S-1"


def at_item_scan(*, triggered: bool = True, quantity: int = 3) -> Agent:
    agent = an_agent({1: [MUG] * quantity}, a_site("st1"), ready=False)
    if not triggered:
        plant = replace(agent.plant, untriggered=frozenset({SCANNER}))
        agent.plant = agent.state.plant = agent.shadow.plant = plant
    agent.ready()
    agent.submit(a_task("T-1", a_line("1", MUG, quantity)))
    agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM))
    return agent


def up_to_the_next_item(agent: Agent) -> None:
    """The next unit is in the gripper, and no time has passed."""
    agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM) or not agent.state.tasks)


@pytest.mark.parametrize(
    ("code", "rule", "name", "counted"),
    [(ean(MUG), "V14", "reread", 1), (MARKED, "V12", "same_scan", 0)],
    ids=["no serial number", "with a serial number"],
)
def test_a_code_that_comes_again_at_once_is_ignored_by_its_rule(
    code: bytes, rule: str, name: str, counted: int
) -> None:
    agent = at_item_scan()
    agent.scan(code)
    agent.clock_s += 0.3
    (ignored,) = agent.scan(code, SCANNER)
    assert isinstance(ignored, ev.ScanIgnored)
    assert (ignored.rule, ignored.name) == (rule, name)
    assert agent.state.devices[SCANNER].rereads == counted


def test_what_a_trigger_has_asked_for_since_is_no_reread() -> None:
    agent = at_item_scan()
    agent.scan(ean(MUG))
    up_to_the_next_item(agent)
    agent.scan(ean(MUG))
    assert len(agent.of(ev.UnitVerified)) == 2
    assert agent.of(ev.ScanIgnored) == []


def test_a_scanner_that_nobody_triggers_does_not_pass_the_next_unit_with_the_label_of_the_last() -> None:
    agent = at_item_scan(triggered=False)
    agent.scan(ean(MUG))
    up_to_the_next_item(agent)
    agent.scan(ean(MUG), SCANNER)
    assert len(agent.of(ev.UnitVerified)) == 1
    agent.clock_s += REREAD_S + 0.1
    agent.scan(ean(MUG), SCANNER)
    assert len(agent.of(ev.UnitVerified)) == 2


def test_a_label_that_stays_in_view_is_one_scan_however_long() -> None:
    agent = at_item_scan(triggered=False)
    agent.scan(ean(MUG))
    up_to_the_next_item(agent)
    for _ in range(49):
        agent.clock_s += 0.1
        agent.scan(ean(MUG), SCANNER)
    assert len(agent.of(ev.UnitVerified)) == 1
    assert device_view(agent.state, SCANNER)["rereads"] == 49


def test_another_code_within_the_time_is_judged() -> None:
    agent = at_item_scan(triggered=False)
    agent.scan(ean(MUG))
    up_to_the_next_item(agent)
    agent.scan(ean(PEN), SCANNER)
    assert agent.last(ev.ScanRejected).rule == "V6"


def test_a_code_that_no_step_waited_for_is_none_of_these() -> None:
    agent = at_item_scan()
    agent.read()
    agent.scan(ean(PEN), SCANNER)
    agent.scan(ean(PEN), SCANNER)
    assert [event.rule for event in agent.of(ev.ScanIgnored)] == ["V20", "V20"]


def test_a_restart_forgets_nothing_of_it() -> None:
    agent = at_item_scan(triggered=False)
    agent.scan(ean(MUG))
    agent.restart()
    agent.ready()
    agent.scan(ean(MUG), SCANNER)
    assert agent.last(ev.ScanIgnored).rule == "V14"


@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(gaps=st.lists(st.sampled_from((0.0, 0.1, 0.59, 0.61, 1.5)), max_size=12))
def test_units_count_by_the_pauses_between_equal_codes(gaps: list[float]) -> None:
    agent = at_item_scan(triggered=False, quantity=20)
    agent.scan(ean(MUG))
    for gap in gaps:
        up_to_the_next_item(agent)
        agent.clock_s += gap
        agent.scan(ean(MUG), SCANNER)
    assert len(agent.of(ev.UnitVerified)) == 1 + sum(gap > REREAD_S for gap in gaps)
    assert agent.state == agent.replayed() == agent.shadow
