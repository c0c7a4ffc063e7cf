"""The audit of what persons do wrong, and of what two of them let pass."""

from pathlib import Path

import pytest

from edge_agent.domain.ids import Lpn
from edge_agent.domain.site import Site
from simulators.audit_mistakes import KindCounts
from simulators.catalogue import Stock, Unit
from tests.simulators.shift import Line, Shift, a_shift, two_tasks
from tests.simulators.test_audit_swapped import OTHER, about

HANDHELD = "item-scan"


class SlipShift(Shift):
    """At the first unit the person slips, and scans right afterwards."""

    slip = "old_code"
    scans = 1
    """Wrong ones."""
    rejected = True
    _has_slipped = False

    def _grip(self, line: Line, tote: Lpn) -> Unit | None:
        unit = super()._grip(line, tote)
        if not self._has_slipped:
            self._has_slipped = True
            self._happens("fault", {"fault": self.slip, "device": "picker-1", "scanner": HANDHELD})
            for _ in range(self.scans):
                self.scan(HANDHELD, f"]C0{tote}")
            about = {"task_id": "T-1", "line_id": line["line_id"], "scanner": HANDHELD, "target": "item"}
            if self.rejected:
                self.tell("unit_rejected", **about, rule="V6", expected=line["gtin"], scanned=tote)
            self._pass(0.1)
        return unit


def slipped(site: Site, stock: Stock, **how: object) -> Shift:
    shift = type("ThisShift", (SlipShift,), how)(site, stock)
    for task in two_tasks(stock):
        shift.run(task)
    return shift


@pytest.mark.parametrize(
    ("how", "counts"),
    [
        ({}, KindCounts(1, 1, 0, {"V6": 1})),
        ({"rejected": False}, KindCounts(1, 1, 0, {"not used": 1})),
        ({"slip": "scanned_twice", "scans": 2}, KindCounts(1, 1, 0, {"V6": 1})),
        ({"slip": "other_container"}, KindCounts(1, 1, 0, {"V6": 1})),
    ],
)
def test_a_slip_with_a_scan_is_counted_by_the_rule_that_told_it(
    site: Site, stock: Stock, tmp_path: Path, how: dict[str, object], counts: KindCounts
) -> None:
    result = slipped(site, stock, **how).audit(tmp_path)
    assert result.problems == ()
    assert result.mistakes == {how.get("slip", "old_code"): counts}


def test_a_label_that_was_on_nothing_in_hand_may_have_passed_as_long_as_nothing_is_told_as_picked(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = a_shift(site, stock)
    verified = dict(shift.told("unit_verified"))
    shift.scan(HANDHELD, "]E0nothing")
    shift.tell("unit_verified", **verified)
    assert shift.audit(tmp_path).problems == ()
    shift.tell("inventory_changed", **shift.told("inventory_changed"))
    assert shift.audit(tmp_path).problems != ()


def another_lot_is_asked_for(shift: Shift) -> Line:
    """The first line asks for a lot that none of its units has; the first unit that was placed for it."""
    line = next(line for line in shift.oms_lines if line["kind"] == "submitted")["task"]["lines"][0]
    line["lot"] = "ANOTHER"
    return shift.happened("unit_placed", gtin=line["gtin"])


def let_pass(shift: Shift, placed: Line, approver: str) -> None:
    value = {"gtin": placed["gtin"], "rule": "V10", "name": "wrong_lot", "value": placed["lot"]}
    shift.tell("rule_overridden", task_id="T-1", **value, actor="anna", approver=approver)


@pytest.mark.parametrize(("approver", "escaped"), [("sue", 0), ("anna", 2), (None, 2)])
def test_what_two_persons_let_pass_has_not_escaped(
    site: Site, stock: Stock, tmp_path: Path, approver: str | None, escaped: int
) -> None:
    shift = with_lots(site, stock)
    placed = another_lot_is_asked_for(shift)
    if approver is not None:
        let_pass(shift, placed, approver)
    result = shift.audit(tmp_path)
    assert result.verification.escaped == escaped
    assert (result.problems == ()) is (escaped == 0)


def with_lots(site: Site, stock: Stock) -> Shift:
    """All units of the first line have the lot L1."""
    shift = a_shift(site, stock)
    gtin = shift.happened("unit_placed")["gtin"]
    for line in shift.world_lines:
        if line.get("gtin") == gtin and "lot" in line:
            line["lot"] = "L1"
    for event in (line["event"]["data"] for line in shift.oms_lines if line["kind"] == "event"):
        for told in (event, *event.get("units", ())):
            if told.get("gtin") == gtin and "lot" in told:
                told["lot"] = "L1"
    return shift


@pytest.mark.parametrize("denied", [True, False])
def test_a_persons_false_word_about_a_tote_is_told_apart_from_the_agents(
    site: Site, stock: Stock, tmp_path: Path, denied: bool
) -> None:
    shift = a_shift(site, stock)
    picked = shift.told("inventory_changed")
    if denied:
        facts = {"container": picked["container"], "gtin": picked["gtin"], "device": "picker-1"}
        shift.world_lines.append(
            {"t": shift.world_lines[-1]["t"], "kind": "fault", "fault": "not_there"} | facts
        )
    shift.tell("inventory_changed", **picked | {"delta": -2, "counted": 0, "reason": "found_short"})
    result = shift.audit(tmp_path)
    assert (result.problems == ()) is denied
    if denied:
        assert result.mistakes == {"not_there": KindCounts(0, 0, 0, {}, hidden=1)}


def test_another_units_label_counts_as_hidden_and_not_as_escaped(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = a_shift(site, stock)
    placed = shift.happened("unit_placed")
    laid, gripped = (shift.happened(kind, unit=placed["unit"]) for kind in ("stock", "unit_gripped"))
    label = {name: laid[name] for name in ("gtin", "lot", "serial", "expiry")}
    for line in (laid, gripped, placed):
        line["gtin"] = OTHER
    fault = about(gripped) | {"fault": "other_scanned", "label": label, "detectable": False}
    shift.world_lines.insert(shift.world_lines.index(gripped), fault)
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert result.mistakes["other_scanned"] == KindCounts(0, 0, 0, {}, hidden=1)
