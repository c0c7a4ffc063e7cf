"""The audit: an honest shift is consistent, and its numbers are right."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from edge_agent.domain.site import Site
from simulators.audit import Audit, Latency, audit
from simulators.audit_table import summary_table
from simulators.catalogue import Stock
from simulators.ledger import LedgerError
from tests.simulators.shift import HEARD_AFTER_S, Shift, Upsets, a_shift, pick_task, write


@pytest.fixture
def shift(site: Site, stock: Stock) -> Shift:
    return a_shift(site, stock)


def test_an_honest_shift_is_consistent(shift: Shift, tmp_path: Path) -> None:
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert result.consistent


def test_the_result_has_the_contracts_shape_and_the_right_numbers(shift: Shift, tmp_path: Path) -> None:
    result = shift.audit(tmp_path).to_json()
    latency = result.pop("latency_ms")
    seconds = result.pop("seconds")
    result.pop("eta_error_s")
    assert result.pop("stock") == {"compared": 12, "found_short": 0, "behind": 0}
    assert result == {
        "tasks": {"submitted": 2, "completed": 2, "short": 0, "cancelled": 0, "rejected": 0, "held": 0},
        "units": {"ordered": 6, "picked": 6, "short": 0, "cancelled": 0},
        # Two containers in and out, two totes fetched, brought, taken back and stored, six picks and places.
        "moves": {"commanded": 24, "executed": 24, "repeated": 0, "lost": 0},
        "verification": {"injected": 0, "caught": 0, "escaped": 0, "false_rejects": 0} | {"hidden": 0},
        "confirmations": {"events": 23, "repeats": 0, "gaps": 0, "missing": 0, "wrong": 0},
        "mistakes": {},
        "exceptions": {},
        "consistent": True,
        "problems": [],
    }
    sent_ms = pytest.approx(5, abs=0.01)
    assert latency["task_to_first_command"] == {"p50": sent_ms, "p99": sent_ms, "samples": 2}
    # The scan is written, two milliseconds later the agent decides, and the OMS hears of it.
    heard_ms = pytest.approx(2 + HEARD_AFTER_S * 1000, abs=0.01)
    assert latency["scan_to_confirmation"] == {"p50": heard_ms, "p99": heard_ms, "samples": 6}
    assert seconds > 0
    assert json.loads(json.dumps(result)) == result


def test_injected_faults_that_were_caught_are_counted_and_consistent(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    upsets = Upsets(wrong_item=frozenset({1, 3}), no_read=frozenset({2, 3, 5}))
    result = a_shift(site, stock, upsets).audit(tmp_path)
    assert result.problems == ()
    assert (result.verification.injected, result.verification.caught) == (5, 5)
    assert (result.verification.escaped, result.verification.false_rejects) == (0, 0)


def test_a_short_line_is_consistent_and_its_task_counts_as_short(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = Shift(site, stock)
    tote = stock.totes[0].lpn
    sku = next(iter(stock.in_tote[tote]))
    held = len(stock.in_tote[tote][sku])
    shift.run(pick_task(stock, 1, [(tote, sku, held + 2)]))
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert (result.tasks.completed, result.tasks.short) == (0, 1)
    assert (result.units.ordered, result.units.picked, result.units.short) == (held + 2, held, 2)


def test_a_pick_that_found_nothing_is_commanded_and_neither_executed_nor_lost(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = Shift(site, stock)
    tote = stock.totes[0].lpn
    sku = next(iter(stock.in_tote[tote]))
    shift.run(pick_task(stock, 1, [(tote, sku, len(stock.in_tote[tote][sku]) + 1)]))
    moves = shift.audit(tmp_path).moves
    assert (moves.commanded - moves.executed, moves.lost) == (1, 0)


def test_a_task_that_was_cancelled_before_it_moved_is_consistent(
    shift: Shift, stock: Stock, tmp_path: Path
) -> None:
    shift.submit(pick_task(stock, 3, [(stock.totes[0].lpn, stock.skus[0].sku, 3)]))
    shift.tell("task_accepted", task_id="T-3")
    lines = [{"line_id": "1", "ordered": 3, "picked": 0, "short": 0, "cancelled": 3}]
    shift.tell("task_cancelled", task_id="T-3", lines=lines)
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert (result.tasks.cancelled, result.units.cancelled) == (1, 3)


def test_a_rejected_task_orders_nothing(shift: Shift, stock: Stock, tmp_path: Path) -> None:
    shift.submit(pick_task(stock, 3, [(stock.totes[0].lpn, stock.skus[0].sku, 3)]))
    shift.tell("task_rejected", task_id="T-3", message_type="submit", code="unknown_lane")
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert (result.tasks.rejected, result.units.ordered) == (1, 6)


def test_a_rejected_cancel_does_not_reject_its_task(shift: Shift, tmp_path: Path) -> None:
    shift.tell("task_rejected", task_id="T-1", message_type="cancel", code="task_ended")
    result = shift.audit(tmp_path)
    assert (result.tasks.rejected, result.tasks.completed) == (0, 2)
    assert result.consistent


def held_by_exception(shift: Shift) -> None:
    about = {"exception_id": "E-1", "held": True, "kind": "command_failed"}
    shift.tell("exception_raised", task_id=None, affected_tasks=["T-3"], **about)


def held_by_its_state(shift: Shift) -> None:
    t = shift.oms_lines[-1]["t"]
    shift.oms_lines.append({"t": t, "kind": "task_held", "task_id": "T-3", "held": {"reason": "jam"}})


@pytest.mark.parametrize("hold", [held_by_exception, held_by_its_state])
def test_a_held_task_is_counted_and_consistent(
    shift: Shift, stock: Stock, tmp_path: Path, hold: Callable[[Shift], None]
) -> None:
    shift.submit(pick_task(stock, 3, [(stock.totes[0].lpn, stock.skus[0].sku, 3)]))
    shift.tell("task_accepted", task_id="T-3")
    hold(shift)
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert result.tasks.held == 1


def test_a_task_whose_exception_was_resolved_is_held_no_longer(
    shift: Shift, stock: Stock, tmp_path: Path
) -> None:
    shift.submit(pick_task(stock, 3, [(stock.totes[0].lpn, stock.skus[0].sku, 3)]))
    shift.tell("task_accepted", task_id="T-3")
    held_by_exception(shift)
    shift.tell("exception_resolved", exception_id="E-1", action="retry")
    result = shift.audit(tmp_path)
    assert result.tasks.held == 0
    assert result.problems == ("task T-3 neither ended nor is it held",)


def test_events_that_arrive_again_are_repeats_and_no_problem(shift: Shift, tmp_path: Path) -> None:
    events = [line for line in shift.oms_lines if line["kind"] == "event"]
    shift.oms_lines += events[3:8]
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert (result.confirmations.events, result.confirmations.repeats) == (len(events), 5)


def test_a_right_unit_that_was_read_and_rejected_is_a_false_reject_and_no_problem(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = a_shift(site, stock, Upsets(wrong_item=frozenset({1})))
    # What was wrong for the first line is right for the second.
    shift.told("unit_rejected")["line_id"] = "2"
    result = shift.audit(tmp_path)
    assert result.verification.false_rejects == 1
    assert result.consistent


def test_tasks_that_waited_for_a_station_do_not_count_into_the_latency(shift: Shift, tmp_path: Path) -> None:
    started = shift.event("task_started", task_id="T-2")["event"]
    started["time"] = started["time"].replace("2026", "2027")
    assert shift.audit(tmp_path).latency_ms.task_to_first_command.samples == 1


def test_percentiles_are_by_nearest_rank() -> None:
    latency = Latency.of([number / 1000 for number in range(200, 0, -1)])
    assert (latency.p50, latency.p99, latency.samples) == (100.0, 198.0, 200)
    assert Latency.of([]) == Latency(None, None, 0)


def test_a_torn_last_line_is_left_out(shift: Shift, tmp_path: Path) -> None:
    shift.audit(tmp_path)
    for name in ("oms.jsonl", "world.jsonl"):
        with (tmp_path / name).open("a") as file:
            file.write('{"t": 1790000099.0, "kind": "violat')
    assert audit(tmp_path / "oms.jsonl", tmp_path / "world.jsonl").consistent


def test_a_world_that_was_killed_is_judged_without_its_closing_stock(shift: Shift, tmp_path: Path) -> None:
    shift.world_lines = [line for line in shift.world_lines if line["kind"] != "stock_end"]
    assert shift.audit(tmp_path).consistent


def test_a_broken_line_in_the_middle_is_an_error_that_names_file_and_line(
    shift: Shift, tmp_path: Path
) -> None:
    shift.audit(tmp_path)
    path = tmp_path / "world.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:4], "not JSON\n", *lines[5:]]))
    with pytest.raises(LedgerError, match=r"world\.jsonl:5: not a ledger line"):
        audit(tmp_path / "oms.jsonl", path)


def test_empty_ledgers_agree(tmp_path: Path) -> None:
    write(tmp_path / "oms.jsonl", [])
    write(tmp_path / "world.jsonl", [])
    result = audit(tmp_path / "oms.jsonl", tmp_path / "world.jsonl")
    assert result.consistent
    assert result.seconds == 0


def rendered(result: Audit) -> str:
    console = Console(width=80, record=True, file=StringIO())
    console.print(summary_table(result))
    return console.export_text()


def test_the_table_shows_the_counts_and_the_verdict(shift: Shift, tmp_path: Path) -> None:
    text = rendered(shift.audit(tmp_path))
    assert "2 submitted: 2 completed" in text
    assert "6 ordered: 6 picked" in text
    assert "0 gaps, 0 missing, 0 wrong" in text
    assert "yes, after" in text


def test_the_table_counts_the_problems(shift: Shift, tmp_path: Path) -> None:
    shift.oms_lines.remove(shift.event("inventory_changed"))
    text = rendered(shift.audit(tmp_path))
    assert "1 gaps, 1 missing, 0 wrong" in text
    assert "no: 2 problems" in text


def test_the_table_fits_a_terminal_of_eighty_columns(shift: Shift, tmp_path: Path) -> None:
    lines = rendered(shift.audit(tmp_path)).splitlines()
    assert max(map(len, lines)) <= 80
    assert any("0 short, 0 cancelled" in line for line in lines)
