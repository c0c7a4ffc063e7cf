"""A supervisor of a fake device, with the inbox that it puts into."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from drivers.fake import FakeDevice
from edge_agent.domain.command import Command, ForTrip, Retrieve
from edge_agent.domain.ids import CommandId, DeviceId, LocationId, Lpn, PointId, TripId
from edge_agent.runtime.backoff import Backoff
from edge_agent.runtime.supervisor import DeviceSupervisor
from tests.runtime.inbox import Inbox

DEVICE = DeviceId("asrs-1")


def command(number: int = 1, epoch: int = 1) -> Command:
    order = Retrieve(Lpn("TOTE-0001"), LocationId("A01-01-01"), PointId("out"))
    return Command(CommandId(number), DEVICE, order, ForTrip(TripId("trip-1")), epoch)


@asynccontextmanager
async def running(
    device: FakeDevice, *open_commands: Command, accepted: bool = False
) -> AsyncIterator[tuple[DeviceSupervisor, Inbox]]:
    inbox = Inbox()
    supervisor = DeviceSupervisor(device, inbox.put, Backoff(0.001, 0.002))
    for open_command in open_commands:
        supervisor.recover(open_command, accepted=accepted)
    async with supervised(supervisor):
        yield supervisor, inbox


@asynccontextmanager
async def supervised(supervisor: DeviceSupervisor) -> AsyncIterator[None]:
    task = asyncio.create_task(supervisor.run(), name="supervisor")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
