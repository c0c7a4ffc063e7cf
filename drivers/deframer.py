"""Codes out of bytes: where a frame begins and ends, and what stands in it. Pure."""

import re

from drivers.scanner_wire import ScannerWire, wire_bytes
from edge_agent.domain.device import ScanFailed, ScanRead


class Deframer:
    """Cuts a byte stream into the codes that stand between its terminators.

    However the bytes are split, the same codes come out. Nothing is stripped: spaces and the GS separator
    are part of a code. Dropped, and counted in `dropped`, are whole frames: those that are too long or hold
    too short a code (line noise), those without the prefix (what came before the line was in step), and
    those of which bytes were lost.
    """

    def __init__(self, wire: ScannerWire) -> None:
        self._ends = re.compile(b"|".join(re.escape(text) for text in wire.terminators))
        self._tail = max(len(text) for text in wire.terminators) - 1
        self._prefix = wire_bytes(wire.prefix)
        self._separator = wire_bytes(wire.separator)
        self._no_reads = frozenset(wire.no_reads)
        self._replies = tuple(wire_bytes(text) for text in wire.replies)
        self._shortest = wire.shortest
        self._longest = wire.longest
        self._pending = b""
        self._spoilt = False
        self.dropped = 0

    @property
    def unfinished(self) -> bool:
        """Whether bytes wait for their terminator."""
        return bool(self._pending)

    def feed(self, data: bytes) -> list[ScanRead | ScanFailed]:
        """Take what has arrived; the codes that it completes."""
        *segments, self._pending = self._ends.split(self._pending + data)
        found = [seen for segment in segments if (seen := self._segment(segment)) is not None]
        self._forget_noise()
        return found

    def reset(self) -> None:
        """A new stream begins: what stands unfinished belongs to the old one."""
        self._pending = b""
        self._spoilt = False

    def skip(self) -> None:
        """Bytes were lost: the frame that they stood in is dropped, up to its terminator."""
        self._pending = b""
        self._spoilt = True

    def frame(self, frame: bytes) -> ScanRead | ScanFailed | None:
        """What stands between the prefix and the terminator; None: no code."""
        if not frame or frame.startswith(self._replies):
            return None
        if frame in self._no_reads:
            return ScanFailed()
        parts = frame.split(self._separator) if self._separator else [frame]
        codes = [part for part in parts if part and part not in self._no_reads]
        if not codes:
            return ScanFailed()
        if len(frame) > self._longest or min(map(len, codes)) < self._shortest:
            self.dropped += 1
            return None
        first, *more = dict.fromkeys(codes)
        return ScanRead(first, tuple(more))

    def _segment(self, segment: bytes) -> ScanRead | ScanFailed | None:
        spoilt, self._spoilt = self._spoilt, False
        _, found, frame = segment.rpartition(self._prefix) if self._prefix else (b"", b"", segment)
        if spoilt or len(segment) > self._longest or (self._prefix and segment and not found):
            self.dropped += 1
            return None
        return self.frame(frame)

    def _forget_noise(self) -> None:
        """Keep of an overlong segment only what may be the beginning of its terminator."""
        if len(self._pending) - self._tail > self._longest:
            self._spoilt = True
            self._pending = self._pending[len(self._pending) - self._tail :]
