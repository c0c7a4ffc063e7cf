"""In-memory devices for tests: the same promises as the real ones, with every misfortune at hand.

They pass the same contract tests as the drivers (tests/drivers/test_contract.py). Nothing in them waits or
sleeps: things happen when the test says so.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from drivers.feed import Feed
from edge_agent.domain.command import (
    Accepted,
    Command,
    Done,
    Failed,
    NotStarted,
    Order,
    Reconciled,
    Refusal,
    RefusalReason,
    Report,
    Retrieve,
    Running,
    Store,
    Transfer,
    Unknown,
)
from edge_agent.domain.device import (
    CommandEnded,
    DeviceStatus,
    Mode,
    Observation,
    ScanFailed,
    ScanRead,
    Sighting,
    StatusChanged,
)
from edge_agent.domain.ids import CommandId, DeviceId
from edge_agent.errors import LinkLostError

Ending: TypeAlias = Callable[[Command], Done | Failed]
Look: TypeAlias = Callable[[Command], Sighting | None]


class Loss(Enum):
    """When the next `send` loses the link. Both look the same to the caller: doubt."""

    BEFORE_TAKEN = auto()
    AFTER_TAKEN = auto()


@dataclass(slots=True)
class _Known:
    order: Order
    answer: Accepted | Refusal


def as_ordered(command: Command) -> Done:
    """The end of a command that went well."""
    match command.order:
        case Retrieve(location=place) | Store(location=place) | Transfer(destination=place):
            return Done(Report(place))
        case order:
            return Done(Report(order.point))


class FakeDevice:
    """Implements `edge_agent.ports.Device` as docs/reference/handshakes.md says a device behaves.

    With an `ending` every command ends by it as soon as it is accepted; without one the test ends them by
    `finish`. `taken` is what the machine has really begun.
    """

    def __init__(
        self,
        device_id: DeviceId,
        *,
        ending: Ending | None = as_ordered,
        max_open: int = 1,
        command_timeout_s: float = 120.0,
    ) -> None:
        self.reachable = True
        self.command_timeout_s = command_timeout_s
        self.taken: list[Command] = []
        self.acknowledged: list[CommandId] = []
        self.sees: Look = lambda _command: None
        """What a look shows; as it is, the device cannot be asked."""
        self._device_id = device_id
        self._ending = ending
        self._max_open = max_open
        self._status = DeviceStatus(Mode.READY, epoch=1)
        self._known: dict[CommandId, _Known] = {}
        self._open: dict[CommandId, Command] = {}
        self._ended: dict[CommandId, Done | Failed] = {}
        self._unacknowledged: dict[int, CommandEnded] = {}
        self._receipt = 0
        self._next_refusal: Refusal | None = None
        self._next_loss: Loss | None = None
        self._feed: Feed[Observation] | None = None

    # ---- the port ----------------------------------------------------------------------------------

    @property
    def device_id(self) -> DeviceId:
        return self._device_id

    @property
    def status(self) -> DeviceStatus:
        """What the device says of itself, connected or not."""
        return self._status

    async def connect(self) -> DeviceStatus:
        await self.close()
        if not self.reachable:
            raise LinkLostError(self._device_id, "not reachable")
        self._feed = Feed(self._device_id)
        for report in self._unacknowledged.values():
            self._feed.put(report)
        return self._status

    async def send(self, command: Command) -> Accepted | Refusal:
        self._connected()
        loss, self._next_loss = self._next_loss, None
        if loss is Loss.BEFORE_TAKEN:
            self._lose("before the command was taken")
        answer = self._answer(command)
        if loss is Loss.AFTER_TAKEN:
            self._lose("after the command was taken")
        return answer

    async def reconcile(self, command: Command) -> Reconciled:
        self._connected()
        command_id = command.command_id
        if command_id in self._ended:
            return self._ended[command_id]
        if command_id in self._open:
            return Running()
        if command.epoch != self._status.epoch:
            return Unknown(f"boot epoch {command.epoch} is now {self._status.epoch}")
        return NotStarted()

    def observations(self) -> AsyncIterator[Observation]:
        return self._connected().items()

    async def look(self, command: Command) -> Sighting | None:
        self._connected()
        return self.sees(command)

    def timeout_s(self, command: Command) -> float:  # noqa: ARG002 - the port's signature
        return self.command_timeout_s

    async def acknowledge(self, report: CommandEnded) -> None:
        self._connected()
        self._unacknowledged.pop(report.receipt, None)
        self.acknowledged.append(report.command_id)

    async def close(self) -> None:
        self.drop_link("closed")

    # ---- what the test does to it ------------------------------------------------------------------

    def finish(self, command_id: CommandId, outcome: Done | Failed | None = None) -> None:
        """End an open command, as ordered where no outcome is given. Raises `KeyError` for others."""
        command = self._open.pop(command_id)
        self._receipt += 1
        report = CommandEnded(command_id, outcome or as_ordered(command), self._receipt)
        self._ended[command_id] = report.outcome
        self._unacknowledged[report.receipt] = report
        if self._feed is not None:
            self._feed.put(report)

    def refuse_next(self, reason: RefusalReason, detail: str = "") -> None:
        """Refuse the next new command."""
        self._next_refusal = Refusal(reason, detail)

    def lose_next(self, loss: Loss) -> None:
        """Lose the link in the next `send`."""
        self._next_loss = loss

    def drop_link(self, detail: str = "dropped") -> None:
        """Lose the link now. `reachable` says whether it can be opened again."""
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.end(detail)

    def lose_memory(self) -> None:
        """Start anew: another boot epoch, nothing remembered, the link lost."""
        self._known.clear()
        self._open.clear()
        self._ended.clear()
        self._unacknowledged.clear()
        self._status = DeviceStatus(self._status.mode, self._status.epoch + 1, self._status.fault)
        self.drop_link("the device has started anew")

    def show(self, mode: Mode, fault: int = 0) -> None:
        """Change what the device says of itself."""
        self._status = DeviceStatus(mode, self._status.epoch, fault)
        if self._feed is not None:
            self._feed.put(StatusChanged(self._status))

    # ---- inside ------------------------------------------------------------------------------------

    def _answer(self, command: Command) -> Accepted | Refusal:
        known = self._known.get(command.command_id)
        if known is None:
            known = _Known(command.order, self._refusal() or Accepted())
            self._known[command.command_id] = known
            if isinstance(known.answer, Accepted):
                self._begin(command)
        elif known.order != command.order:
            return Refusal(RefusalReason.CONFLICT, f"command {command.command_id} was {known.order}")
        return known.answer

    def _refusal(self) -> Refusal | None:
        refusal, self._next_refusal = self._next_refusal, None
        if refusal is not None:
            return refusal
        if self._status.mode is not Mode.READY:
            return Refusal(RefusalReason.NOT_READY, f"the mode is {self._status.mode}")
        if len(self._open) >= self._max_open:
            return Refusal(RefusalReason.BUSY, f"{len(self._open)} commands are open")
        return None

    def _begin(self, command: Command) -> None:
        self.taken.append(command)
        self._open[command.command_id] = command
        if self._ending is not None:
            self.finish(command.command_id, self._ending(command))

    def _connected(self) -> Feed[Observation]:
        if self._feed is None:
            raise LinkLostError(self._device_id, "not connected")
        return self._feed

    def _lose(self, detail: str) -> None:
        self.drop_link(detail)
        raise LinkLostError(self._device_id, detail)


class FakeScanner:
    """Implements `edge_agent.ports.Scanner`. `triggers` counts, `verdicts` keeps what was shown.

    With an `answer` each trigger is answered by it at once; without one the test sends by `read`.
    """

    def __init__(
        self, device_id: DeviceId, answer: Callable[[], ScanRead | ScanFailed | None] | None = None
    ) -> None:
        self.reachable = True
        self.triggers = 0
        self.verdicts: list[bool] = []
        self._device_id = device_id
        self._answer = answer
        self._feed: Feed[Observation] | None = None

    @property
    def device_id(self) -> DeviceId:
        return self._device_id

    async def connect(self) -> DeviceStatus:
        await self.close()
        if not self.reachable:
            raise LinkLostError(self._device_id, "not reachable")
        self._feed = Feed(self._device_id)
        return DeviceStatus(Mode.READY)

    async def trigger(self) -> None:
        feed = self._connected()
        self.triggers += 1
        code = self._answer() if self._answer is not None else None
        if code is not None:
            feed.put(code)

    async def feedback(self, good: bool) -> None:
        self._connected()
        self.verdicts.append(good)

    def observations(self) -> AsyncIterator[Observation]:
        return self._connected().items()

    async def close(self) -> None:
        self.drop_link("closed")

    def read(self, data: bytes | None) -> None:
        """Something stands in front of the scanner; None: it could not read it."""
        self._connected().put(ScanFailed() if data is None else ScanRead(data))

    def drop_link(self, detail: str = "dropped") -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.end(detail)

    def _connected(self) -> Feed[Observation]:
        if self._feed is None:
            raise LinkLostError(self._device_id, "not connected")
        return self._feed
