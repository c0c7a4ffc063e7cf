"""The scale family on a byte stream: one question, one stable weight, or why there is none."""

import asyncio
import logging
from collections.abc import AsyncIterator

from drivers.framed import FramedStream
from drivers.links.stream import StreamLink
from drivers.scanner_wire import ScaleWords, ScannerWire, Tap
from drivers.weights import Cancelled, WeightReader
from edge_agent.domain.device import (
    DeviceStatus,
    Mode,
    NoWeight,
    Observation,
    ScanRead,
    WeightFailed,
    WeightRead,
)
from edge_agent.domain.ids import DeviceId

logger = logging.getLogger(__name__)


class StreamScale:
    """A scale on a line or a TCP connection. Implements `edge_agent.ports.Scanner`.

    Only the answer to the last question counts. A scale that is asked gives no number to its answers, so one
    that was left unanswered is cancelled before the next is put; of one that sends without being asked
    (`trigger` is empty) the first stable weight after the question, and after `settle_s`, is the answer.
    """

    def __init__(
        self,
        device_id: DeviceId,
        link: StreamLink,
        wire: ScannerWire,
        words: ScaleWords,
        tap: Tap | None = None,
    ) -> None:
        """`tap` is told what comes in, before it is cut into frames."""
        self._device_id = device_id
        self._stream = FramedStream(device_id, link, wire, tap)
        self._wire = wire
        self._words = words
        self._reader = WeightReader(words)
        self._asked_s: float | None = None
        self._cancelled = asyncio.Event()
        self._cancelled.set()

    @property
    def device_id(self) -> DeviceId:
        return self._device_id

    async def connect(self) -> DeviceStatus:
        """Open the stream. It says nothing of the scale's state: ready means that the link is up."""
        await self._stream.connect()
        self._asked_s = None
        self._cancelled.set()
        return DeviceStatus(Mode.READY)

    async def trigger(self) -> None:
        """Ask for one stable weight. Where the last question has no answer yet this takes up to `gate_s`; a
        scale that does not even say that it has dropped that one is asked nothing more."""
        owes_answer = self._asked_s is not None or not self._cancelled.is_set()
        self._asked_s = None
        if owes_answer and not await self._cancel():
            logger.warning("%s: does not answer; check its power and its settings", self._device_id)
            return
        self._asked_s = asyncio.get_running_loop().time()
        await self._stream.say(self._wire.trigger)

    async def feedback(self, good: bool) -> None:
        """Nothing to do: a scale shows the weight, not what is thought of it."""

    async def observations(self) -> AsyncIterator[Observation]:
        while True:
            for seen in await self._stream.read():
                if isinstance(seen, ScanRead) and (answer := self._answer(seen.data)) is not None:
                    yield answer

    async def close(self) -> None:
        await self._stream.close()

    def _answer(self, frame: bytes) -> WeightRead | WeightFailed | None:
        """What a frame answers to the open question; None: nothing."""
        answer = self._reader.read(frame)
        if isinstance(answer, Cancelled):
            self._cancelled.set()
            return None
        if self._asked_s is None or not (self._wire.trigger or self._is_new(answer)):
            return None
        self._asked_s = None
        return answer

    def _is_new(self, answer: WeightRead | WeightFailed) -> bool:
        """Of what comes unasked: whether it was weighed after the question. It is sent again and again, so
        what is at rest, or whole, in a moment is waited for."""
        assert self._asked_s is not None  # the caller has looked
        if asyncio.get_running_loop().time() < self._asked_s + self._words.settle_s:
            return False
        passing = isinstance(answer, WeightFailed) and answer.reason in (
            NoWeight.MOTION,
            NoWeight.BAD_READING,
        )
        return not passing

    async def _cancel(self) -> bool:
        """Drop the open question; whether the scale has done so."""
        if not self._words.cancel:
            return True
        self._cancelled.clear()
        await self._stream.say(self._words.cancel)
        try:
            async with asyncio.timeout(self._wire.gate_s):
                await self._cancelled.wait()
        except TimeoutError:
            return False
        return True
