"""The stock: at every moment the OMS's record of each tote, kept from deltas, is what lies in the tote.

The record begins as the OMS had it, with the units that were never there. A unit in a gripper counts as in
its tote until it is placed; so the record may lag by what is in one gripper, and by nothing else. What nobody
has looked for yet may be missing; once the OMS is told that a tote was found short, its record must be right.
"""

from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import TypeAlias

from simulators.audit_findings import FindingKind, Findings, gtin14
from simulators.audit_oms import OmsLedger, Told
from simulators.audit_records import Grip, UnitRecord
from simulators.audit_world import WorldBook

Shelf: TypeAlias = tuple[str, str]
"""A tote and a GTIN."""


@dataclass(frozen=True, slots=True)
class StockCounts:
    """How the OMS's stock record stood."""

    compared: int
    """Moments at which it was compared with the world: each placed unit and each `inventory_changed`."""
    found_short: int
    """Times that the OMS was told of a tote with fewer units than it had on record."""
    behind: int
    """Units on record at the end that are not there, in totes where nobody has looked for them yet."""


def check_stock(oms: OmsLedger, world: WorldBook, doubts: Counter[Shelf], findings: Findings) -> StockCounts:
    """Play both ledgers forward together and compare after every step.

    `doubts` are units by order container and GTIN of which the OMS was told that nobody knows where they are:
    the shelves of their items are not compared.
    """
    contested = [grip.unit for grip in world.placed if grip.contested]
    doubtful = {gtin for _, gtin in doubts} | {
        said.gtin for unit in contested for said in (unit.really, unit.labelled)
    }
    record = _Record(world, doubtful, findings)
    steps: list[tuple[float, int, Grip | Told]] = [(one.ended_t or 0.0, 0, one) for one in world.placed]
    steps += [(one.decided_t, one.sequence, one) for one in oms.told if one.name == "inventory_changed"]
    for _, _, what in sorted(steps, key=lambda step: step[:2]):
        if isinstance(what, Grip):
            record.placed(what)
        else:
            record.told(what)
    record.close()
    return StockCounts(len(steps), record.found_short, sum(record.unseen.values()))


class _Record:
    """The OMS's record and what is really there, shelf by shelf."""

    def __init__(self, world: WorldBook, doubtful: Set[str], findings: Findings) -> None:
        self.found_short = 0
        self.unseen = Counter(world.absent)
        """Units on record that were never there and that nobody has looked for yet."""
        self._findings = findings
        self._doubtful = doubtful
        self._there: Counter[Shelf] = Counter()
        self._passed_over: set[Shelf] = set(world.denied)
        """Shelves where no count is right: a unit on them passes as another item, or a person has said that
        there is none. And those found wrong."""
        self._uncertain: set[str] = set()
        """Totes out of which a person has said that a unit is lost."""
        for unit, tote in _at_start(world):
            self._there[tote, unit.identity.gtin] += 1
            if unit.hidden:
                self._passed_over |= {(tote, unit.really.gtin), (tote, unit.identity.gtin)}
        self._on_record = self._there + self.unseen

    def placed(self, grip: Grip) -> None:
        """A unit has left its tote for good; the OMS may hear of it until the next one does."""
        shelf = grip.tote, grip.unit.identity.gtin
        self._there[shelf] -= 1
        self._compare(shelf, 1, f"after unit {grip.unit.unit} was placed")

    def told(self, event: Told) -> None:
        """The OMS changes its record."""
        data = event.data
        if data["reason"] == "lost":  # a person's word; what lay where before and after it nobody can tell
            self._uncertain.add(data["container"])
            return
        shelf = data["container"], gtin14(data["gtin"])
        if data["reason"] == "found_short":
            self.found_short += 1
            self.unseen[shelf] = 0
            self._on_record[shelf] = data["counted"]
        else:
            self._on_record[shelf] += data["delta"]
        self._compare(shelf, 0, f"after {event}")

    def close(self) -> None:
        for shelf in sorted(self._on_record.keys() | self._there.keys()):
            self._compare(shelf, 0, "at the end")

    def _compare(self, shelf: Shelf, behind: int, when: str) -> None:
        tote, gtin = shelf
        on_record = self._on_record[shelf] - self.unseen[shelf]
        if shelf in self._passed_over or gtin in self._doubtful or tote in self._uncertain:
            return
        if not 0 <= on_record - self._there[shelf] <= behind:
            self._passed_over.add(shelf)
            differs = f"{on_record} of {gtin} in {tote} on record; {self._there[shelf]} are there"
            self._findings.add(FindingKind.WRONG, f"{when} the OMS has {differs}")


def _at_start(world: WorldBook) -> Iterator[tuple[UnitRecord, str]]:
    """Every unit of the stock and the load that it lay in at the start; of the strays those that were placed.

    A stray that stays in its tote is in no record, and nobody looks for it.
    """
    first: dict[str, str] = {}
    for grip in world.grips:
        first.setdefault(grip.unit.unit, grip.tote)
    placed = {grip.unit.unit for grip in world.placed}
    for unit in world.units.values():
        if unit.stray and unit.unit not in placed:
            continue
        yield unit, first.get(unit.unit, unit.place)
