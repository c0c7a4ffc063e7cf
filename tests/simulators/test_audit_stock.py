"""The audit keeps the OMS's stock record beside the world's: right at every moment, and at the end."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.domain.site import Site
from simulators.catalogue import Stock
from tests.simulators.shift import Shift, a_shift, pick_task

MISSING = ["U-lost-1", "U-lost-2"]


@pytest.fixture
def shift(site: Site, stock: Stock) -> Shift:
    return a_shift(site, stock)


def a_short_shift(site: Site, stock: Stock) -> Shift:
    """A line that takes all that is there of an item, and one more; the record has two more."""
    shift = Shift(site, stock)
    tote = stock.totes[0].lpn
    sku, units = next(iter(stock.in_tote[tote].items()))
    absent = {"container": tote, "gtin": units[0].gtin, "units": MISSING}
    shift.world_lines.insert(0, {"t": 0.0, "kind": "fault", "fault": "item_missing", "device": "x"} | absent)
    shift.run(pick_task(stock, 1, [(tote, sku, len(units) + 1)]))
    return shift


def tell_short(shift: Shift, counted: int = 0) -> None:
    picked = shift.told("inventory_changed")
    shift.tell("inventory_changed", **picked | {"delta": -2, "counted": counted, "reason": "found_short"})


def move(shift: Shift, seconds: float) -> None:
    """The agent decided the first change of the stock at another time than it did."""
    event = shift.event("inventory_changed")["event"]
    event["time"] = (datetime.fromisoformat(event["time"]) + timedelta(seconds=seconds)).isoformat()


def test_units_that_nobody_has_looked_for_are_behind_and_no_problem(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    result = a_short_shift(site, stock).audit(tmp_path)
    assert result.problems == ()
    assert (result.stock.found_short, result.stock.behind) == (0, 2)


def test_a_tote_that_was_told_short_is_right_from_then_on(site: Site, stock: Stock, tmp_path: Path) -> None:
    shift = a_short_shift(site, stock)
    tell_short(shift)
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert (result.stock.found_short, result.stock.behind) == (1, 0)


def test_a_tote_that_was_told_short_and_still_holds_units_is_wrong(shift: Shift, tmp_path: Path) -> None:
    tell_short(shift)
    result = shift.audit(tmp_path)
    assert result.confirmations.wrong == 1
    assert "(inventory_changed) the OMS has 0 of" in result.problems[0]


def test_a_count_that_is_not_that_of_the_tote_is_wrong(site: Site, stock: Stock, tmp_path: Path) -> None:
    shift = a_short_shift(site, stock)
    tell_short(shift, counted=1)
    (problem,) = shift.audit(tmp_path).problems
    assert "the OMS has 1 of" in problem
    assert problem.endswith("0 are there")


@pytest.mark.parametrize("seconds", [-5.0, 60.0])
def test_a_change_that_is_told_before_the_unit_has_left_or_after_the_next_is_wrong(
    shift: Shift, tmp_path: Path, seconds: float
) -> None:
    move(shift, seconds)
    result = shift.audit(tmp_path)
    assert result.confirmations.wrong == 1
    assert "on record" in result.problems[0]


@pytest.mark.parametrize("gtin", ["09520000000011", None], ids=["read", "not read"])
def test_a_tote_of_which_a_person_says_that_a_unit_is_lost_is_not_compared(
    shift: Shift, tmp_path: Path, gtin: str | None
) -> None:
    picked = shift.told("inventory_changed")
    before = shift.audit(tmp_path).units.picked
    shift.tell("inventory_changed", **picked | {"gtin": gtin, "to_container": None, "reason": "lost"})
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert result.units.picked == before


def test_one_mistake_is_found_once(shift: Shift, tmp_path: Path) -> None:
    shift.told("inventory_changed")["container"] = "TOTE-0099"
    assert shift.audit(tmp_path).confirmations.wrong == 1
