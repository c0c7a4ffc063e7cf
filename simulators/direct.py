"""Simulated devices without a wire: what the agent's supervisors talk to where only its decisions count.

They keep the promises of the agent's `Device` and `Scanner` ports. Physics, controllers and faults are those
behind the wires; links and handshakes are left out, and with them all faults of theirs but lost answers.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

from drivers.profile import Profile, Verb
from drivers.scanner_wire import ScannerWire, wire_bytes
from edge_agent.domain.command import (
    Accepted,
    Command,
    Done,
    Failed,
    FailureReason,
    NotStarted,
    Reconciled,
    Refusal,
    RefusalReason,
    Report,
    Running,
)
from edge_agent.domain.device import (
    CommandEnded,
    DeviceStatus,
    Mode,
    NoWeight,
    Observation,
    ScanFailed,
    ScanRead,
    Sighting,
    StatusChanged,
    WeightFailed,
    WeightRead,
)
from edge_agent.domain.ids import DeviceId
from edge_agent.errors import LinkLostError
from simulators.clock import SimClock
from simulators.device_memory import ORDERS, DeviceMemory, Ended
from simulators.stream_server import Instrument

_VERBS: Mapping[object, str] = {order: name for name, order in ORDERS.items()}


class DirectDevice:
    """A machine with its controller."""

    def __init__(self, memory: DeviceMemory, clock: SimClock) -> None:
        self._memory = memory
        self._profile: Profile = memory.profile
        self._clock = clock
        self._shown = self._status
        self._said: asyncio.Queue[Observation] = asyncio.Queue()

    @property
    def device_id(self) -> DeviceId:
        return self._memory.device_id

    @property
    def _status(self) -> DeviceStatus:
        return DeviceStatus(self._memory.mode, self._memory.epoch, self._memory.fault)

    def step(self) -> None:
        """Let the machine go on until now, and report what has happened."""
        for ended in self._memory.step(self._clock.now_s()):
            self._said.put_nowait(CommandEnded(ended.command_id, self._outcome(ended)))
        if self._status != self._shown:
            self._shown = self._status
            self._said.put_nowait(StatusChanged(self._shown))

    async def connect(self) -> DeviceStatus:
        return self._status

    async def send(self, command: Command) -> Accepted | Refusal:
        verb = self._verb(command)
        arguments = [str(getattr(command.order, argument)) for argument in verb.arguments]
        answer = self._memory.submit(
            command.command_id,
            verb.call,
            arguments,
            now_s=self._clock.now_s(),
            wall_s=self._clock.wall_s(),
        )
        if answer is None or answer.lost:
            raise LinkLostError(self.device_id, "no answer came")
        meaning = self._profile.codes.acceptance[answer.code]
        return Accepted() if meaning == "accepted" else Refusal(RefusalReason(meaning), answer.detail)

    async def reconcile(self, command: Command) -> Reconciled:
        if self._memory.is_open(command.command_id):
            return Running()
        ended = self._memory.ended(command.command_id)
        return NotStarted() if ended is None else self._outcome(ended)

    async def look(self, command: Command) -> Sighting | None:  # noqa: ARG002 - the port's signature
        return None

    async def observations(self) -> AsyncIterator[Observation]:
        while True:
            yield await self._said.get()

    def timeout_s(self, command: Command) -> float:
        return self._verb(command).timeout_s

    async def acknowledge(self, report: CommandEnded) -> None:
        """Nothing is kept that could be forgotten."""

    async def close(self) -> None:
        """There is no link to let go of."""

    def _verb(self, command: Command) -> Verb:
        return self._profile.verbs[_VERBS[type(command.order)]]

    def _outcome(self, ended: Ended) -> Done | Failed:
        meaning = self._profile.codes.results[ended.result]
        if meaning == "done":
            return Done(Report(ended.place, ended.weight_g or None))
        return Failed(FailureReason(meaning))


class DirectScanner:
    """A scanner or scale; what it says is framed by nobody."""

    def __init__(self, scanner: Instrument, wire: ScannerWire, clock: SimClock) -> None:
        self._scanner = scanner
        self._trigger = wire_bytes(wire.trigger)
        self._separator = wire_bytes(wire.separator)
        self._clock = clock
        self._said: asyncio.Queue[Observation] = asyncio.Queue()

    @property
    def device_id(self) -> DeviceId:
        return self._scanner.device_id

    def step(self) -> None:
        """Read what is due now."""
        for reading in self._scanner.step(self._clock.now_s()):
            self._scanner.sent(reading)
            if reading.facts is not None:
                self._said.put_nowait(self._heard(reading.code, reading.facts))

    async def connect(self) -> DeviceStatus:
        return DeviceStatus(Mode.READY)

    async def trigger(self) -> None:
        self._scanner.receive(self._trigger, self._clock.now_s())

    async def feedback(self, good: bool) -> None:
        """Nobody is there to hear the beep."""

    async def observations(self) -> AsyncIterator[Observation]:
        while True:
            yield await self._said.get()

    async def close(self) -> None:
        """There is no line to let go of."""

    def _heard(
        self, code: bytes, facts: Mapping[str, object]
    ) -> ScanRead | ScanFailed | WeightRead | WeightFailed:
        if isinstance(said_g := facts.get("said_g"), float):
            return WeightFailed(NoWeight.BAD_READING) if "spoiled" in facts else WeightRead(said_g)
        if not code:
            return ScanFailed()
        first, *more = dict.fromkeys(code.split(self._separator) if self._separator else [code])
        return ScanRead(first, tuple(more))
