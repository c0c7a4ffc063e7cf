"""The audit notices what is changed in the OMS's ledger of an honest shift, and says it by name."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from edge_agent.domain.site import Site
from simulators.audit import Audit
from simulators.catalogue import Stock
from tests.simulators.shift import Line, Shift, a_shift, pick_task

Tamper = Callable[[Shift], None]


@pytest.fixture
def shift(site: Site, stock: Stock) -> Shift:
    return a_shift(site, stock)


def audited(shift: Shift, tmp_path: Path) -> Audit:
    result = shift.audit(tmp_path)
    assert not result.consistent
    return result


def test_an_event_that_never_came_is_found_whichever_it_is(shift: Shift, tmp_path: Path) -> None:
    lines = shift.oms_lines
    for place, line in enumerate(lines):
        if line["kind"] == "event":
            shift.oms_lines = lines[:place] + lines[place + 1 :]
            result = audited(shift, tmp_path)
            assert result.confirmations.gaps + result.confirmations.missing > 0


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("task_accepted", "task T-1 was submitted and neither accepted nor rejected"),
        ("task_started", "task T-1 has units in its container and was never told to have started"),
        ("unit_verified", "is in OC-0001 and no unit_verified tells of it"),
        ("inventory_changed", "is in OC-0001 and no inventory_changed tells of it"),
        ("line_picked", "line 1 of task T-1 was picked and no line_picked tells of it"),
        ("task_completed", "task T-1 neither ended nor is it held"),
    ],
)
def test_an_event_that_was_never_told_is_missed_without_a_gap(
    shift: Shift, tmp_path: Path, name: str, problem: str
) -> None:
    shift.oms_lines.remove(shift.event(name))
    shift.renumber()
    result = audited(shift, tmp_path)
    assert (result.confirmations.gaps, result.confirmations.missing) == (0, 1)
    assert any(problem in text for text in result.problems), result.problems


def test_a_short_line_that_was_never_told_is_missed(site: Site, stock: Stock, tmp_path: Path) -> None:
    shift = Shift(site, stock)
    tote = stock.totes[0].lpn
    shift.run(pick_task(stock, 1, [(tote, next(iter(stock.in_tote[tote])), 9)]))
    shift.oms_lines.remove(shift.event("line_short"))
    shift.renumber()
    problems = audited(shift, tmp_path).problems
    assert problems == ("line 1 of task T-1 is short by 5 and no line_short tells of it",)


def with_lot(shift: Shift, name: str) -> Line:
    return next(
        line["event"]["data"]
        for line in shift.oms_lines
        if line["kind"] == "event" and name in line["event"]["type"] and line["event"]["data"].get("lot")
    )


def wrong_lot(shift: Shift) -> None:
    with_lot(shift, "inventory_changed")["lot"] = "L99999"


def wrong_expiry(shift: Shift) -> None:
    with_lot(shift, "inventory_changed")["expiry"] = "2031-01-01"


def wrong_serial(shift: Shift) -> None:
    shift.told("inventory_changed")["serial"] = "S99999999"


def wrong_delta(shift: Shift) -> None:
    shift.told("inventory_changed")["delta"] = -2


def adding_delta(shift: Shift) -> None:
    shift.told("inventory_changed")["delta"] = 1


def wrong_tote(shift: Shift) -> None:
    shift.told("inventory_changed")["container"] = "TOTE-0005"


def wrong_location(shift: Shift) -> None:
    shift.told("inventory_changed")["location"] = "A01-99-99"


def wrong_container(shift: Shift) -> None:
    shift.told("inventory_changed")["to_container"] = "OC-0002"


def wrong_line(shift: Shift) -> None:
    shift.told("inventory_changed", line_id="1")["line_id"] = "2"


def wrong_item_verified(shift: Shift) -> None:
    shift.told("unit_verified")["gtin"] = "09520000099992"


def wrong_scanner(shift: Shift) -> None:
    shift.told("unit_verified")["scanner"] = "other-scan"


def verified_for_another_task(shift: Shift) -> None:
    shift.told("unit_verified", task_id="T-1")["task_id"] = "T-2"


def verified_before_it_was_read(shift: Shift) -> None:
    event = shift.event("unit_verified")["event"]
    event["time"] = event["time"].replace("2026", "2025")


def wrong_quantity_picked(shift: Shift) -> None:
    shift.told("line_picked")["picked"] = 1


def wrong_units_picked(shift: Shift) -> None:
    shift.told("line_picked")["units"][0] |= {"lot": "L99999"}


def wrong_sku_picked(shift: Shift) -> None:
    shift.told("line_picked")["sku"] = "NOTHING"


def a_line_that_was_never_ordered(shift: Shift) -> None:
    shift.told("line_picked")["line_id"] = "7"


def a_line_that_ends_twice(shift: Shift) -> None:
    shift.tell("line_picked", **shift.told("line_picked", task_id="T-1"))


def an_end_that_does_not_add_up(shift: Shift) -> None:
    shift.told("task_completed")["lines"][0]["short"] = 1


def an_end_with_other_numbers(shift: Shift) -> None:
    shift.told("task_completed")["lines"][0] |= {"picked": 1, "cancelled": 1}


def an_end_with_another_order(shift: Shift) -> None:
    shift.told("task_completed")["lines"][0] |= {"ordered": 3, "cancelled": 1}


def an_end_with_a_line_too_many(shift: Shift) -> None:
    line = {"line_id": "7", "ordered": 0, "picked": 0, "short": 0, "cancelled": 0}
    shift.told("task_completed")["lines"].append(line)


def a_task_that_ends_twice(shift: Shift) -> None:
    shift.tell("task_completed", **shift.told("task_completed", task_id="T-1"))


def a_task_that_nobody_submitted(shift: Shift) -> None:
    shift.tell("task_started", task_id="T-9")


def a_tote_that_did_not_come_from_there(shift: Shift) -> None:
    shift.told("tote_retrieved")["location"] = "A01-99-99"


def other_content_under_the_same_id(shift: Shift) -> None:
    again = deepcopy(shift.event("task_started"))
    again["event"]["data"]["station"] = "st9"
    shift.oms_lines.append(again)


def a_number_that_is_used_twice(shift: Shift) -> None:
    again = deepcopy(shift.event("task_started"))
    again["event"]["id"] = "gw1-999"
    shift.oms_lines.append(again)


def an_event_without_data(shift: Shift) -> None:
    del shift.event("task_started")["event"]["data"]


def an_event_without_a_field(shift: Shift) -> None:
    del shift.told("inventory_changed")["lot"]


def a_time_without_a_zone(shift: Shift) -> None:
    event = shift.event("task_started")["event"]
    event["time"] = event["time"].removesuffix("+00:00")


def a_message_that_is_no_json(shift: Shift) -> None:
    shift.oms_lines.append(
        {"t": shift.oms_lines[-1]["t"], "kind": "unreadable", "topic": "events/x", "text": "?"}
    )


@pytest.mark.parametrize(
    ("tamper", "problem"),
    [
        (wrong_lot, "lot L99999"),
        (wrong_expiry, "expiry 2031-01-01"),
        (wrong_serial, "serial S99999999"),
        (wrong_delta, "where no such unit was placed"),
        (adding_delta, "tells of a pick that adds 1 to the stock"),
        (wrong_tote, "out of TOTE-0005"),
        (wrong_location, "at A01-99-99 into OC-0001"),
        (wrong_container, "names OC-0002 for task T-1; it belongs to T-2"),
        (wrong_line, "for line 2 of task T-1, which is not so"),
        (wrong_item_verified, "tells of a unit 09520000099992; item-scan had read"),
        (wrong_scanner, "that other-scan had not read"),
        (verified_for_another_task, "for task T-2; it was placed for T-1"),
        (verified_before_it_was_read, "that item-scan had not read"),
        (wrong_quantity_picked, "says 1 picked and 0 short of 2; 2 were ordered"),
        (wrong_units_picked, "lot L99999 is told as picked and is not in the container"),
        (wrong_sku_picked, "says NOTHING"),
        (a_line_that_was_never_ordered, "tells of line 7 of task T-1, which was never ordered"),
        (a_line_that_ends_twice, "line 1 of task T-1 ended more than once"),
        (an_end_that_does_not_add_up, "ordered 2 is not picked + short + cancelled = 3"),
        (an_end_with_other_numbers, "line 1 of task T-1: 1 told as picked at the end, 2 were placed"),
        (an_end_with_another_order, "line 1 of task T-1: 2 were ordered, its end says 3"),
        (an_end_with_a_line_too_many, "line 7 of task T-1, which was never ordered"),
        (a_task_that_ends_twice, "task T-1 ended more than once"),
        (a_task_that_nobody_submitted, "tells of task T-9, which was never submitted"),
        (a_tote_that_did_not_come_from_there, "TOTE-0001 was not fetched from A01-99-99"),
        (other_content_under_the_same_id, "event 2 (task_started) came again with other content"),
        (a_number_that_is_used_twice, "has the id gw1-999, and its number belongs to gw1-2"),
        (an_event_without_data, "an event that is none of the contract"),
        (an_event_without_a_field, "event 5 (inventory_changed) has no lot"),
        (a_time_without_a_zone, "has no zone"),
        (a_message_that_is_no_json, "a message on events/x is no JSON object"),
    ],
)
def test_what_was_told_and_is_not_so_is_found(
    shift: Shift, tmp_path: Path, tamper: Tamper, problem: str
) -> None:
    tamper(shift)
    result = audited(shift, tmp_path)
    assert any(problem in text for text in result.problems), result.problems
    assert result.confirmations.wrong >= 1


def test_an_end_that_leaves_a_line_out_is_found(shift: Shift, tmp_path: Path) -> None:
    shift.told("task_completed")["lines"].pop()
    problems = audited(shift, tmp_path).problems
    assert any("says nothing of line 2 of task T-1" in text for text in problems)


def test_events_in_another_order_than_their_numbers_are_found(shift: Shift, tmp_path: Path) -> None:
    first, second = shift.event("task_started"), shift.event("tote_retrieved")
    first["t"], second["t"] = second["t"], first["t"]
    problems = audited(shift, tmp_path).problems
    assert problems == ("event 2 (task_started) came after event 3",)


def test_two_tasks_with_one_container_are_found(shift: Shift, tmp_path: Path) -> None:
    tasks = [line["task"] for line in shift.oms_lines if line["kind"] == "submitted"]
    tasks[1]["destination"] = tasks[0]["destination"]
    problems = audited(shift, tmp_path).problems
    assert any("tasks T-1 and T-2 both name container OC-0001" in text for text in problems)


def _last_but_lost(shift: Shift) -> None:
    """The first event of a task comes after all others."""
    event = shift.event("task_started")
    shift.oms_lines.remove(event)
    end_t = shift.oms_lines[-1]["t"]
    asked = {"t": end_t, "kind": "replay_asked", "after": event["event"]["sequence"] - 1}
    shift.oms_lines += [asked, event | {"t": end_t}]


def test_an_event_that_was_missed_and_asked_for_may_come_late(shift: Shift, tmp_path: Path) -> None:
    _last_but_lost(shift)
    assert shift.audit(tmp_path).problems == ()


def test_an_event_that_comes_late_unasked_is_out_of_order(shift: Shift, tmp_path: Path) -> None:
    _last_but_lost(shift)
    shift.oms_lines = [line for line in shift.oms_lines if line["kind"] != "replay_asked"]
    assert any("came after event" in text for text in audited(shift, tmp_path).problems)


def _asked_in_advance(shift: Shift, order: tuple[int, ...]) -> None:
    """The OMS asks behind event 2 before it hears more; then the others come in this order."""
    events = {line["event"]["sequence"]: line for line in shift.oms_lines if line["kind"] == "event"}
    place = shift.oms_lines.index(events[3])
    asked = {"t": events[3]["t"], "kind": "replay_asked", "after": 2}
    shift.oms_lines = [line for line in shift.oms_lines if line not in [events[number] for number in order]]
    shift.oms_lines[place:place] = [asked, *(events[number] | {"t": asked["t"]} for number in order)]


def test_a_replay_that_was_asked_for_before_the_gap_showed_may_come_late(
    shift: Shift, tmp_path: Path
) -> None:
    _asked_in_advance(shift, (6, 3, 4, 5))
    assert shift.audit(tmp_path).problems == ()


def test_one_request_explains_one_step_back(shift: Shift, tmp_path: Path) -> None:
    _asked_in_advance(shift, (6, 4, 3, 5))
    late = [text for text in audited(shift, tmp_path).problems if "came after event 6" in text]
    assert [text.split(" (")[0] for text in late] == ["event 3", "event 5"]


# ---- cancels and higher revisions --------------------------------------------------------------------


def cancelled(shift: Shift, task_id: str) -> None:
    shift.oms_lines.append({"t": shift.oms_lines[-1]["t"], "kind": "cancelled", "task_id": task_id})


def replaced(shift: Shift, stock: Stock, line_id: str) -> Line:
    """The first task in a second revision that asks for one more of a line."""
    task = deepcopy(shift.oms_lines[0]["task"])
    task["revision"] = 2
    line = next(line for line in task["lines"] if line["line_id"] == line_id)
    line["quantity"] += 1
    shift.submit(task)
    return task


def test_a_cancel_that_nobody_answered_is_found(shift: Shift, tmp_path: Path) -> None:
    cancelled(shift, "T-1")
    (problem,) = audited(shift, tmp_path).problems
    assert "task T-1 was cancelled and neither ended so nor was the cancel rejected" in problem
    shift.tell("task_rejected", task_id="T-1", message_type="cancel", code="task_ended", revision=1)
    assert shift.audit(tmp_path).consistent


def test_a_higher_revision_that_nobody_answered_is_found(shift: Shift, stock: Stock, tmp_path: Path) -> None:
    replaced(shift, stock, "1")
    (problem,) = audited(shift, tmp_path).problems
    assert "task T-1 revision 2 was neither accepted nor rejected" in problem
    shift.tell("task_rejected", task_id="T-1", message_type="submit", code="task_ended", revision=2)
    assert shift.audit(tmp_path).consistent


def test_a_higher_revision_that_changes_what_has_begun_is_found(
    shift: Shift, stock: Stock, tmp_path: Path
) -> None:
    replaced(shift, stock, "1")
    shift.tell("task_accepted", task_id="T-1", revision=2, replaced=True)
    problems = audited(shift, tmp_path).problems
    assert any("line 1 of task T-1 had begun when" in problem for problem in problems), problems


def test_a_revision_that_was_never_submitted_is_found(shift: Shift, tmp_path: Path) -> None:
    shift.tell("task_accepted", task_id="T-1", revision=7, replaced=True)
    (problem,) = audited(shift, tmp_path).problems
    assert "tells of revision 7 of task T-1, which was never submitted" in problem
