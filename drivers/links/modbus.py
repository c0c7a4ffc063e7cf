"""Modbus TCP: reads and writes of holding registers, one request at a time, none of them repeated."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NoReturn

from pymodbus import ModbusException
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU

from drivers.links.address import ModbusAddress
from drivers.links.cancellation import heeding_cancellation
from drivers.links.trouble import HUNG, dead
from edge_agent.errors import DeviceMismatchError, LinkLostError

_SLACK_S = 1.0
"""By so much the library's own time-out is longer than ours, which says more."""
_HEADER = 6
"""MBAP: transaction (2), protocol (2), length of the rest (2), high byte first (Modbus TCP guide, 3.1.3)."""
_NOT_THERE = (ExcCodes.ILLEGAL_FUNCTION, ExcCodes.ILLEGAL_ADDRESS, ExcCodes.ILLEGAL_VALUE)


class ModbusLink:
    """A client connection to one unit.

    The first thing that goes wrong closes the connection: an answer that comes late must not be taken for
    the answer to something else, and a write that waits behind a failed request must not go out.
    """

    def __init__(self, device: str, address: ModbusAddress, timeout_s: float) -> None:
        self._device = device
        self._address = address
        self._timeout_s = timeout_s
        self._client: AsyncModbusTcpClient | None = None
        self._lost = "not connected"
        self._one_request = asyncio.Lock()
        self._patience: asyncio.Timeout | None = None
        self._dropped = False
        self._asked = b""
        """Transaction of the request under way, as it stands on the wire; empty once it is answered."""
        self._surplus = 0

    async def connect(self) -> None:
        """Open the connection, within `timeout_s`. Raises `LinkLostError`."""
        self.close("connecting anew")
        # Retries would send writes again, and a reconnection of the library's own would hide a lost link.
        client = AsyncModbusTcpClient(
            self._address.host,
            port=self._address.port,
            timeout=self._timeout_s + _SLACK_S,
            retries=0,
            reconnect_delay=0,
            name=self._device,
            trace_connect=self._connection_changed,
            trace_packet=self._packet_passed,
        )
        self._asked, self._dropped = b"", False
        with heeding_cancellation():
            reason = await self._refused(client)
        if reason is not None:
            client.close()
            self._lost = dead(f"{self._address.host}:{self._address.port}", reason)
            raise LinkLostError(self._device, self._lost)
        self._client = client

    async def _refused(self, client: AsyncModbusTcpClient) -> str | None:
        """Try to connect; None where it worked. The library tells its log alone what was wrong."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return None if await client.connect() else "refused or unreachable"
        except TimeoutError:
            return f"no answer in {self._timeout_s:g} s"

    async def read(self, address: int, count: int) -> list[int]:
        """Read `count` holding registers in one request.

        Raises `DeviceMismatchError` where the unit says that they do not exist, `LinkLostError` for
        everything else that is no answer.
        """
        what = f"reading registers {address}..{address + count - 1}"
        async with self._one_request:
            client = self._open_client()
            unit = self._address.unit
            reply = await self._reply(
                what, partial(client.read_holding_registers, address, count=count, device_id=unit)
            )
            if reply.isError():
                self._refused_read(what, reply.exception_code)
            if len(reply.registers) != count:
                self.fail(f"{what}: {len(reply.registers)} registers came back")
            return list(reply.registers)

    async def write(self, address: int, registers: Sequence[int]) -> None:
        """Write holding registers in one request. A `LinkLostError` means doubt about what was written."""
        what = f"writing registers {address}..{address + len(registers) - 1}"
        async with self._one_request:
            client = self._open_client()
            unit = self._address.unit
            reply = await self._reply(
                what, partial(client.write_registers, address, list(registers), device_id=unit)
            )
            if reply.isError():
                self.fail(f"{what}: the unit answers {_name(reply.exception_code)}")

    def take_surplus(self) -> int:
        """How many replies came since the last call that no request waited for. They are ignored."""
        surplus, self._surplus = self._surplus, 0
        return surplus

    def fail(self, detail: str) -> NoReturn:
        """Give the connection up and raise `LinkLostError`."""
        self.close(detail)
        raise LinkLostError(self._device, detail)

    def close(self, detail: str = "closed") -> None:
        """Let go of the connection; may be called at any time and more than once."""
        client, self._client = self._client, None
        if client is not None:
            self._lost = detail
            client.close()

    def _open_client(self) -> AsyncModbusTcpClient:
        if self._client is None:
            raise LinkLostError(self._device, self._lost)
        return self._client

    async def _reply(self, what: str, request: Callable[[], Awaitable[ModbusPDU]]) -> ModbusPDU:
        try:
            with heeding_cancellation():
                async with asyncio.timeout(self._timeout_s) as self._patience:
                    return await request()
        except TimeoutError:
            self.fail(f"{what}: {'the connection was closed' if self._dropped else HUNG}")
        except ModbusException as error:
            self.fail(f"{what}: {error}")
        except asyncio.CancelledError:
            # The answer is still on its way; nobody may take it for another one.
            self.close(f"{what} was broken off")
            raise
        finally:
            self._patience = None

    def _connection_changed(self, up: bool) -> None:
        """A request under way on a connection that is gone need not wait out its time."""
        self._dropped = not up
        if not up and self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time())

    def _packet_passed(self, sending: bool, data: bytes) -> bytes:
        """Count the replies beyond the one that is waited for; the library drops them without a word."""
        if sending:
            self._asked = data[:2]
            return data
        rest = data
        while len(rest) >= _HEADER and len(rest) >= (end := _HEADER + int.from_bytes(rest[4:6], "big")):
            if rest[:2] == self._asked:
                self._asked = b""
            else:
                self._surplus += 1
            rest = rest[end:]
        return data

    def _refused_read(self, what: str, code: int) -> NoReturn:
        answer = f"{what}: the unit answers {_name(code)}"
        if code not in _NOT_THERE:
            self.fail(answer)
        raise DeviceMismatchError(
            f"{self._device}: {answer}: compare the profile's addresses and the unit number with the device"
        )


def _name(code: int) -> str:
    try:
        return ExcCodes(code).name
    except ValueError:
        return f"exception {code}"
