"""Scales: what they catch that no scan can see, and what becomes of a weight that cannot be had."""

from pathlib import Path
from typing import Any

import pytest

from edge_agent.core.wait import WaitCode
from edge_agent.domain import events as ev
from edge_agent.domain.device import Mode
from edge_agent.domain.events import ExceptionKind, ScanTarget
from tests.faults.cell import Cell
from tests.faults.conftest import MakeCell
from tests.faults.test_mistakes import SEED, demanding
from tests.simulators.bench import of

WEIGHT_ONLY = [
    pytest.param(fault, marks=pytest.mark.fault(fault)) for fault in ("over_pick", "swapped_label")
]
NO_WEIGHT = [
    pytest.param(fault, marks=pytest.mark.fault(fault))
    for fault in ("scale_mute", "scale_unstable", "scale_garbage")
]
SCALES = pytest.mark.parametrize("scale", ["item-scale", "put-scale"])


@pytest.fixture
def master(tmp_path: Path) -> dict[str, Any]:
    """A catalogue that knows every weight, and a scale for units and one for containers."""
    catalogue = tmp_path / "catalogue.yaml"
    return {"seed": SEED, "catalogue": catalogue, "scales": ["item-scale", "put-scale"]}


def attempts(site: Cell, scale: str) -> list[int]:
    return [asked.attempt for asked in site.of(ev.ScanRequested) if asked.scanner == scale]


async def test_every_unit_is_weighed_before_it_is_placed_and_in_its_container(
    cell: MakeCell, master: dict[str, Any]
) -> None:
    async with cell(**master) as site:
        await site.complete(quantity=2)
        assert len(site.of(ev.UnitWeighed)) == 2
        assert len(site.of(ev.ContainerWeighed)) == 3, "once empty, and after each unit"
        picked, last = site.of(ev.LinePicked)[0], site.of(ev.ContainerWeighed)[-1]
        assert site.events.index(last) < site.events.index(picked)


@pytest.mark.parametrize("fault", WEIGHT_ONLY)
async def test_the_scale_at_the_gripper_sees_what_no_scan_can_see(
    cell: MakeCell, master: dict[str, Any], fault: str
) -> None:
    async with cell(of(fault=fault), **master) as site:
        await site.complete(number=demanding(site, plain=True))
        (rejected,) = site.of(ev.ScanRejected)
        assert (rejected.rule, rejected.name) == ("V18", "weight_disagrees")
        assert rejected.target is ScanTarget.ITEM
        assert len(site.of(ev.UnitVerified)) == 1, "the OMS is told only of the unit that was right"
        assert site.notes.of("unit_put_back")
        assert len(site.notes.of("unit_placed")) == 1


@pytest.mark.parametrize("fault", WEIGHT_ONLY)
async def test_the_scale_under_the_container_sees_it_too_and_the_line_is_not_confirmed(
    cell: MakeCell, master: dict[str, Any], fault: str
) -> None:
    async with cell(of(fault=fault), **{**master, "scales": ["put-scale"]}) as site:
        site.submit(number=demanding(site, plain=True))
        await site.until(site.held)
        (raised,) = site.held()
        assert raised.kind is ExceptionKind.WEIGHT_DISAGREES
        assert isinstance(raised.held, ev.HeldTask)
        assert raised.options == ("scan_again", "placed", "lost", "cancel_rest")
        assert attempts(site, "put-scale") == [1, 1, 2, 3], "empty, then once and twice again"
        assert site.of(ev.LinePicked) == []
        assert WaitCode.HELD in site.why(demanding(site, plain=True))


@pytest.mark.fault("scale_offset")
async def test_a_container_that_was_put_right_is_weighed_again_and_confirmed(
    cell: MakeCell, master: dict[str, Any]
) -> None:
    async with cell(**master) as site:
        site.submit()
        await site.until(lambda: site.of(ev.ContainerWeighed))
        site.arm("scale_offset", device="put-scale", offset_g=500, count=3)
        await site.until(site.held)
        assert site.of(ev.LinePicked) == []
        site.answer("scan_again")
        await site.until(lambda: site.of(ev.TaskCompleted))
        assert site.of(ev.TaskCompleted)[0].lines[0].picked == 1


@SCALES
@pytest.mark.parametrize("fault", NO_WEIGHT)
async def test_a_scale_that_gives_no_weight_is_asked_again(
    cell: MakeCell, master: dict[str, Any], fault: str, scale: str
) -> None:
    async with cell(of(fault=fault, device=scale), **master) as site:
        await site.complete()
        assert attempts(site, scale)[:2] == [1, 2]
        assert site.of(ev.ScanRejected) == []


@pytest.mark.fault("scale_mute")
async def test_without_a_weight_no_unit_is_placed_and_in_the_end_its_task_is_held(
    cell: MakeCell, master: dict[str, Any]
) -> None:
    async with cell(
        of(fault="scale_mute", device="item-scale", rate=1.0), weigh_timeout_s=0.1, **master
    ) as site:
        site.submit()
        await site.until(site.held)
        (raised,) = site.held()
        assert (raised.kind, raised.detail) == (ExceptionKind.NO_READ, "its units cannot be weighed")
        assert [told.rule for told in site.of(ev.ScanRejected)] == ["V15", "V15"]
        assert len(site.notes.of("unit_put_back")) == 2
        assert site.of(ev.UnitVerified) == []


@pytest.mark.fault("scale_mute")
async def test_a_container_that_cannot_be_weighed_holds_its_task_and_its_line_is_not_confirmed(
    cell: MakeCell, master: dict[str, Any]
) -> None:
    async with cell(weigh_timeout_s=0.1, **master) as site:
        site.submit()
        await site.until(lambda: site.of(ev.ContainerWeighed))
        site.arm("scale_mute", device="put-scale", rate=1.0)
        await site.until(site.held)
        (raised,) = site.held()
        assert (raised.kind, raised.detail) == (ExceptionKind.NO_READ, "put-scale gives no weight: nothing")
        assert len(site.of(ev.UnitPlaced)) == 1
        assert site.of(ev.LinePicked) == []


@pytest.mark.fault("scale_offset")
async def test_a_scale_that_is_off_once_costs_a_pick_and_confirms_nothing_wrong(
    cell: MakeCell, master: dict[str, Any]
) -> None:
    async with cell(of(fault="scale_offset", device="item-scale", offset_g=500), **master) as site:
        await site.complete()
        (rejected,) = site.of(ev.ScanRejected)
        assert rejected.rule == "V18"
        assert len(site.notes.of("unit_put_back")) == 1


@pytest.mark.fault("scale_offset")
async def test_a_container_weight_that_disagrees_once_is_weighed_again(
    cell: MakeCell, master: dict[str, Any]
) -> None:
    async with cell(**master) as site:
        site.submit()
        await site.until(lambda: site.of(ev.ContainerWeighed))
        site.arm("scale_offset", device="put-scale", offset_g=-500)
        await site.until(lambda: site.of(ev.TaskCompleted))
        assert attempts(site, "put-scale") == [1, 1, 2]
        assert site.of(ev.ScanRejected) == []


@pytest.mark.fault("unplugged")
@SCALES
async def test_an_unplugged_scale_is_shown_connected_again_and_asked_anew(
    cell: MakeCell, master: dict[str, Any], scale: str
) -> None:
    async with cell(of(fault="unplugged", device=scale, duration_s=0.1), **master) as site:
        await site.complete()
        assert site.modes(scale) == [Mode.READY, Mode.DISCONNECTED, Mode.READY]
        assert attempts(site, scale)[:2] == [1, 1], "what was never weighed is no missing weight"
