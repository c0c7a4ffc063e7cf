"""What a device shows stands still: the link counts as lost, or what is hidden is found by asking."""

import asyncio

import pytest

from edge_agent.domain import events as ev
from edge_agent.domain.command import Done, Running
from edge_agent.domain.device import Mode
from tests.faults.cell import Cell
from tests.faults.conftest import MakeCell
from tests.faults.test_answers import MACHINES, RETRIEVE
from tests.simulators.bench import of

LIMIT_S = 3.0


async def lost_after_s(site: Cell, fault: str, *devices: str) -> float:
    """How long after the fault the links to all of these were given up."""
    await site.struck(fault)
    begun = asyncio.get_running_loop().time()
    await site.until(lambda: all(site.lost(device) for device in devices))
    return asyncio.get_running_loop().time() - begun


@pytest.mark.fault("heartbeat_frozen")
async def test_a_frozen_heartbeat_is_a_lost_link_after_three_seconds_on_both_wires(cell: MakeCell) -> None:
    async with cell(opcua=["asrs-1"]) as site:
        site.arm("heartbeat_frozen", time_s=0, duration_s=3.5)
        assert LIMIT_S - 1 < await lost_after_s(site, "heartbeat_frozen", *MACHINES) < LIMIT_S + 2
        await site.until(lambda: all(site.modes(device)[-1] is Mode.READY for device in MACHINES))
        await site.complete()


@pytest.mark.fault("stuck_register")
async def test_a_status_block_that_stands_still_is_a_lost_link_after_three_seconds(cell: MakeCell) -> None:
    async with cell(of(fault="stuck_register", **RETRIEVE, moment="half_way", duration_s=3.5)) as site:
        site.submit()
        assert LIMIT_S - 1 < await lost_after_s(site, "stuck_register", "asrs-1") < LIMIT_S + 2
        crane = site.witness["asrs-1"]
        number = crane.sent[0]
        await site.until(lambda: site.of(ev.TaskCompleted))
        assert crane.answers(number)
        assert set(crane.answers(number)) <= {Running, Done}
        assert crane.sent.count(number) == 1


@pytest.mark.fault("stuck_register")
async def test_what_one_stuck_register_hides_is_found_by_asking(cell: MakeCell) -> None:
    stuck = of(fault="stuck_register", **RETRIEVE, register="event_sequence", duration_s=3)
    async with cell(stuck, verb_timeout_s=0.3) as site:
        await site.complete()
        crane = site.witness["asrs-1"]
        assert crane.answers(crane.sent[0])[-1] is Done
        assert crane.sent.count(crane.sent[0]) == 1
        assert site.lost("asrs-1") == 0
