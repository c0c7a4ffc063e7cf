"""The item master of a simulated site, its items' weights and packs, as the agent's catalogue file."""

import json
from pathlib import Path
from typing import Any

from simulators.catalogue import Stock
from simulators.mistakes import PACK_OF, pack_gtin

TOLERANCE = 0.02
"""Of an item's weight; twice as much as its units stray."""
LEAST_TOLERANCE_G = 3.0


def tolerance_g(item_weight_g: float) -> float:
    """How far a unit of an item may be off."""
    return max(LEAST_TOLERANCE_G, TOLERANCE * item_weight_g)


def tells_apart(weight_g: float, item_weight_g: float, blur_g: float = 0.0) -> bool:
    """Whether a weight is surely not that of one unit of an item, where the scale may be off by `blur_g`."""
    return abs(weight_g - item_weight_g) > tolerance_g(item_weight_g) + blur_g


def write_catalogue(stock: Stock, file: Path) -> None:
    """Write the catalogue file of a stock's items. JSON is YAML too."""
    items: list[dict[str, Any]] = [
        {
            "gtin": sku.gtin,
            "sku": sku.sku,
            "packs": [{"gtin": pack_gtin(sku.gtin), "units": PACK_OF}],
            "weight_g": sku.weight_g,
            "weight_tolerance_g": tolerance_g(sku.weight_g),
        }
        for sku in stock.skus
    ]
    file.write_text(json.dumps({"revision": 1, "items": items}, indent=1) + "\n", "utf-8")
