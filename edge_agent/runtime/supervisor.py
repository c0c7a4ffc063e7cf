"""One supervisor a device: connects, synchronises, sends, and never lets a doubt become a second motion.

A command given to it is *open* until its outcome is known. Whenever a connection begins, every open command
is reconciled before anything new is sent: done or failed is reported, running is adopted, and only what the
device has never seen is sent. A command goes onto the wire in exactly two places: fresh from the queue, and
after the device said "not started".
"""

import asyncio
import math
from dataclasses import dataclass

import structlog

from edge_agent.crash_points import CrashPoint, reached
from edge_agent.domain.command import Accepted, Command, Done, Failed, NotStarted, Refusal, Running, Unknown
from edge_agent.domain.device import CommandEnded, DeviceStatus, Mode, StatusChanged
from edge_agent.domain.ids import CommandId
from edge_agent.domain.inputs import CommandAnswered, CommandResolved, Input
from edge_agent.ports import Device
from edge_agent.runtime.backoff import Backoff
from edge_agent.runtime.cancellation import raise_if_cancelled
from edge_agent.runtime.presence import Presence, Put

log = structlog.get_logger(__name__)

OVERDUE_CHECK_S = 1.0


@dataclass(frozen=True, slots=True)
class _Overdue:
    command: Command


class DeviceSupervisor:
    """Owns one device's connection and its open commands."""

    def __init__(self, device: Device, put: Put, backoff: Backoff | None = None) -> None:
        self._device = device
        self._put = put
        self._presence = Presence(device.device_id, put, backoff or Backoff())
        self._status = DeviceStatus(Mode.DISCONNECTED)
        self._synchronised = False
        self._open: dict[CommandId, Command] = {}
        self._accepted: set[CommandId] = set()
        """Of the open ones: a device that does not know one of them any more is not told again."""
        self._due: dict[CommandId, float] = {}
        """When an accepted command is overdue, on the event loop's clock."""
        self._work: asyncio.Queue[Command | CommandEnded | _Overdue] = asyncio.Queue()

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
            case Done() | Failed() | Unknown():
                self._resolve(command.command_id, answer)
            case Running():
                self._answered(command, Accepted())
            case NotStarted() if command.command_id in self._accepted:
                detail = "the device accepted the command and does not know it any more"
                self._resolve(command.command_id, Unknown(detail))
            case NotStarted():
                await self._send(command)

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
                    await self._send(command)
                case _Overdue(command):
                    await self._reconcile(command)

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
            self._forget(command.command_id)
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
                    self._resolve(command_id, outcome, report)
                case StatusChanged(status):
                    self._status = status
                    if self._synchronised:  # before that the device takes no orders, whatever it says
                        self._presence.report(status)
                case _:
                    log.warning("unexpected_observation", device=self._device.device_id, what=observation)

    def _resolve(
        self, command_id: CommandId, outcome: Done | Failed | Unknown, report: CommandEnded | None = None
    ) -> None:
        self._forget(command_id)
        what: Input = CommandResolved(command_id, outcome)
        if report is None:
            self._put(what)
        else:
            work = self._work
            self._put(what, lambda: work.put_nowait(report))

    def _forget(self, command_id: CommandId) -> None:
        self._open.pop(command_id, None)
        self._due.pop(command_id, None)
        self._accepted.discard(command_id)

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
