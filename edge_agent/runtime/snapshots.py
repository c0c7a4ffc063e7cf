"""Snapshots of the state, so that a start reads what is open and not all that ever was.

The loop hands over an image every so many events; encoding and writing it happen beside the loop. At most
one is under way. A start takes the newest one that it can read, else an older one, else none: the events
behind it say the rest.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog

from edge_agent.core.image import StateImage, image_of, load
from edge_agent.core.state import State
from edge_agent.errors import JournalError
from edge_agent.ports import Journal, Snapshot

log = structlog.get_logger(__name__)


class ImageCodec(Protocol):
    """How an image is written down."""

    @property
    def version(self) -> int: ...

    def encode(self, image: StateImage) -> bytes: ...

    def decode(self, version: int, body: bytes) -> StateImage:
        """Raises `JournalError` for what it cannot read."""
        ...


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the journal a state is: its last event, last confirmation, and the agent's clock there."""

    sequence: int = 0
    confirmation: int = 0
    clock_s: float = 0.0


class Snapshots:
    """Takes them while the loop runs, and finds the right one at a start."""

    def __init__(self, journal: Journal, codec: ImageCodec, every_events: int) -> None:
        self._journal = journal
        self._codec = codec
        self._every_events = every_events
        self._last = 0
        self._due: tuple[StateImage, Position] | None = None
        self._wake = asyncio.Event()

    async def restore(self, state: State) -> Position:
        """Put a fresh state where the newest readable snapshot was. Raises `JournalError` for the journal's
        own failures only."""
        stored = await self._journal.snapshot()
        while stored is not None:
            try:
                image = await asyncio.to_thread(self._codec.decode, stored.version, stored.body)
            except JournalError as error:
                log.warning("snapshot_passed_over", sequence=stored.sequence, reason=str(error))
                stored = await self._journal.snapshot(stored.sequence)
            else:
                load(state, image)
                self._last = stored.sequence
                return Position(stored.sequence, stored.confirmation, stored.clock_s)
        return Position()

    def after_turn(self, state: State, at: Position) -> None:
        """All up to `at` is durable: take an image when one is due and none is being written."""
        if self._due is None and at.sequence - self._last >= self._every_events:
            self._last = at.sequence
            self._due = image_of(state), at
            self._wake.set()

    async def run(self) -> None:
        """Write what is handed over. Raises `JournalError` when the journal takes no more."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._due is not None:
                await self._write(*self._due)
                self._due = None

    async def finish(self, state: State, at: Position) -> None:
        """Write a last one, for the next start to have nothing to replay. `run` must have ended."""
        if at.sequence > 0 and (self._due is not None or at.sequence > self._last):
            self._due = None
            self._last = at.sequence
            await self._write(image_of(state), at)

    async def _write(self, image: StateImage, at: Position) -> None:
        body = await asyncio.to_thread(self._codec.encode, image)
        await self._journal.write_snapshot(
            Snapshot(at.sequence, at.confirmation, at.clock_s, self._codec.version, body)
        )
        log.debug("snapshot_written", sequence=at.sequence, bytes=len(body))
