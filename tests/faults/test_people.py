"""A person who picks, with a handheld and the local API: what they do wrong, and what comes of it."""

from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain import events as ev
from edge_agent.domain.ids import Lpn
from tests.faults.cell import Cell
from tests.faults.conftest import MakeCell
from tests.faults.test_mistakes import SEED, demanding
from tests.simulators.bench import of

OVERRIDE, PICK_AGAIN = 1.0, 0.0
"""The share of overrides that the supervisor agrees to."""


def rules(site: Cell) -> list[str]:
    return [rejected.name for rejected in site.of(ev.ScanRejected)]


def acts(site: Cell, kind: str) -> list[dict[str, Any]]:
    return [line for line in site.notes.of(kind) if line.get("device") == "picker-1"]


async def test_a_person_picks_with_a_handheld_as_the_prompts_say(cell: MakeCell, tmp_path: Path) -> None:
    async with cell(operator=tmp_path) as site:
        await site.complete(quantity=3)
        assert rules(site) == []
        assert {line["device"] for line in site.notes.of("unit_placed")} == {"picker-1"}
        assert {verified.scanner for verified in site.of(ev.ContainerVerified)} == {"handheld"}
        assert len(site.of(ev.ContainerVerified)) == 3


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        pytest.param(fault, rule, marks=pytest.mark.fault(fault))
        for fault, rule in {"other_tote": "wrong_tote", "away": None}.items()
    ],
)
async def test_a_slip_that_a_scan_shows_changes_nothing_and_the_person_goes_on(
    cell: MakeCell, tmp_path: Path, fault: str, rule: str | None
) -> None:
    async with cell(of(fault=fault, count=1), operator=tmp_path) as site:
        await site.complete(quantity=2)
        assert site.strikes(fault)
        assert rule is None or rule in rules(site)


@pytest.mark.fault("scanned_twice")
async def test_a_trigger_that_is_pulled_twice_at_once_is_one_scan(cell: MakeCell, tmp_path: Path) -> None:
    async with cell(of(fault="scanned_twice", count=1), operator=tmp_path) as site:
        await site.complete(quantity=2)
        assert [ignored.rule for ignored in site.of(ev.ScanIgnored)] == ["V14"]
        assert rules(site) == []


@pytest.mark.fault("old_code")
async def test_a_label_that_was_scanned_before_is_not_taken_for_the_next(
    cell: MakeCell, tmp_path: Path
) -> None:
    async with cell(of(fault="old_code", count=1), operator=tmp_path) as site:
        await site.complete()
        assert rules(site) == ["unknown_barcode"]  # the tote's label for the unit's


@pytest.mark.fault("other_container")
async def test_a_unit_goes_into_no_container_but_its_tasks(cell: MakeCell, tmp_path: Path) -> None:
    async with cell(of(fault="other_container", count=1), operator=tmp_path) as site:
        site.submit(number=1)
        site.submit(number=2)
        await site.until(lambda: len(site.of(ev.TaskCompleted)) == 2)
        assert rules(site) == ["wrong_container"]
        verified = [event.unit.gtin for event in site.of(ev.UnitVerified)]
        assert sorted(line["gtin"] for line in site.notes.of("unit_placed")) == sorted(verified)
        assert len({line["container"] for line in site.notes.of("unit_placed")}) == 2


@pytest.mark.fault("wrong_item")
async def test_a_wrong_item_is_laid_back_and_another_one_taken(cell: MakeCell, tmp_path: Path) -> None:
    async with cell(of(fault="wrong_item", count=1), operator=tmp_path) as site:
        await site.complete()
        (back,) = acts(site, "unit_put_back")
        assert back["unit"] == site.strikes("wrong_item")[0]["unit"]
        assert len(site.of(ev.UnitVerified)) == 1


@pytest.mark.fault("not_there")
async def test_what_a_person_does_not_find_comes_from_the_next_source(cell: MakeCell, tmp_path: Path) -> None:
    async with cell(of(fault="not_there", count=1), operator=tmp_path) as site:
        task = site.submit()
        await site.until(lambda: site.of(ev.TaskCompleted))
        (gripped,) = site.notes.of("unit_gripped")
        first, second = (source.container_id for source in task.lines[0].sources[:2])
        assert site.strikes("not_there")[0]["container"] == first
        assert gripped["tote"] == second
        assert site.of(ev.TaskCompleted)[0].lines[0].picked == 1


@pytest.mark.fault("other_scanned")
async def test_the_right_label_for_a_wrong_unit_passes_every_scan(cell: MakeCell, tmp_path: Path) -> None:
    async with cell(of(fault="other_scanned", count=1), operator=tmp_path) as site:
        number = demanding_nothing_beside_others(site)
        await site.complete(number=number)
        (struck,) = site.strikes("other_scanned")
        (placed,) = site.notes.of("unit_placed")
        assert placed["unit"] == struck["unit"]
        assert site.of(ev.UnitVerified)[0].unit.gtin == struck["ordered_gtin"] != placed["gtin"]


def demanding_nothing_beside_others(site: Cell) -> int:
    """The number of an article that lies in a tote with others that have no serial number."""
    for number, (_, totes) in enumerate(site.stock.totes_with.items(), 1):
        content = site.stock.in_tote[Lpn(next(iter(totes)))]
        if any(units[0].serial is None for units in content.values()) and len(content) > 1:
            return number
    raise AssertionError("the stock has no such tote: choose another seed")


@pytest.mark.fault("short_dated")
@pytest.mark.parametrize("agrees", [OVERRIDE, PICK_AGAIN], ids=["override", "pick again"])
async def test_what_a_rule_forbids_waits_for_a_supervisor_who_may_let_it_pass(
    cell: MakeCell, tmp_path: Path, agrees: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.operator.LETS_PASS", agrees)
    async with cell(of(fault="short_dated", count=1), operator=tmp_path, seed=SEED) as site:
        await site.complete(number=demanding(site))
        assert rules(site) == ["short_dated"]
        (placed,) = site.notes.of("unit_placed")
        was_let_pass = placed["unit"] == site.strikes("short_dated")[0]["unit"]
        assert was_let_pass is (agrees == OVERRIDE)
        overridden = [event.override.approver for event in site.of(ev.RuleOverridden)]
        assert overridden == (["daemon"] if was_let_pass else [])
