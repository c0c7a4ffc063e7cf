"""A cable between a driver and a device that can be cut, can swallow one direction, and can be slow."""

import asyncio
from typing import Self

from tests.drivers.waiting import until


class Cable:
    """Forwards TCP connections to one port. Use it as an async context manager."""

    def __init__(self, device_port: int) -> None:
        self._device_port = device_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.whole = True
        self.requests_pass = True
        self.replies_pass = True
        self.chunk_bytes = 65536
        self.pause_s = 0.0
        """Waits so long after every `chunk_bytes`, in each direction."""

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Break every connection and let no new one through."""
        self.whole = False
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self.whole = self.requests_pass = self.replies_pass = True

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await until(lambda: not self._writers)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.whole:
            writer.transport.abort()
            return
        try:
            device_reader, device_writer = await asyncio.open_connection("127.0.0.1", self._device_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, device_writer}
        if not self.whole:
            self.cut()  # it was cut while the far end was being reached
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forward(reader, device_writer, "requests_pass"))
            group.create_task(self._forward(device_reader, writer, "replies_pass"))
        self._writers -= {writer, device_writer}

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: str) -> None:
        try:
            while data := await reader.read(self.chunk_bytes):
                if getattr(self, gate):
                    writer.write(data)
                if self.pause_s:
                    await asyncio.sleep(self.pause_s)
        except OSError:
            pass
        finally:
            writer.transport.abort()
