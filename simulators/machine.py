"""What every simulated machine has in common: it is started with an order and stepped through time."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_agent.domain.command import Done, Failed, Order, Refusal
from edge_agent.domain.ids import CommandId

VARIATION = 0.15
"""How far a cycle time strays from the site's value, either way."""


@dataclass(frozen=True, slots=True)
class End:
    """A command has ended, one way or the other."""

    command_id: CommandId
    outcome: Done | Failed


class Machine(Protocol):
    """Physics without a wire. Times are simulated seconds and never go back.

    A machine moves nothing in `start`, so that its ledger shows the command before the first move.
    """

    def start(self, command_id: CommandId, order: Order, now_s: float) -> Refusal | None:
        """Take an order on, or say why not; a refused order leaves the machine as it was."""
        ...

    def step(self, now_s: float) -> Sequence[End]:
        """Do everything that is due by now; return what has ended, in order."""
        ...


class Pace:
    """Cycle times of one machine, varied by up to `VARIATION`; the same seed gives the same run."""

    def __init__(self, seed: int, device: str) -> None:
        self._random = random.Random(f"{seed}/{device}/pace")

    def vary(self, duration_s: float) -> float:
        return duration_s * self._random.uniform(1 - VARIATION, 1 + VARIATION)
