"""The typed device profile: how one make of device is spoken to.

A profile says everything about the wire and nothing about the site: which family it is, which handshake it
speaks, where its registers or nodes are, what its numbers mean, and where that was read (`source`). Shipped
profiles stand in `config/profiles/*.yaml`. The wire rules themselves are in `docs/reference/handshakes.md`.
"""

from enum import StrEnum
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from drivers.scanner_wire import ScannerWire
from edge_agent.domain.command import FailureReason, RefusalReason
from edge_agent.domain.device import Mode

Register = Annotated[int, Field(ge=0, le=65535)]
BrowsePath = Annotated[tuple[str, ...], Field(min_length=1)]


class Part(BaseModel):
    """A part of a profile: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Verb(Part):
    """One thing that the device can be told."""

    call: int | str
    """Mailbox: the opcode. Methods: the method's browse name."""
    arguments: tuple[str, ...]
    """The order's fields, in the order in which the device takes them."""
    timeout_s: PositiveFloat = 120.0
    """When the end has not been reported by then, the device is asked (never told again)."""


class Codes(Part):
    """What the device's numbers mean. Both handshakes use the same four tables."""

    acceptance: dict[int, RefusalReason | Literal["accepted"]] = {
        0: "accepted",
        1: RefusalReason.BUSY,
        2: RefusalReason.NOT_READY,
        3: RefusalReason.BAD_ARGUMENT,
        4: RefusalReason.UNKNOWN_LOAD,
        5: RefusalReason.CONFLICT,
    }
    results: dict[int, FailureReason | Literal["done"]] = {
        1: "done",
        2: FailureReason.ITEM_MISSING,
        3: FailureReason.LOAD_MISSING,
        4: FailureReason.DESTINATION_FULL,
        5: FailureReason.JAM,
        6: FailureReason.DEVICE_FAULT,
    }
    modes: dict[int, Mode] = {1: Mode.READY, 2: Mode.HELD, 3: Mode.FAULTED, 4: Mode.E_STOPPED}


class CommandBlock(Part):
    """Registers that the agent writes, in one request: opcode, arguments, sequence number last.

    Layout from `address` on: opcode (1), then `argument_count` text fields of `text_registers` each, then
    the sequence number (2, high word first). Text is ASCII, two characters a register, high byte first,
    padded with NUL.
    """

    address: Register
    """The first register, the opcode."""
    argument_count: Annotated[int, Field(ge=1, le=6)] = 3
    """Text fields behind the opcode."""
    text_registers: Annotated[int, Field(ge=1, le=16)] = 8
    """Registers of each text field."""

    @property
    def length(self) -> int:
        return 1 + self.argument_count * self.text_registers + 2


class StatusBlock(Part):
    """Registers that the device writes and the agent reads in one request a poll. Addresses are absolute.

    Two-register numbers stand high word first.
    """

    address: Register
    """The first register."""
    length: Annotated[int, Field(ge=1, le=125)]
    """How many are read."""
    heartbeat: Register
    """1 register; counts up at least once a second while the controller's program runs."""
    mode: Register
    """1 register; see `codes.modes`."""
    fault: Register
    """1 register; the device's own fault number, 0 for none."""
    epoch: Register
    """2 registers; another number after the device has lost its memory."""
    ack_sequence: Register
    """2 registers; the sequence number of the last command that was answered."""
    ack_code: Register
    """1 register; see `codes.acceptance`."""
    event_sequence: Register
    """1 register; counts 1..65535 and round, changes when a new event is in the slot; 0: none yet."""
    event_command: Register
    """2 registers; the command that has ended."""
    event_result: Register
    """1 register; see `codes.results`."""
    event_weight: Register
    """2 registers; grams, 0 where the device does not weigh."""
    event_place: Register
    """`text_registers` of the command block; where the load is now (retrieve: where it came from)."""
    open_commands: Register
    """2 registers for each of `open_count`; accepted and not ended; 0: free."""
    open_count: Annotated[int, Field(ge=1, le=32)] = 16
    """How many open commands the block can show."""
    ring: Register
    """3 registers (sequence high, low, result) for each of `ring_count`; the last commands that ended."""
    ring_count: Annotated[int, Field(ge=1, le=32)] = 16
    """How many ended commands the block can show."""
    agent_stale: Register | None = None
    """1 register; 1 when the agent's heartbeat has stood still for 3 s, else 0. None: not shown."""


