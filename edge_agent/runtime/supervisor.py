"""One supervisor a device: connects, synchronises, sends, and never lets a doubt become a second motion.

A command given to it is *open* until its outcome is known. Whenever a connection begins, every open command
is reconciled before anything new is sent: done or failed is reported, running is adopted, and only what the
device has never seen is sent. A command goes onto the wire in exactly two places: fresh from the queue, and
after the device said "not started". What the device does not remember stays open, in doubt, and is settled
by where its sensors see the load, while other commands go on.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from edge_agent.core.evidence import is_gone
from edge_agent.crash_points import CrashPoint, reached
from edge_agent.domain.command import Accepted, Command, Done, Failed, NotStarted, Refusal, Running, Unknown
from edge_agent.domain.device import (
    AnswerIgnored,
    CommandEnded,
    DeviceStatus,
    Mode,
    Sighting,
    StatusChanged,
)
from edge_agent.domain.ids import CommandId
from edge_agent.domain.inputs import CommandAnswered, CommandResolved, Input
from edge_agent.ports import Device
from edge_agent.runtime.backoff import Backoff
from edge_agent.runtime.cancellation import raise_if_cancelled
from edge_agent.runtime.doubt import LOOK_EVERY_S, Doubt
from edge_agent.runtime.presence import Presence, Put
from edge_agent.runtime.remarks import Remarks

log = structlog.get_logger(__name__)

OVERDUE_CHECK_S = 1.0


@dataclass(frozen=True, slots=True)
class _Overdue:
    command: Command


@dataclass(frozen=True, slots=True)
class _Look:
    command_id: CommandId


class DeviceSupervisor:
    """Owns one device's connection and its open commands."""

    def __init__(
        self,
        device: Device,
        put: Put,
        backoff: Backoff | None = None,
        remarked: Callable[[], None] = lambda: None,
    ) -> None:
        """`remarked` is called when `remarks` have changed."""
        self._device = device
        self._put = put
        self._presence = Presence(device.device_id, put, backoff or Backoff(), remarked)
        self._remarked = remarked
        self._status = DeviceStatus(Mode.DISCONNECTED)
        self._synchronised = False
        self._open: dict[CommandId, Command] = {}
        self._accepted: set[CommandId] = set()
        """Of the open ones: a device that does not know one of them any more is not told again."""
        self._due: dict[CommandId, float] = {}
        """When an accepted command is overdue, on the event loop's clock."""
        self._doubts: dict[CommandId, Doubt] = {}
        """Of the open ones: those that the device does not remember."""
        self._work: asyncio.Queue[Command | CommandEnded | _Overdue | _Look] = asyncio.Queue()

    @property
    def remarks(self) -> Remarks:
        """What is to be told of the device beside its status."""
        return self._presence.remarks

    @property
    def settled(self) -> asyncio.Event:
        """Set once the device was synchronised, or the first try to reach it has failed."""
        return self._presence.settled

    def recover(self, command: Command, *, accepted: bool) -> None:
        """An open command that the journal holds from before this start."""
        self._open[command.command_id] = command
        if accepted:
            self._accepted.add(command.command_id)

    def submit(self, command: Command) -> None:
        """A command that is durable and may be put on the wire, once."""
        self._open[command.command_id] = command
        self._work.put_nowait(command)

    def forget(self, command_id: CommandId) -> None:
        """A command has ended, by the report of its device or the word of a person. No effect on another."""
        self._open.pop(command_id, None)
        self._due.pop(command_id, None)
        self._doubts.pop(command_id, None)
        self._accepted.discard(command_id)

    async def run(self) -> None:
        """Keep the device connected for ever."""
        await self._presence.keep(self._connection, self._device.close)

    async def _connection(self) -> None:
        self._synchronised = False
        self._status = await self._device.connect()
        async with asyncio.TaskGroup() as tasks:
            name = self._device.device_id
            tasks.create_task(self._observe(), name=f"{name}-observe")
            await self._synchronise()
            self._synchronised = True
            self._presence.ready(self._status)
            tasks.create_task(self._watch_overdue(), name=f"{name}-overdue")
            await self._do_work()

    # ---- before anything new: what became of what was open -------------------------------------------

    async def _synchronise(self) -> None:
        # A queue for this connection alone: what the last one left undone is open and asked about here, and
        # a report that it did not acknowledge comes again.
        self._work = asyncio.Queue()
        self._due.clear()
        self._doubts.clear()
        for command in list(self._open.values()):
            await self._reconcile(command)

    async def _reconcile(self, command: Command) -> None:
        answer = await self._device.reconcile(command)
        if command.command_id not in self._open:
            return  # its end was reported while we asked
        log.info(
            "command_reconciled",
            device=self._device.device_id,
            command=command.command_id,
            answer=type(answer).__name__,
        )
        match answer:
            case Done() | Failed():
                self._resolve(command.command_id, answer)
            case Unknown(detail):
                self._doubt(command, detail)
            case Running():
                self._answered(command, Accepted())
            case NotStarted() if command.command_id in self._accepted:
                self._doubt(command, "the device accepted the command and does not know it any more")
            case NotStarted():
                await self._send(command)

    # ---- doubt ---------------------------------------------------------------------------------------

    def _doubt(self, command: Command, detail: str) -> None:
        """Nothing is known of the command: look where its load is, as soon as the device is ready."""
        command_id = command.command_id
        log.warning("command_in_doubt", device=self._device.device_id, command=command_id, detail=detail)
        self._due.pop(command_id, None)
        self._doubts[command_id] = Doubt(command, detail, self._device.timeout_s(command))
        self._work.put_nowait(_Look(command_id))

    async def _look(self, command_id: CommandId) -> None:
        doubt = self._doubts.get(command_id)
        if doubt is None:
            return  # its end was reported meanwhile
        sighting, counts = await self._sight(doubt.command)
        if command_id not in self._doubts:
            return
        outcome = None
        if counts or sighting is None:
            outcome = doubt.judge(sighting, asyncio.get_running_loop().time())
        else:
            doubt.not_ready()
        if outcome is None:
            again = asyncio.get_running_loop().call_later
            again(LOOK_EVERY_S, self._work.put_nowait, _Look(command_id))
            return
        log.info("command_settled", device=self._device.device_id, command=command_id, outcome=str(outcome))
        self._resolve(command_id, outcome)

    async def _miss(self, command: Command) -> None:
        """What a device says to be running for too long may have nothing to run with any more."""
        if command.command_id not in self._due:
            return  # it has ended, or is in doubt
        sighting, counts = await self._sight(command)
        runs = counts and command.command_id in self._due
        if runs and sighting is not None and is_gone(command.order, sighting):
            detail = "the device says that it runs, and does not see the load anywhere"
            self._resolve(command.command_id, Unknown(detail))

    async def _sight(self, command: Command) -> tuple[Sighting | None, bool]:
        """What the device sees; and whether that counts: it was ready before and after."""
        ready = self._is_ready
        sighting = await self._device.look(command)
        return sighting, ready and self._is_ready

    @property
    def _is_ready(self) -> bool:
        return self._status.mode is Mode.READY

    # ---- sending -------------------------------------------------------------------------------------

    async def _do_work(self) -> None:
        while True:
            raise_if_cancelled()  # libraries that wait with `asyncio.wait_for` may have swallowed it
            match await self._work.get():
                case CommandEnded() as report:
                    reached(CrashPoint.BEFORE_DEVICE_ACK)
                    await self._device.acknowledge(report)
                    reached(CrashPoint.AFTER_DEVICE_ACK)
                case Command() as command:
                    if command.command_id in self._open:
                        await self._send(command)
                case _Overdue(command):
                    await self._reconcile(command)
                    await self._miss(command)
                case _Look(command_id):
                    await self._look(command_id)

    async def _send(self, command: Command) -> None:
        """The only way onto the wire. If it raises, the outcome is in doubt and the link is given up."""
        reached(CrashPoint.BEFORE_WIRE_WRITE)
        answer = await self._device.send(command)
        reached(CrashPoint.AFTER_ANSWER)
        self._answered(command, answer)

    def _answered(self, command: Command, answer: Accepted | Refusal) -> None:
        if command.command_id not in self._open:
            return  # the end overtook the answer
        if isinstance(answer, Refusal):
            self.forget(command.command_id)
        else:
            self._accepted.add(command.command_id)
            due = asyncio.get_running_loop().time() + self._device.timeout_s(command)
            self._due[command.command_id] = due
        self._put(CommandAnswered(command.command_id, answer))

    # ---- what the device reports ---------------------------------------------------------------------

    async def _observe(self) -> None:
        async for observation in self._device.observations():
            match observation:
                case CommandEnded(command_id, outcome) as report:
                    self._count_ignored(command_id)
                    self._resolve(command_id, outcome, report)
                case AnswerIgnored():
                    self.remarks.ignored_answers += 1
                    log.info("answer_ignored", device=self._device.device_id)
                    self._remarked()
                case StatusChanged(status):
                    self._status = status
                    if self._synchronised:  # before that the device takes no orders, whatever it says
                        self._presence.report(status)
                case _:
                    log.warning("unexpected_observation", device=self._device.device_id, what=observation)

    def _resolve(
        self, command_id: CommandId, outcome: Done | Failed | Unknown, report: CommandEnded | None = None
    ) -> None:
        self.forget(command_id)
        what: Input = CommandResolved(command_id, outcome)
        if report is None:
            self._put(what)
        else:
            work = self._work
            self._put(what, lambda: work.put_nowait(report))

    def _count_ignored(self, command_id: CommandId) -> None:
        if command_id not in self._open:
            self.remarks.ignored_ends += 1
            log.info("end_ignored", device=self._device.device_id, command=command_id)
            self._remarked()

    async def _watch_overdue(self) -> None:
        """Have commands that take too long asked about. Time alone never resends (invariant 3): an overdue
        command was accepted."""
        while True:
            await asyncio.sleep(OVERDUE_CHECK_S)
            now = asyncio.get_running_loop().time()
            for command_id in [c for c, due in self._due.items() if due <= now]:
                self._due[command_id] = math.inf  # asked once a time-out
                log.warning("command_overdue", device=self._device.device_id, command=command_id)
                self._work.put_nowait(_Overdue(self._open[command_id]))
