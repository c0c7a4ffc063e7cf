"""What comes of a check. A verdict changes nothing by itself.

The caller counts units only for `ItemPassed`, and only after the location, the item, the quantity and the put
have all passed.
"""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from edge_agent.core.verification.rules import Permits, Rule
from edge_agent.domain.ids import Gtin

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Passed:
    """What the step asked for. `rule` is the one that was applied."""

    rule: Rule

    @property
    def permits(self) -> Permits:
        return Permits.GO_ON


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not what the step asked for. Both texts are fit to be shown; `detail` says more."""

    rule: Rule
    expected: str
    scanned: str
    detail: str = ""
    calls_supervisor: bool = False
    """It has come too often (V5): the step goes on only when a supervisor has looked."""

    @property
    def permits(self) -> Permits:
        """What a person or the machine may do about it."""
        return self.rule.permits


@dataclass(frozen=True, slots=True)
class ItemPassed(Passed):
    """Units of the item, with what their code says of them."""

    gtin: Gtin
    """As scanned: a pack's own GTIN, to which its lot and serial number belong."""
    lot: str | None
    expiry: date | None
    serial: str | None
    units: int = 1
    """Units of the line; more than one only for a pack (V4)."""
    overridden: tuple[Rejected, ...] = ()
    """What was rejected, and passed because an override covers the value."""


ItemVerdict: TypeAlias = ItemPassed | Rejected
Verdict: TypeAlias = Passed | Rejected
