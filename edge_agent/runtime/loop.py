"""The one loop: inbox -> decide -> one durable commit -> act.

Whatever happens outside enters the inbox as a typed input. A turn drains it (up to a bound), asks the pure
core for events, appends them to the journal in one transaction, and only then acts. While a commit is on
its way to the disk the next batch gathers, so that one `fsync` serves many inputs.

Order within a turn, which the invariants rest on:

1. decide   the state moves on in memory; nothing outside can see it yet
2. commit   the events are on disk, or the loop ends with `JournalError` and nothing has been done
3. act      acknowledge the inputs (PUBACK, device event), hand over commands, wake the publisher
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import structlog

from edge_agent.core.confirmations import is_confirmed
from edge_agent.core.evolve import evolve
from edge_agent.core.state import State
from edge_agent.core.step import decide_one, next_wakeup_s, plan_all
from edge_agent.crash_points import CrashPoint, reached
from edge_agent.domain.events import Event, Recorded
from edge_agent.domain.inputs import Input, Tick
from edge_agent.domain.time import Instant
from edge_agent.ports import Clock, Journal
from edge_agent.runtime.snapshots import Position, Snapshots

log = structlog.get_logger(__name__)

BATCH_LIMIT = 256
"""Inputs decided in one turn: bounds how long a turn keeps the event loop."""
REPLAY_PAGE = 2000

Act = Callable[[Sequence[Recorded]], None]
OnDurable = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Entry:
    what: Input
    on_durable: OnDurable | None = None
    answer: asyncio.Future[Sequence[Event]] | None = None

    def durable(self, events: Sequence[Event]) -> None:
        """All that was decided for it is on disk."""
        if self.on_durable is not None:
            self.on_durable()
        if self.answer is not None and not self.answer.done():  # whoever asked may have gone
            self.answer.set_result(events)


class Loop:
    """Holds the state, and is the only one that changes it or writes the journal."""

    def __init__(
        self, state: State, journal: Journal, clock: Clock, act: Act, snapshots: Snapshots | None = None
    ) -> None:
        self.state = state
        self._journal = journal
        self._clock = clock
        self._act = act
        self._snapshots = snapshots
        self._inbox: deque[_Entry] = deque()
        self._wake = asyncio.Event()
        self._decided = clock.now()
        self._turned = asyncio.Event()
        self._sequence = 0
        self._confirmation = 0
        self._durable = Position()
        self._committing = False
        self._when_durable: list[Callable[[], None]] = []
        self._stopping = False
        self.turns = 0
        """Turns finished; the watchdog looks at it."""

    def put(self, what: Input, on_durable: OnDurable | None = None) -> None:
        """Hand an input to the loop. `on_durable` is called once all that follows from it is on disk."""
        self._enter(_Entry(what, on_durable))

    def ask(self, what: Input) -> asyncio.Future[Sequence[Event]]:
        """As `put`, for whoever wants to know what was decided: the events of this very input, once they are
        on disk. An input without effect has none. Of a loop that ends with `JournalError` nothing comes."""
        answer = asyncio.get_running_loop().create_future()
        self._enter(_Entry(what, answer=answer))
        return answer

    def _enter(self, entry: _Entry) -> None:
        self._inbox.append(entry)
        self._wake.set()

    def when_durable(self, read: Callable[[], None]) -> None:
        """Call `read` while the state shows nothing that is not on disk: now, or as soon as the commit under
        way is done. For whoever tells others what the state is without having been told of an event."""
        if self._committing:
            self._when_durable.append(read)
        else:
            read()

    async def turned(self) -> None:
        """Wait for the next turn to be finished."""
        await self._turned.wait()

    @property
    def backlog(self) -> int:
        """Inputs that wait to be decided."""
        return len(self._inbox)

    async def replay(self) -> float:
        """Build the state from the newest snapshot and the events behind it.

        Returns the agent's clock at the last event, in seconds. Raises `JournalError` where the journal
        cannot be read.
        """
        if self._snapshots is not None:
            self._durable = await self._snapshots.restore(self.state)
        self._sequence, self._confirmation = self._durable.sequence, self._durable.confirmation
        clock_s = self._durable.clock_s
        while page := await self._journal.read(self._sequence, REPLAY_PAGE):
            for recorded in page:
                evolve(self.state, recorded.event, recorded.clock_s)
                self._sequence = recorded.sequence
                self._confirmation = recorded.confirmation or self._confirmation
                clock_s = recorded.clock_s
            await asyncio.sleep(0)  # a long journal must not starve the watchdog
        self._durable = Position(self._sequence, self._confirmation, clock_s)
        return clock_s

    async def run(self) -> None:
        """Turn until `stop`. Raises `JournalError` when a commit fails; nothing of it has been acted on."""
        while not self._stopping:
            await self._something_to_do()
            await self.turn()

    def stop(self) -> None:
        """Let `run` end with the turn that it is in, or one more. May be called more than once."""
        self._stopping = True
        self._wake.set()

    async def last_snapshot(self) -> None:
        """Write the state down for the next start, when `run` has ended. Raises `JournalError`."""
        decided_only = self._sequence > self._durable.sequence  # `run` was ended in the middle of a commit
        if self._snapshots is not None and not decided_only:
            await self._snapshots.finish(self.state, self._durable)

    async def turn(self) -> None:
        """Decide what is in the inbox, commit, act."""
        now = self._clock.now()
        entries = [self._inbox.popleft() for _ in range(min(len(self._inbox), BATCH_LIMIT))]
        decided = [decide_one(self.state, entry.what, now) for entry in entries]
        planned = plan_all(self.state, now)
        self._decided = now
        records = [self._record(event, now) for event in chain(*decided, planned)]
        if records:
            await self._commit(records)
            self._durable = Position(self._sequence, self._confirmation, now.clock_s)
            self._act(records)
        for entry, events in zip(entries, decided, strict=True):
            entry.durable(events)
        if self._snapshots is not None:
            self._snapshots.after_turn(self.state, self._durable)
        self.turns += 1
        self._turned.set()
        self._turned.clear()

    async def _commit(self, records: Sequence[Recorded]) -> None:
        """Returns when they are on disk. Until then the state shows what may never have been."""
        self._committing = True
        reached(CrashPoint.BEFORE_COMMIT)
        await self._journal.append(records)
        reached(CrashPoint.AFTER_COMMIT)
        self._committing = False
        waiting, self._when_durable = self._when_durable, []
        for read in waiting:
            read()

    def _record(self, event: Event, now: Instant) -> Recorded:
        self._sequence += 1
        number = None
        if is_confirmed(event):
            self._confirmation += 1
            number = self._confirmation
        return Recorded(self._sequence, now.utc, now.clock_s, event, number)

    async def _something_to_do(self) -> None:
        if not self._inbox and not self._stopping:
            self._wake.clear()
            try:
                async with asyncio.timeout(self._until_wakeup_s()):
                    await self._wake.wait()
            except TimeoutError:
                self.put(Tick())

    def _until_wakeup_s(self) -> float | None:
        """How long nothing can happen by itself; None: for ever.

        Counted from the moment of the last decision: a wait that has ended since was still open then, and
        would be slept over if it were looked for only now.
        """
        wait_s = next_wakeup_s(self.state, self._decided)
        if wait_s is None:
            return None
        return max(0.0, self._decided.clock_s + wait_s - self._clock.now().clock_s)
