"""A journal in memory, for tests and tools: the `Journal` port's contract, but for durability."""

from collections.abc import Sequence
from itertools import islice

from edge_agent.adapters.codec import Encoded, decode, encode
from edge_agent.adapters.journal_rows import Numbering
from edge_agent.domain.events import Recorded
from edge_agent.errors import JournalError
from edge_agent.ports import JournalStats, Snapshot


class MemoryJournal:
    """Keeps events encoded, so that one which cannot be stored fails here too."""

    def __init__(self) -> None:
        self._records: list[tuple[Recorded, Encoded]] = []
        self._confirmed: list[int] = []
        self._numbering = Numbering()
        self._cursors: dict[str, int] = {}
        self._snapshots: dict[int, Snapshot] = {}
        self._closed = False

    async def append(self, records: Sequence[Recorded]) -> None:
        if self._closed:
            raise JournalError("the journal is closed")
        numbering = self._numbering.after(records)
        encoded = [(recorded, encode(recorded.event)) for recorded in records]
        self._numbering = numbering
        self._records += encoded
        self._confirmed += [r.sequence - 1 for r in records if r.confirmation is not None]

    async def read(self, after: int, limit: int) -> list[Recorded]:
        return [self._decoded(index) for index in range(after, min(after + limit, len(self._records)))]

    async def read_confirmations(self, after: int, limit: int) -> list[Recorded]:
        return [self._decoded(index) for index in islice(self._confirmed, after, after + limit)]

    async def last(self) -> Recorded | None:
        return self._decoded(-1) if self._records else None

    async def last_confirmation(self) -> int:
        return self._numbering.confirmation

    async def cursor(self, name: str) -> int:
        return self._cursors.get(name, 0)

    def move_cursor(self, name: str, position: int) -> None:
        self._cursors[name] = position

    async def write_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshots[snapshot.sequence] = snapshot

    async def snapshot(self, before: int | None = None) -> Snapshot | None:
        sequences = [sequence for sequence in self._snapshots if before is None or sequence < before]
        return self._snapshots[max(sequences)] if sequences else None

    async def archive(self, before_s: float, cursors: Sequence[str]) -> int:
        """Memory is the archive: nothing moves."""
        del before_s, cursors
        return 0

    async def stats(self) -> JournalStats:
        size = sum(len(encoded.body) for _, encoded in self._records)
        return JournalStats(self._numbering.sequence, self._numbering.confirmation, size, dict(self._cursors))

    async def close(self) -> None:
        self._closed = True

    def _decoded(self, index: int) -> Recorded:
        recorded, encoded = self._records[index]
        event = decode(recorded.sequence, encoded)
        return Recorded(recorded.sequence, recorded.at, recorded.clock_s, event, recorded.confirmation)
