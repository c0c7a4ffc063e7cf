"""The fault catalogue: what each fault does, whom it can hit, and its parameters with their units.

Seconds in the names of parameters are real ones where the wire is concerned, since the agent's time-outs are
real, and simulated ones where machines and people are (`reset_after_s`). What the agent makes of each fault
is told in docs/reference/faults.md.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, ClassVar, Literal, Self, TypeAlias, get_args

from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt, model_validator

from simulators.faults.conveyors import CONVEYOR, ArrivalMissed, LaneBlocked, LoadLost, WrongPoint
from simulators.faults.mistakes import (
    DamagedCode,
    DuplicateSerial,
    Expired,
    ForeignItem,
    LostSeparator,
    OverPick,
    ShortDated,
    SwappedLabel,
    TwoLabels,
    Unlabelled,
    WholePack,
    WrongItem,
    WrongLot,
    WrongTote,
)
from simulators.faults.names import Fault
from simulators.faults.people import (
    Away,
    NotThere,
    OldCode,
    OtherContainer,
    OtherScanned,
    OtherTote,
    ScannedTwice,
)
from simulators.faults.scales import SCALE, ScaleGarbage, ScaleMute, ScaleOffset, ScaleUnstable
from simulators.faults.when import MAILBOX, SCANNERS, Armed, Moment, links_cut_at

ASRS, PICKER = frozenset({"asrs"}), frozenset({"picker"})
SCANNER = frozenset({"scanner"})

Register: TypeAlias = Literal[
    "status", "heartbeat", "mode", "fault", "epoch", "ack_sequence", "ack_code", "event_sequence",
    "event_command", "event_result", "event_weight", "event_place", "open_commands", "ring",
]  # fmt: skip


# ---- answers -----------------------------------------------------------------------------------------


class Busy(Armed):
    """A command is refused as busy though the device could take it. Nothing moves for it."""

    fault: Literal[Fault.BUSY] = Fault.BUSY
    moments: ClassVar = (Moment.ARRIVES,)


class AckLost(Armed):
    """The device takes the command and carries it out, and its acknowledgement is never seen.

    Mailbox: the acknowledgement registers keep what they showed. OPC UA: the connection breaks before the
    method's answer.
    """

    fault: Literal[Fault.ACK_LOST] = Fault.ACK_LOST
    moments: ClassVar = (Moment.ACCEPTED,)


class AckLate(Armed):
    """The device takes the command, and its acknowledgement comes `delay_s` later.

    Mailbox: the acknowledgement registers change that much later. OPC UA: the server says nothing meanwhile,
    since the answers of one session come in order.
    """

    fault: Literal[Fault.ACK_LATE] = Fault.ACK_LATE
    moments: ClassVar = (Moment.ACCEPTED,)
    delay_s: Annotated[float, Field(ge=0.1, le=10)] = 0.5


class AckDuplicated(Armed):
    """The reply to the command's write comes twice. A secure channel has no such thing: mailbox only."""

    fault: Literal[Fault.ACK_DUPLICATED] = Fault.ACK_DUPLICATED
    handshakes: ClassVar = MAILBOX
    moments: ClassVar = (Moment.ACCEPTED,)


class EndLost(Armed):
    """The end of a command is not reported; whoever asks is told.

    Mailbox: the event slot is passed over, the ring shows the end. OPC UA: no event.
    """

    fault: Literal[Fault.END_LOST] = Fault.END_LOST
    moments: ClassVar = (Moment.ENDS,)


class EndDuplicated(Armed):
    """The end of a command is reported twice; on the mailbox under two event numbers."""

    fault: Literal[Fault.END_DUPLICATED] = Fault.END_DUPLICATED
    moments: ClassVar = (Moment.ENDS,)


# ---- links -------------------------------------------------------------------------------------------


class ReplyGarbled(Armed):
    """The first bytes of the device's next reply are inverted, as on a bad line: it cannot be understood."""

    fault: Literal[Fault.REPLY_GARBLED] = Fault.REPLY_GARBLED
    moments: ClassVar = links_cut_at(Moment.ACCEPTED)
    at_any_time: ClassVar = True


class ReplyTruncated(Armed):
    """Half of the device's next reply is missing; the connection stays."""

    fault: Literal[Fault.REPLY_TRUNCATED] = Fault.REPLY_TRUNCATED
    moments: ClassVar = links_cut_at(Moment.ACCEPTED)
    at_any_time: ClassVar = True


