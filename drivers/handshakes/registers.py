"""The mailbox's registers as values: command blocks out, status blocks in. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.profile import CommandBlock, Mailbox
from edge_agent.domain.ids import CommandId


class TextDoesNotFitError(ValueError):
    """A text argument cannot be said in the registers that the profile gives it."""


@dataclass(frozen=True, slots=True)
class Event:
    """The event slot. `sequence` is 0 until the first event after the device's start."""

    sequence: int
    command_id: CommandId
    result: int
    weight_g: int
    place: str


@dataclass(frozen=True, slots=True)
class Status:
    """One reading of the status block."""

    heartbeat: int
    mode: int
    fault: int
    epoch: int
    ack_sequence: int
    ack_code: int
    event: Event
    open_commands: frozenset[int]
    ended: dict[int, int]
    """Command id to result code, of the last commands that ended."""
    agent_stale: bool = False


def encode_text(text: str, registers: int) -> list[int]:
    """ASCII, two characters a register, high byte first, padded with NUL.

    Raises `TextDoesNotFitError`; nothing is ever cut.
    """
    if not (text.isascii() and text.isprintable()):
        raise TextDoesNotFitError(f"{text!r} is not printable ASCII")
    if len(text) > 2 * registers:
        raise TextDoesNotFitError(f"{text!r} is longer than {2 * registers} characters")
    padded = text.encode("ascii").ljust(2 * registers, b"\0")
    return [padded[i] << 8 | padded[i + 1] for i in range(0, len(padded), 2)]


def decode_text(registers: Sequence[int]) -> str:
    raw = b"".join(register.to_bytes(2, "big") for register in registers)
    return raw.partition(b"\0")[0].decode("ascii", "replace")


def encode_command(
    block: CommandBlock, command_id: CommandId, opcode: int, arguments: Sequence[str]
) -> list[int]:
    """The whole command block, to be written in one request. Raises `TextDoesNotFitError`."""
    registers = [opcode]
    for text in (*arguments, *[""] * (block.argument_count - len(arguments))):
        registers += encode_text(text, block.text_registers)
    return [*registers, command_id >> 16, command_id & 0xFFFF]


def decode_status(mailbox: Mailbox, registers: Sequence[int]) -> Status:
    """Read a status block that was fetched from its first register on."""
    block = mailbox.status

    def word(address: int) -> int:
        return registers[address - block.address]

    def double(address: int) -> int:
        return word(address) << 16 | word(address + 1)

    place = block.event_place - block.address
    ring = range(block.ring, block.ring + 3 * block.ring_count, 3)
    return Status(
        heartbeat=word(block.heartbeat),
        mode=word(block.mode),
        fault=word(block.fault),
        epoch=double(block.epoch),
        ack_sequence=double(block.ack_sequence),
        ack_code=word(block.ack_code),
        event=Event(
            sequence=word(block.event_sequence),
            command_id=CommandId(double(block.event_command)),
            result=word(block.event_result),
            weight_g=double(block.event_weight),
            place=decode_text(registers[place : place + mailbox.command.text_registers]),
        ),
        open_commands=frozenset(double(block.open_commands + 2 * i) for i in range(block.open_count)) - {0},
        ended={double(entry): word(entry + 2) for entry in ring if double(entry)},
        agent_stale=block.agent_stale is not None and word(block.agent_stale) == 1,
    )
