"""The Protocols between the parts. The runtime knows drivers and adapters only through these."""

from asyncio import Future
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_agent.domain.command import Accepted, Command, Reconciled, Refusal
from edge_agent.domain.device import CommandEnded, DeviceStatus, Observation, Sighting
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import DeviceId, TaskId
from edge_agent.domain.time import Instant


class Device(Protocol):
    """A machine that takes commands. One supervisor task owns each one and calls nothing concurrently
    except `observations()`, which it iterates in a task beside the other calls.

    Every method may raise `LinkLostError`; after that the device must be closed and connected again.
    """

    @property
    def device_id(self) -> DeviceId: ...

    async def connect(self) -> DeviceStatus:
        """Open the link and synchronise: read the device's state, epoch and echoes.

        Raises `LinkLostError` when it cannot be reached, `DeviceMismatchError` when it is not what its
        profile says.
        """
        ...

    async def send(self, command: Command) -> Accepted | Refusal:
        """Put the command on the wire, once. A `LinkLostError` or time-out from here means doubt:
        reconcile, never call `send` again for the same command before that."""
        ...

    async def reconcile(self, command: Command) -> Reconciled:
        """Ask the device what became of a command. Changes nothing on the device."""
        ...

    async def look(self, command: Command) -> Sighting | None:
        """Where the device's own sensors see what the command moves; None: it cannot be asked.

        Changes nothing on the device. What it says counts only while the device is ready.
        """
        ...

    def observations(self) -> AsyncIterator[Observation]:
        """What the device reports, in order, until the link is lost (raises `LinkLostError`)."""
        ...

    def timeout_s(self, command: Command) -> float:
        """How long the command may take before the device is asked about it (never told again)."""
        ...

    async def acknowledge(self, report: CommandEnded) -> None:
        """Tell the device that its report is safe with us. Called only after the journal has it."""
        ...

    async def close(self) -> None:
        """Let go of the link; may be called at any time and more than once."""
        ...


class Scanner(Protocol):
    """A barcode scanner, or a scale: a device that is asked and says what is there. Same ownership rule as
    `Device`."""

    @property
    def device_id(self) -> DeviceId: ...

    async def connect(self) -> DeviceStatus: ...

    async def trigger(self) -> None:
        """Ask for one read, or one weight. The answer comes as an observation, or never."""
        ...

    async def feedback(self, good: bool) -> None:
        """Show the verdict at the scanner (beep, light); does nothing where the profile has no signal."""
        ...

    def observations(self) -> AsyncIterator[Observation]: ...

    async def close(self) -> None: ...


class Outlet(Protocol):
    """Where committed events are told from. Every call returns at once."""

    def wake(self) -> None:
        """There are new confirmations in the journal."""
        ...

    def task_changed(self, task_id: TaskId) -> None:
        """The published state of an open task may have changed."""
        ...

    def device_changed(self, device_id: DeviceId) -> None: ...

    def agent_changed(self) -> None:
        """The agent's own published state may have changed: what it refuses, its clock."""
        ...


class Clock(Protocol):
    """The one source of time. `now()` gives the wall clock and the agent's own clock together."""

    def now(self) -> Instant: ...


@dataclass(frozen=True, slots=True)
class JournalStats:
    """How much a journal holds. `cursors` gives the position of every cursor by its name."""

    events: int
    confirmations: int
    size_bytes: int
    cursors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after an event, in the words of whoever wrote it."""

    sequence: int
    """The event after which the state was so."""
    confirmation: int
    """The last confirmation number given by then; 0 for none."""
    clock_s: float
    """The agent's own clock at that event."""
    version: int
    """In which form `body` is."""
    body: bytes


class Journal(Protocol):
    """The append-only record. One writer; every method may raise `JournalError`.

    After a write has failed nobody can say what is on the disk: every later `append` is refused too.
    """

    async def append(self, records: Sequence[Recorded]) -> None:
        """Write the records, all or none. They are durable when this returns.

        Their sequences and confirmation numbers must go on from the last ones without a gap.
        """
        ...

    async def read(self, after: int, limit: int) -> list[Recorded]:
        """Up to `limit` records with a sequence above `after`, in order."""
        ...

    async def read_confirmations(self, after: int, limit: int) -> list[Recorded]:
        """Up to `limit` records with a confirmation number above `after`, in order."""
        ...

    async def last(self) -> Recorded | None:
        """The newest record; None in an empty journal."""
        ...

    async def last_confirmation(self) -> int:
        """The highest confirmation number given so far; 0 for none."""
        ...

    async def cursor(self, name: str) -> int:
        """Where a reader of the journal has come to; 0 at first."""
        ...

    def move_cursor(self, name: str, position: int) -> None:
        """Note how far a reader has come. Durable with the next append, or within a second, or at `close`:
        after a crash a cursor may stand too low, never too high."""
        ...

    async def write_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the state after an event that is durable. Only the newest few are kept."""
        ...

    async def snapshot(self, before: int | None = None) -> Snapshot | None:
        """The newest intact snapshot (after an event that comes before `before`); None where there is none.
        One that was damaged is passed over, with a warning in the log."""
        ...

    async def archive(self, before_s: float, cursors: Sequence[str]) -> int:
        """Move events from before `before_s`, on the agent's own clock, to the archive and give their room
        back to the file system.

        Keeps what an older kept snapshot or one of these cursors has not gone past. Works in small steps
        between the appends. Returns how many events were moved; they can still be read.
        """
        ...

    async def stats(self) -> JournalStats: ...

    async def close(self) -> None:
        """Write down the cursors and let go of the journal; may be called more than once."""
        ...


class BrokerLink(Protocol):
    """The connection to the message broker, which comes and goes."""

    async def wait_connected(self) -> None:
        """Return when there is a connection."""
        ...

    async def wait_lost(self) -> None:
        """Return when there is none, or no longer the one that there was."""
        ...

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        expiry_s: int | None = None,
        content_type: str | None = None,
    ) -> Future[None]:
        """Send with QoS 1, in the order of the calls. The future is done when the broker has acknowledged.

        Raises `LinkLostError` at once without a connection. The future fails with `LinkLostError` when the
        connection ends first, and with `BrokerRefusedError` when the broker does not take the message.
        Nothing is ever kept for a later connection. `expiry_s` and `content_type` need MQTT 5 and are left
        out on 3.1.1.
        """
        ...


class Encoder(Protocol):
    """How a confirmation looks on the wire."""

    @property
    def content_type(self) -> str: ...

    def encode(self, recorded: Recorded) -> bytes:
        """The message for a recorded event that has a confirmation number: the same bytes every time."""
        ...