class QueryBlock(Part):
    """Registers by which the agent asks where a load is, or a picker what it holds. It changes nothing.

    From `address` on the agent writes, in one request: the load (`text_registers` of the command block), then
    a sequence number (1). From `answer` on the device writes: the sequence number that it answers (1), what
    it sees (1: 0 not here, 1 at the place named, 2 on board), the place (`text_registers`).
    """

    address: Register
    """The first register that the agent writes."""
    answer: Register
    """The first register that the device answers in."""


class Mailbox(Part):
    """The Modbus handshake's registers (holding registers throughout)."""

    command: CommandBlock
    status: StatusBlock
    event_ack: Register
    """1 register, written by the agent: the last `event_sequence` that is safe in the journal."""
    agent_heartbeat: Register | None = None
    """1 register, written by the agent: counts up at least once a second. None: the device does not look."""
    query: QueryBlock | None = None
    """None: the device cannot be asked where a load is."""
    poll_s: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    """How often the status block is read; 0.5 s at most, because the heartbeats go with it."""
    request_timeout_s: PositiveFloat = 1.0
    """No answer to a request by then: the link is lost."""

    def field(self, name: str) -> range:
        """The registers of a field of the status block. Raises KeyError for a name that is none."""
        first: int = getattr(self.status, name)
        return range(first, first + self._widths()[name])

    @model_validator(mode="after")
    def _registers_fit(self) -> Self:
        status = self.status
        end = status.address + status.length
        for name in self._widths():
            field = self.field(name)
            if not status.address <= field.start <= field.stop <= end:
                raise ValueError(
                    f"status.{name}: registers {field.start}..{field.stop - 1} are not all in the block"
                )
        areas = self._areas()
        for (first, one), (second, other) in combinations(areas.items(), 2):
            if max(one.start, other.start) < min(one.stop, other.stop):
                raise ValueError(f"{first} and {second} share registers: give each its own")
        return self

    def _areas(self) -> dict[str, range]:
        """What is written or read in one request each."""
        command, status, text = self.command, self.status, self.command.text_registers
        areas = {
            "command": range(command.address, command.address + command.length),
            "status": range(status.address, status.address + status.length),
            "event_ack": range(self.event_ack, self.event_ack + 1),
        }
        if (beat := self.agent_heartbeat) is not None:
            areas["agent_heartbeat"] = range(beat, beat + 1)
        if (query := self.query) is not None:
            areas["query.address"] = range(query.address, query.address + text + 1)
            areas["query.answer"] = range(query.answer, query.answer + text + 2)
        return areas

    def _widths(self) -> dict[str, int]:
        """How many registers each field of the status block takes."""
        status = self.status
        doubles = ("epoch", "ack_sequence", "event_command", "event_weight")
        words: tuple[str, ...] = ("heartbeat", "mode", "fault", "ack_code", "event_sequence", "event_result")
        if status.agent_stale is not None:
            words = (*words, "agent_stale")
        return {
            **dict.fromkeys(words, 1),
            **dict.fromkeys(doubles, 2),
            "event_place": self.command.text_registers,
            "open_commands": 2 * status.open_count,
            "ring": 3 * status.ring_count,
        }


