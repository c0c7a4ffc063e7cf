"""What gives out for long has another of its kind beside it: a scanner, a lane, a station."""

from typing import Any

import pytest

from edge_agent.domain import events as ev
from tests.faults.conftest import MakeCell
from tests.simulators.bench import of
from tests.simulators.floor import SITE

PLAIN = {"profile": "scanner-plain", "address": "tcp://127.0.0.1:0"}


def with_a_spare_scanner() -> dict[str, Any]:
    station = {**SITE["stations"]["st1"], "spare_item_scanner": "item-scan-2"}
    return {"devices": {**SITE["devices"], "item-scan-2": PLAIN}, "stations": {"st1": station}}


@pytest.mark.fault("no_read")
async def test_what_one_scanner_never_reads_the_other_one_reads(cell: MakeCell) -> None:
    always = of(fault="no_read", device="item-scan", rate=1.0)
    async with cell(always, layout=with_a_spare_scanner()) as site:
        await site.complete(quantity=2)
        assert [event.action for event in site.of(ev.ExceptionResolved)] == ["other_scanner"] * 2
        assert {event.scanner for event in site.of(ev.UnitVerified)} == {"item-scan-2"}
        assert site.notes.of("unit_put_back") == []


@pytest.mark.fault("unplugged")
async def test_a_scanner_that_is_unplugged_gives_way_to_the_other_one(cell: MakeCell) -> None:
    gone = of(fault="unplugged", device="item-scan", duration_s=100_000)
    async with cell(gone, layout=with_a_spare_scanner(), scanner_wait_s=0.2) as site:
        await site.complete(quantity=2)
        assert {event.scanner for event in site.of(ev.UnitVerified)} == {"item-scan-2"}
