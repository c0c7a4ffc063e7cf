"""The stock of the simulated warehouse: what the stock record says lies where.

The same site and seed give the same stock in every process, so the world and the OMS agree without talking.
What is really there may differ: see `simulators.faults`.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property

from edge_agent.domain.ids import Gtin, LocationId, Lpn
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from simulators.labels import label, locations

GS = "\x1d"
"""Ends a GS1 element of variable length when another follows (GS1 General Specifications, 7.8)."""
COMPANY_PREFIX = "952"
"""GS1's prefix for examples: no real article has it."""
FIRST_EXPIRY = date(2030, 1, 1)
EXPIRY_SPREAD_DAYS = 700
WEIGHT_SPREAD = 0.01
"""How far a unit's weight strays from that of its item, either way."""
EXPIRY_MIN = date(2029, 6, 1)
DEMANDING = 0.5
"""How often the lines for an article ask for a lot, a last day or a serial number, each where it has one."""

COLOURS = ("BLUE", "RED", "GREEN", "WHITE", "BLACK", "GREY")
ARTICLES = (
    "MUG",
    "LAMP",
    "TOWEL",
    "BOTTLE",
    "CABLE",
    "GLOVE",
    "SOAP",
    "FILTER",
    "BRUSH",
    "VALVE",
    "BATTERY",
    "TAPE",
)


class Symbology(StrEnum):
    """How an article is labelled. The value is the AIM symbology identifier (ISO/IEC 15424)."""

    EAN_13 = "]E0"
    """The GTIN alone, 13 digits."""
    GS1_128 = "]C1"
    """GTIN, expiry date and lot."""
    GS1_DATAMATRIX = "]d2"
    """GTIN, expiry date, lot and serial number."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What every line for an article asks for beside the item; all that is in stock by the record has it."""

    lot: str | None = None
    """This lot."""
    expiry_min: date | None = None
    """A last day that is this one or later."""
    serial: bool = False
    """A serial number is to be told of each unit."""


@dataclass(frozen=True, slots=True)
class Sku:
    """One article. All its units carry the same kind of label."""

    sku: str
    gtin: Gtin
    symbology: Symbology
    weight_g: int
    """As the item master has it; the units stray from it by up to `WEIGHT_SPREAD`."""
    demands: Demands = Demands()


@dataclass(frozen=True, slots=True)
class Tote:
    """A storage container and its home location."""

    lpn: Lpn
    location: LocationId


@dataclass(frozen=True, slots=True)
class Unit:
    """One piece of an article. `barcode` is its label as a scanner sends it, AIM identifier first."""

    unit_id: str
    sku: str
    gtin: Gtin
    weight_g: int
    """Of this very unit."""
    item_weight_g: int
    """As the item master has it."""
    lot: str | None
    expiry: date | None
    serial: str | None
    barcode: bytes
    tote: Lpn
    demands: Demands = Demands()
    second_barcode: bytes = b""
    """An older label that was left on it."""
    stray: bool = False
    """No stock record knows of it: see `simulators.mistakes`."""

    @property
    def wears_its_own_label(self) -> bool:
        """Its label names its item."""
        return self.gtin[1:].encode() in self.barcode


@dataclass(frozen=True)
class Stock:
    """What lies where. Ordered: the same seed gives the same order."""

    skus: tuple[Sku, ...]
    totes: tuple[Tote, ...]
    units: tuple[Unit, ...]

    @cached_property
    def by_sku(self) -> Mapping[str, Sku]:
        return {sku.sku: sku for sku in self.skus}

    @cached_property
    def by_tote(self) -> Mapping[Lpn, Tote]:
        return {tote.lpn: tote for tote in self.totes}

    @cached_property
    def in_tote(self) -> Mapping[Lpn, Mapping[str, Sequence[Unit]]]:
        """The units in each tote by SKU."""
        content: dict[Lpn, dict[str, list[Unit]]] = {tote.lpn: {} for tote in self.totes}
        for unit in self.units:
            content[unit.tote].setdefault(unit.sku, []).append(unit)
        return content

    @cached_property
    def totes_with(self) -> Mapping[str, Mapping[Lpn, int]]:
        """For each SKU the totes that hold it, and how many units each."""
        found: dict[str, dict[Lpn, int]] = {sku.sku: {} for sku in self.skus}
        for tote, content in self.in_tote.items():
            for sku, units in content.items():
                found[sku][tote] = len(units)
        return found


def build_stock(site: Site, seed: int) -> Stock:
    """Lay out the stock of a site.

    Raises `ConfigurationError` when the storage has too few locations for the totes, when there are too few
    totes for every SKU to lie in two of them, or when a label pattern cannot be followed.
    """
    chance = random.Random(f"{seed}/stock")
    skus = _skus(site.simulation.skus, chance, seed)
    totes = _totes(site, chance)
    weights = random.Random(f"{seed}/weights")
    units: list[Unit] = []
    for tote, content in zip(totes, _contents(skus, len(totes), chance), strict=True):
        for sku in content:
            count = site.simulation.units_per_sku_in_tote
            units += _units(sku, tote.lpn, count, len(units), chance, weights)
    return Stock(skus, totes, tuple(units))