class ConnectionReset(Armed):
    """Every connection to the device is reset (RST). A new one works at once."""

    fault: Literal[Fault.CONNECTION_RESET] = Fault.CONNECTION_RESET
    moments: ClassVar = links_cut_at(Moment.ACCEPTED)
    at_any_time: ClassVar = True


class HalfOpen(Armed):
    """The device vanishes without a word: what is sent on its connections goes nowhere, and none is closed.

    New connections are answered once `silent_s` real seconds have passed.
    """

    fault: Literal[Fault.HALF_OPEN] = Fault.HALF_OPEN
    moments: ClassVar = links_cut_at(Moment.ACCEPTED)
    at_any_time: ClassVar = True
    silent_s: PositiveFloat = 2.0


class Hung(Armed):
    """The server stands still for `duration_s` real seconds as under SIGSTOP: it accepts and answers nothing.

    Then it goes on with everything that was sent to it meanwhile, commands included.
    """

    fault: Literal[Fault.HUNG] = Fault.HUNG
    moments: ClassVar = (Moment.ACCEPTED, Moment.HALF_WAY, Moment.ENDS)
    at_any_time: ClassVar = True
    duration_s: PositiveFloat = 5.0


class Restart(Armed):
    """The controller is away for `down_s` real seconds and comes back with its memory."""

    fault: Literal[Fault.RESTART] = Fault.RESTART
    moments: ClassVar = links_cut_at(Moment.ACCEPTED)
    at_any_time: ClassVar = True
    down_s: PositiveFloat = 1.0


class MemoryLost(Armed):
    """The controller is away for `down_s` real seconds and comes back under another boot epoch.

    It knows no command any more. The drives finish the movement under way, and nobody is told how it ended.
    """

    fault: Literal[Fault.MEMORY_LOST] = Fault.MEMORY_LOST
    moments: ClassVar = links_cut_at(Moment.ACCEPTED)
    at_any_time: ClassVar = True
    down_s: PositiveFloat = 1.0


# ---- what the device shows ---------------------------------------------------------------------------


class StuckRegister(Armed):
    """A field of the status block, or all of it (`status`), keeps its value for `duration_s` real seconds."""

    fault: Literal[Fault.STUCK_REGISTER] = Fault.STUCK_REGISTER
    handshakes: ClassVar = MAILBOX
    moments: ClassVar = (Moment.ACCEPTED, Moment.ARRIVES, Moment.HALF_WAY)
    at_any_time: ClassVar = True
    register_: Annotated[Register, Field(alias="register")] = "status"
    duration_s: PositiveFloat = 5.0


class HeartbeatFrozen(Armed):
    """The heartbeat stands still for `duration_s` real seconds; everything else works."""

    fault: Literal[Fault.HEARTBEAT_FROZEN] = Fault.HEARTBEAT_FROZEN
    moments: ClassVar = (Moment.ACCEPTED, Moment.HALF_WAY)
    at_any_time: ClassVar = True
    duration_s: PositiveFloat = 5.0


# ---- machines ----------------------------------------------------------------------------------------


class NeedsReset(Armed):
    """A machine that stands still until somebody resets it at the machine."""

    at_any_time: ClassVar = True
    reset_after_s: PositiveFloat | None = 30.0
    """The simulated operator resets it after so many simulated seconds; null: nobody does, until told."""

    @model_validator(mode="after")
    def _somebody_resets_it(self) -> Self:
        if self.rate is not None and self.reset_after_s is None:
            raise ValueError("reset_after_s: a fault by rate needs an operator: give the seconds")
        return self


class Slow(Armed):
    """The machine takes `factor` times as long, for `duration_s` simulated seconds."""

    fault: Literal[Fault.SLOW] = Fault.SLOW
    moments: ClassVar = (Moment.ACCEPTED,)
    at_any_time: ClassVar = True
    factor: Annotated[float, Field(gt=1, le=1000)] = 3.0
    duration_s: PositiveFloat = 60.0


class CraneFault(NeedsReset):
    """The crane shows the mode faulted and stands still until it is reset.

    `then: finishes`: the load stays on board, and its command is finished after the reset. `goes_back`: the
    load is taken back to where it came from and the command ends failed (device_fault), at once.
    """

    fault: Literal[Fault.CRANE_FAULT] = Fault.CRANE_FAULT
    families: ClassVar = ASRS
    moments: ClassVar = (Moment.HALF_WAY, Moment.ACCEPTED)
    then: Literal["finishes", "goes_back"] = "finishes"


class Jam(NeedsReset):
    """The conveyor shows the mode faulted and every load on it stops until the jam is cleared."""

    fault: Literal[Fault.JAM] = Fault.JAM
    families: ClassVar = CONVEYOR
    moments: ClassVar = (Moment.HALF_WAY, Moment.ACCEPTED)


