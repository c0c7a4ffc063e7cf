"""A simulated serial server: a scanner's line behind Telnet with the COM port option (RFC 2217).

The conversation is pyserial's own server side, which knows nothing of the agent's.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import serial
from serial.rfc2217 import PortManager

from simulators.stream_server import Peer, nothing


class TelnetPeer(Peer):
    """One connection to the serial server."""

    def __init__(self, received: Callable[[bytes], None], hung_up: Callable[[], None]) -> None:
        super().__init__(received, hung_up)
        self.line = serial.serial_for_url("loop://")
        """The serial port behind, as far as its settings go."""
        self._port: PortManager | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # Its annotations ask for more than it uses: a line to read settings from, a connection to write to.
        self._port = PortManager(cast("Any", self.line), cast("Any", self))

    def data_received(self, data: bytes) -> None:
        if self._port is not None and (plain := b"".join(self._port.filter(data))):
            super().data_received(plain)

    def send(self, data: bytes, leaving: Callable[[], None] = nothing) -> bool:
        return self._port is not None and super().send(b"".join(self._port.escape(data)), leaving)

    def write(self, data: bytes) -> None:
        """Telnet's own commands, already escaped."""
        super().send(data)
