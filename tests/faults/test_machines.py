"""Machines that stop, lose or misplace things: shown, waited for, put right or held; nothing done twice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.core.wait import WaitCode
from edge_agent.domain import events as ev
from edge_agent.domain.command import FailureReason, Running
from edge_agent.domain.device import Mode
from tests.faults.cell import Cell
from tests.faults.conftest import MakeCell
from tests.faults.test_answers import RETRIEVE, lasting
from tests.simulators.bench import of

TOMORROW = datetime.now(UTC) + timedelta(days=1)


async def no_orders_until_it_is_reset(site: Cell, fault: str, device: str, mode: Mode) -> list[WaitCode]:
    """The machine stands still: it is shown so and gets nothing until somebody resets it.

    Returns what a task that came meanwhile waited for.
    """
    await site.struck(fault)
    await site.until(lambda: site.state.devices[device].status.mode is mode)
    given = len(site.witness[device].sent)
    site.submit(number=2)
    await site.until(lambda: any(task.task_id == "T-2" for task in site.of(ev.TaskAccepted)))
    waits = site.why(2)
    assert len(site.witness[device].sent) == given
    site.reset(device)
    await site.until(lambda: site.modes(device)[-1] is Mode.READY)
    return waits


@pytest.mark.fault("slow")
async def test_a_slow_machine_is_asked_when_its_time_is_up_and_waited_for(cell: MakeCell) -> None:
    async with cell(lasting(1.3), verb_timeout_s=0.3) as site:
        await site.complete()
        crane = site.witness["asrs-1"]
        assert crane.answers(crane.sent[0])[0] is Running
        assert crane.sent.count(crane.sent[0]) == 1


@pytest.mark.fault("crane_fault")
async def test_a_crane_that_stops_gets_no_orders_and_finishes_after_its_reset(cell: MakeCell) -> None:
    async with cell(of(fault="crane_fault", **RETRIEVE, reset_after_s=None)) as site:
        site.submit()
        await no_orders_until_it_is_reset(site, "crane_fault", "asrs-1", Mode.FAULTED)
        await site.until(lambda: len(site.of(ev.TaskCompleted)) == 2)
        assert site.state.exceptions == {}


@pytest.mark.fault("crane_fault")
async def test_a_command_that_a_stopped_crane_gives_up_is_held(cell: MakeCell) -> None:
    stops = of(fault="crane_fault", **RETRIEVE, then="goes_back", reset_after_s=None)
    async with cell(stops) as site:
        task = site.submit()
        waits = await no_orders_until_it_is_reset(site, "crane_fault", "asrs-1", Mode.FAULTED)
        assert WaitCode.DEVICE_NOT_READY in waits
        (failed,) = site.of(ev.CommandFailed)
        assert failed.reason is FailureReason.DEVICE_FAULT
        assert ev.ExceptionKind.COMMAND_FAILED in [held.kind for held in site.held()]
        tote = task.lines[0].sources[0]
        assert site.where(tote.container_id) == tote.location
        await site.until(lambda: len(site.of(ev.TaskCompleted)) == 2)


@pytest.mark.fault("jam")
async def test_a_jammed_conveyor_gets_no_orders_and_finishes_when_it_is_cleared(cell: MakeCell) -> None:
    async with cell(of(fault="jam", reset_after_s=None)) as site:
        site.submit()
        waits = await no_orders_until_it_is_reset(site, "jam", "conveyor-1", Mode.FAULTED)
        assert WaitCode.DEVICE_NOT_READY in waits
        await site.until(lambda: len(site.of(ev.TaskCompleted)) == 2)
        assert site.state.exceptions == {}


@pytest.mark.fault("e_stop")
async def test_a_stopped_picker_goes_on_after_machine_and_agent_were_told_so(
    cell: MakeCell,
) -> None:
    async with cell(of(fault="e_stop", verb="place", reset_after_s=None)) as site:
        site.submit(quantity=2)
        await no_orders_until_it_is_reset(site, "e_stop", "picker-1", Mode.E_STOPPED)
        await site.until(lambda: site.why() == [WaitCode.HELD])
        given = len(site.witness["picker-1"].sent)
        site.answer("resume")
        await site.until(lambda: len(site.of(ev.TaskCompleted)) == 2)
        assert len(site.witness["picker-1"].sent) > given
        assert site.state.exceptions == {}


@pytest.mark.fault("e_stop")
async def test_a_unit_whose_command_an_e_stop_ended_is_held_and_nothing_has_moved(cell: MakeCell) -> None:
    async with cell(of(fault="e_stop", verb="place", then="fails")) as site:
        site.submit()
        await site.until(site.held)
        (failed,) = site.of(ev.CommandFailed)
        assert failed.reason is FailureReason.DEVICE_FAULT
        assert site.notes.of("unit_placed") == []
        assert site.of(ev.UnitPlaced) == []


@pytest.mark.fault("load_lost")
async def test_a_load_that_is_reported_missing_is_held(cell: MakeCell) -> None:
    async with cell(of(fault="load_lost")) as site:
        site.submit()
        await site.until(site.held)
        (failed,) = site.of(ev.CommandFailed)
        assert failed.reason is FailureReason.LOAD_MISSING
        assert failed.command_id == (await site.struck("load_lost"))["command"]


@pytest.mark.fault("load_lost")
async def test_a_load_that_nobody_misses_is_asked_about_and_not_ordered_again(cell: MakeCell) -> None:
    async with cell(of(fault="load_lost", ends="never"), verb_timeout_s=0.3) as site:
        site.submit()
        number = (await site.struck("load_lost"))["command"]
        conveyor = site.witness["conveyor-1"]
        await site.until(lambda: conveyor.answers(number))
        assert conveyor.answers(number)[0] is Running
        assert conveyor.sent.count(number) == 1
        assert not any(done.command_id == number for done in site.of(ev.CommandDone))


@pytest.mark.fault("wrong_point")
async def test_a_load_that_was_delivered_elsewhere_is_unknown_and_held(cell: MakeCell) -> None:
    async with cell(of(fault="wrong_point")) as site:
        site.submit()
        await site.until(site.held)
        (doubt,) = site.of(ev.CommandUnknown)
        line = await site.struck("wrong_point")
        assert doubt.command_id == line["command"]
        assert line["point"] in doubt.detail


@pytest.mark.fault("wrong_point")
async def test_a_tote_that_is_not_where_the_conveyor_says_is_not_picked_from(cell: MakeCell) -> None:
    async with cell(lasting(0.3)) as site:
        task = site.submit()
        await site.until(lambda: site.of(ev.ContainerArrived))  # the conveyor's next load is the tote
        site.arm("wrong_point", says="as_ordered")
        await site.struck("wrong_point")
        await site.until(lambda: site.of(ev.ScanRejected))
        (rejected,) = site.of(ev.ScanRejected)
        assert rejected.target is ev.ScanTarget.TOTE
        await site.until(lambda: site.of(ev.TaskCompleted))
        totes = {placed.tote for placed in site.of(ev.UnitPlaced)}
        assert task.lines[0].sources[0].container_id not in totes


@pytest.mark.fault("arrival_missed")
async def test_a_load_whose_arrival_is_missed_is_asked_about_and_goes_on_after_a_reset(
    cell: MakeCell,
) -> None:
    async with cell(of(fault="arrival_missed"), verb_timeout_s=0.3) as site:
        site.submit()
        number = (await site.struck("arrival_missed"))["command"]
        conveyor = site.witness["conveyor-1"]
        await site.until(lambda: conveyor.answers(number))
        assert conveyor.answers(number)[0] is Running
        site.reset("conveyor-1")
        await site.until(lambda: site.of(ev.TaskCompleted))
        assert conveyor.sent.count(number) == 1


@pytest.mark.fault("wrong_item")
async def test_a_wrong_item_is_refused_by_its_scan_put_back_and_picked_again(cell: MakeCell) -> None:
    async with cell(of(fault="wrong_item")) as site:
        for number in range(2, 6):  # makes every item known: another one is a wrong item, not an unknown code
            site.submit(number=number, not_before=TOMORROW)
        await site.complete()
        (rejected,) = site.of(ev.ScanRejected)
        assert rejected.rule == "V5"
        assert len(site.notes.of("unit_put_back")) == 1
        (placed,) = site.notes.of("unit_placed")
        assert placed["gtin"] == rejected.expected


@pytest.mark.fault("swapped_label")
async def test_a_right_label_on_a_wrong_item_is_caught_by_its_weight_and_picked_again(
    cell: MakeCell, tmp_path: Path
) -> None:
    async with cell(of(fault="swapped_label"), catalogue=tmp_path / "catalogue.yaml") as site:
        await site.complete()
        (strike,) = site.strikes("swapped_label")
        assert strike["detectable"]
        (rejected,) = site.of(ev.ScanRejected)
        assert (rejected.rule, rejected.name) == ("V18", "weight_disagrees")
        assert site.notes.of("unit_put_back")[0]["unit"] == strike["unit"]
        assert site.notes.of("unit_placed")[0]["gtin"] == strike["ordered_gtin"]


@pytest.mark.fault("swapped_label")
async def test_a_right_label_on_a_wrong_item_is_seen_by_nobody_without_a_weight(cell: MakeCell) -> None:
    async with cell(of(fault="swapped_label")) as site:
        await site.complete()
        (strike,) = site.strikes("swapped_label")
        assert not strike["detectable"]
        assert site.notes.of("unit_placed")[0]["unit"] == strike["unit"]
        assert site.of(ev.UnitPlaced)[0].unit.gtin == strike["ordered_gtin"]


@pytest.mark.fault("item_missing")
async def test_a_missing_item_is_taken_from_the_next_source_and_else_told_short_with_the_reason(
    cell: MakeCell,
) -> None:
    async with cell(of(fault="item_missing", rate=1.0)) as site:
        task = site.submit(quantity=12)
        await site.until(lambda: site.of(ev.TaskCompleted))
        (line,) = site.of(ev.TaskCompleted)[0].lines
        assert line.ordered == 12
        assert line.picked + line.short == 12
        assert line.picked == len(site.notes.of("unit_placed")) > 0
        (short,) = site.of(ev.LineShort)
        assert short.reason is ev.SourceReason.ITEM_MISSING
        tried = [gone.tote for gone in site.of(ev.SourceExhausted)]
        assert tried == [source.container_id for source in task.lines[0].sources]
