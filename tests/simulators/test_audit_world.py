"""The audit notices what is changed in the world's ledger of an honest shift, and says it by name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.domain.site import Site
from simulators.audit import Audit
from simulators.catalogue import Stock
from tests.simulators.shift import Line, Shift, Upsets, a_shift

Tamper = Callable[[Shift], None]
PHYSICAL = {"load_moved", "unit_gripped", "unit_placed", "unit_put_back"}


@pytest.fixture
def shift(site: Site, stock: Stock) -> Shift:
    return a_shift(site, stock)


def audited(shift: Shift, tmp_path: Path) -> Audit:
    result = shift.audit(tmp_path)
    assert not result.consistent
    return result


# ---- the world ---------------------------------------------------------------------------------------


def a_load_goes_elsewhere(shift: Shift) -> None:
    shift.happened("load_moved", load="OC-0001", to="ship")["to"] = "reject"


def a_load_is_carried_from_where_it_is_not(shift: Shift) -> None:
    carried = {"kind": "load_carried", "load": "TOTE-0001", "from": "reject", "to": "out"}
    shift.world_lines.append({"t": shift.world_lines[-1]["t"], **carried})


def a_unit_lies_elsewhere_at_the_end(shift: Shift) -> None:
    shift.happened("stock_end", unit="U000001")["place"] = "TOTE-0003"


def a_unit_vanishes_at_the_end(shift: Shift) -> None:
    shift.world_lines.remove(shift.happened("stock_end", unit="U000001"))


def a_unit_out_of_nowhere(shift: Shift) -> None:
    shift.world_lines.remove(shift.happened("stock", unit=shift.happened("unit_gripped")["unit"]))


def a_unit_twice_in_stock(shift: Shift) -> None:
    shift.world_lines.insert(0, shift.happened("stock"))


def a_unit_in_a_tote_that_is_elsewhere(shift: Shift) -> None:
    shift.happened("stock")["location"] = "A01-99-99"


def a_load_twice(shift: Shift) -> None:
    shift.world_lines.insert(0, shift.happened("load"))


def a_unit_changes_its_item(shift: Shift) -> None:
    shift.happened("unit_placed")["gtin"] = "09520000099992"


def a_unit_is_put_back_into_another_tote(shift: Shift) -> None:
    shift.happened("unit_put_back")["tote"] = "TOTE-0002"


def a_gripper_that_holds_two(shift: Shift) -> None:
    line = dict(shift.happened("unit_gripped"))
    taken = {line["unit"] for line in shift.world_lines if line["kind"] == "unit_gripped"}
    stock = (line for line in shift.world_lines if line["kind"] == "stock")
    other = next(unit for unit in stock if unit["unit"] not in taken and unit["container"] == line["tote"])
    shift.world_lines.append({**line, "unit": other["unit"], "gtin": other["gtin"]})


def the_agent_breaks_a_rule(shift: Shift) -> None:
    line = {"device": "asrs-1", "rule": "command_while_busy", "detail": "command 9 while 1 are open"}
    shift.world_lines.append({"t": shift.world_lines[-1]["t"], "kind": "violation", **line})


def a_line_without_its_facts(shift: Shift) -> None:
    del shift.happened("load_moved")["from"]


@pytest.mark.parametrize(
    ("tamper", "problem"),
    [
        (a_load_goes_elsewhere, "OC-0001 is at ship at the end; by its moves it is at reject"),
        (a_load_is_carried_from_where_it_is_not, "load TOTE-0001 was carried from reject while it was at"),
        (a_unit_lies_elsewhere_at_the_end, "U000001 is at TOTE-0003 at the end; by its moves it is at"),
        (a_unit_vanishes_at_the_end, "U000001 is at no place at the end"),
        (a_unit_out_of_nowhere, "was in nobody's stock"),
        (a_unit_twice_in_stock, "appears a second time"),
        (a_unit_in_a_tote_that_is_elsewhere, "which is not at A01-99-99"),
        (a_load_twice, "load TOTE-0001 appears a second time"),
        (a_unit_changes_its_item, "at the start and is 09520000099992"),
        (a_unit_is_put_back_into_another_tote, "came out of TOTE-0001 and was put back into TOTE-0002"),
        (a_gripper_that_holds_two, "picker-1 gripped"),
        (the_agent_breaks_a_rule, "asrs-1: command_while_busy: command 9 while 1 are open"),
        (a_line_without_its_facts, "a line 'load_moved' at 1790000"),
    ],
)
def test_a_world_that_contradicts_itself_is_found(
    site: Site, stock: Stock, tmp_path: Path, tamper: Tamper, problem: str
) -> None:
    shift = a_shift(site, stock, Upsets(wrong_item=frozenset({1})))
    tamper(shift)
    problems = audited(shift, tmp_path).problems
    assert any(problem in text for text in problems), problems


def test_a_move_that_is_missing_is_found_whichever_it_is(shift: Shift, tmp_path: Path) -> None:
    lines = shift.world_lines
    for place, line in enumerate(lines):
        if line["kind"] in PHYSICAL:
            shift.world_lines = lines[:place] + lines[place + 1 :]
            audited(shift, tmp_path)


def test_a_move_that_is_repeated_is_counted_whichever_it_is(shift: Shift, tmp_path: Path) -> None:
    lines = shift.world_lines
    for place, line in enumerate(lines):
        if line["kind"] in PHYSICAL:
            shift.world_lines = lines[: place + 1] + lines[place:]
            result = audited(shift, tmp_path)
            assert result.moves.repeated == 1
            assert any(f"command {line['command']} of {line['device']}" in text for text in result.problems)


# ---- commands ----------------------------------------------------------------------------------------


def test_a_command_that_was_accepted_twice_is_repeated(shift: Shift, tmp_path: Path) -> None:
    shift.world_lines.insert(-1, shift.happened("command", verb="retrieve"))
    result = audited(shift, tmp_path)
    assert result.moves.repeated == 1
    assert any(text.endswith("of asrs-1 was accepted twice") for text in result.problems)


def test_a_command_that_never_ended_is_lost(shift: Shift, tmp_path: Path) -> None:
    pick = shift.happened("command", verb="pick")
    shift.world_lines.remove(shift.happened("command_ended", command=pick["command"]))
    result = audited(shift, tmp_path)
    assert result.moves.lost == 1
    assert result.problems == (f"command {pick['command']} of picker-1 (pick) was accepted and never ended",)


def test_a_command_that_is_under_way_at_the_end_is_not_lost(shift: Shift, tmp_path: Path) -> None:
    last = shift.happened("command_ended", command=24)
    cut = shift.world_lines.index(last)
    shift.world_lines = shift.world_lines[: cut - 1]
    result = shift.audit(tmp_path)
    assert result.moves.lost == 0
    # It carries the container of a task that was told to be completed already: that is another matter.
    (problem,) = result.problems
    assert problem == "task T-2 was told to be completed; its container OC-0002 is still on conveyor-1"


def test_a_command_that_ended_as_done_without_moving_anything_is_lost(shift: Shift, tmp_path: Path) -> None:
    store = shift.happened("command", verb="store")
    moves = [line for line in shift.world_lines if line["kind"] == "load_moved"]
    for line in moves:
        if line["command"] == store["command"]:
            shift.world_lines.remove(line)
    result = audited(shift, tmp_path)
    assert result.moves.lost == 1
    assert f"command {store['command']} of asrs-1 (store) ended as done and nothing moved" in result.problems


def test_a_move_without_a_command_is_found(shift: Shift, tmp_path: Path) -> None:
    shift.world_lines.remove(shift.happened("command", verb="transfer"))
    problems = audited(shift, tmp_path).problems
    assert "command 1 of conveyor-1 ended and had never been accepted" in problems


def test_a_move_after_the_commands_end_is_found(shift: Shift, tmp_path: Path) -> None:
    end = shift.happened("command_ended", command=2)
    move = shift.happened("load_moved", command=2, to="out")
    end["t"], move["t"] = move["t"] - 0.001, move["t"]
    problems = audited(shift, tmp_path).problems
    assert any("command 2 of asrs-1, which had ended" in text for text in problems)


# ---- verification ------------------------------------------------------------------------------------


def test_a_unit_in_the_wrong_container_has_escaped(shift: Shift, tmp_path: Path) -> None:
    placed = shift.happened("unit_placed", container="OC-0001")
    shift.happened("unit_placed", container="OC-0002")["container"] = "OC-0001"
    placed["container"] = "OC-0001"
    result = audited(shift, tmp_path)
    assert result.verification.escaped == 1
    assert any("into OC-0001, whose task T-1 did not order it" in text for text in result.problems)
    assert (result.confirmations.missing, result.confirmations.wrong) == (1, 4)


def test_more_units_than_ordered_have_escaped(shift: Shift, tmp_path: Path) -> None:
    task = next(line for line in shift.oms_lines if line["kind"] == "submitted")["task"]
    task["lines"][0]["quantity"] = 1
    assert audited(shift, tmp_path).verification.escaped == 1


@pytest.mark.parametrize(
    "demand", [{"lot": "L99999"}, {"serials": ["S99999999"]}, {"expiry_min": "2099-01-01"}]
)
def test_a_unit_that_is_not_as_the_line_demands_has_escaped(
    shift: Shift, tmp_path: Path, demand: Line
) -> None:
    task = next(line for line in shift.oms_lines if line["kind"] == "submitted")["task"]
    task["lines"][1] |= demand
    assert audited(shift, tmp_path).verification.escaped == 2


def test_a_unit_for_a_rejected_task_has_escaped(shift: Shift, tmp_path: Path) -> None:
    for line in [line for line in shift.oms_lines if line["kind"] == "event"]:
        if line["event"]["data"]["task_id"] == "T-2":
            shift.oms_lines.remove(line)
    shift.renumber()
    shift.tell("task_rejected", task_id="T-2", message_type="submit", code="unknown_lane")
    shift.renumber()
    result = audited(shift, tmp_path)
    assert result.verification.escaped == 2
    assert any("OC-0002, which belongs to no task" in text for text in result.problems)


def test_a_unit_that_no_scanner_had_read_has_escaped(shift: Shift, tmp_path: Path) -> None:
    unit = shift.happened("unit_placed")["unit"]
    shift.world_lines.remove(shift.happened("scanned", unit=unit))
    result = audited(shift, tmp_path)
    assert result.verification.escaped == 1
    assert f"unit {unit} was placed into OC-0001 and no scanner had read it" in result.problems


def test_a_no_read_that_the_agent_took_for_a_read_is_not_caught(shift: Shift, tmp_path: Path) -> None:
    unit = shift.happened("unit_placed")["unit"]
    scan = shift.happened("scanned", unit=unit)
    fault = {"t": scan["t"], "kind": "fault", "device": "item-scan", "fault": "no_read", "unit": unit}
    shift.world_lines.insert(shift.world_lines.index(scan), fault)
    scan["data"] = "NOREAD"
    scans = audited(shift, tmp_path).verification
    assert (scans.injected, scans.caught, scans.escaped) == (1, 0, 1)


def test_a_wrong_item_that_was_placed_is_not_caught(site: Site, stock: Stock, tmp_path: Path) -> None:
    shift = a_shift(site, stock)
    grip = shift.happened("unit_gripped")
    fault = {"fault": "wrong_item", "device": grip["device"], "unit": grip["unit"]}
    shift.world_lines.append({"t": grip["t"], "kind": "fault", **fault})
    scans = shift.audit(tmp_path).verification
    assert (scans.injected, scans.caught) == (1, 0)


@pytest.mark.parametrize("load", ["TOTE-0001", "OC-0001"])
def test_going_on_after_a_loads_label_could_not_be_read_is_found(
    shift: Shift, tmp_path: Path, load: str
) -> None:
    for scan in [
        line for line in shift.world_lines if line["kind"] == "scanned" and line.get("load") == load
    ]:
        fault = {"t": scan["t"], "kind": "fault", "device": scan["scanner"], "fault": "no_read", "load": load}
        shift.world_lines[shift.world_lines.index(scan)] = fault
    result = audited(shift, tmp_path)
    assert any(f"{load} after its label could not be read" in text for text in result.problems)
    assert result.verification.caught < result.verification.injected


def test_picking_from_a_tote_that_was_not_read_where_it_stands_is_found(shift: Shift, tmp_path: Path) -> None:
    shift.world_lines.remove(shift.happened("scanned", load="TOTE-0001"))
    problems = audited(shift, tmp_path).problems
    assert any("out of TOTE-0001, whose label had not been read where it stood" in text for text in problems)
