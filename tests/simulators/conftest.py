"""Fixtures of the simulators' tests."""

import pytest

from drivers.profile import Profile
from edge_agent.domain.site import Site
from simulators.catalogue import Stock, build_stock
from simulators.world import World
from tests.simulators.floor import Notes, shipped_profiles, small_site


@pytest.fixture(scope="session")
def profiles() -> dict[str, Profile]:
    return shipped_profiles()


@pytest.fixture(scope="session")
def site() -> Site:
    return small_site()


@pytest.fixture(scope="session")
def stock(site: Site) -> Stock:
    return build_stock(site, seed=1)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def world(site: Site, stock: Stock, notes: Notes) -> World:
    return World(site, stock.totes, stock.units, notes)
