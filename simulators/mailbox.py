"""The register image of a simulated controller that speaks the Modbus mailbox. No socket in it.

The device side of docs/reference/handshakes.md, "Modbus mailbox"; the profile gives the addresses.
"""

from collections import deque
from collections.abc import Sequence
from enum import Enum, auto
from functools import partial

from drivers.profile import Mailbox, Profile
from edge_agent.errors import ConfigurationError
from simulators.agenda import Agenda
from simulators.device_memory import DeviceMemory, Ended

ACK_LIMIT_S = 30.0
"""An event may stand so long, in real seconds, under the eyes of an agent that polls."""
AWAY_S = 2.0
"""An agent that has not read for so long counts as away: it cannot acknowledge what it does not see."""


class Refused(Enum):
    """Why a write was not taken."""

    NOT_YOURS = auto()
    """A register that the device alone writes, or none at all."""
    NOT_WHOLE = auto()
    """A part of the command block."""


class RegisterImage:
    """One mailbox device as its registers show it. All times are handed in."""

    def __init__(self, memory: DeviceMemory) -> None:
        """Raises `ConfigurationError` when the profile has no mailbox."""
        self.memory = memory
        self.mailbox = _mailbox_of(memory.profile)
        self._texts = self.mailbox.command.text_registers
        self._written: dict[int, int] = {}
        self._heartbeat = 0
        self._ack = (0, 0)
        self._acks_to_come = Agenda()
        self._last_taken = 0
        self._slot = EventSlot()
        self._answer: list[int] = []
        self._stuck: dict[int, int] = {}

    @property
    def size(self) -> int:
        """How many registers there are, counted from address 0."""
        box = self.mailbox
        ends = [
            box.command.address + box.command.length,
            box.status.address + box.status.length,
            box.event_ack + 1,
        ]
        if box.agent_heartbeat is not None:
            ends.append(box.agent_heartbeat + 1)
        if box.query is not None:
            ends += [box.query.address + self._texts + 1, box.query.answer + self._texts + 2]
        return max(ends)

    def read(self, *, wall_s: float) -> list[int]:
        """All registers as they stand, address 0 first."""
        self._watch_acknowledgement(wall_s)
        image = self._image(wall_s)
        for address, value in self._stuck.items():
            image[address] = value
        return image

    def _image(self, wall_s: float) -> list[int]:
        image = [0] * self.size
        for address, value in self._written.items():
            image[address] = value
        shown = self._status(wall_s)
        if self.mailbox.query is not None:
            shown.append((self.mailbox.query.answer, self._answer))
        for address, values in shown:
            image[address : address + len(values)] = values
        return image

    def write(self, address: int, values: Sequence[int], *, now_s: float, wall_s: float) -> Refused | None:
        """Take one write request; `now_s` is simulated and `wall_s` real time in seconds."""
        block = self.mailbox.command
        last = address + len(values)
        if address == self.mailbox.event_ack and len(values) == 1:
            self._slot.acknowledged(values[0])
        elif address == block.address and len(values) == block.length:
            self._take_command(values, now_s, wall_s)
        elif address == self.mailbox.agent_heartbeat and len(values) == 1:
            self.memory.agent_beats(values[0], wall_s)
        elif self._is_query(address, len(values)):
            self._answer_query(values)
        elif block.address <= address and last <= block.address + block.length:
            self.memory.violation("partial_command", f"{len(values)} registers from {address}")
            return Refused.NOT_WHOLE
        else:
            self.memory.violation("foreign_write", f"{len(values)} registers from {address}")
            return Refused.NOT_YOURS
        self._written.update(enumerate(values, start=address))
        return None

    def step(self, *, now_s: float, wall_s: float) -> None:
        """Let the machine go on, and show the next event when the slot is free."""
        self._heartbeat = int(self.memory.pulse_s(wall_s) * 4) & 0xFFFF
        self._acks_to_come.run(wall_s)
        for ended in self.memory.step(now_s):
            self._slot.put(ended)
        self._slot.advance(wall_s)

    def forget(self) -> None:
        """The controller has lost its memory: every register is as after a first start."""
        self._written.clear()
        self._ack, self._last_taken = (0, 0), 0
        self._slot = EventSlot()
        self._answer = []
        self._stuck.clear()

    def stick(self, register: str, *, wall_s: float) -> None:
        """A field of the status block, or all of it (`status`), keeps what it shows now until `loosen`."""
        status = self.mailbox.status
        if register == "status":
            where = range(status.address, status.address + status.length)
        else:
            where = self.mailbox.field(register)
        image = self._image(wall_s)
        self._stuck.update({address: image[address] for address in where})

    def loosen(self) -> None:
        self._stuck.clear()

    # ---- inside --------------------------------------------------------------------------------------

    def _take_command(self, values: Sequence[int], now_s: float, wall_s: float) -> None:
        block = self.mailbox.command
        sequence = values[-2] << 16 | values[-1]
        texts = [
            _text(values[start : start + self._texts])
            for start in range(1, 1 + block.argument_count * self._texts, self._texts)
        ]
        epoch = self.memory.epoch
        answer = self.memory.submit(sequence, values[0], texts, now_s=now_s, wall_s=wall_s)
        if answer is None or answer.lost or self.memory.epoch != epoch:
            return
        self._last_taken = sequence
        if answer.late_s:
            self._acks_to_come.at(
                wall_s + answer.late_s, partial(self._acknowledge_late, sequence, answer.code)
            )
        else:
            self._ack = (sequence, answer.code)

    def _acknowledge_late(self, sequence: int, code: int) -> None:
        if sequence == self._last_taken:  # what came after it has been acknowledged since
            self._ack = (sequence, code)

    def _is_query(self, address: int, length: int) -> bool:
        query = self.mailbox.query
        return query is not None and (address, length) == (query.address, self._texts + 1)

    def _answer_query(self, values: Sequence[int]) -> None:
        sighting = self.memory.sight(_text(values[: self._texts]))
        self._answer = [values[-1], int(sighting.seen), *_registers(sighting.place, self._texts)]

    def _status(self, wall_s: float) -> list[tuple[int, list[int]]]:
        status, memory, event = self.mailbox.status, self.memory, self._slot.event
        sequence, code = self._ack
        opened = [word for command in memory.open_commands[: status.open_count] for word in _words(command)]
        ring = [
            word
            for ended in memory.last_ended(status.ring_count)
            for word in (*_words(ended.command_id), ended.result)
        ]
        stale = (
            [] if status.agent_stale is None else [(status.agent_stale, [int(memory.agent_is_stale(wall_s))])]
        )
        return [
            *stale,
            (status.heartbeat, [self._heartbeat]),
            (status.mode, [memory.mode_number]),
            (status.fault, [memory.fault]),
            (status.epoch, _words(memory.epoch)),
            (status.ack_sequence, _words(sequence)),
            (status.ack_code, [code]),
            (status.event_sequence, [self._slot.sequence]),
            (status.event_command, _words(event.command_id if event else 0)),
            (status.event_result, [event.result if event else 0]),
            (status.event_weight, _words(event.weight_g if event else 0)),
            (status.event_place, _registers(event.place if event else "", self._texts)),
            (status.open_commands, opened),
            (status.ring, ring),
        ]

    def _watch_acknowledgement(self, wall_s: float) -> None:
        if self._slot.overdue(wall_s):
            self.memory.violation(
                "event_not_acknowledged", f"event {self._slot.sequence} has stood for {ACK_LIMIT_S:g} s"
            )


