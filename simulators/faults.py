"""What goes wrong in the simulated warehouse, how often, and when: repeatable by seed.

To add a fault: give it a member here and a rate in `MIXES`, and ask `FaultSource.strikes` at the place in the
physics or the wire where it happens. Whoever injects a fault writes a `fault` line that names what it hit.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.errors import ConfigurationError
from simulators.catalogue import Stock, Unit

LEFT_OVER = 3
"""A tote with missing units of an item still holds at most so many of them. Were more left, no line would
ever notice: a tote holds far more units than a line asks for."""


class Fault(StrEnum):
    """The fault catalogue."""

    NO_READ = "no_read"
    """Scanner: it cannot read what stands in front of it and sends its no-read text."""
    WRONG_ITEM = "wrong_item"
    """Picker: it grips a unit of another item out of the tote and reports success."""
    ITEM_MISSING = "item_missing"
    """Stock: units of an item are not in the tote, although the stock record says so."""


@dataclass(frozen=True, slots=True)
class FaultMix:
    """How likely each fault is each time that it could happen, 0 .. 1; one that is not named never does."""

    name: str
    rates: Mapping[Fault, float]

    @staticmethod
    def named(name: str) -> "FaultMix":
        """Raises `ConfigurationError` when there is no mix of that name."""
        if name not in MIXES:
            raise ConfigurationError(f"faults: there is no mix {name!r}; choose one of {', '.join(MIXES)}")
        return MIXES[name]


MIXES: Mapping[str, FaultMix] = {
    mix.name: mix
    for mix in (
        FaultMix("none", {}),
        FaultMix("typical", {Fault.NO_READ: 0.03, Fault.WRONG_ITEM: 0.02, Fault.ITEM_MISSING: 0.02}),
        FaultMix("harsh", {Fault.NO_READ: 0.10, Fault.WRONG_ITEM: 0.10, Fault.ITEM_MISSING: 0.10}),
    )
}


class FaultSource:
    """Decides each time anew whether a fault strikes.

    Each decision depends on the seed, the fault, whom it would hit and how often it was asked before, and on
    nothing else: devices do not disturb each other, and a new fault leaves the others where they were.
    """

    def __init__(self, mix: FaultMix, seed: int) -> None:
        self._mix = mix
        self._seed = seed
        self._asked: Counter[tuple[Fault, str]] = Counter()

    def strikes(self, fault: Fault, subject: str) -> bool:
        """`subject` is a device's name, or whatever else the fault would hit."""
        return self._draw(fault, subject).random() < self._mix.rates.get(fault, 0.0)

    def absent_units(self, stock: Stock) -> Iterator[tuple[Unit, ...]]:
        """For each tote and item that a missing-item fault strikes, the units that are not there."""
        for tote, content in stock.in_tote.items():
            for sku, units in content.items():
                if self.strikes(Fault.ITEM_MISSING, subject := f"{tote}/{sku}"):
                    left = self._draw(Fault.ITEM_MISSING, subject).randint(0, min(LEFT_OVER, len(units) - 1))
                    yield tuple(units[left:])

    def _draw(self, fault: Fault, subject: str) -> random.Random:
        count = self._asked[fault, subject]
        self._asked[fault, subject] += 1
        return random.Random(f"{self._seed}/{fault}/{subject}/{count}")
