"""The item master: what is known of an item beyond what one order says of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from edge_agent.domain.ids import Gtin
from edge_agent.domain.task import Line


class Need(StrEnum):
    """What every code of an item must say."""

    LOT = "lot"
    EXPIRY = "expiry"
    SERIAL = "serial"


@dataclass(frozen=True, slots=True)
class Weight:
    """A weight that is right when it lies within the tolerance, both in grams."""

    weight_g: float
    tolerance_g: float

    def plus(self, other: Self) -> "Weight":
        """Both on one scale; their tolerances add up."""
        return Weight(self.weight_g + other.weight_g, self.tolerance_g + other.tolerance_g)

    def times(self, count: int) -> "Weight":
        """So many of them; each may be off the same way."""
        return Weight(self.weight_g * count, self.tolerance_g * count)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the item master. A pack's GTIN names the same item, so many units at a time."""

    gtin: Gtin
    """The GTIN of one unit."""
    sku: str
    packs: Mapping[Gtin, int] = field(default_factory=dict)
    """GTIN of a pack -> how many units it holds, whatever stands between them."""
    needs: frozenset[Need] = frozenset()
    minimum_shelf_life_days: int = 0
    """The last day must be so many days ahead."""
    weight: Weight | None = None
    """Of one unit."""

    @property
    def codes(self) -> Mapping[Gtin, int]:
        """Every GTIN of the item -> how many units it stands for."""
        return {self.gtin: 1, **self.packs}

    @classmethod
    def of_line(cls, line: Line) -> Self:
        """What a task's line alone tells of its item."""
        asked = {
            Need.LOT: line.lot is not None,
            Need.EXPIRY: line.expiry_min is not None,
            Need.SERIAL: line.serial_capture or line.serials is not None,
        }
        return cls(line.gtin, line.sku, needs=frozenset(need for need, wanted in asked.items() if wanted))


@dataclass(frozen=True)
class Catalogue:
    """The items of a site at one revision; a higher revision replaces the whole.

    Raises `ValueError` where one GTIN would stand for two items.
    """

    revision: int = 0
    """0: no catalogue was given, the tasks' lines are all there is."""
    items: tuple[Item, ...] = ()
    by_code: Mapping[Gtin, Item] = field(init=False, repr=False, compare=False)
    """Every GTIN, of units and of packs -> its item."""

    def __post_init__(self) -> None:
        found: dict[Gtin, Item] = {}
        for item in self.items:
            for gtin in (item.gtin, *item.packs):
                if gtin in found:
                    raise ValueError(f"GTIN {gtin} stands for {found[gtin].sku} and for {item.sku}")
                found[gtin] = item
        object.__setattr__(self, "by_code", found)

    def __contains__(self, gtin: object) -> bool:
        return gtin in self.by_code

    def item_of(self, line: Line) -> Item:
        """The item of a line: the catalogue's, else what the line alone tells."""
        return self.by_code.get(line.gtin) or Item.of_line(line)

    @classmethod
    def of_lines(cls, lines: Iterable[Line]) -> Self:
        """What the tasks' lines alone tell, the first line of each GTIN."""
        items: dict[Gtin, Item] = {}
        for line in lines:
            items.setdefault(line.gtin, Item.of_line(line))
        return cls(items=tuple(items.values()))
