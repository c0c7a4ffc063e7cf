"""The audit of right labels on wrong items: caught by their weight, hidden, or escaped."""

from pathlib import Path

import pytest

from edge_agent.domain.site import Site
from simulators.audit_mistakes import KindCounts
from simulators.catalogue import Stock
from tests.simulators.shift import Line, Shift, Upsets, a_shift

OTHER = "09520000099992"


def swap(shift: Shift, *, detectable: bool) -> None:
    """The first unit that was placed carried its label, and was another item all along."""
    placed = shift.happened("unit_placed")
    stock, gripped = (shift.happened(kind, unit=placed["unit"]) for kind in ("stock", "unit_gripped"))
    label = {name: stock[name] for name in ("gtin", "lot", "serial", "expiry")}
    for line in (stock, gripped, placed):
        line["gtin"] = OTHER
    fault = about(gripped) | {"fault": "swapped_label", "label": label, "detectable": detectable}
    shift.world_lines.insert(shift.world_lines.index(gripped), fault)


def about(gripped: Line) -> Line:
    return {"kind": "fault"} | {name: gripped[name] for name in ("t", "device", "command", "unit")}


def test_a_hidden_one_counts_as_what_its_label_says(site: Site, stock: Stock, tmp_path: Path) -> None:
    shift = a_shift(site, stock)
    swap(shift, detectable=False)
    result = shift.audit(tmp_path)
    assert result.problems == ()
    counts = result.verification
    assert (counts.injected, counts.caught, counts.escaped, counts.hidden) == (0, 0, 0, 1)
    assert result.mistakes["swapped_label"] == KindCounts(0, 0, 0, {}, hidden=1)


def test_one_that_its_weight_told_and_that_was_placed_has_escaped(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = a_shift(site, stock)
    swap(shift, detectable=True)
    result = shift.audit(tmp_path)
    assert result.verification.escaped == 1
    assert result.mistakes["swapped_label"] == KindCounts(1, 0, 1)
    assert any(f"({OTHER}" in problem for problem in result.problems)


@pytest.mark.parametrize("detectable", [True, False])
def test_one_that_was_put_back_was_caught(site: Site, stock: Stock, tmp_path: Path, detectable: bool) -> None:
    shift = a_shift(site, stock, Upsets(wrong_item=frozenset({1})))
    fault = shift.happened("fault")
    label = {"gtin": shift.told("unit_rejected")["expected"], "lot": None, "serial": None, "expiry": None}
    fault |= {"fault": "swapped_label", "label": label, "detectable": detectable}
    result = shift.audit(tmp_path)
    assert result.problems == ()
    counts = result.verification
    assert (counts.injected, counts.caught, counts.hidden) == (1, 1, 0)
    assert result.mistakes["swapped_label"].caught == 1
