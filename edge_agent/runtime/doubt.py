"""A command that its device does not remember: settled by where its sensors see what the command moves."""

from dataclasses import dataclass

from edge_agent.core.evidence import settle
from edge_agent.domain.command import Command, Done, Failed, Unknown
from edge_agent.domain.device import Sighting

LOOK_EVERY_S = 1.0
"""The pause between two looks at a machine that is still at work, or not ready."""


@dataclass(slots=True)
class Doubt:
    """One command in doubt, on one connection. It stays open, and has no effect, until `judge` settles it."""

    command: Command
    detail: str
    """Why the device cannot say what became of it."""
    timeout_s: float
    """How long a machine that is ready may be at work on it: its verb's time-out."""
    _until_s: float | None = None

    def not_ready(self) -> None:
        """What is seen does not count: somebody may be at the machine. The time begins anew."""
        self._until_s = None

    def judge(self, sighting: Sighting | None, now_s: float) -> Done | Failed | Unknown | None:
        """What a look at a device that is ready has shown; None: look again. Times of the event loop."""
        if sighting is None:
            return Unknown(self.detail)
        outcome = settle(self.command.order, sighting)
        if isinstance(outcome, Unknown):
            return Unknown(f"{self.detail}; {outcome.detail}")
        return outcome or self._still_under_way(now_s)

    def _still_under_way(self, now_s: float) -> Unknown | None:
        if self._until_s is None:
            self._until_s = now_s + self.timeout_s
        if now_s < self._until_s:
            return None
        return Unknown(f"{self.detail}; after {self.timeout_s:g} s the machine is still at work on it")
