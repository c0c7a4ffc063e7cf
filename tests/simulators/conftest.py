"""Fixtures of the simulators' tests."""

import pytest

from drivers.profile import Profile
from edge_agent.domain.site import Site
from simulators.catalogue import Stock, build_stock
from simulators.faults import AnyFault
from simulators.world import World
from tests.simulators.bench import Bench, MakeBench
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


@pytest.fixture
def bench(site: Site, world: World, profiles: dict[str, Profile], notes: Notes) -> MakeBench:
    """`bench("asrs-1", fault, ...)`: a machine of the small site with faults armed."""

    def make(device: str, *armed: AnyFault) -> Bench:
        return Bench(device, site, world, profiles, notes, armed)

    return make
