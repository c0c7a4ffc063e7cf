"""Scanners that misread: triggered again, and nothing is picked or placed on a bad read."""

import pytest

from drivers.profile import Profile
from edge_agent.domain import events as ev
from edge_agent.domain.device import Mode
from tests.faults.cell import Cell
from tests.faults.conftest import MakeCell
from tests.simulators.bench import of

SCANNERS = pytest.mark.parametrize("scanner", ["tote-scan", "item-scan", "put-scan"])


def attempts(site: Cell, scanner: str) -> list[int]:
    return [asked.attempt for asked in site.of(ev.ScanRequested) if asked.scanner == scanner]


@pytest.mark.fault("no_read")
@SCANNERS
async def test_a_no_read_is_triggered_again(cell: MakeCell, scanner: str) -> None:
    async with cell(of(fault="no_read", device=scanner)) as site:
        await site.complete()
        assert attempts(site, scanner) == [1, 2]
        assert site.of(ev.ScanRejected) == []


@pytest.mark.fault("no_read")
async def test_an_item_that_stays_unread_is_put_back_and_picked_again(cell: MakeCell) -> None:
    async with cell(of(fault="no_read", device="item-scan", count=3)) as site:
        await site.complete()
        (rejected,) = site.of(ev.ScanRejected)
        assert rejected.rule == "V15"
        assert len(site.notes.of("unit_put_back")) == 1
        assert attempts(site, "item-scan") == [1, 2, 3, 1]


@pytest.mark.fault("unplugged")
@SCANNERS
async def test_an_unplugged_scanner_is_shown_connected_again_and_triggered_anew(
    cell: MakeCell, scanner: str
) -> None:
    async with cell(of(fault="unplugged", device=scanner, duration_s=0.1)) as site:
        await site.complete()
        assert site.modes(scanner) == [Mode.READY, Mode.DISCONNECTED, Mode.READY]
        assert attempts(site, scanner) == [1, 1], "what was never read is no no-read"


@pytest.mark.fault("garbage_bytes")
@SCANNERS
async def test_noise_before_a_code_spoils_the_read_and_nothing_else(cell: MakeCell, scanner: str) -> None:
    async with cell(of(fault="garbage_bytes", device=scanner)) as site:
        await site.complete()
        assert attempts(site, scanner) == [1, 2]
        assert site.of(ev.ScanRejected) == []


@pytest.mark.fault("garbage_bytes")
async def test_noise_before_a_prefix_is_cut_off(cell: MakeCell, profiles: dict[str, Profile]) -> None:
    plain = profiles["scanner-plain"]
    wire = plain.scanner.model_copy(update={"prefix": "\\x02"})
    with_prefix = {"scanner-plain": plain.model_copy(update={"scanner": wire})}
    async with cell(of(fault="garbage_bytes", device="item-scan"), profiles=with_prefix) as site:
        await site.complete()
        assert attempts(site, "item-scan") == [1]


@pytest.mark.fault("double_read")
async def test_a_code_that_comes_twice_counts_once(cell: MakeCell) -> None:
    async with cell(of(fault="double_read", device="item-scan")) as site:
        await site.complete(quantity=2)
        await site.until(lambda: site.of(ev.ScanIgnored))
        (ignored,) = site.of(ev.ScanIgnored)
        assert ignored.rule in ("V12", "V14")
        assert len(site.of(ev.UnitVerified)) == 2
        assert len(site.notes.of("unit_gripped")) == 2


@pytest.mark.fault("code_cut")
@SCANNERS
async def test_neither_piece_of_a_cut_code_is_taken(cell: MakeCell, scanner: str) -> None:
    async with cell(of(fault="code_cut", device=scanner)) as site:
        await site.complete()
        assert attempts(site, scanner)[:2] == [1, 2]
        passed = [*site.of(ev.UnitVerified), *site.of(ev.ContainerVerified), *site.of(ev.TotePresented)]
        assert len(passed) == 3


@pytest.mark.fault("codes_joined")
@SCANNERS
async def test_two_codes_in_one_frame_are_no_code_and_are_read_again(cell: MakeCell, scanner: str) -> None:
    async with cell(of(fault="codes_joined", device=scanner)) as site:
        await site.complete()
        assert attempts(site, scanner) == [1, 2]
        assert site.of(ev.ScanRejected) == []