class EventSlot:
    """One event at a time; the rest wait, in order, until the agent has acknowledged it."""

    def __init__(self) -> None:
        self.sequence = 0
        self.event: Ended | None = None
        self._waiting: deque[Ended] = deque()
        self._free = True
        self._watched_since_s = 0.0
        self._last_read_s = 0.0

    def put(self, ended: Ended) -> None:
        self._waiting.append(ended)

    def advance(self, wall_s: float) -> None:
        if self._free and self._waiting:
            self.event = self._waiting.popleft()
            self.sequence = self.sequence % 0xFFFF + 1
            self._free = False
            self._watched_since_s = wall_s

    def acknowledged(self, sequence: int) -> None:
        if sequence == self.sequence:
            self._free = True

    def overdue(self, wall_s: float) -> bool:
        """Called at each read: True once for every `ACK_LIMIT_S` that the event has stood in full view."""
        if wall_s - self._last_read_s > AWAY_S:
            self._watched_since_s = wall_s
        self._last_read_s = wall_s
        late = not self._free and wall_s - self._watched_since_s > ACK_LIMIT_S
        if late:
            self._watched_since_s = wall_s
        return late


def _mailbox_of(profile: Profile) -> Mailbox:
    if profile.mailbox is None:
        raise ConfigurationError(f"profile {profile.name}: the Modbus simulator needs a section 'mailbox'")
    return profile.mailbox


def _words(number: int) -> list[int]:
    return [number >> 16 & 0xFFFF, number & 0xFFFF]


def _text(registers: Sequence[int]) -> str:
    data = b"".join(register.to_bytes(2, "big") for register in registers)
    return data.rstrip(b"\0").decode("ascii", errors="replace")


def _registers(text: str, count: int) -> list[int]:
    data = text.encode("ascii", errors="replace")[: 2 * count].ljust(2 * count, b"\0")
    return [int.from_bytes(data[start : start + 2], "big") for start in range(0, 2 * count, 2)]
