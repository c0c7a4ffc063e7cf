"""The audit and the faults of machines: what is honest stays consistent, what is not is found."""

from pathlib import Path

import pytest

from edge_agent.domain.ids import Lpn, PointId
from edge_agent.domain.site import Site
from simulators.catalogue import Stock
from simulators.world import Cause, at_location, at_point
from tests.simulators.shift import CONVEYOR, CRANE, PICKER, Line, Shift, a_shift, pick_task, two_tasks


@pytest.fixture
def shift(site: Site, stock: Stock) -> Shift:
    """Both tasks done, the simulators still running."""
    shift = Shift(site, stock)
    for task in two_tasks(stock):
        shift.run(task)
    return shift


@pytest.fixture
def third(stock: Stock) -> Line:
    tote = stock.totes[2].lpn
    return pick_task(stock, 3, [(tote, next(iter(stock.in_tote[tote])), 1)])


def fault(shift: Shift, device: str, name: str, **facts: object) -> None:
    shift._happens("fault", {"device": device, "fault": name, **facts})


def accept(shift: Shift, task: Line) -> None:
    shift.submit(task)
    shift.tell("task_accepted", task_id=task["task_id"], lines=[])
    shift.tell("task_started", task_id=task["task_id"], station="st1", put_position="put-1")


def hold(shift: Shift, task: Line) -> None:
    about = {"exception_id": "E-1", "held": True, "kind": "command_failed"}
    shift.tell("exception_raised", task_id=task["task_id"], affected_tasks=[], **about)


def taken_up(shift: Shift, load: Lpn, origin: str, destination: str) -> Cause:
    """A transfer up to the moment when the load is on the conveyor."""
    cause = shift.command(CONVEYOR, "transfer", load=load, origin=origin, destination=destination)
    if load not in shift.world.loads:
        shift.world.introduce(load, cause)
    shift.world.pick_up(load, at_point(PointId(origin)), cause)
    return cause


def wait(shift: Shift, seconds: float) -> None:
    """Time passes and something is written at its end."""
    shift._pass(seconds)
    shift.scan("tote-scan", "NOREAD")


# ---- loads that are lost or elsewhere ----------------------------------------------------------------


@pytest.mark.parametrize("noticed", [True, False])
def test_a_task_that_is_held_for_its_lost_container_is_consistent(
    shift: Shift, third: Line, tmp_path: Path, noticed: bool
) -> None:
    accept(shift, third)
    cause = taken_up(shift, Lpn("OC-0003"), "supply", "put-1")
    ends = "failed" if noticed else "never"
    fault(shift, CONVEYOR, "load_lost", command=cause.command, ends=ends)
    shift.world.lose(Lpn("OC-0003"), cause)
    if noticed:
        shift.ended(cause, "load_missing")
    wait(shift, 100.0)
    hold(shift, third)
    shift.world.write_end()
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert (result.tasks.held, result.moves.lost) == (1, 0)


def test_a_lost_load_without_a_fault_that_excuses_it_is_found(
    shift: Shift, third: Line, tmp_path: Path
) -> None:
    accept(shift, third)
    cause = taken_up(shift, Lpn("OC-0003"), "supply", "put-1")
    shift.world.lose(Lpn("OC-0003"), cause)
    wait(shift, 100.0)
    hold(shift, third)
    shift.world.write_end()
    result = shift.audit(tmp_path)
    assert result.problems == (
        f"command {cause.command} of conveyor-1 (transfer) was accepted and never ended",
    )


