"""The simulated item master: a catalogue file that the agent takes, with weights that fit the units."""

from pathlib import Path

from edge_agent.settings.catalogue import load_catalogue
from simulators.catalogue import WEIGHT_SPREAD, Stock
from simulators.item_master import tells_apart, write_catalogue


def test_the_agent_takes_it_and_finds_every_item_in_it(stock: Stock, tmp_path: Path) -> None:
    write_catalogue(stock, tmp_path / "catalogue.yaml")
    catalogue = load_catalogue(tmp_path / "catalogue.yaml")
    assert {item.gtin for item in catalogue.items} == {sku.gtin for sku in stock.skus}


def test_no_unit_is_taken_for_another_item_by_its_own_weight(stock: Stock) -> None:
    assert not [unit for unit in stock.units if tells_apart(unit.weight_g, unit.item_weight_g)]


def test_units_of_one_item_weigh_a_little_differently(stock: Stock) -> None:
    off = [unit.weight_g / unit.item_weight_g - 1 for unit in stock.units if unit.item_weight_g > 500]
    assert WEIGHT_SPREAD / 2 < max(map(abs, off)) <= WEIGHT_SPREAD + 0.001


def test_an_item_that_weighs_the_same_is_not_told_apart() -> None:
    assert not tells_apart(1019, 1000)
    assert tells_apart(1021, 1000)
    assert not tells_apart(43, 40)
