"""What every simulated machine has in common: it is started with an order and stepped through time."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, runtime_checkable

from edge_agent.domain.command import Done, Failed, Order, Refusal
from edge_agent.domain.ids import CommandId

VARIATION = 0.15
"""How far a cycle time strays from the site's value, either way."""


@dataclass(frozen=True, slots=True)
class End:
    """A command has ended, one way or the other."""

    command_id: CommandId
    outcome: Done | Failed


class Seen(IntEnum):
    """What a machine answers when it is asked where something is (handshakes.md, "Queries")."""

    NOT_HERE = 0
    """No such load that it knows of; a picker: the gripper is empty."""
    AT_PLACE = 1
    """The load stands at the place that it names; a picker: it holds a unit out of the load named."""
    UNDER_WAY = 2
    """The load is on the machine, or the machine is at work on it; a picker: its arm is at work."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An answer to a query. An empty place is none, or one that the machine does not know."""

    seen: Seen
    place: str = ""


class Machine(Protocol):
    """Physics without a wire. Times are the machine's own seconds and never go back.

    A machine moves nothing in `start`, so that its ledger shows the command before the first move.
    """

    def start(self, command_id: CommandId, order: Order, now_s: float) -> Refusal | None:
        """Take an order on, or say why not; a refused order leaves the machine as it was."""
        ...

    def step(self, now_s: float) -> Sequence[End]:
        """Do everything that is due by now; return what has ended, in order."""
        ...

    def middle_s(self, command_id: CommandId) -> float:
        """When half of the work on a command that it has just started will be done."""
        ...

    def sight(self, load: str) -> Sighting:
        """Where a load is, as far as this machine can see. A picker says what its gripper holds.

        Told from its drives and sensors, not from its memory of commands.
        """
        ...

    def forget(self) -> None:
        """Its controller has lost its memory; what the machine has under way goes on."""
        ...


@runtime_checkable
class GivesUp(Protocol):
    """A machine that can drop a command and leave everything where it was before."""

    def give_up(self, command_id: CommandId) -> End | None:
        """Stop the work on a command; its failed end. None when it cannot: it is not at it, or the way
        back is taken."""
        ...


class Pace:
    """Cycle times of one machine, varied by up to `VARIATION`; the same seed gives the same run."""

    def __init__(self, seed: int, device: str) -> None:
        self._random = random.Random(f"{seed}/{device}/pace")

    def vary(self, duration_s: float) -> float:
        return duration_s * self._random.uniform(1 - VARIATION, 1 + VARIATION)