def test_a_task_that_is_told_to_be_completed_with_its_container_lost_is_found(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = a_shift(site, stock)
    move = shift.happened("load_moved", load="OC-0001", to="ship")
    place = shift.world_lines.index(move)
    lost = {name: move[name] for name in ("t", "load", "from", "device", "command")} | {"kind": "load_lost"}
    shift.world_lines[place] = lost
    shift.happened("stock_end", load="OC-0001")["place"] = "lost"
    expected = "task T-1 was told to be completed; its container OC-0001 was taken away and is lost"
    assert expected in shift.audit(tmp_path).problems


def test_a_task_that_is_told_to_be_completed_with_its_container_where_it_was_filled_is_found(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = a_shift(site, stock)
    leave = shift.happened("command", verb="transfer", arguments=_from_put_to_ship("OC-0001"))
    shift.world_lines = [
        line
        for line in shift.world_lines
        if line.get("device") != CONVEYOR or line.get("command") != leave["command"]
    ]
    shift.happened("stock_end", load="OC-0001")["place"] = "put-1"
    problems = shift.audit(tmp_path).problems
    assert problems == ("task T-1 was told to be completed; its container OC-0001 still stands on put-1",)


def _from_put_to_ship(load: str) -> dict[str, str]:
    return {"load": load, "origin": "put-1", "destination": "ship"}


def test_a_container_that_a_person_was_called_to_is_none_of_the_audits_business(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = a_shift(site, stock)
    hold(shift, two_tasks(stock)[0])
    shift.tell("exception_resolved", exception_id="E-1", action="carried by hand")
    move = shift.happened("load_moved", load="OC-0001", to="ship")
    move |= {"kind": "load_lost"}
    shift.happened("stock_end", load="OC-0001")["place"] = "lost"
    assert shift.audit(tmp_path).problems == ()


def test_a_load_that_is_lost_from_where_it_was_not_is_found(shift: Shift, tmp_path: Path) -> None:
    cause = shift.command(CONVEYOR, "transfer", load="OC-0001", origin="ship", destination="reject")
    facts = {"load": "OC-0001", "from": "conveyor-1", **cause.facts()}
    shift._happens("load_lost", facts)
    shift.ended(cause, "load_missing")
    problems = shift.audit(tmp_path).problems
    assert "load OC-0001 was lost from conveyor-1 while it was at ship" in problems


def test_a_load_at_the_wrong_point_is_consistent_when_its_task_is_held(
    shift: Shift, third: Line, tmp_path: Path
) -> None:
    accept(shift, third)
    cause = taken_up(shift, Lpn("OC-0003"), "supply", "put-1")
    fault(shift, CONVEYOR, "wrong_point", command=cause.command, says="really", point="reject")
    shift.world.set_down(Lpn("OC-0003"), at_point(PointId("reject")), cause)
    shift.ended(cause)
    hold(shift, third)
    shift.world.write_end()
    assert shift.audit(tmp_path).problems == ()


def test_a_tote_that_the_crane_took_back_was_not_retrieved(
    shift: Shift, third: Line, stock: Stock, tmp_path: Path
) -> None:
    accept(shift, third)
    tote = stock.totes[2]
    where = {"load": tote.lpn, "location": tote.location}
    cause = shift.command(CRANE, "retrieve", **where, point="out")
    shift.world.pick_up(tote.lpn, at_location(tote.location), cause)
    fault(shift, CRANE, "crane_fault", command=cause.command, then="goes_back")
    shift.world.set_down(tote.lpn, at_location(tote.location), cause)
    shift.ended(cause, "device_fault")
    hold(shift, third)
    shift.world.write_end()
    assert shift.audit(tmp_path).problems == ()
    told = {"container": tote.lpn, "location": tote.location, "point": "out", "station": "st1"}
    shift.tell("tote_retrieved", task_id="T-3", **told)
    (problem,) = shift.audit(tmp_path).problems
    assert f"{tote.lpn} was not fetched from {tote.location}" in problem


# ---- commands that do not end ------------------------------------------------------------------------


def test_an_arrival_that_nobody_noticed_leaves_a_command_that_is_not_lost(
    shift: Shift, third: Line, tmp_path: Path
) -> None:
    accept(shift, third)
    cause = taken_up(shift, Lpn("OC-0003"), "supply", "put-1")
    shift.world.set_down(Lpn("OC-0003"), at_point(PointId("put-1")), cause)
    wait(shift, 100.0)
    hold(shift, third)
    shift.world.write_end()
    assert shift.audit(tmp_path).moves.lost == 1
    fault(shift, CONVEYOR, "arrival_missed", command=cause.command)
    assert shift.audit(tmp_path).problems == ()


def grip(shift: Shift, task: Line) -> None:
    """The task's first unit is in the gripper, read and verified."""
    line = task["lines"][0]
    tote = Lpn(line["sources"][0]["container_id"])
    shift.transfer(Lpn("OC-0003"), "supply", "put-1")
    shift._fetch(task, tote)
    assert shift._grip(line, tote) is not None


def test_a_unit_in_the_gripper_of_a_picker_that_stands_still_is_consistent(
    shift: Shift, third: Line, tmp_path: Path
) -> None:
    accept(shift, third)
    grip(shift, third)
    tote = third["lines"][0]["sources"][0]["container_id"]
    cause = shift.command(PICKER, "put_back", tote=tote, point="tote")
    wait(shift, 100.0)
    hold(shift, third)
    shift.world.write_end()
    assert shift.audit(tmp_path).moves.lost == 1
    begun = next(line["t"] for line in shift.world_lines if line.get("command") == cause.command)
    stop = {"t": begun + 0.1, "kind": "fault", "device": PICKER, "fault": "e_stop", "then": "finishes"}
    shift.world_lines.append(stop)
    assert shift.audit(tmp_path).problems == ()
    shift.world_lines.append({"t": begun + 1.0, "kind": "operator_reset", "device": PICKER})
    assert shift.audit(tmp_path).moves.lost == 1


def test_a_slow_machine_has_more_time_before_its_command_counts_as_lost(
    shift: Shift, third: Line, tmp_path: Path
) -> None:
    accept(shift, third)
    grip(shift, third)
    shift.command(PICKER, "put_back", tote=third["lines"][0]["sources"][0]["container_id"], point="tote")
    wait(shift, 1.0)
    hold(shift, third)
    shift.world.write_end()
    assert shift.audit(tmp_path).moves.lost == 1
    fault(shift, PICKER, "slow", factor=30.0)
    assert shift.audit(tmp_path).problems == ()


def test_a_command_that_a_device_without_memory_carries_out_a_second_time_is_found(
    shift: Shift, tmp_path: Path
) -> None:
    pick = shift.happened("command", verb="retrieve")
    fault(shift, CRANE, "memory_lost", command=pick["command"])
    shift.world_lines.append(dict(pick, t=shift._now))
    assert shift.audit(tmp_path).moves.repeated == 1


# ---- readings ----------------------------------------------------------------------------------------


def test_a_spoiled_reading_is_injected_and_caught_when_the_label_is_read_again(
    shift: Shift, tmp_path: Path
) -> None:
    scan = shift.happened("scanned", scanner="item-scan")
    spoilt = scan | {"t": scan["t"] - 0.001, "data": scan["data"][:9], "spoiled": True}
    shift.world_lines.insert(shift.world_lines.index(scan), spoilt)
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert (result.verification.injected, result.verification.caught) == (1, 1)


def test_a_spoiled_reading_that_the_agent_took_for_the_label_is_found(shift: Shift, tmp_path: Path) -> None:
    shift.happened("scanned", scanner="item-scan")["spoiled"] = True
    result = shift.audit(tmp_path)
    assert (result.verification.caught, result.verification.escaped) == (0, 1)


# ---- what nobody knows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "line_id", "excused"),
    [("command_unknown", "1", True), ("command_unknown", "2", False), ("command_failed", "1", False)],
)
def test_a_placed_unit_that_was_not_told_is_excused_by_the_doubt_about_it_alone(
    shift: Shift, third: Line, tmp_path: Path, kind: str, line_id: str, excused: bool
) -> None:
    shift.run(third)
    last = {"task_completed", "line_picked", "inventory_changed"}
    told = [line for line in shift.oms_lines if line["kind"] == "event"]
    for line in told[-3:]:
        assert line["event"]["type"].split(".")[2] in last
        shift.oms_lines.remove(line)
    shift.renumber()
    shift._sequence -= 3
    about = {"exception_id": "E-1", "held": True, "kind": kind, "affected_tasks": []}
    shift.tell("exception_raised", task_id=third["task_id"], line_id=line_id, **about)
    shift.world.write_end()
    result = shift.audit(tmp_path)
    missing = [text for text in result.problems if "no inventory_changed tells of it" in text]
    assert len(missing) == (0 if excused else 1)
    assert result.consistent is excused