def with_check_digit(body: str) -> Gtin:
    """Thirteen digits and their check digit (GS1 General Specifications, 7.9.1)."""
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(body))
    return Gtin(body + str(-total % 10))


def _skus(count: int, chance: random.Random, seed: int) -> tuple[Sku, ...]:
    made = []
    for number in range(count):
        symbology = tuple(Symbology)[number % len(Symbology)]
        # An EAN-13 has no room for a packaging indicator; of the others every second one is a real GTIN-14.
        indicator = 0 if symbology is Symbology.EAN_13 or number % 2 else chance.randint(1, 8)
        gtin = with_check_digit(f"{indicator}{COMPANY_PREFIX}{number + 1:09}")
        article, colour = ARTICLES[number % len(ARTICLES)], COLOURS[number // len(ARTICLES) % len(COLOURS)]
        sku = f"{article}-{colour}-{number + 1:03}"
        demands = _demands(symbology, random.Random(f"{seed}/demands/{sku}"))
        made.append(Sku(sku, gtin, symbology, chance.randint(40, 2000), demands))
    return tuple(made)


def _demands(symbology: Symbology, chance: random.Random) -> Demands:
    lot, dated, serial = (chance.random() < DEMANDING for _ in range(3))
    number = chance.randrange(10**5)
    if symbology is Symbology.EAN_13:
        return Demands()
    return Demands(
        lot=f"L{number:05}" if lot else None,
        expiry_min=EXPIRY_MIN if dated else None,
        serial=serial and symbology is Symbology.GS1_DATAMATRIX,
    )


def _totes(site: Site, chance: random.Random) -> tuple[Tote, ...]:
    reachable = [
        location
        for storage in site.storage.values()
        for shell in storage.locations
        for location in locations(site.labels.location, shell)
    ]
    places = list(dict.fromkeys(reachable))
    count = site.simulation.totes
    if count > len(places):
        raise ConfigurationError(
            f"simulation.totes: {count} totes, but the storage has {len(places)} locations; take fewer totes"
        )
    chosen = sorted(chance.sample(places, count))
    return tuple(
        Tote(Lpn(label(site.labels.tote, number)), LocationId(place))
        for number, place in enumerate(chosen, start=1)
    )


def _contents(skus: Sequence[Sku], totes: int, chance: random.Random) -> list[tuple[Sku, ...]]:
    """The two or three SKUs in each tote, dealt round and round so that each comes up at least twice."""
    most = min(3, len(skus))
    if 2 * len(skus) > most * totes:
        raise ConfigurationError(
            f"simulation.skus: {len(skus)} SKUs in two totes each need {-(-2 * len(skus) // most)} totes, "
            f"there are {totes}; take fewer SKUs or more totes"
        )
    sizes = [chance.randint(2, most) for _ in range(totes)]
    for tote in range(totes):
        if sum(sizes) >= 2 * len(skus):
            break
        sizes[tote] = most
    dealt = iter(chance.sample(skus, len(skus)) * (sum(sizes) // len(skus) + 1))
    return [tuple(next(dealt) for _ in range(size)) for size in sizes]


def _units(
    sku: Sku, tote: Lpn, count: int, first: int, chance: random.Random, weights: random.Random
) -> list[Unit]:
    """Units of one SKU in one tote: one lot, serial numbers of their own."""
    plain = sku.symbology is Symbology.EAN_13
    lot = None if plain else f"L{chance.randrange(10**5):05}"
    lot = sku.demands.lot or lot
    expiry = None if plain else FIRST_EXPIRY + timedelta(days=chance.randrange(EXPIRY_SPREAD_DAYS))
    made = []
    for number in range(first + 1, first + count + 1):
        serial = f"S{number:08}" if sku.symbology is Symbology.GS1_DATAMATRIX else None
        weight_g = round(sku.weight_g * weights.uniform(1 - WEIGHT_SPREAD, 1 + WEIGHT_SPREAD))
        made.append(
            Unit(
                f"U{number:06}",
                sku.sku,
                sku.gtin,
                weight_g,
                sku.weight_g,
                lot,
                expiry,
                serial,
                barcode(sku.symbology, sku.gtin, lot, expiry, serial),
                tote,
                sku.demands,
            )
        )
    return made


def barcode(
    symbology: Symbology,
    gtin: Gtin,
    lot: str | None,
    expiry: date | None,
    serial: str | None,
    *,
    separator: str = GS,
) -> bytes:
    """A label as a scanner sends it, AIM identifier first."""
    if symbology is Symbology.EAN_13:
        return f"{symbology}{gtin[1:]}".encode()
    elements = f"01{gtin}"
    if expiry is not None:
        elements += f"17{expiry:%y%m%d}"
    if lot is not None:
        elements += f"10{lot}"
    if serial is not None:
        elements += f"{separator}21{serial}"
    return f"{symbology}{elements}".encode()
