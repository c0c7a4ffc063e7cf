"""Faults strike as often as the mix says, at the same moments for the same seed, and where nobody looks."""

import pytest

from edge_agent.errors import ConfigurationError
from simulators.catalogue import build_stock
from simulators.faults import LEFT_OVER, MIXES, Fault, FaultMix, FaultSource
from tests.simulators.floor import small_site

HALF = FaultMix("half", {Fault.NO_READ: 0.5, Fault.WRONG_ITEM: 0.5})


def draws(source: FaultSource, fault: Fault, subject: str, count: int = 200) -> list[bool]:
    return [source.strikes(fault, subject) for _ in range(count)]


def test_the_same_seed_strikes_at_the_same_moments() -> None:
    assert draws(FaultSource(HALF, 7), Fault.NO_READ, "s1") == draws(
        FaultSource(HALF, 7), Fault.NO_READ, "s1"
    )
    assert draws(FaultSource(HALF, 7), Fault.NO_READ, "s1") != draws(
        FaultSource(HALF, 8), Fault.NO_READ, "s1"
    )


def test_devices_and_faults_do_not_disturb_each_other() -> None:
    alone = draws(FaultSource(HALF, 7), Fault.NO_READ, "s1", 50)
    busy = FaultSource(HALF, 7)
    mixed = []
    for _ in range(50):
        busy.strikes(Fault.NO_READ, "s2")
        mixed.append(busy.strikes(Fault.NO_READ, "s1"))
        busy.strikes(Fault.WRONG_ITEM, "s1")
    assert mixed == alone


@pytest.mark.parametrize(("name", "rate"), [("none", 0.0), ("typical", 0.03), ("harsh", 0.10)])
def test_a_mix_strikes_about_as_often_as_it_says(name: str, rate: float) -> None:
    struck = sum(draws(FaultSource(FaultMix.named(name), 1), Fault.NO_READ, "s1", 5000))
    assert struck == pytest.approx(5000 * rate, abs=60)


def test_an_unknown_mix_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="no mix 'evil'; choose one of none, typical, harsh"):
        FaultMix.named("evil")


def test_every_rate_of_every_mix_is_a_probability() -> None:
    assert {mix.name for mix in MIXES.values()} == {"none", "typical", "harsh"}
    assert all(0 <= rate <= 1 for mix in MIXES.values() for rate in mix.rates.values())


def test_missing_units_leave_so_few_that_a_line_runs_into_it() -> None:
    stock = build_stock(small_site(), 1)
    absent = list(FaultSource(FaultMix("all", {Fault.ITEM_MISSING: 1.0}), 1).absent_units(stock))
    assert len(absent) == sum(len(content) for content in stock.in_tote.values())
    for units in absent:
        held = stock.in_tote[units[0].tote][units[0].sku]
        assert {unit.sku for unit in units} == {units[0].sku}
        assert 0 <= len(held) - len(units) <= min(LEFT_OVER, len(held) - 1)


def test_without_the_fault_nothing_is_missing() -> None:
    stock = build_stock(small_site(), 1)
    assert list(FaultSource(MIXES["none"], 1).absent_units(stock)) == []
