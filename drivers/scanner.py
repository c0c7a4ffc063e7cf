"""The scanner family: codes out of a byte stream, triggers and verdicts into it."""

import logging
from collections.abc import AsyncIterator

from drivers.links.stream import StreamLink
from drivers.profile import ScannerWire, wire_bytes
from edge_agent.domain.device import DeviceStatus, Mode, Observation, ScanFailed, ScanRead
from edge_agent.domain.ids import DeviceId

logger = logging.getLogger(__name__)


class Deframer:
    """Cuts a byte stream into the codes that stand between its terminators. Pure.

    However the bytes are split, the same codes come out. Nothing is stripped: spaces and the GS separator
    are part of a code. Dropped, and counted in `dropped`, are whole segments: those longer than `longest`
    (line noise) and those without the prefix (what came before the line was in step).
    """

    def __init__(self, wire: ScannerWire) -> None:
        self._terminator = wire_bytes(wire.terminator)
        self._prefix = wire_bytes(wire.prefix)
        self._no_read = wire_bytes(wire.no_read)
        self._longest = wire.longest
        self._pending = b""
        self._overlong = False
        self.dropped = 0

    def feed(self, data: bytes) -> list[ScanRead | ScanFailed]:
        """Take what has arrived; the codes that it completes."""
        *segments, self._pending = (self._pending + data).split(self._terminator)
        codes = [code for segment in segments if (code := self._code(segment)) is not None]
        self._forget_noise()
        return codes

    def reset(self) -> None:
        """A new stream begins: what stands unfinished belongs to the old one."""
        self._pending = b""
        self._overlong = False

    def _code(self, segment: bytes) -> ScanRead | ScanFailed | None:
        overlong, self._overlong = self._overlong, False
        if overlong or len(segment) > self._longest:
            self.dropped += 1
            return None
        _, found, code = segment.rpartition(self._prefix) if self._prefix else (b"", b"", segment)
        if self._prefix and not found:
            self.dropped += bool(segment)
            return None
        if self._no_read and code == self._no_read:
            return ScanFailed()
        return ScanRead(code) if code else None

    def _forget_noise(self) -> None:
        """Keep of an overlong segment only what may be the beginning of its terminator."""
        tail = len(self._terminator) - 1
        if len(self._pending) - tail > self._longest:
            self._overlong = True
            self._pending = self._pending[len(self._pending) - tail :]


class StreamScanner:
    """A scanner on a serial line or a TCP connection. Implements `edge_agent.ports.Scanner`."""

    def __init__(self, device_id: DeviceId, link: StreamLink, wire: ScannerWire) -> None:
        self._device_id = device_id
        self._link = link
        self._wire = wire
        self._deframer = Deframer(wire)

    @property
    def device_id(self) -> DeviceId:
        return self._device_id

    async def connect(self) -> DeviceStatus:
        """Open the stream. It says nothing of the scanner's state: ready means that the link is up."""
        await self._link.connect()
        self._deframer.reset()
        return DeviceStatus(Mode.READY)

    async def trigger(self) -> None:
        await self._say(self._wire.trigger)

    async def feedback(self, good: bool) -> None:
        await self._say(self._wire.good if good else self._wire.bad)

    async def observations(self) -> AsyncIterator[Observation]:
        while True:
            data = await self._link.read()
            if data is None:
                self._deframer.reset()
                continue
            dropped = self._deframer.dropped
            for code in self._deframer.feed(data):
                yield code
            if self._deframer.dropped > dropped:
                logger.warning("%s: dropped bytes that are no code; check framing and cable", self._device_id)

    async def close(self) -> None:
        await self._link.close()

    async def _say(self, text: str) -> None:
        if text:
            await self._link.write(wire_bytes(text))
