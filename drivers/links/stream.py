"""Byte streams: TCP as client, TCP as server, serial line."""

import asyncio
import logging
import os
import socket
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn, Protocol

import serial

from drivers.links.address import SerialAddress, StreamAddress, TcpAddress, TcpListenAddress
from edge_agent.errors import LinkLostError

logger = logging.getLogger(__name__)

CONNECT_LIMIT_S = 3.0
LISTEN_LIMIT_S = 5.0
"""How long we wait for a device to connect to us before we say that it is not there."""
WRITE_LIMIT_S = 2.0
CHUNK_BYTES = 4096
KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}
"""A scanner may be silent for hours: only probes (after 5 s, then every 2 s, three of them) show that its
cable is out."""


class StreamLink(Protocol):
    """A stream of bytes in both directions. `connect` comes first; `close` may come at any time."""

    async def connect(self) -> None:
        """Open the stream, within a bound. Raises `LinkLostError`."""
        ...

    async def read(self) -> bytes | None:
        """The bytes that come next; None where the device has started a new stream, so that what was
        unfinished is void. Raises `LinkLostError` when the stream ends."""
        ...

    async def write(self, data: bytes) -> None:
        """Send bytes, within a bound. Raises `LinkLostError`."""
        ...

    async def close(self) -> None: ...


def stream_link(device: str, address: StreamAddress) -> StreamLink:
    match address:
        case TcpAddress():
            return TcpClientLink(device, address)
        case TcpListenAddress():
            return TcpServerLink(device, address)
        case SerialAddress():
            return SerialLink(device, address)


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

    async def read(self) -> bytes | None:
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
        except BaseException as error:
            await self.close()
            if isinstance(error, TimeoutError):
                detail = f"nothing has connected to {host}:{port} in {LISTEN_LIMIT_S:g} s"
                raise LinkLostError(self._device, detail) from error
            raise

    async def read(self) -> bytes | None:
        while True:
            connection = self._open_connection()
            if self._replaced:
                self._replaced = False
                return None
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
        self._waiting: set[asyncio.Future[None]] = set()

    async def connect(self) -> None:
        await self.close()
        address = self._address
        try:
            self._line = serial.Serial(
                address.path,
                address.baudrate,
                bytesize=address.bytesize,
                parity=address.parity,
                stopbits=address.stopbits,
                timeout=0,
                exclusive=True,
            )
        except (OSError, ValueError) as error:
            raise LinkLostError(self._device, f"cannot open {address.path}: {error}") from error
        _tell_empty_from_unplugged(self._line.fileno())

    async def read(self) -> bytes | None:
        loop = asyncio.get_running_loop()
        while True:
            fd = self._descriptor()
            try:
                data = os.read(fd, CHUNK_BYTES)
            except BlockingIOError:
                await self._ready(fd, loop.add_reader, loop.remove_reader)
            except OSError as error:
                self._unplugged(str(error))
            else:
                if not data:
                    self._unplugged("end of file")
                return data

    async def write(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(WRITE_LIMIT_S):
                while data:
                    fd = self._descriptor()
                    try:
                        data = data[os.write(fd, data) :]
                    except BlockingIOError:
                        await self._ready(fd, loop.add_writer, loop.remove_writer)
        except OSError as error:
            self._unplugged(str(error) or "no progress in sending")

    async def close(self) -> None:
        line, self._line = self._line, None
        for waiting in self._waiting:
            _wake(waiting)
        if line is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(line.fileno())
            loop.remove_writer(line.fileno())
            with suppress(OSError):
                line.close()

    async def _ready(self, fd: int, watch: Callable[..., object], forget: Callable[[int], object]) -> None:
        """Wait until the line can be read or written, or was closed."""
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(ready)
        watch(fd, _wake, ready)
        try:
            await ready
        finally:
            self._waiting.discard(ready)
            if self._line is not None:
                forget(fd)

    def _descriptor(self) -> int:
        if self._line is None:
            raise LinkLostError(self._device, "not connected")
        return self._line.fileno()

    def _unplugged(self, detail: str) -> NoReturn:
        raise LinkLostError(self._device, f"{self._address.path}: {detail}")


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


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
