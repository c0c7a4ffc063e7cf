"""The audit of containers whose scale disagrees: what is in question has not escaped, as long as it is."""

from pathlib import Path

from edge_agent.domain.site import Site
from simulators.audit_mistakes import KindCounts
from simulators.catalogue import Stock
from tests.simulators.shift import Line, Shift, a_shift

OTHER = "09520000099992"
HELD = {"where": "", "detail": "", "options": [], "held": True, "affected_tasks": ["T-2"], "line_id": None}


def a_swapped_label(site: Site, stock: Stock) -> Shift:
    """The last unit of the second task was another item with the right label, and its weight tells."""
    shift = a_shift(site, stock)
    placed = [line for line in shift.world_lines if line["kind"] == "unit_placed"][-1]
    stocked, gripped = (shift.happened(kind, unit=placed["unit"]) for kind in ("stock", "unit_gripped"))
    label = {name: stocked[name] for name in ("gtin", "lot", "serial", "expiry")}
    for line in (stocked, gripped, placed):
        line["gtin"] = OTHER
    about = {name: gripped[name] for name in ("t", "device", "command", "unit")}
    fault: Line = {"kind": "fault", "fault": "swapped_label", "label": label, "detectable": True, **about}
    shift.world_lines.insert(shift.world_lines.index(gripped), fault)
    return shift


def hold(shift: Shift) -> None:
    """Its container's scale said so: nothing more was confirmed, and a person is asked."""
    for name in ("line_picked", "task_completed"):
        shift.oms_lines.remove(shift.event(name, task_id="T-2"))
    about = {"task_id": "T-2", "line_id": "1", "station": "st1", "scanner": "put-scale"}
    shift.tell("unit_rejected", **about, target="container_weight", rule="V18", expected="", scanned="")
    shift.tell("exception_raised", task_id="T-2", exception_id="X-1", kind="weight_disagrees", **HELD)
    shift.renumber()


def test_what_the_scale_of_a_container_found_is_caught_and_its_task_is_held(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = a_swapped_label(site, stock)
    hold(shift)
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert (result.tasks.completed, result.tasks.held) == (1, 1)
    assert result.mistakes["swapped_label"] == KindCounts(1, 1, 0, {"V18": 1})


def test_what_a_person_has_let_pass_has_escaped(site: Site, stock: Stock, tmp_path: Path) -> None:
    shift = a_swapped_label(site, stock)
    hold(shift)
    told = {"task_id": "T-2", "line_id": None, "exception_id": "X-1", "action": "placed", "actor": "sue"}
    shift.tell("exception_resolved", **told, reason="", approver="bo", arguments={})
    result = shift.audit(tmp_path)
    assert result.mistakes["swapped_label"].escaped == 1
    assert result.verification.escaped == 1


def test_what_no_scale_has_found_has_escaped(site: Site, stock: Stock, tmp_path: Path) -> None:
    result = a_swapped_label(site, stock).audit(tmp_path)
    assert result.mistakes["swapped_label"] == KindCounts(1, 0, 1)
    assert result.verification.escaped == 1


def test_only_what_was_placed_last_is_in_question(site: Site, stock: Stock, tmp_path: Path) -> None:
    shift = a_shift(site, stock)
    hold(shift)
    first = next(line for line in shift.world_lines if line.get("container") == "OC-0002")
    shift.oms_lines.remove(shift.event("inventory_changed", to_container="OC-0002"))
    shift.renumber()
    (problem, *_) = shift.audit(tmp_path).problems
    assert f"unit {first['unit']}" in problem
    assert "no inventory_changed tells of it" in problem