class Methods(Part):
    """The OPC UA handshake's nodes, by browse name below `Objects`, all in one namespace.

    Every verb is a method `(CommandId: UInt32, argument: String ...) -> (Code: UInt16, Detail: String)`.
    `status_method` is `(CommandId: UInt32) -> (State: UInt16, Result: UInt16, Place: String,
    WeightGrams: UInt32)` with State 0 never seen, 1 running, 2 ended. `event_type` is a subtype of
    BaseEventType with the properties CommandId: UInt32, Result: UInt16, Place: String, WeightGrams: UInt32,
    emitted by the device object when a command ends.
    """

    namespace: str
    """URI; its index may change with every start of the server."""
    object: BrowsePath
    """Browse names from `Objects` down to the device."""
    status_method: str = "CommandStatus"
    """The method that tells what became of a command."""
    event_type: str = "CommandEndedEventType"
    """The event type that tells of its end."""
    mode: str = "Mode"
    """UInt16 variable; see `codes.modes`."""
    fault: str = "Fault"
    """UInt16 variable."""
    epoch: str = "BootEpoch"
    """UInt32 variable."""
    heartbeat: str = "Heartbeat"
    """UInt32 variable."""
    agent_heartbeat: str | None = None
    """UInt32 variable, written by the agent: counts up at least once a second. None: nobody looks."""
    agent_stale: str | None = None
    """UInt16 variable; 1 when the agent's heartbeat has stood still for 3 s, else 0."""
    where_method: str | None = None
    """`(Load: String) -> (Seen: UInt16, Place: String)`: where a load is; Seen as in `QueryBlock`."""
    holding_method: str | None = None
    """`() -> (Seen: UInt16, Load: String)`: 1 when the gripper holds a unit, and the load it came from."""
    publishing_interval_ms: PositiveInt = 20
    """How often the server sends what has happened."""
    request_timeout_s: PositiveFloat = 2.0
    """No answer to a call by then: the link is lost and the outcome in doubt."""


class Handshake(StrEnum):
    MAILBOX = "mailbox"
    METHODS = "methods"
    SCANNER = "scanner"
    PERSON = "person"


class Profile(Part):
    """One make of device."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """Its file has the same name."""
    family: str
    """asrs, conveyor, picker, scanner, or a family from another package (entry point)."""
    description: str
    """What it is, in a line for people."""
    source: str
    """Where the addresses and codes were read: manual and page."""
    handshake: Handshake
    """How commands are said; it decides which of the sections below is needed."""
    echoes: bool = True
    """False: the device gives no command ids back; every doubtful command on it is held for a person."""
    max_open: Annotated[int, Field(ge=1, le=16)] = 1
    """How many commands it takes before it answers busy."""
    verbs: dict[str, Verb] = {}
    codes: Codes = Codes()
    mailbox: Mailbox | None = None
    methods: Methods | None = None
    scanner: ScannerWire | None = None

    @property
    def is_scanner(self) -> bool:
        """It sends codes and takes no commands."""
        return self.handshake is Handshake.SCANNER or (self.is_person and self.family == "scanner")

    @property
    def is_person(self) -> bool:
        """There is a person instead of a machine, and no wire."""
        return self.handshake is Handshake.PERSON

    @model_validator(mode="after")
    def _handshake_is_described(self) -> Self:
        if self.is_person:
            return self._person_needs_nothing_else()
        if getattr(self, self.handshake.value) is None:
            raise ValueError(
                f"handshake is {self.handshake.value}, so a section '{self.handshake.value}' is needed"
            )
        kind = int if self.handshake is Handshake.MAILBOX else str
        for name, verb in self.verbs.items():
            if not isinstance(verb.call, kind):
                raise ValueError(
                    f"verbs.{name}.call: a {self.handshake.value} handshake needs {kind.__name__}"
                )
            if self.mailbox and len(verb.arguments) > self.mailbox.command.argument_count:
                raise ValueError(f"verbs.{name}.arguments: more than mailbox.command.argument_count")
        return self

    def _person_needs_nothing_else(self) -> Self:
        if self.family not in ("picker", "scanner"):
            raise ValueError(f"family: a person cannot stand for a {self.family}; use picker or scanner")
        wires = {"mailbox": self.mailbox, "methods": self.methods, "scanner": self.scanner}
        described = [name for name, wire in (*wires.items(), ("verbs", self.verbs)) if wire]
        if described or self.max_open != 1:
            section = next(iter(described), "max_open")
            raise ValueError(f"{section}: a person has no wire; remove it")
        return self

    @model_validator(mode="after")
    def _memory_is_long_enough(self) -> Self:
        """Else a command could have ended unseen and look as if it had never been started."""
        if self.mailbox and self.max_open > min(
            self.mailbox.status.open_count, self.mailbox.status.ring_count
        ):
            raise ValueError("max_open: more than mailbox.status open_count or ring_count can show")
        return self
