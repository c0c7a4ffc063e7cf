"""What the world ledger tells of faults, as far as it excuses a command that has not ended."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

STOPS = frozenset({"crane_fault", "jam", "e_stop"})
"""Faults after which a machine stands still until it is reset."""


class CommandKey(NamedTuple):
    """A command of one device."""

    device: str
    command: int

    def __str__(self) -> str:
        return f"command {self.command} of {self.device}"


class Trouble:
    """Machines that stood still, were slow, or will never end a command. Times are Unix seconds."""

    def __init__(self) -> None:
        self.slowest = 1.0
        """How many times as long as usual the slowest machine took."""
        self._endless: set[CommandKey] = set()
        self._stands_since: dict[str, float] = {}
        self._stood: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)

    def struck(self, t: float, facts: Mapping[str, Any]) -> None:
        """A fault line."""
        fault, device = facts["fault"], facts.get("device", "")
        if fault in STOPS:
            self._stands_since.setdefault(device, t)
        elif fault == "slow":
            self.slowest = max(self.slowest, facts["factor"])
        elif fault == "arrival_missed" or (fault == "load_lost" and facts["ends"] == "never"):
            self._endless.add(CommandKey(device, facts["command"]))

    def reset(self, t: float, facts: Mapping[str, Any]) -> None:
        """The operator has reset a machine."""
        if (since := self._stands_since.pop(facts["device"], None)) is not None:
            self._stood[facts["device"]].append((since, t))

    def may_never_end(self, key: CommandKey) -> bool:
        """The fault that struck it leaves it open for ever."""
        return key in self._endless

    def stood_s(self, device: str, since_t: float, until_t: float) -> float:
        """For how long a machine stood still in that time."""
        spans = list(self._stood[device])
        if (standing := self._stands_since.get(device)) is not None:
            spans.append((standing, until_t))
        return sum(max(0.0, min(end, until_t) - max(start, since_t)) for start, end in spans)
