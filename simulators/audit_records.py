"""What the replay of the world keeps of each command, unit and grip."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from simulators.audit_findings import Identity
from simulators.audit_trouble import CommandKey


@dataclass(slots=True)
class CommandRecord:
    """One accepted command. Times are Unix seconds."""

    key: CommandKey
    verb: str
    arguments: Mapping[str, str]
    accepted_t: float
    ended_t: float | None = None
    effects: set[tuple[str, str]] = field(default_factory=set)
    """What it physically did: (what, to which load or unit)."""


@dataclass(slots=True)
class UnitRecord:
    """One unit and where it is now: in a load, or in the gripper of a device."""

    unit: str
    really: Identity
    place: str
    label: Identity | None = None
    """What stands on it, where that is the label of another item."""
    hidden: bool = False
    """Neither scan nor weight can tell that its label is wrong."""
    borrows: bool = False
    """The label is that of another unit, and was only scanned for this one."""
    stray: bool = False
    """It came to light during the run; no stock record knows of it."""

    @property
    def labelled(self) -> Identity:
        """What a scanner reads."""
        return self.label or self.really

    @property
    def identity(self) -> Identity:
        """What it is, as far as anybody can tell."""
        return self.labelled if self.hidden else self.really


@dataclass(slots=True)
class Grip:
    """One unit in a gripper, from the pick until it is let go."""

    unit: UnitRecord
    key: CommandKey
    tote: str
    location: str
    """Where the tote had been fetched from."""
    read: bool = False
    """A scanner has read its label while it was held."""
    is_alone: bool = True
    """Nothing clings to it."""
    ended_t: float | None = None
    unfit: str = ""
    """Why it should not have been placed, as the end of a sentence; empty: nothing is known against it."""
    contested: bool = False
    """Since it was placed its container's scale disagrees, as the OMS knows (`simulators.audit_weights`)."""
    taken_out: bool = False
    """A person has taken it out of the container again."""
    container: str | None = None
    """The order container that it was placed into; None while it is held or when it was put back."""

    @property
    def is_placed(self) -> bool:
        return self.container is not None


class Reading(NamedTuple):
    """A scanner has read the label of a unit in a gripper."""

    t: float
    grip: Grip
