"""A port of a serial server: Telnet with the COM port option, over TCP.

Sources: RFC 854 (Telnet), RFC 856 (binary), RFC 858 (suppress go-ahead), RFC 2217 (COM port control).
"""

import asyncio
from collections.abc import Callable, Mapping

from drivers.links.address import LineSettings, Rfc2217Address, TcpAddress
from drivers.links.stream import TcpClientLink
from edge_agent.errors import LinkLostError

NEGOTIATE_LIMIT_S = 3.0

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
BINARY, SUPPRESS_GO_AHEAD, COM_PORT = 0, 3, 44
_WANTED = (BINARY, SUPPRESS_GO_AHEAD, COM_PORT)
SET_BAUDRATE, SET_DATASIZE, SET_PARITY, SET_STOPSIZE, SET_CONTROL = 1, 2, 3, 4, 5
FROM_SERVER = 100
"""What a server answers has the number of what it was asked plus this."""
NO_FLOW_CONTROL, DTR_ON, RTS_ON = 1, 8, 11
_PARITIES = {"N": 1, "O": 2, "E": 3}
_STOP_BITS = {1.0: 1, 2.0: 2, 1.5: 3}
_LONGEST_SUBOPTION = 64


def line_commands(line: LineSettings) -> Mapping[int, bytes]:
    """What the server is asked for, by the command's number."""
    return {
        SET_BAUDRATE: line.baudrate.to_bytes(4, "big"),
        SET_DATASIZE: bytes([line.bytesize]),
        SET_PARITY: bytes([_PARITIES[line.parity]]),
        SET_STOPSIZE: bytes([_STOP_BITS[line.stopbits]]),
    }


class Telnet:
    """The client's side of the conversation. Pure: what is to be sent gathers in `outgoing`."""

    def __init__(self, line: LineSettings) -> None:
        self._asked = line_commands(line)
        self._granted: dict[int, bytes] = {}
        self._state: Callable[[int, bytearray], None] = self._data
        self._command = 0
        self._suboption = bytearray()
        self._refused = ""
        self.outgoing = bytearray()
        for option in _WANTED:
            self.outgoing += bytes([IAC, WILL, option, IAC, DO, option])

    @property
    def ready(self) -> bool:
        """The server has set the line as it was asked to."""
        return self._granted == self._asked

    @property
    def refused(self) -> str:
        """Why this will come to nothing; empty: nothing is known against it."""
        wrong = [number for number, value in self._granted.items() if value != self._asked[number]]
        return self._refused or (
            f"the serial server sets its line otherwise: command {wrong[0]}" if wrong else ""
        )

    def feed(self, data: bytes) -> bytes:
        """The bytes that the device has sent, out of what came from the server."""
        received = bytearray()
        for byte in data:
            self._state(byte, received)
        return bytes(received)

    # ---- one byte at a time ------------------------------------------------------------------------

    def _data(self, byte: int, received: bytearray) -> None:
        if byte == IAC:
            self._state = self._after_iac
        else:
            received.append(byte)

    def _after_iac(self, byte: int, received: bytearray) -> None:
        self._state = self._data
        if byte == IAC:
            received.append(byte)
        elif byte in (DO, DONT, WILL, WONT):
            self._command = byte
            self._state = self._option
        elif byte == SB:
            self._suboption.clear()
            self._state = self._in_suboption

    def _option(self, byte: int, _received: bytearray) -> None:
        self._state = self._data
        if byte in _WANTED:
            if self._command == DO and byte == COM_PORT:
                self._set_line()
            elif self._command == DONT and byte in (BINARY, COM_PORT):
                self._refused = "the serial server does not speak RFC 2217: set its port to that mode"
        elif self._command in (DO, WILL):
            self.outgoing += bytes([IAC, WONT if self._command == DO else DONT, byte])

    def _in_suboption(self, byte: int, _received: bytearray) -> None:
        if byte == IAC:
            self._state = self._suboption_after_iac
        elif len(self._suboption) < _LONGEST_SUBOPTION:
            self._suboption.append(byte)

    def _suboption_after_iac(self, byte: int, _received: bytearray) -> None:
        if byte == SE:
            self._state = self._data
            self._answered(bytes(self._suboption))
        else:
            self._state = self._in_suboption
            if byte == IAC and len(self._suboption) < _LONGEST_SUBOPTION:
                self._suboption.append(byte)

    # ---- the port ----------------------------------------------------------------------------------

    def _set_line(self) -> None:
        for number, value in self._asked.items():
            self._ask(number, value)
        for control in (NO_FLOW_CONTROL, DTR_ON, RTS_ON):
            self._ask(SET_CONTROL, bytes([control]))

    def _ask(self, number: int, value: bytes) -> None:
        self.outgoing += bytes([IAC, SB, COM_PORT, number]) + escaped(value) + bytes([IAC, SE])

    def _answered(self, suboption: bytes) -> None:
        number = suboption[1] - FROM_SERVER if len(suboption) > 2 and suboption[0] == COM_PORT else 0
        if number in self._asked:
            self._granted[number] = suboption[2:]


def escaped(data: bytes) -> bytes:
    """Data as it stands between Telnet's commands."""
    return data.replace(bytes([IAC]), bytes([IAC, IAC]))


class Rfc2217Link:
    """`rfc2217://`: a serial line behind a serial server, which is told how to set it."""

    def __init__(self, device: str, address: Rfc2217Address) -> None:
        self._device = device
        self._line = address.line
        self._tcp = TcpClientLink(device, TcpAddress(address.host, address.port))
        self._telnet = Telnet(address.line)
        self._early = b""

    async def connect(self) -> None:
        """Connect and have the line set, within a bound. Raises `LinkLostError`."""
        await self.close()
        await self._tcp.connect()
        self._telnet, self._early = Telnet(self._line), b""
        try:
            async with asyncio.timeout(NEGOTIATE_LIMIT_S):
                await self._negotiate()
        except TimeoutError as error:
            await self.close()
            detail = f"the serial server did not agree on the line in {NEGOTIATE_LIMIT_S:g} s"
            raise LinkLostError(self._device, f"{detail}: set its port to RFC 2217 mode") from error
        except BaseException:  # a cancellation too: nobody else lets go of it
            await self.close()
            raise

    async def read(self) -> bytes:
        data, self._early = self._early, b""
        while not data:
            data = await self._received()
        return data

    async def write(self, data: bytes) -> None:
        await self._tcp.write(escaped(data))

    async def close(self) -> None:
        await self._tcp.close()

    async def _negotiate(self) -> None:
        await self._answer()
        while not self._telnet.ready:
            self._early += await self._received()
            if self._telnet.refused:
                raise LinkLostError(self._device, self._telnet.refused)

    async def _received(self) -> bytes:
        data = self._telnet.feed(await self._tcp.read())
        await self._answer()
        return data

    async def _answer(self) -> None:
        if self._telnet.outgoing:
            outgoing = bytes(self._telnet.outgoing)
            self._telnet.outgoing.clear()
            await self._tcp.write(outgoing)
