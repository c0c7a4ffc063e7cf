"""What an audit can find, and the values that both ledgers are compared in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FindingKind(StrEnum):
    """What is wrong. The numbers of the audit's result count findings by kind."""

    WORLD = "world"
    """The world ledger contradicts itself: a thing is not where it must be."""
    VIOLATION = "violation"
    """The agent broke a rule of the handshake with a device."""
    UNVERIFIED = "unverified"
    """A unit was taken from or put into a load whose label had not been read."""
    REPEATED = "repeated"
    """One command was carried out more than once."""
    LOST = "lost"
    """A command was accepted and nothing came of it."""
    ESCAPED = "escaped"
    """A unit was placed that nobody ordered there, or that no scanner had read."""
    GAP = "gap"
    """A number is missing in the sequence of the events."""
    ORDER = "order"
    """Events arrived in another order than that of their numbers."""
    MISSING = "missing"
    """Something happened and the OMS was not told."""
    WRONG = "wrong"
    """The OMS was told something that is not so."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: `text` is a plain sentence that names what is concerned."""

    kind: FindingKind
    text: str


@dataclass(slots=True)
class Findings:
    """Problems in the order in which they were found."""

    found: list[Finding] = field(default_factory=list)

    def add(self, kind: FindingKind, text: str) -> None:
        self.found.append(Finding(kind, text))

    def count(self, kind: FindingKind) -> int:
        return sum(finding.kind is kind for finding in self.found)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the label of a unit says. `gtin` has 14 digits, `expiry` is an ISO date."""

    gtin: str
    lot: str | None = None
    serial: str | None = None
    expiry: str | None = None

    @staticmethod
    def of(facts: Mapping[str, Any]) -> "Identity":
        """From a ledger line or from the data of an event. Raises KeyError without a `gtin`."""
        return Identity(gtin14(facts["gtin"]), facts.get("lot"), facts.get("serial"), facts.get("expiry"))

    def __str__(self) -> str:
        named = (("lot", self.lot), ("serial", self.serial), ("expiry", self.expiry))
        return " ".join([self.gtin, *(f"{name} {value}" for name, value in named if value)])


def gtin14(gtin: str) -> str:
    """A GTIN of any length as 14 digits (GS1 General Specifications, 3.3.2)."""
    return gtin.zfill(14)
