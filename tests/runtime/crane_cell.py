"""One simulated crane behind its gate, with the agent's driver and supervisor in front, in one process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from drivers.registry import build_device
from edge_agent.domain.command import Command, ForTrip, Retrieve
from edge_agent.domain.ids import CommandId, DeviceId, PointId, TripId
from edge_agent.domain.inputs import Input
from edge_agent.runtime.backoff import Backoff
from edge_agent.runtime.supervisor import DeviceSupervisor
from simulators.catalogue import Tote, build_stock
from simulators.clock import SimClock
from simulators.faults import AnyFault
from simulators.gated import Gated
from simulators.injector import Injector
from simulators.modbus_server import ModbusServer
from simulators.opcua_server import OpcUaServer
from simulators.site import build_site
from tests.drivers.rigs import with_wire
from tests.ports import free_port
from tests.runtime.inbox import Inbox
from tests.simulators.floor import SITE, Notes, shipped_profiles, small_site

ASRS = DeviceId("asrs-1")
EPOCH = 7
FAST = 200.0


class DurableInbox(Inbox):
    """What enters is durable at once."""

    def put(self, what: Input, on_durable: Callable[[], None] | None = None) -> None:
        super().put(what)
        if on_durable is not None:
            on_durable()


@dataclass
class CraneCell:
    supervisor: DeviceSupervisor
    inbox: DurableInbox
    injector: Injector
    gated: Gated
    server: ModbusServer | OpcUaServer
    tote: Tote
    notes: Notes
    commands: list[Command] = field(default_factory=list)
    ticking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def retrieve(self) -> CommandId:
        """Order the tote to the outfeed."""
        order = Retrieve(self.tote.lpn, self.tote.location, PointId("out"))
        number = CommandId(len(self.commands) + 1)
        self.commands.append(Command(number, ASRS, order, ForTrip(TripId("trip-1")), EPOCH))
        self.supervisor.submit(self.commands[-1])
        return number

    async def restart(self) -> None:
        """Stop the server's program and start it: its sessions go with it, the crane's memory does not."""
        async with self.ticking:
            await self.gated.stop()
            await self.gated.start()

    @property
    def accepted(self) -> int:
        """Commands that the crane has taken."""
        return len(self.notes.of("command"))

    @property
    def sessions(self) -> int:
        """Conversations that the controller has open: connections, and on OPC UA sessions too."""
        server = self.server._server
        assert server is not None
        if isinstance(self.server, ModbusServer):
            return len(server.active_connections)
        return max(len(server.bserver.clients), len(server.iserver._external_sessions))


@asynccontextmanager
async def crane_cell(
    profile_name: str, *armed: AnyFault, request_timeout_s: float = 0.8
) -> AsyncIterator[CraneCell]:
    """Only the crane of the small site is on the wire. Its seconds are two hundred times as fast."""
    profiles = shipped_profiles()
    profile = with_wire(profiles[profile_name], request_timeout_s=request_timeout_s)
    modbus = profile.mailbox is not None
    address = f"modbus://127.0.0.1:{free_port()}/1" if modbus else f"opc.tcp://127.0.0.1:{free_port()}/a"
    rest = {
        "conveyor-1": {"profile": "conveyor-modbus", "address": f"modbus://127.0.0.1:{free_port()}/2"},
        "picker-1": {"profile": "picker-modbus", "address": f"modbus://127.0.0.1:{free_port()}/3"},
    }
    site = small_site(
        devices=SITE["devices"] | {"asrs-1": {"profile": profile_name, "address": address}} | rest
    )
    notes, clock = Notes(), SimClock(FAST)
    simulated = build_site(site, profiles, record=notes, faults=armed, seed=1, clock=clock, epoch=EPOCH)
    gated = simulated.machines[0]
    assert isinstance(gated, Gated)
    assert isinstance(gated._server, ModbusServer | OpcUaServer)
    inbox = DurableInbox()
    device = build_device(ASRS, site.devices[ASRS], profile)
    cell = CraneCell(
        DeviceSupervisor(device, inbox.put, Backoff(0.01, 0.05)),
        inbox,
        simulated.faults.injector(ASRS),
        gated,
        gated._server,
        build_stock(site, 1).totes[0],
        notes,
    )

    async def tick() -> None:
        while True:
            async with cell.ticking:
                simulated.faults.step()
                await gated.step()
            await asyncio.sleep(0.002)

    await gated.start()
    tasks = [
        asyncio.create_task(tick(), name="ticks"),
        asyncio.create_task(cell.supervisor.run(), name="supervisor"),
    ]
    try:
        await inbox.ready()
        yield cell
    finally:
        for task in reversed(tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await gated.stop()
