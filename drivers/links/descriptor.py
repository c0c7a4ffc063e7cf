"""A device file on the event loop: read and written without blocking, its disappearance noticed at once."""

import asyncio
import os
from collections.abc import Callable
from typing import NoReturn

from edge_agent.errors import LinkLostError

WRITE_LIMIT_S = 2.0
CHUNK_BYTES = 4096


class Descriptor:
    """An open, non-blocking descriptor. Whoever opened the file closes it, after `close`."""

    def __init__(self, device: str, path: str, fd: int) -> None:
        """`device` and `path` are for the errors."""
        self._device = device
        self._path = path
        self._fd = fd
        self._open = True
        self._waiting: set[asyncio.Future[None]] = set()

    async def read(self) -> bytes:
        """What comes next. Raises `LinkLostError` when the device has gone."""
        loop = asyncio.get_running_loop()
        while True:
            self._check_open()
            try:
                data = os.read(self._fd, CHUNK_BYTES)
            except BlockingIOError:
                await self._ready(loop.add_reader, loop.remove_reader)
            except OSError as error:
                self._unplugged(str(error))
            else:
                if not data:
                    self._unplugged("end of file")
                return data

    async def write(self, data: bytes) -> None:
        """Send bytes, within `WRITE_LIMIT_S`. Raises `LinkLostError`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(WRITE_LIMIT_S):
                while data:
                    self._check_open()
                    try:
                        data = data[os.write(self._fd, data) :]
                    except BlockingIOError:
                        await self._ready(loop.add_writer, loop.remove_writer)
        except OSError as error:
            self._unplugged(str(error) or "no progress in sending")

    def close(self) -> None:
        """Wake whoever waits and leave the loop; may be called more than once."""
        if self._open:
            self._open = False
            for waiting in self._waiting:
                _wake(waiting)
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._fd)
            loop.remove_writer(self._fd)

    async def _ready(self, watch: Callable[..., object], forget: Callable[[int], object]) -> None:
        """Wait until the device can be read or written, or was closed."""
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(ready)
        watch(self._fd, _wake, ready)
        try:
            await ready
        finally:
            self._waiting.discard(ready)
            if self._open:
                forget(self._fd)

    def _check_open(self) -> None:
        if not self._open:
            raise LinkLostError(self._device, "not connected")

    def _unplugged(self, detail: str) -> NoReturn:
        raise LinkLostError(self._device, f"{self._path}: {detail}")


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
