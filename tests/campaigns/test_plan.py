"""The mixed campaign's plan: by seed, and with everything in it."""

from itertools import islice

import pytest

from edge_agent.domain.site import Site
from edge_agent.site_file import load
from simulators.campaigns.disturbances import (
    LINK_FAULTS,
    OUTAGES_S,
    DeviceRestarted,
    Disturbance,
    FaultArmed,
    plan,
)
from simulators.demo.scene import Scene
from simulators.faults.catalogue import CATALOGUE
from tests.e2e.scenes import DEMO

DECKS = 10


@pytest.fixture(scope="module")
def site() -> Site:
    return load(DEMO, {})[0]


async def no_life(_: Scene) -> None:
    raise AssertionError("nothing is played here")


def drawn(site: Site, seed: int, count: int = 200) -> list[Disturbance]:
    return list(islice(plan(site, seed, no_life), count))


def test_the_same_seed_gives_the_same_plan_and_another_one_another(site: Site) -> None:
    assert drawn(site, 1) == drawn(site, 1) != drawn(site, 2)


def test_every_deck_holds_kills_of_agent_and_broker_restarts_and_faults(site: Site) -> None:
    names = {one.name for one in drawn(site, 1, 18)}
    assert names >= {
        "agent killed",
        "agent stopped and started",
        "broker killed",
        "broker killed, memory lost",
        "broker stopped and started",
        "device restarted",
        "device restarted, memory lost",
    }
    assert any(name.startswith("fault armed: ") for name in names)


def test_every_link_fault_comes_up(site: Site) -> None:
    armed = {one.fault for one in drawn(site, 1) if isinstance(one, FaultArmed)}
    assert armed == {fault for fault, _ in LINK_FAULTS}


@pytest.mark.parametrize(("fault", "details"), LINK_FAULTS)
def test_every_link_fault_can_be_armed_as_it_is_written(fault: str, details: dict[str, object]) -> None:
    CATALOGUE[fault].model_validate({"fault": fault, **details})


def test_devices_are_machines_of_the_site_and_outages_within_their_bounds(site: Site) -> None:
    restarts = [one for one in drawn(site, 1) if isinstance(one, DeviceRestarted)]
    machines = {"asrs-1", "asrs-2", "conveyor-1", "picker-1", "picker-2"}
    assert {one.device for one in restarts} == machines
    assert all(OUTAGES_S[0] <= one.down_s <= OUTAGES_S[1] for one in restarts)