class EStop(NeedsReset):
    """The picker shows the mode e-stopped and stands still until it is reset; a unit stays in the gripper.

    `then: finishes`: its command is finished after the reset. `fails`: it ends failed (device_fault) at once.
    """

    fault: Literal[Fault.E_STOP] = Fault.E_STOP
    families: ClassVar = PICKER
    moments: ClassVar = (Moment.HALF_WAY, Moment.ACCEPTED)
    then: Literal["finishes", "fails"] = "finishes"


class ItemMissing(Armed):
    """Units of an item are not in the tote, although the stock record says so. Laid out at the start."""

    fault: Literal[Fault.ITEM_MISSING] = Fault.ITEM_MISSING
    families: ClassVar = ASRS
    moments: ClassVar = (Moment.STOCK,)


# ---- scanners ----------------------------------------------------------------------------------------


class OfScanner(Armed):
    """What happens to scanners."""

    handshakes: ClassVar = SCANNERS
    families: ClassVar = SCANNER
    moments: ClassVar = (Moment.READS,)


class NoRead(OfScanner):
    """The scanner cannot read what stands in front of it and sends its no-read text."""

    fault: Literal[Fault.NO_READ] = Fault.NO_READ


class Unplugged(OfScanner):
    """The line of a scanner or scale is gone for `duration_s` real seconds, with the reading under way."""

    fault: Literal[Fault.UNPLUGGED] = Fault.UNPLUGGED
    families: ClassVar = SCANNER | SCALE
    at_any_time: ClassVar = True
    duration_s: PositiveFloat = 2.0


class GarbageBytes(OfScanner):
    """`length` bytes of line noise come just before the code, in the same frame."""

    fault: Literal[Fault.GARBAGE_BYTES] = Fault.GARBAGE_BYTES
    length: Annotated[PositiveInt, Field(le=4096)] = 8


class DoubleRead(OfScanner):
    """The code is sent twice, in two frames, one straight after the other."""

    fault: Literal[Fault.DOUBLE_READ] = Fault.DOUBLE_READ


class CodeCut(OfScanner):
    """The code is sent in two pieces, each in a frame of its own.

    The cut falls into the item or load number, never behind it: the rest would be a shorter valid code, which
    nobody can tell from a label that says no more.
    """

    fault: Literal[Fault.CODE_CUT] = Fault.CODE_CUT


class CodesJoined(OfScanner):
    """The code is read twice and the terminator between the two is lost: both stand in one frame."""

    fault: Literal[Fault.CODES_JOINED] = Fault.CODES_JOINED


def _named(fault: object) -> object:
    """Say it in words when a fault has no name, or one that nobody knows."""
    if isinstance(fault, Mapping):
        name = str(fault.get("fault", ""))
        if name not in list(Fault):
            close = get_close_matches(name, list(Fault), n=1)
            advice = f"did you mean {str(close[0])!r}?" if close else f"the faults are {', '.join(Fault)}"
            raise ValueError(
                f"there is no fault {name!r}: {advice}" if name else f"fault is missing: {advice}"
            )
    return fault


AnyFault: TypeAlias = Annotated[
    Busy | AckLost | AckLate | AckDuplicated | EndLost | EndDuplicated
    | ReplyGarbled | ReplyTruncated | ConnectionReset | HalfOpen | Hung | Restart | MemoryLost
    | StuckRegister | HeartbeatFrozen | Slow | LoadLost | WrongPoint | ArrivalMissed | LaneBlocked
    | CraneFault | Jam | EStop | ItemMissing
    | WrongItem | SwappedLabel | ForeignItem | WrongLot | Expired | ShortDated | DuplicateSerial | WholePack
    | OverPick | Unlabelled | DamagedCode | LostSeparator | TwoLabels | WrongTote
    | OtherScanned | ScannedTwice | OldCode | OtherTote | OtherContainer | NotThere | Away
    | NoRead | Unplugged | GarbageBytes | DoubleRead | CodeCut | CodesJoined
    | ScaleMute | ScaleUnstable | ScaleOffset | ScaleGarbage,
    Field(discriminator="fault"),
    BeforeValidator(_named),
]  # fmt: skip

LOSES_COMMAND = (ConnectionReset, HalfOpen, Restart, MemoryLost)
"""What cuts the link: a command that arrives in that moment never reaches the device."""

CATALOGUE: dict[Fault, type[Armed]] = {
    kind.model_fields["fault"].default: kind for kind in get_args(get_args(AnyFault)[0])
}
"""Every fault by its name."""
