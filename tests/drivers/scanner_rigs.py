"""One scanner under test over each transport, with the hands of a test on its device side."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from drivers.links.address import HidAddress
from drivers.links.hid import HidLink
from drivers.registry import build_scanner
from drivers.scanner import StreamScanner
from drivers.scanner_wire import ScannerWire
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import DeviceSettings
from edge_agent.ports import Scanner
from simulators.lines import line_for
from simulators.scanner import Reading
from tests.drivers.keyboard import Keyboard, as_bytes, typed
from tests.drivers.rigs import shipped
from tests.drivers.waiting import until
from tests.ports import free_port

NAME = DeviceId("scan-1")
END = b"\r\n"
CHUNK_BYTES = 1024
"""Two of them fit into what a pseudo terminal holds."""


class ScannerRig(Protocol):
    """A scanner and the device that it is connected to."""

    scanner: Scanner
    told: bytearray
    """What the device was sent."""
    takes_commands: bool
    cuts_frames: bool
    """Whether codes come as a stream that can break off within one."""

    async def plug_in(self) -> None: ...

    async def pull_out(self) -> None: ...

    async def send(self, code: bytes | None) -> None:
        """The device reads a code; None: it could not read."""
        ...

    async def send_part(self, code: bytes) -> None:
        """The beginning of a code, and nothing behind it."""
        ...

    async def send_raw(self, data: bytes) -> None:
        """Any bytes, no faster than they are taken in."""
        ...

    def listen(self) -> None:
        """Take in what the device was sent, where nothing announces it."""
        ...

    async def close(self) -> None: ...


class LineRig:
    """The device side is a bundled simulator's line."""

    cuts_frames = True

    def __init__(self, address: str, profile: str = "scanner-plain") -> None:
        made = shipped(profile)
        assert made.scanner is not None
        self.told = bytearray()
        self.takes_commands = True
        self._line = line_for(address, made)
        self._running = asyncio.create_task(self._line.run(), name="simulated line")
        self._heard = 0
        settings = DeviceSettings(profile=profile, address=address)
        self.scanner = build_scanner(NAME, settings, made, self._count)

    async def plug_in(self) -> None:
        await self._line.open(self.told.extend, lambda: None)

    async def pull_out(self) -> None:
        await self._line.close()

    async def send(self, code: bytes | None) -> None:
        await self._send(Reading((b"NOREAD" if code is None else code) + END, {}, code or b""))

    async def send_part(self, code: bytes) -> None:
        await self._send(Reading(code, {}))

    async def send_raw(self, data: bytes) -> None:
        before = self._heard
        for start in range(0, len(data), CHUNK_BYTES):
            chunk = data[start : start + CHUNK_BYTES]
            await self._send(Reading(chunk, {}))
            await until(lambda end=start: self._heard - before >= end - CHUNK_BYTES)

    def listen(self) -> None:
        self._line.poll()

    async def close(self) -> None:
        await self.scanner.close()
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        await self._line.close()

    def _count(self, data: bytes) -> None:
        self._heard += len(data)

    async def _send(self, reading: Reading) -> None:
        await until(lambda: self._line.send(reading))


class AutoIdRig(LineRig):
    cuts_frames = False

    def __init__(self) -> None:
        super().__init__(f"opc.tcp://127.0.0.1:{free_port()}/reader", "scanner-autoid")


class KeyboardRig:
    takes_commands = False
    cuts_frames = True

    def __init__(self, path: Path) -> None:
        self.told = bytearray()
        self._keyboard = Keyboard(path)
        wire = ScannerWire(terminator="\r", trigger="")
        link = HidLink(NAME, HidAddress(str(path)), wire.keys, grab=lambda _fd: None)
        self.scanner = StreamScanner(NAME, link, wire)

    async def plug_in(self) -> None:
        self._keyboard.plug_in()

    async def pull_out(self) -> None:
        self._keyboard.pull_out()

    async def send(self, code: bytes | None) -> None:
        await self.send_part((b"NOREAD" if code is None else code) + b"\r")

    async def send_part(self, code: bytes) -> None:
        await self.send_raw(as_bytes(typed(code)))

    async def send_raw(self, data: bytes) -> None:
        left = data
        while left:
            left = left[self._keyboard.write(left) :]
            await asyncio.sleep(0)

    def listen(self) -> None:
        return

    async def close(self) -> None:
        await self.scanner.close()
        self._keyboard.pull_out()


TRANSPORTS = ("tcp", "tcp-listen", "serial", "socket", "rfc2217", "hid", "autoid")


def make_rig(transport: str, folder: Path) -> ScannerRig:
    match transport:
        case "serial":
            return LineRig(f"serial://{folder}/scanner?baudrate=115200")
        case "hid":
            return KeyboardRig(folder / "event0")
        case "autoid":
            return AutoIdRig()
        case _:
            return LineRig(f"{transport}://127.0.0.1:{free_port()}")
