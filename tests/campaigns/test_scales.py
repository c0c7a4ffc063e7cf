"""Rounds on a site with scales, on virtual time: what no scan can see is caught, and the audit agrees."""

from collections.abc import Sequence

import pytest

from drivers.profile import Profile
from edge_agent.domain.site import Site
from edge_agent.rehearsal import RehearsedAgent
from edge_agent.resources import config_directory
from edge_agent.site_file import load
from simulators.campaigns.accuracy import Played, Rehearsal, play_round
from tests.simulators.bench import of

TASKS, SEED = 6, 4
WEIGHT_ONLY = ("over_pick", "swapped_label")


@pytest.fixture(scope="module")
def cell() -> tuple[Site, dict[str, Profile]]:
    site, profiles = load(config_directory() / "scales.yaml", {})
    return site, dict(profiles)


def with_some(site: Site, *scales: str) -> Site:
    """The site with these scales only."""
    station = site.stations["st1"]
    positions = [
        one.model_copy(update={"scale": one.scale if one.scale in scales else None})
        for one in station.put_positions
    ]
    changed = {"scale": station.scale if station.scale in scales else None, "put_positions": tuple(positions)}
    devices = {
        name: one for name, one in site.devices.items() if name in scales or not name.endswith("-scale")
    }
    stations = {"st1": station.model_copy(update=changed)}
    return site.model_copy(update={"stations": stations, "devices": devices})


def played(cell: tuple[Site, dict[str, Profile]], scales: Sequence[str], **armed: float) -> Played:
    site, profiles = cell
    faults = tuple(of(fault=fault, rate=rate) for fault, rate in armed.items())
    return play_round(Rehearsal(with_some(site, *scales), profiles, faults, RehearsedAgent), SEED, TASKS)


def test_the_scale_at_the_gripper_lets_nothing_through_and_stops_nobody(
    cell: tuple[Site, dict[str, Profile]],
) -> None:
    result = played(cell, ["item-scale"], over_pick=0.1, swapped_label=0.1, scale_garbage=0.1).audit
    assert result.problems == ()
    assert result.tasks.held == 0
    for kind in WEIGHT_ONLY:
        counts = result.mistakes[kind]
        assert (counts.escaped, set(counts.by_rule)) == (0, {"V18"})


def test_the_scales_below_the_containers_let_nothing_through_and_ask_a_person(
    cell: tuple[Site, dict[str, Profile]],
) -> None:
    play = played(cell, ["put-1-scale", "put-2-scale"], over_pick=0.1, swapped_label=0.1)
    result = play.audit
    assert result.problems == ()
    assert play.stops["weight_disagrees"] == result.verification.injected > 0
    for kind in WEIGHT_ONLY & result.mistakes.keys():
        counts = result.mistakes[kind]
        assert (counts.escaped, set(counts.by_rule)) == (0, {"V18"})


def test_scales_that_weigh_what_is_right_reject_and_stop_nothing(
    cell: tuple[Site, dict[str, Profile]],
) -> None:
    play = played(cell, ["item-scale", "put-1-scale", "put-2-scale"])
    assert play.audit.problems == ()
    assert play.audit.verification.false_rejects == 0
    assert not play.stops
    assert play.audit.tasks.completed == TASKS


def test_an_agent_that_heeds_no_scale_places_what_the_scales_would_have_caught(
    cell: tuple[Site, dict[str, Profile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.core.decide.scans._weighed", lambda *args: args[-1])
    result = played(cell, ["item-scale"], over_pick=0.1).audit
    assert result.mistakes["over_pick"].escaped > 0
