"""Every device under test, for the contract tests: the fake, and both handshakes over real sockets."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from edge_agent.domain.command import Accepted, Done
from edge_agent.domain.device import CommandEnded
from tests.drivers.proxy import Cable
from tests.drivers.rigs import Controller, FakeRig, Rig, WireRig, a_command, shipped, with_wire

RIGS = ("fake", "asrs-modbus", "conveyor-modbus", "picker-modbus", "asrs-opcua", "picker-opcua")


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=RIGS)
async def controller(request: pytest.FixtureRequest) -> AsyncIterator[Controller | None]:
    """One controller for the whole module: an OPC UA server takes its time to start."""
    if request.param == "fake":
        yield None
        return
    controller = Controller(shipped(request.param))
    await controller.start()
    yield controller
    await controller.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def rig(controller: Controller | None) -> AsyncIterator[Rig]:
    if controller is None:
        fake = FakeRig()
        yield fake
        await fake.device.close()
        return
    async with Cable(controller.port) as cable:
        wire = WireRig(controller, cable, with_wire(controller.profile, request_timeout_s=0.8))
        yield wire
        await wire.device.close()
        assert controller.violations == []
        cable.mend()
        await controller.settle()
        if wire.reports_again:
            await _take_every_report(wire)
            await wire.device.close()
            await controller.settle()


async def _take_every_report(rig: WireRig) -> None:
    """A mailbox keeps an event until it is acknowledged: the next test would get it."""
    await rig.device.connect()
    last = a_command(rig)
    assert await rig.device.send(last) == Accepted()
    rig.finish(last.command_id, Done())
    async for observed in rig.device.observations():
        if isinstance(observed, CommandEnded):
            await rig.device.acknowledge(observed)
            if observed.command_id == last.command_id:
                return
