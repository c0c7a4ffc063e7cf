"""A scanner that types: a USB keyboard's event device, taken for the agent alone.

Source: Linux `Documentation/input/input.rst` (`struct input_event`) and `linux/input.h` (EVIOCGRAB).
"""

import errno
import fcntl
import os
import struct
from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeAlias

from drivers.links.address import HidAddress
from drivers.links.descriptor import Descriptor
from drivers.links.keys import KeyDecoder
from drivers.links.stream import Gap
from drivers.scanner_wire import Keys
from edge_agent.errors import LinkLostError

INPUT_EVENT = struct.Struct("@LLHHi")
"""Seconds and microseconds (each as wide as the kernel's long), type, code, value."""
EVIOCGRAB = 0x40044590
"""_IOW('E', 0x90, int)."""
_GRAB_ADVICE = {
    errno.EBUSY: "another program has it: stop that one",
    errno.ENOTTY: "it is no input device: use the scanner's ...-event-kbd below /dev/input/by-id",
    errno.EINVAL: "it is no input device: use the scanner's ...-event-kbd below /dev/input/by-id",
}
_OPEN_ADVICE = {errno.EACCES: ": let the agent's user be a member of the group 'input'"}

Grab: TypeAlias = Callable[[int], None]
"""Takes the device of a descriptor for this program alone. Raises `OSError`."""


def grab(fd: int) -> None:
    """From now on no console and no desktop sees what is typed here."""
    fcntl.ioctl(fd, EVIOCGRAB, 1)


class HidLink:
    """`hid://`: what the scanner types, as bytes. Nothing can be sent to it."""

    def __init__(self, device: str, address: HidAddress, keys: Keys, grab: Grab = grab) -> None:
        self._device = device
        self._path = address.path
        self._grab = grab
        self._decoder = KeyDecoder(keys)
        self._fd: int | None = None
        self._descriptor: Descriptor | None = None
        self._unread = b""
        self._typed: deque[bytes | Gap] = deque()

    async def connect(self) -> None:
        """Open and take the device. Raises `LinkLostError` saying which of the two failed and why."""
        await self.close()
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            advice = _OPEN_ADVICE.get(error.errno or 0, "")
            raise LinkLostError(
                self._device, f"cannot open {self._path}: {error.strerror}{advice}"
            ) from error
        try:
            self._grab(self._fd)
        except OSError as error:
            await self.close()
            advice = _GRAB_ADVICE.get(error.errno or 0, str(error.strerror))
            raise LinkLostError(self._device, f"cannot take {self._path} for the agent: {advice}") from error
        self._descriptor = Descriptor(self._device, self._path, self._fd)
        self._decoder.reset()
        self._typed.clear()
        self._unread = b""

    async def read(self) -> bytes | Gap:
        while not self._typed:
            if self._descriptor is None:
                raise LinkLostError(self._device, "not connected")
            self._unread += await self._descriptor.read()
            self._typed.extend(_joined(self._decoder.feed(self._events())))
        return self._typed.popleft()

    async def write(self, data: bytes) -> None:
        """A keyboard takes no commands. Raises `LinkLostError`."""
        raise LinkLostError(
            self._device, f"{self._path} cannot be sent {data!r}: a keyboard takes no commands"
        )

    async def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        fd, self._fd = self._fd, None
        if descriptor is not None:
            descriptor.close()
        if fd is not None:
            os.close(fd)

    def _events(self) -> Iterator[tuple[int, int, int]]:
        whole = len(self._unread) - len(self._unread) % INPUT_EVENT.size
        events, self._unread = self._unread[:whole], self._unread[whole:]
        for _, _, kind, code, value in INPUT_EVENT.iter_unpack(events):
            yield kind, code, value


def _joined(pieces: Iterator[bytes | Gap]) -> Iterator[bytes | Gap]:
    """The same with the bytes between two gaps in one piece."""
    together = b""
    for piece in pieces:
        if isinstance(piece, bytes):
            together += piece
            continue
        if together:
            yield together
        together = b""
        yield piece
    if together:
        yield together
