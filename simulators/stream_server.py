"""Simulated scanners on their lines: the far end of each address form that the agent's site file may name.

    agent `tcp://`          the scanner listens
    agent `tcp-listen://`   the scanner connects, again and again until it is let in
    agent `serial://`       a pseudo terminal, with a symlink to it at the agent's path

A line carries bytes as long as somebody is at the other end. What is sent to nobody is gone.
"""

import asyncio
import os
import pty
import select
import tty
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeAlias, cast

from edge_agent.domain.ids import DeviceId
from edge_agent.errors import ConfigurationError
from simulators.clock import SimClock
from simulators.scanner import Reading, Strike

RECONNECT_S = 0.1
READ_BYTES = 4096


def nothing() -> None:
    """For who needs not know when a reading leaves."""


class Line(Protocol):
    """One end of a byte stream."""

    async def open(self, received: Callable[[bytes], None], hung_up: Callable[[], None]) -> None:
        """Make the line; from now on what comes in goes to `received`, and `hung_up` tells that the other end
        has gone. Raises `ConfigurationError` when the address cannot be used."""
        ...

    async def run(self) -> None:
        """What the line has to wait for all its life; returns at once where there is nothing."""
        ...

    def poll(self) -> None:
        """Look for input where nothing announces it; called with every tick."""
        ...

    def send(self, reading: Reading, leaving: Callable[[], None] = nothing) -> bool:
        """Send; False when nobody is there or the line is clogged: then the reading is lost.

        `leaving` is called just before the first byte leaves, and not where nobody is there.
        """
        ...

    async def close(self) -> None:
        """Let go of the line; may be called more than once."""
        ...


class Instrument(Protocol):
    """A scanner or a scale: it is asked, and says what is there. Times are its own seconds."""

    device_id: DeviceId
    strike: Strike

    def receive(self, data: bytes, now_s: float) -> None: ...

    def hung_up(self) -> None: ...

    def step(self, now_s: float) -> list[Reading]: ...

    def sent(self, reading: Reading) -> None: ...


class ScannerServer:
    """One simulated scanner or scale, and its line."""

    def __init__(self, scanner: Instrument, line: Line, clock: SimClock) -> None:
        self.scanner = scanner
        self._line = line
        self._clock = clock
        self._plugged = True
        self._plug_in_at_s = 0.0

    async def start(self) -> None:
        await self._line.open(
            lambda data: self.scanner.receive(data, self._clock.now_s()), self.scanner.hung_up
        )

    async def run(self) -> None:
        await self._line.run()

    def unplug(self, duration_s: float) -> None:
        """The line is gone from the next step on, until so many real seconds have passed."""
        self._plug_in_at_s = max(self._plug_in_at_s, self._clock.wall_s() + duration_s)

    async def step(self) -> None:
        await self._plug_in_or_out()
        if not self._plugged:
            return
        self._line.poll()
        for reading in self.scanner.step(self._clock.now_s()):
            self._line.send(reading, partial(self.scanner.sent, reading))

    async def _plug_in_or_out(self) -> None:
        is_out = self._clock.wall_s() < self._plug_in_at_s
        if is_out and self._plugged:
            self._plugged = False
            await self._line.close()
            self.scanner.hung_up()
        elif not is_out and not self._plugged:
            with suppress(ConfigurationError):  # somebody else has the address: try again with the next tick
                await self.start()
                self._plugged = True

    async def stop(self) -> None:
        await self._line.close()


class Peer(asyncio.Protocol):
    """One TCP connection. A new one takes the place of the one before, as with a real scanner."""

    def __init__(self, received: Callable[[bytes], None], hung_up: Callable[[], None]) -> None:
        self._received = received
        self._hung_up = hung_up
        self._transport: asyncio.Transport | None = None
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self.gone.set()
        self._hung_up()

    def send(self, data: bytes, leaving: Callable[[], None] = nothing) -> bool:
        if self._transport is None or self._transport.is_closing():
            return False
        leaving()
        self._transport.write(data)
        return True

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


MakePeer: TypeAlias = Callable[[Callable[[bytes], None], Callable[[], None]], Peer]


