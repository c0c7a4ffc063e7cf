"""A PLC that is nothing but registers: for answers that no sound controller gives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.profile import Mailbox
from tests.drivers.waiting import until

SIZE = 256


class Registers:
    """Holding registers that the test writes; the heartbeat counts with every read."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.values = [0] * SIZE
        self.values[mailbox.status.mode] = 1
        self.writes: list[tuple[int, list[int]]] = []
        self.refuse_writes: ExcCodes | None = None
        self.beating = True

    def put(self, address: int, *values: int) -> None:
        self.values[address : address + len(values)] = values

    async def access(
        self, _code: int, _start: int, address: int, _count: int, registers: list[int], new: list[int] | None
    ) -> ExcCodes | None:
        if new is not None:
            if self.refuse_writes is not None:
                return self.refuse_writes
            self.writes.append((address, list(new)))
            self.put(address, *new)
        self.values[self.mailbox.status.heartbeat] += self.beating
        registers[:] = self.values
        return None


@asynccontextmanager
async def serving(registers: Registers) -> AsyncIterator[int]:
    """Puts the registers on a socket, as unit 1; gives its port."""
    block = SimData(0, count=SIZE, values=0, datatype=DataType.REGISTERS)
    device = SimDevice(id=1, simdata=[block], action=registers.access)
    server = ModbusTcpServer([device], address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    listener = server.transport
    assert isinstance(listener, asyncio.Server)
    try:
        yield int(listener.sockets[0].getsockname()[1])
    finally:
        await server.shutdown()


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[int]:
    """A TCP server that says whatever `talk` says; gives its port."""

    connections: set[asyncio.StreamWriter] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        try:
            with suppress(OSError):
                await talk(reader, writer)
        finally:
            writer.transport.abort()
            connections.discard(writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for writer in connections:
            writer.transport.abort()
        await until(lambda: not connections)
