"""What an instrument on a stream says, in frames: its link, its framing, and word of what was dropped."""

import logging

from drivers.deframer import Deframer
from drivers.links.stream import Gap, StreamLink
from drivers.scanner_wire import ScannerWire, Tap, wire_bytes
from edge_agent.domain.device import ScanFailed, ScanRead
from edge_agent.domain.ids import DeviceId

logger = logging.getLogger(__name__)


class FramedStream:
    """A link that carries frames in, and texts of the profile out."""

    def __init__(
        self, device_id: DeviceId, link: StreamLink, wire: ScannerWire, tap: Tap | None = None
    ) -> None:
        """`tap` is told what comes in, before it is cut into frames."""
        self._device_id = device_id
        self._link = link
        self._tap = tap
        self._deframer = Deframer(wire)

    async def connect(self) -> None:
        """Open the link; what an earlier connection left unfinished is forgotten. Raises `LinkLostError`."""
        await self._link.connect()
        self._deframer.reset()

    async def say(self, text: str) -> None:
        """Send a text as the profile writes it; nothing where it is empty. Raises `LinkLostError`."""
        if text:
            await self._link.write(wire_bytes(text))

    async def read(self) -> list[ScanRead | ScanFailed]:
        """The frames that the next piece of the stream completes, often none. Raises `LinkLostError` at its
        end."""
        data = await self._link.read()
        if data is Gap.NEW_STREAM:
            self._deframer.reset()
            return []
        if data is Gap.BYTES_LOST:
            self._deframer.skip()
            return []
        if self._tap is not None:
            self._tap(data)
        return self._cut(data)

    async def close(self) -> None:
        """Let go of the link. May be called again."""
        await self._link.close()

    def _cut(self, data: bytes) -> list[ScanRead | ScanFailed]:
        dropped = self._deframer.dropped
        found = self._deframer.feed(data)
        # Told ever more rarely: a line of nothing but noise must not fill the log.
        if self._deframer.dropped.bit_length() > dropped.bit_length():
            logger.warning(
                "%s: dropped bytes that are no frame (%d so far); check framing and cable",
                self._device_id,
                self._deframer.dropped,
            )
        return found
