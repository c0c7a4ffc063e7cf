"""What becomes of a command."""

from dataclasses import dataclass

from edge_agent.domain.command import Command, FailureReason, RefusalReason, Report
from edge_agent.domain.ids import CommandId


@dataclass(frozen=True, slots=True)
class CommandOrdered:
    """The command may be put on the wire, once, as soon as this is durable."""

    command: Command


@dataclass(frozen=True, slots=True)
class CommandAccepted:
    """The device has taken the command and will report its end."""

    command_id: CommandId


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """Nothing moved; what is still needed is decided anew."""

    command_id: CommandId
    reason: RefusalReason
    detail: str


@dataclass(frozen=True, slots=True)
class CommandDone:
    """The device has done it, with what it says about that."""

    command_id: CommandId
    report: Report


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """The device has ended it without doing it; the load is where it was."""

    command_id: CommandId
    reason: FailureReason
    device_code: int


@dataclass(frozen=True, slots=True)
class CommandUnknown:
    """The device was asked and cannot say whether it happened."""

    command_id: CommandId
    detail: str
