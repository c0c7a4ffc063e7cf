"""What is told of a device beside its status. Not journalled: it counts from the agent's start."""

from dataclasses import dataclass

from edge_agent.domain.device import Mode


@dataclass(slots=True)
class Remarks:
    """Kept by a device's supervisor, published in the device's retained state."""

    trouble: str = ""
    """Why it cannot be reached; empty while it can."""
    ignored_ends: int = 0
    """Reports of commands that were not open: late, or repeated."""
    ignored_answers: int = 0
    """Answers that nobody waited for: late, or repeated."""

    def view(self, mode: Mode) -> dict[str, object]:
        """As JSON can carry it, for a device that is published with this mode."""
        return {
            "detail": self.trouble or None if mode is Mode.DISCONNECTED else None,
            "ignored": {"ends": self.ignored_ends, "answers": self.ignored_answers},
        }
