"""Byte streams: TCP as client, TCP as server, serial line."""

import asyncio
import logging
import socket
import termios
from contextlib import suppress
from enum import Enum, auto
from typing import Protocol

import serial

from drivers.links.address import SerialAddress, TcpAddress, TcpListenAddress
from drivers.links.descriptor import CHUNK_BYTES, WRITE_LIMIT_S, Descriptor
from edge_agent.errors import LinkLostError

logger = logging.getLogger(__name__)

CONNECT_LIMIT_S = 3.0
LISTEN_LIMIT_S = 5.0
"""How long we wait for a device to connect to us before we say that it is not there."""
KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}
"""A scanner may be silent for hours: only probes (after 5 s, then every 2 s, three of them) show that its
cable is out."""


class Gap(Enum):
    """Why the bytes that come next do not go on from those before."""

    NEW_STREAM = auto()
    """The device has connected anew: what was unfinished is void."""
    BYTES_LOST = auto()
    """Some are missing: what was unfinished is void, and so is the rest of it."""


class StreamLink(Protocol):
    """A stream of bytes in both directions. `connect` comes first; `close` may come at any time."""

    async def connect(self) -> None:
        """Open the stream, within a bound. Raises `LinkLostError`."""
        ...

    async def read(self) -> bytes | Gap:
        """The bytes that come next, or why they do not go on from those before. Raises `LinkLostError` when
        the stream ends."""
        ...

    async def write(self, data: bytes) -> None:
        """Send bytes, within a bound. Raises `LinkLostError`."""
        ...

    async def close(self) -> None: ...


class _Connection:
    """One established TCP connection."""

    def __init__(self, device: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._device = device
        self._reader = reader
        self._writer = writer
        _watch_the_cable(writer.get_extra_info("socket"))

    async def read(self) -> bytes:
        try:
            data = await self._reader.read(CHUNK_BYTES)
        except OSError as error:
            raise LinkLostError(self._device, str(error)) from error
        if not data:
            raise LinkLostError(self._device, "the connection was closed")
        return data

    async def write(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(WRITE_LIMIT_S):
                self._writer.write(data)
                await self._writer.drain()
        except OSError as error:
            raise LinkLostError(self._device, f"cannot send: {error or 'no progress'}") from error

    def abort(self) -> None:
        """End it without waiting for what the other side has not taken yet: its cable may be out."""
        self._writer.transport.abort()

    async def close(self) -> None:
        self.abort()
        with suppress(OSError):
            await self._writer.wait_closed()


class TcpClientLink:
    """`tcp://`: we connect to the device."""

    def __init__(self, device: str, address: TcpAddress) -> None:
        self._device = device
        self._address = address
        self._connection: _Connection | None = None

    async def connect(self) -> None:
        await self.close()
        host, port = self._address.host, self._address.port
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                self._connection = _Connection(self._device, *await asyncio.open_connection(host, port))
        except OSError as error:
            detail = f"no connection to {host}:{port}: {error or 'no answer'}"
            raise LinkLostError(self._device, detail) from error

    async def read(self) -> bytes:
        return await self._open_connection().read()

    async def write(self, data: bytes) -> None:
        await self._open_connection().write(data)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _open_connection(self) -> _Connection:
        if self._connection is None:
            raise LinkLostError(self._device, "not connected")
        return self._connection


class TcpServerLink:
    """`tcp-listen://`: the device connects to us, one at a time; the newest connection counts.

    A device that was switched off leaves a connection behind that looks alive; its next one replaces it.
    """

    def __init__(self, device: str, address: TcpListenAddress) -> None:
        self._device = device
        self._address = address
        self._server: asyncio.Server | None = None
        self._connection: _Connection | None = None
        self._replaced = False
        self._arrived = asyncio.Event()

    @property
    def port(self) -> int:
        """The port that we listen on; 0 while we do not."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    async def connect(self) -> None:
        """Listen, and wait for the device to connect, `LISTEN_LIMIT_S` at most."""
        await self.close()
        host, port = self._address.host, self._address.port
        self._arrived.clear()
        self._replaced = False
        try:
            self._server = await asyncio.start_server(self._accept, host, port)
        except OSError as error:
            raise LinkLostError(self._device, f"cannot listen on {host}:{port}: {error}") from error
        try:
            async with asyncio.timeout(LISTEN_LIMIT_S):
                await self._arrived.wait()
        except BaseException as error:  # a cancellation too: nobody else lets go of it
            await self.close()
            if isinstance(error, TimeoutError):
                detail = f"nothing has connected to {host}:{port} in {LISTEN_LIMIT_S:g} s"
                raise LinkLostError(self._device, detail) from error
            raise

    async def read(self) -> bytes | Gap:
        while True:
            connection = self._open_connection()
            if self._replaced:
                self._replaced = False
                return Gap.NEW_STREAM
            try:
                data = await connection.read()
            except LinkLostError:
                if self._connection in (None, connection):
                    raise
            else:
                if self._connection is connection:
                    return data

    async def write(self, data: bytes) -> None:
        await self._open_connection().write(data)

    async def close(self) -> None:
        server, self._server = self._server, None
        connection, self._connection = self._connection, None
        if server is not None:
            server.close()
        if connection is not None:
            await connection.close()
        if server is not None:
            await server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:
            writer.transport.abort()
            return
        if self._connection is not None:
            logger.warning("%s: a new connection replaces the one there was", self._device)
            self._connection.abort()
            self._replaced = True
        self._connection = _Connection(self._device, reader, writer)
        self._arrived.set()

    def _open_connection(self) -> _Connection:
        if self._connection is None:
            raise LinkLostError(self._device, "not connected")
        return self._connection


class SerialLink:
    """`serial://`: a serial line, opened exclusively: a second reader would steal half of every code."""

    def __init__(self, device: str, address: SerialAddress) -> None:
        self._device = device
        self._address = address
        self._line: serial.Serial | None = None
        self._descriptor: Descriptor | None = None

    async def connect(self) -> None:
        await self.close()
        address = self._address
        try:
            self._line = serial.Serial(
                address.path,
                address.line.baudrate,
                bytesize=address.line.bytesize,
                parity=address.line.parity,
                stopbits=address.line.stopbits,
                timeout=0,
                exclusive=True,
            )
        except (OSError, ValueError) as error:
            raise LinkLostError(self._device, f"cannot open {address.path}: {error}") from error
        _tell_empty_from_unplugged(self._line.fileno())
        self._descriptor = Descriptor(self._device, address.path, self._line.fileno())

    async def read(self) -> bytes:
        return await self._open_line().read()

    async def write(self, data: bytes) -> None:
        await self._open_line().write(data)

    async def close(self) -> None:
        line, self._line = self._line, None
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            descriptor.close()
        if line is not None:
            with suppress(OSError):
                line.close()

    def _open_line(self) -> Descriptor:
        if self._descriptor is None:
            raise LinkLostError(self._device, "not connected")
        return self._descriptor


def _watch_the_cable(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        option = getattr(socket, name, None)  # not every system has them all
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _tell_empty_from_unplugged(fd: int) -> None:
    """pyserial sets VMIN to 0, with which an empty line reads like the end of the file (termios(3))."""
    attributes = termios.tcgetattr(fd)
    attributes[6][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
