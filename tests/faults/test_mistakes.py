"""Goods that are not what they should be, or not labelled so: found by a scan, put back, picked again."""

from pathlib import Path

import pytest

from edge_agent.domain import events as ev
from simulators.catalogue import Demands, Symbology
from tests.faults.cell import Cell
from tests.faults.conftest import MakeCell
from tests.simulators.bench import of

SEED = 20
"""With it the lines for the third article of the cell ask for a lot, a last day and a serial number."""


def demanding(site: Cell, *, plain: bool = False) -> int:
    """The number of an article whose lines ask for a lot, a last day and a serial number, or for nothing."""
    for number, sku in enumerate(site.stock.skus, 1):
        asked = sku.demands
        if plain and sku.symbology is Symbology.EAN_13 and asked == Demands():
            return number
        if not plain and asked.lot and asked.expiry_min and sku.symbology is Symbology.GS1_DATAMATRIX:
            return number
    raise AssertionError("the stock has no such article: choose another seed")


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        pytest.param(fault, rule, marks=pytest.mark.fault(fault))
        for fault, rule in {
            "foreign_item": "V6",
            "wrong_lot": "V10",
            "expired": "V11",
            "short_dated": "V11",
            "whole_pack": "V6",
            "unlabelled": "V15",
            "damaged_code": "V7",
            "lost_separator": "V9",
            "two_labels": "V16",
        }.items()
    ],
)
async def test_a_unit_that_is_wrong_or_badly_labelled_is_rejected_and_another_is_picked(
    cell: MakeCell, fault: str, rule: str
) -> None:
    async with cell(of(fault=fault), seed=SEED) as site:
        await site.complete(number=demanding(site))
        (rejected,) = site.of(ev.ScanRejected)
        assert rejected.rule == rule
        (struck,) = (line for line in site.notes.of("fault") if line["fault"] == fault)
        (back,) = site.notes.of("unit_put_back")
        assert back["unit"] == struck["unit"]


@pytest.mark.fault("whole_pack")
async def test_a_pack_that_the_catalogue_knows_is_more_than_the_line_asks_for(
    cell: MakeCell, tmp_path: Path
) -> None:
    async with cell(of(fault="whole_pack"), seed=SEED, catalogue=tmp_path / "catalogue.yaml") as site:
        await site.complete(number=demanding(site, plain=True))
        (rejected,) = site.of(ev.ScanRejected)
        assert rejected.rule == "V17"
        (back,) = site.notes.of("unit_put_back")
        assert back["unit"] == site.strikes("whole_pack")[0]["unit"]


@pytest.mark.fault("duplicate_serial")
async def test_a_serial_number_that_is_in_the_container_already_is_rejected(cell: MakeCell) -> None:
    async with cell(of(fault="duplicate_serial"), seed=SEED) as site:
        await site.complete(quantity=2, number=demanding(site))
        (rejected,) = site.of(ev.ScanRejected)
        assert rejected.rule == "V12"
        serials = [line["serial"] for line in site.notes.of("unit_placed")]
        assert len(set(serials)) == 2


@pytest.mark.fault("duplicate_serial")
async def test_a_serial_number_that_another_task_has_shipped_is_rejected(cell: MakeCell) -> None:
    async with cell(seed=SEED) as site:
        number = demanding(site)
        await site.complete(number=number)
        await site.until(lambda: site.of(ev.TripEnded))  # so that the next unit is out of the same tote
        site.arm("duplicate_serial")
        site.submit(number=number, box=50)
        await site.until(lambda: len(site.of(ev.TaskCompleted)) == 2)
        (rejected,) = site.of(ev.ScanRejected)
        assert (rejected.task_id, rejected.rule) == ("T-50", "V12")
        serials = [line["serial"] for line in site.notes.of("unit_placed")]
        assert len(set(serials)) == 2


@pytest.mark.fault("wrong_tote")
async def test_a_tote_with_another_totes_label_is_not_picked_from(cell: MakeCell) -> None:
    async with cell(of(fault="wrong_tote", device="tote-scan")) as site:
        site.submit()
        await site.until(lambda: site.of(ev.TaskCompleted))
        (rejected,) = site.of(ev.ScanRejected)
        assert rejected.rule == "V2"
        (struck,) = (line for line in site.notes.of("fault") if line["fault"] == "wrong_tote")
        assert rejected.scanned == struck["says"]
        assert {line["tote"] for line in site.notes.of("unit_gripped")}.isdisjoint({struck["load"]})
        assert site.simulated.world.loads[struck["load"]].name == "reject"


@pytest.mark.fault("over_pick")
async def test_no_scan_sees_a_second_unit_that_clings_to_the_first(cell: MakeCell) -> None:
    async with cell(of(fault="over_pick"), seed=SEED) as site:
        site.submit(number=demanding(site, plain=True))
        await site.until(lambda: site.of(ev.TaskCompleted) or site.state.exceptions)
        gripped = site.notes.of("unit_gripped")
        assert len({line["unit"] for line in gripped[:2]}) == 2
        assert gripped[0]["command"] == gripped[1]["command"]
        # What the picker weighs is the weight of both: the one thing that can tell.
        if site.of(ev.TaskCompleted):
            assert len(site.notes.of("unit_placed")) == 2


@pytest.mark.fault("over_pick")
async def test_a_second_unit_that_clings_to_the_first_is_caught_by_its_weight(
    cell: MakeCell, tmp_path: Path
) -> None:
    async with cell(of(fault="over_pick"), seed=SEED, catalogue=tmp_path / "catalogue.yaml") as site:
        await site.complete(number=demanding(site, plain=True))
        (rejected,) = site.of(ev.ScanRejected)
        assert (rejected.rule, rejected.name) == ("V18", "weight_disagrees")
        assert len(site.notes.of("unit_put_back")) == 2
        assert len(site.notes.of("unit_placed")) == 1


async def test_an_article_without_lot_and_date_cannot_have_a_wrong_one(cell: MakeCell) -> None:
    armed = [of(fault=fault, rate=1.0) for fault in ("wrong_lot", "expired", "two_labels", "lost_separator")]
    async with cell(*armed, seed=SEED) as site:
        await site.complete(number=demanding(site, plain=True))
        assert site.notes.of("fault") == []
