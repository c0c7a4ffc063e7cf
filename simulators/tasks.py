"""Seeded pick tasks for a site's stock, as an order management system would send them.

What they ask for is there by the stock record: no task of a set asks for more than the others leave. Whether
it is really there is another matter (`simulators.faults`).
"""

import random
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from edge_agent.domain.ids import Lpn
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from simulators.catalogue import Sku, Stock, build_stock
from simulators.labels import label

Task = dict[str, Any]

LINES = ((1, 30), (2, 45), (3, 20), (4, 5))
"""How many lines a task has, and how likely: two on average."""
QUANTITIES = ((1, 40), (2, 30), (3, 20), (4, 10))
"""How many units a line asks for, and how likely: two on average."""
PRIORITIES = ((50, 70), (80, 20), (20, 10))
SHARED_TOTE = 0.3
"""How often a further line asks for an item in a tote that the task needs anyway, where there is one."""
WITH_SHIP_BY = 0.3
SHIP_BY_H = 12
SOURCES = ((1, 25), (2, 35), (3, 40))
"""How many ranked sources a line has, and how likely; more where the quantity takes more."""


@dataclass(slots=True)
class _Record:
    """The stock record, less what has been asked for. Units are reserved tote by tote, best first."""

    stock: Stock
    available: dict[tuple[Lpn, str], int]

    def ranked(self, sku: str, used: Set[Lpn]) -> list[Lpn]:
        """Totes that still have units of an item to give: those in use first, then the fullest."""
        left = [tote for tote in self.stock.totes_with[sku] if self.available[tote, sku]]
        return sorted(left, key=lambda tote: (tote not in used, -self.available[tote, sku]))

    def in_tote(self, tote: Lpn) -> set[str]:
        """The items of which a tote still has units to give."""
        return {sku for sku in self.stock.in_tote[tote] if self.available[tote, sku]}

    def in_stock(self, sku: str) -> int:
        return sum(self.available[tote, sku] for tote in self.stock.totes_with[sku])

    def reserve(self, sku: str, quantity: int, totes: Sequence[Lpn]) -> None:
        for tote in totes:
            taken = min(quantity, self.available[tote, sku])
            self.available[tote, sku] -= taken
            quantity -= taken


def build_tasks(site: Site, seed: int, count: int, *, now: datetime) -> list[Task]:
    """Make `count` pick tasks (contract, "Pick task"), about two lines and four units each.

    `now` is zone-aware and only moves the ship-by times. Raises `ConfigurationError` when the stock record
    does not hold enough for them, and as `build_stock` does.
    """
    stock = build_stock(site, seed)
    chance = random.Random(f"{seed}/tasks")
    available = {
        (tote, sku): len(units) for tote, content in stock.in_tote.items() for sku, units in content.items()
    }
    record = _Record(stock, available)
    return [_task(site, record, number, chance, now) for number in range(1, count + 1)]


def _task(site: Site, record: _Record, number: int, chance: random.Random, now: datetime) -> Task:
    hours = chance.uniform(1, SHIP_BY_H)
    with_ship_by = chance.random() < WITH_SHIP_BY
    return {
        "task_id": f"T-{number:05}",
        "revision": 1,
        "order_id": f"SO-{number:05}",
        "source": {"platform": "generic", "account": "simulated"},
        "priority": _draw(PRIORITIES, chance),
        "ship_by": (now + timedelta(hours=hours)).isoformat(timespec="seconds") if with_ship_by else None,
        "not_before": None,
        "destination": {
            "container_id": label(site.labels.container, number),
            "lane": chance.choice(list(site.lanes)),
        },
        "policy": {"allow_partial": True, "verify": "each"},
        "lines": _lines(record, number, chance),
    }


def _lines(record: _Record, number: int, chance: random.Random) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    used: set[Lpn] = set()
    for place in range(1, _draw(LINES, chance) + 1):
        asked = {line["sku"] for line in lines}
        candidates = [
            sku.sku for sku in record.stock.skus if sku.sku not in asked and record.in_stock(sku.sku)
        ]
        if not candidates:
            break
        sku = record.stock.by_sku[_choose(record, candidates, used, chance)]
        lines.append(_line(record, sku, str(place), used, chance))
        used.add(lines[-1]["sources"][0]["container_id"])
    if not lines:
        raise ConfigurationError(
            f"tasks: the stock is used up at task {number}; ask for fewer tasks or raise "
            "simulation.units_per_sku_in_tote"
        )
    return lines


def _choose(record: _Record, candidates: list[str], used: Set[Lpn], chance: random.Random) -> str:
    """Any item in stock; now and then one that lies in a tote which the task needs anyway."""
    if used and chance.random() < SHARED_TOTE:
        at_hand = set().union(*(record.in_tote(tote) for tote in used))
        candidates = [sku for sku in candidates if sku in at_hand] or candidates
    return chance.choice(candidates)


def _line(record: _Record, sku: Sku, line_id: str, used: Set[Lpn], chance: random.Random) -> dict[str, Any]:
    quantity = min(_draw(QUANTITIES, chance), record.in_stock(sku.sku))
    totes = _enough(record, sku.sku, quantity, record.ranked(sku.sku, used), _draw(SOURCES, chance))
    sources = [
        {
            "location": record.stock.by_tote[tote].location,
            "container_id": tote,
            "quantity_available": record.available[tote, sku.sku],
            "rank": rank,
        }
        for rank, tote in enumerate(totes, start=1)
    ]
    record.reserve(sku.sku, quantity, totes)
    return {
        "line_id": line_id,
        "sku": sku.sku,
        "gtin": _as_printed(sku.gtin, chance),
        "quantity": quantity,
        "uom": "each",
        "lot": sku.demands.lot,
        "expiry_min": sku.demands.expiry_min and sku.demands.expiry_min.isoformat(),
        "serials": None,
        "serial_capture": sku.demands.serial,
        "sources": sources,
    }


def _enough(record: _Record, sku: str, quantity: int, ranked: list[Lpn], count: int) -> list[Lpn]:
    """The `count` best totes, or as many as the quantity takes."""
    totals = list(accumulate(record.available[tote, sku] for tote in ranked))
    needed = next(totes for totes, total in enumerate(totals, start=1) if total >= quantity)
    return ranked[: max(needed, count)]


def _as_printed(gtin: str, chance: random.Random) -> str:
    """Order systems write one and the same GTIN with 13 or 14 digits."""
    return gtin[1:] if gtin.startswith("0") and chance.random() < 0.5 else gtin


def _draw(weighted: Sequence[tuple[int, int]], chance: random.Random) -> int:
    values, weights = zip(*weighted, strict=True)
    return int(chance.choices(values, weights)[0])
