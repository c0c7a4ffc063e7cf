"""When an armed fault strikes: by rate, by count, or at a named moment."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt, model_validator

from drivers.profile import Handshake

MACHINES = frozenset({Handshake.MAILBOX, Handshake.METHODS})
MAILBOX = frozenset({Handshake.MAILBOX})
SCANNERS = frozenset({Handshake.SCANNER})
PEOPLE = frozenset({Handshake.PERSON})


Verb: TypeAlias = Literal["retrieve", "store", "transfer", "pick", "place", "put_back"]


class Moment(StrEnum):
    """A moment in the life of a command or of a reading: the occasions on which a fault may strike."""

    STOCK = "stock"
    """The warehouse is laid out."""
    ARRIVES = "arrives"
    """A new command is there, and the device has not looked at it yet. What cuts the link now loses it."""
    ACCEPTED = "accepted"
    """The device has taken the command and begun; the agent has not been answered."""
    HALF_WAY = "half_way"
    """Half of the command's time has passed."""
    GRIPS = "grips"
    """A picker, or a person, is about to grip a unit."""
    ACTS = "acts"
    """A person is about to do what the prompt asks for."""
    ENDS = "ends"
    """The command has been carried out; nobody has been told."""
    READS = "reads"
    """A scanner is about to send a reading."""


class Armed(BaseModel):
    """When a fault strikes and whom: the part that all faults have in common.

    One of `rate`, `count` and `time_s`; none of them means `count: 1`. `moment`, `verb` and `command` narrow
    the occasions down.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    handshakes: ClassVar[frozenset[Handshake]] = MACHINES
    """The wires on which it can happen."""
    families: ClassVar[frozenset[str]] = frozenset({"asrs", "conveyor", "picker"})
    """The device families to which it can happen."""
    moments: ClassVar[tuple[Moment, ...]]
    """The moments at which it can strike; the first is the one where nothing else is said."""
    at_any_time: ClassVar[bool] = False
    """It needs no command or reading, so that `time_s` may name its moment."""

    device: str = "*"
    """Whom it hits: a device's name or a shell pattern, among those that it can hit."""
    rate: Annotated[float, Field(ge=0, le=1)] | None = None
    """How likely it is each time that it could strike."""
    count: PositiveInt | None = None
    """It strikes the next so many times that it can, over all devices together."""
    time_s: NonNegativeFloat | None = None
    """It strikes once, on each of the devices, when so many simulated seconds have passed."""
    moment: Moment | None = None
    verb: Verb | None = None
    """Only commands of this verb."""
    command: Annotated[int, Field(ge=1, le=0xFFFF_FFFF)] | None = None
    """Only the command with this id."""

    @model_validator(mode="after")
    def _is_armed_one_way(self) -> Self:
        given = [name for name in ("rate", "count", "time_s") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other: keep one of them")
        if self.time_s is not None:
            if not self.at_any_time:
                raise ValueError("time_s: it strikes at a command or a reading only: give rate or count")
            if any(value is not None for value in (self.moment, self.verb, self.command)):
                raise ValueError("time_s goes with neither moment, verb nor command: drop them or time_s")
        return self

    @model_validator(mode="after")
    def _moment_is_possible(self) -> Self:
        if self.moment is not None and self.moment not in self.moments:
            raise ValueError(f"moment: it can strike at {', '.join(self.moments)} only")
        if (self.verb or self.command) and self.when in (Moment.STOCK, Moment.READS, Moment.ACTS):
            raise ValueError("verb and command: it does not strike at commands: drop them")
        return self

    @property
    def when(self) -> Moment:
        """The moment at which it strikes, unless `time_s` says another."""
        return self.moment or self.moments[0]

    @property
    def strikes(self) -> int | None:
        """How many times at most; None where the rate alone decides."""
        return (self.count or 1) if self.rate is None else None

    @property
    def parameters(self) -> dict[str, object]:
        """What is the fault's own, by the names that scenarios use."""
        common = {"fault", *Armed.model_fields}
        return self.model_dump(mode="json", by_alias=True, exclude=common, exclude_none=True)


def links_cut_at(*first: Moment) -> tuple[Moment, ...]:
    """Every moment of a command, with the given ones first."""
    every = (Moment.ARRIVES, Moment.ACCEPTED, Moment.HALF_WAY, Moment.ENDS)
    return (*first, *(moment for moment in every if moment not in first))
