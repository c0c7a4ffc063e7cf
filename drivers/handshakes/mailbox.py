"""Modbus mailbox: two handshakes in holding registers, seen by polling one status block.

Rules: docs/reference/handshakes.md, "Modbus mailbox".
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from drivers.feed import Feed
from drivers.handshakes.base import (
    HEARTBEAT_LIMIT_S,
    AgentBeat,
    Observed,
    read_answer,
    read_outcome,
    read_sighting,
    read_status,
)
from drivers.handshakes.registers import (
    Event,
    Status,
    TextDoesNotFitError,
    decode_status,
    decode_text,
    encode_command,
    encode_text,
)
from drivers.links.modbus import ModbusLink
from drivers.profile import Codes, Mailbox
from edge_agent.crash_points import CrashPoint, reached
from edge_agent.domain.command import (
    Accepted,
    Done,
    Failed,
    NotStarted,
    Reconciled,
    Refusal,
    RefusalReason,
    Report,
    Running,
    Unknown,
)
from edge_agent.domain.device import AnswerIgnored, CommandEnded, DeviceStatus, Sighting, StatusChanged
from edge_agent.domain.ids import CommandId
from edge_agent.errors import EdgeAgentError, LinkLostError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Question:
    """A command between its write and its acknowledgement. The answer is None when polling ended first."""

    command_id: CommandId
    answer: asyncio.Future[int | None]

    def settle(self, code: int | None) -> None:
        if not self.answer.done():
            self.answer.set_result(code)


class MailboxHandshake:
    """The agent's side of the mailbox, for one device. One task polls while it is connected."""

    def __init__(
        self,
        device: str,
        link: ModbusLink,
        mailbox: Mailbox,
        codes: Codes,
        heartbeat_limit_s: float = HEARTBEAT_LIMIT_S,
    ) -> None:
        self._device = device
        self._link = link
        self._mailbox = mailbox
        self._codes = codes
        self._heartbeat_limit_s = heartbeat_limit_s
        self._one_command = asyncio.Lock()
        self._poll_now = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None
        self._feed: Feed[Observed] = Feed(device)
        self._feed.end("not connected")
        self._question: _Question | None = None
        self._beat_at_s = 0.0
        self._agent_beat = AgentBeat(heartbeat_limit_s)
        self._observed = False
        self._query_sequence = 0
        self._seen_event = 0

    async def connect(self) -> DeviceStatus:
        await self.close()
        await self._link.connect()
        try:
            first = await self._first_reading()
        except BaseException:  # a cancellation too: nobody else lets go of it
            self._link.close()
            raise
        self._feed = Feed(self._device)
        self._observed = False
        self._agent_beat.restart()
        self._beat_at_s = asyncio.get_running_loop().time()
        self._report_event(first.event)
        self._polling = asyncio.create_task(self._poll(first), name=f"{self._device}: poll")
        self._polling.add_done_callback(self._polling_ended)
        return self._status_of(first)

    async def send(
        self, command_id: CommandId, call: int | str, arguments: Sequence[str]
    ) -> Accepted | Refusal:
        try:
            registers = encode_command(self._mailbox.command, command_id, int(call), arguments)
        except TextDoesNotFitError as error:
            return Refusal(RefusalReason.BAD_ARGUMENT, str(error))
        async with self._one_command:
            code = await self._ask(command_id, registers)
        return read_answer(self._codes, code)

    async def _ask(self, command_id: CommandId, registers: Sequence[int]) -> int:
        self._question = question = _Question(command_id, asyncio.get_running_loop().create_future())
        try:
            await self._link.write(self._mailbox.command.address, registers)
            reached(CrashPoint.AFTER_WIRE_WRITE)
            self._poll_now.set()
            async with asyncio.timeout(self._mailbox.request_timeout_s):
                code = await question.answer
        except (TimeoutError, asyncio.CancelledError) as error:
            # The device may take it any moment: no other command may be written over it.
            self._link.close(f"command {command_id} was written and not answered")
            if isinstance(error, asyncio.CancelledError):
                raise
            code = None
        finally:
            self._question = None
        if code is None:
            self._link.fail(f"command {command_id} was written and not answered")
        return code

    async def reconcile(self, command_id: CommandId, epoch: int) -> Reconciled:
        status = await self._read()
        if status.event.sequence and status.event.command_id == command_id:
            return self._outcome_of(status.event)
        if command_id in status.ended:
            return read_outcome(self._codes, status.ended[command_id], Report())
        if command_id in status.open_commands:
            return Running()
        if status.epoch != epoch:
            return Unknown(f"the device has lost its memory: boot epoch {epoch} is now {status.epoch}")
        if status.ack_sequence == command_id and read_answer(self._codes, status.ack_code) == Accepted():
            return Unknown("the device accepted it and shows neither that it runs nor that it ended")
        return NotStarted()

    async def query(self, load: str) -> Sighting | None:
        block, texts = self._mailbox.query, self._mailbox.command.text_registers
        if block is None:
            return None
        try:
            question = encode_text(load, texts)
        except TextDoesNotFitError:
            return None
        self._query_sequence = self._query_sequence % 0xFFFF + 1
        await self._link.write(block.address, [*question, self._query_sequence])
        sequence, seen, *place = await self._link.read(block.answer, texts + 2)
        if sequence != self._query_sequence:
            self._link.fail(f"query {self._query_sequence} was written and {sequence} is answered")
        return read_sighting(self._device, seen, decode_text(place))

    def observations(self) -> AsyncIterator[Observed]:
        self._observed = True
        return self._feed.items()

    async def acknowledge(self, receipt: int) -> None:
        await self._link.write(self._mailbox.event_ack, [receipt])
        self._poll_now.set()  # the next end may be waiting for the slot

    async def close(self) -> None:
        task, self._polling = self._polling, None
        self._link.close()
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    # ---- polling -----------------------------------------------------------------------------------

    async def _first_reading(self) -> Status:
        """The state, and a look at every register that will be written: a wrong profile shows now."""
        await self._link.read(self._mailbox.command.address, self._mailbox.command.length)
        (self._seen_event,) = await self._link.read(self._mailbox.event_ack, 1)
        if (beat := self._mailbox.agent_heartbeat) is not None:
            await self._link.read(beat, 1)
        if (query := self._mailbox.query) is not None:
            *_, self._query_sequence = await self._link.read(
                query.address, self._mailbox.command.text_registers + 1
            )
        return await self._read()

    async def _read(self) -> Status:
        block = self._mailbox.status
        return decode_status(self._mailbox, await self._link.read(block.address, block.length))

    async def _poll(self, last: Status) -> None:
        while True:
            self._poll_now.clear()
            status = await self._read()
            self._take(last, status)
            last = status
            await self._beat(status)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._mailbox.poll_s):
                    await self._poll_now.wait()

    async def _beat(self, status: Status) -> None:
        """Show that the agent lives, and notice where the device does not see it."""
        register, now_s = self._mailbox.agent_heartbeat, asyncio.get_running_loop().time()
        if register is None or not self._observed:
            return
        if self._agent_beat.is_missed(status.agent_stale, now_s):
            self._link.fail("the device does not see the agent's heartbeat")
        if (count := self._agent_beat.due(now_s)) is not None:
            await self._link.write(register, [count])

    def _polling_ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, EdgeAgentError):
            logger.error("%s: polling ended", self._device, exc_info=error)
        detail = error.detail if isinstance(error, LinkLostError) else str(error or "closed")
        self._link.close(detail)
        self._feed.end(detail)
        if self._question is not None:
            self._question.settle(None)

    def _take(self, last: Status, status: Status) -> None:
        if status.epoch != last.epoch:
            self._link.fail(f"the device has started anew: boot epoch {last.epoch} is now {status.epoch}")
        self._watch_heartbeat(last.heartbeat, status.heartbeat)
        if self._question is not None and status.ack_sequence == self._question.command_id:
            self._question.settle(status.ack_code)
        elif status.ack_sequence != last.ack_sequence:
            self._feed.put(AnswerIgnored())
        for _ in range(self._link.take_surplus()):
            self._feed.put(AnswerIgnored())
        if (status.mode, status.fault) != (last.mode, last.fault):
            self._feed.put(StatusChanged(self._status_of(status)))
        self._report_event(status.event)

    def _watch_heartbeat(self, before: int, now: int) -> None:
        now_s = asyncio.get_running_loop().time()
        if now != before:
            self._beat_at_s = now_s
        elif now_s - self._beat_at_s > self._heartbeat_limit_s:
            self._link.fail(f"the heartbeat has stood still for {self._heartbeat_limit_s:g} s")

    def _report_event(self, event: Event) -> None:
        if event.sequence in (0, self._seen_event):
            return
        self._seen_event = event.sequence
        self._feed.put(CommandEnded(event.command_id, self._outcome_of(event), event.sequence))

    def _outcome_of(self, event: Event) -> Done | Failed:
        return read_outcome(self._codes, event.result, Report(event.place or None, event.weight_g or None))

    def _status_of(self, status: Status) -> DeviceStatus:
        return read_status(self._device, self._codes, status.mode, status.epoch, status.fault)