class ListeningLine:
    """The scanner is a TCP server for one client at a time."""

    def __init__(self, host: str, port: int, make_peer: MakePeer | None = None) -> None:
        """`port` 0 takes a free one; `port` holds the bound one after `open`."""
        self.host = host
        self.port = port
        self._make_peer = make_peer or Peer
        self._server: asyncio.Server | None = None
        self._peer: Peer | None = None

    async def open(self, received: Callable[[bytes], None], hung_up: Callable[[], None]) -> None:
        def joined() -> Peer:
            if self._peer is not None:
                self._peer.close()
            self._peer = self._make_peer(received, hung_up)
            return self._peer

        try:
            self._server = await asyncio.get_running_loop().create_server(joined, self.host, self.port)
        except OSError as error:
            raise ConfigurationError(
                f"tcp://{self.host}:{self.port}: cannot listen there ({error.strerror}); change the address"
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def run(self) -> None:
        return

    def poll(self) -> None:
        return

    def send(self, reading: Reading, leaving: Callable[[], None] = nothing) -> bool:
        return self._peer is not None and self._peer.send(reading.frame, leaving)

    async def close(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            if self._peer is not None:
                self._peer.close()
            await server.wait_closed()


class ConnectingLine:
    """The scanner is a TCP client that tries again for as long as it lives."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._peer: Peer | None = None
        self._join: Callable[[], Peer] | None = None

    async def open(self, received: Callable[[bytes], None], hung_up: Callable[[], None]) -> None:
        def join() -> Peer:
            self._peer = Peer(received, hung_up)
            return self._peer

        self._join = join

    async def run(self) -> None:
        """Connect and connect again while the line is open, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if self._join is not None:
                with suppress(OSError):
                    _, peer = await loop.create_connection(self._join, self.host, self.port)
                    if not self._is_open():
                        peer.close()
                    await peer.gone.wait()
            await asyncio.sleep(RECONNECT_S)

    def _is_open(self) -> bool:
        return self._join is not None

    def poll(self) -> None:
        return

    def send(self, reading: Reading, leaving: Callable[[], None] = nothing) -> bool:
        return self._peer is not None and self._peer.send(reading.frame, leaving)

    async def close(self) -> None:
        self._join = None
        if self._peer is not None:
            self._peer.close()


class PtyLine:
    """The scanner is on a serial line: a pseudo terminal under the name that the agent opens.

    Only the agent holds the far end open, so that its absence shows here as a hang-up. That state cannot be
    waited for without spinning, hence `poll`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._terminal = ""
        self._fd: int | None = None
        self._poller = select.poll()
        self._received: Callable[[bytes], None] = lambda _data: None
        self._hung_up: Callable[[], None] = lambda: None
        self._was_open = False

    async def open(self, received: Callable[[bytes], None], hung_up: Callable[[], None]) -> None:
        self._received, self._hung_up = received, hung_up
        self._fd, far_end = pty.openpty()
        tty.setraw(far_end)
        os.set_blocking(self._fd, False)
        self._terminal = os.ttyname(far_end)
        os.close(far_end)
        self._poller.register(self._fd, select.POLLIN)
        self._link()

    async def run(self) -> None:
        return

    def poll(self) -> None:
        if self._fd is None:
            return
        flags = self._flags()
        data = self._read() if flags & select.POLLIN else b""
        if not flags & select.POLLHUP:
            self._was_open = True
            if data:
                self._received(data)
        elif self._was_open:
            self._was_open = False
            self._hung_up()

    def send(self, reading: Reading, leaving: Callable[[], None] = nothing) -> bool:
        if self._fd is None or self._flags() & select.POLLHUP:
            return False
        leaving()
        with suppress(OSError):
            return os.write(self._fd, reading.frame) == len(reading.frame)
        return False

    async def close(self) -> None:
        if self._fd is not None:
            self._poller.unregister(self._fd)
            os.close(self._fd)
            self._fd = None
            self._was_open = False
            self._unlink()

    def _flags(self) -> int:
        return sum(flags for _, flags in self._poller.poll(0))

    def _read(self) -> bytes:
        with suppress(OSError):
            return os.read(self._fd, READ_BYTES) if self._fd is not None else b""
        return b""

    def _link(self) -> None:
        try:
            if self._path.is_symlink():
                self._path.unlink()
            self._path.symlink_to(self._terminal)
        except OSError as error:
            raise ConfigurationError(
                f"serial://{self._path}: the simulated line cannot be put there ({error.strerror}); "
                "remove what stands there or change the address"
            ) from error

    def _unlink(self) -> None:
        """Another simulator may have taken the name over in the meantime: its link stays."""
        if self._path.is_symlink() and str(self._path.readlink()) == self._terminal:
            self._path.unlink()
