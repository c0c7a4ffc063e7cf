"""Simulated controllers on a Modbus TCP socket."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import cast

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge_agent.errors import ConfigurationError
from simulators.clock import SimClock
from simulators.mailbox import Refused, RegisterImage

WRITES = (6, 16)
READS = (3, 4)
EXCEPTIONS = {Refused.NOT_YOURS: ExcCodes.ILLEGAL_ADDRESS, Refused.NOT_WHOLE: ExcCodes.ILLEGAL_VALUE}


class ModbusServer:
    """One listening socket with one or more devices behind it, told apart by their unit numbers."""

    def __init__(self, host: str, port: int, units: Mapping[int, RegisterImage], clock: SimClock) -> None:
        """`port` 0 takes a free one; `port` holds the bound one after `start`."""
        self.host = host
        self.port = port
        self._units = units
        self._clock = clock
        self._server: ModbusTcpServer | None = None

    @property
    def bound(self) -> tuple[str, int]:
        """Where it listens, after `start`."""
        return self.host, self.port

    async def start(self) -> None:
        """Open the socket. Raises `ConfigurationError` when the address is taken."""
        devices = [self._device(unit, image) for unit, image in self._units.items()]
        server = ModbusTcpServer(devices, address=(self.host, self.port))
        try:
            await server.serve_forever(background=True)
        except RuntimeError as error:  # pymodbus hides the OSError
            raise ConfigurationError(
                f"modbus://{self.host}:{self.port}: cannot listen there; is the port taken?"
            ) from error
        self._server = server
        listener = cast("asyncio.Server", server.transport)
        self.port = listener.sockets[0].getsockname()[1]

    async def step(self) -> None:
        now_s, wall_s = self._clock.now_s(), self._clock.wall_s()
        for image in self._units.values():
            image.step(now_s=now_s, wall_s=wall_s)

    async def stop(self) -> None:
        """Close the socket and every connection. The devices keep what they remember."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _device(self, unit: int, image: RegisterImage) -> SimDevice:
        block = SimData(0, count=image.size, values=0, datatype=DataType.REGISTERS)
        return SimDevice(id=unit, simdata=[block], action=partial(self._on_access, image))

    async def _on_access(
        self,
        image: RegisterImage,
        function_code: int,
        _start: int,
        address: int,
        _count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """pymodbus calls this before each read and before a write is stored; `registers` is the live list."""
        if function_code in READS:
            image_now = image.read(wall_s=self._clock.wall_s())
            registers[: len(image_now)] = image_now
            return None
        if function_code not in WRITES or values is None:
            return ExcCodes.ILLEGAL_FUNCTION
        refused = image.write(
            address,
            [int(value) for value in values],
            now_s=self._clock.now_s(),
            wall_s=self._clock.wall_s(),
        )
        return EXCEPTIONS[refused] if refused else None
