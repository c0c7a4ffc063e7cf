"""The scanner family on a byte stream: codes out of it, triggers and verdicts into it."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import suppress

from drivers.framed import FramedStream
from drivers.links.stream import StreamLink
from drivers.scanner_wire import ScannerWire, Tap
from edge_agent.domain.device import DeviceStatus, Mode, Observation, ScanRead
from edge_agent.domain.ids import DeviceId

logger = logging.getLogger(__name__)


class StreamScanner:
    """A scanner on a line, a TCP connection or a keyboard's device. Implements `edge_agent.ports.Scanner`."""

    def __init__(
        self, device_id: DeviceId, link: StreamLink, wire: ScannerWire, tap: Tap | None = None
    ) -> None:
        """`tap` is told what comes in, before it is cut into codes."""
        self._device_id = device_id
        self._stream = FramedStream(device_id, link, wire, tap)
        self._wire = wire
        self._answered = asyncio.Event()
        self._read_at_s = math.inf

    @property
    def device_id(self) -> DeviceId:
        return self._device_id

    async def connect(self) -> DeviceStatus:
        """Open the stream. It says nothing of the scanner's state: ready means that the link is up."""
        await self._stream.connect()
        return DeviceStatus(Mode.READY)

    async def trigger(self) -> None:
        """Ask for one read. Where the profile has a `trigger_off`, this takes up to `gate_s`."""
        self._answered.clear()
        await self._stream.say(self._wire.trigger)
        if not self._wire.trigger_off:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wire.gate_s):
                await self._answered.wait()
        if not self._answered.is_set():
            await self._stream.say(self._wire.trigger_off)

    async def feedback(self, good: bool) -> None:
        """Show the verdict, unless the scanner no longer waits for it: it would count for the next code."""
        late_s = asyncio.get_running_loop().time() - self._read_at_s - (self._wire.feedback_s or math.inf)
        if late_s > 0:
            logger.warning("%s: the verdict came %.1f s too late to be shown", self._device_id, late_s)
        else:
            await self._stream.say(self._wire.good if good else self._wire.bad)

    async def observations(self) -> AsyncIterator[Observation]:
        while True:
            frames = await self._stream.read()
            if frames:
                self._answered.set()
            if any(isinstance(seen, ScanRead) for seen in frames):
                self._read_at_s = asyncio.get_running_loop().time()
            for seen in frames:
                yield seen

    async def close(self) -> None:
        await self._stream.close()
