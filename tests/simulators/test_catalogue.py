"""The stock: repeatable, labelled as real goods are, and spread so that every item has a second source."""

import re
from collections import Counter

import pytest
from biip.gs1_messages import GS1Message
from biip.gtin import Gtin as BiipGtin
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from simulators.catalogue import GS, Stock, Symbology, Unit, build_stock, with_check_digit
from tests.simulators.floor import small_site


def sized(totes: int, skus: int) -> Site:
    return small_site(simulation={"totes": totes, "skus": skus, "units_per_sku_in_tote": 2})


def of_kind(stock: Stock, symbology: Symbology) -> Unit:
    return next(unit for unit in stock.units if stock.by_sku[unit.sku].symbology is symbology)


def test_the_same_seed_gives_the_same_stock(site: Site) -> None:
    assert build_stock(site, 7) == build_stock(site, 7)


def test_another_seed_gives_another_stock(site: Site) -> None:
    assert build_stock(site, 7).units != build_stock(site, 8).units


def test_a_check_digit_is_the_one_of_the_published_example() -> None:
    assert with_check_digit("0629104150021") == "06291041500213"  # GS1 General Specifications, 7.9.1


def test_every_gtin_is_valid_and_some_are_true_gtin_14() -> None:
    gtins = [sku.gtin for sku in build_stock(sized(40, 48), 1).skus]
    assert len(set(gtins)) == 48
    for gtin in gtins:
        BiipGtin.parse(gtin)
    assert {gtin[0] == "0" for gtin in gtins} == {True, False}


def test_an_ean_13_label_is_the_gtin_without_its_leading_zero(stock: Stock) -> None:
    unit = of_kind(stock, Symbology.EAN_13)
    assert unit.barcode == b"]E0" + unit.gtin[1:].encode()
    assert unit.gtin.startswith("0")
    assert (unit.lot, unit.expiry, unit.serial) == (None, None, None)


def test_a_gs1_128_label_holds_gtin_expiry_and_lot(stock: Stock) -> None:
    unit = of_kind(stock, Symbology.GS1_128)
    message = GS1Message.parse(unit.barcode.removeprefix(b"]C1").decode())
    assert [element.ai.ai for element in message.element_strings] == ["01", "17", "10"]
    assert [element.value for element in message.element_strings][::2] == [unit.gtin, unit.lot]
    assert message.element_strings[1].date == unit.expiry


def test_a_datamatrix_label_separates_its_lot_from_its_serial(stock: Stock) -> None:
    unit = of_kind(stock, Symbology.GS1_DATAMATRIX)
    message = GS1Message.parse(unit.barcode.removeprefix(b"]d2").decode())
    values = {element.ai.ai: element.value for element in message.element_strings}
    assert (values["01"], values["10"], values["21"]) == (unit.gtin, unit.lot, unit.serial)
    assert unit.barcode.count(GS.encode()) == 1


def test_serial_numbers_are_unique(stock: Stock) -> None:
    serials = [unit.serial for unit in stock.units if unit.serial]
    assert serials
    assert len(set(serials)) == len(serials)


def test_each_tote_has_a_label_and_a_location_of_its_own_that_a_crane_reaches(
    site: Site, stock: Stock
) -> None:
    assert len({tote.location for tote in stock.totes}) == len({tote.lpn for tote in stock.totes}) == 6
    for tote in stock.totes:
        assert re.fullmatch(site.labels.tote, tote.lpn)
        assert re.fullmatch(site.labels.location, tote.location)
        assert site.storage_of(tote.location) == "asrs-1"


def test_the_look_ups_agree_with_the_units(stock: Stock) -> None:
    counted = Counter((unit.tote, unit.sku) for unit in stock.units)
    assert counted == {
        (tote, sku): len(units) for tote, content in stock.in_tote.items() for sku, units in content.items()
    }
    assert counted == {
        (tote, sku): count for sku, totes in stock.totes_with.items() for tote, count in totes.items()
    }


@given(totes=st.integers(2, 30), skus=st.integers(2, 45), seed=st.integers())
def test_each_item_lies_in_two_totes_or_more_and_each_tote_holds_two_or_three(
    totes: int, skus: int, seed: int
) -> None:
    if 2 * skus > min(3, skus) * totes:
        with pytest.raises(ConfigurationError, match="take fewer SKUs or more totes"):
            build_stock(sized(totes, skus), seed)
        return
    stock = build_stock(sized(totes, skus), seed)
    assert min(len(found) for found in stock.totes_with.values()) >= 2
    assert {len(content) for content in stock.in_tote.values()} <= {2, 3}


def test_more_totes_than_locations_is_an_error() -> None:
    one = {"asrs-1": {"locations": ["A01-01-01"], "outfeed": "out", "infeed": "in"}}
    with pytest.raises(ConfigurationError, match="6 totes, but the storage has 1 locations"):
        build_stock(small_site(storage=one), 1)
