"""A small warehouse for the tests: one crane, one conveyor, one station with two put positions."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from drivers.profile import Profile
from edge_agent.domain.command import Done, Order, Refusal, Report
from edge_agent.domain.ids import CommandId
from edge_agent.domain.site import Site
from simulators.machine import End, Seen, Sighting

CONFIG = Path(__file__).parents[2] / "config"
DEADLINE_S = 10.0

SITE: Mapping[str, Any] = {
    "site": "test",
    "gateway": "gw1",
    "devices": {
        "asrs-1": {"profile": "asrs-modbus", "address": "modbus://127.0.0.1:0/1"},
        "conveyor-1": {"profile": "conveyor-modbus", "address": "modbus://127.0.0.1:0/2"},
        "picker-1": {"profile": "picker-modbus", "address": "modbus://127.0.0.1:0/3"},
        "tote-scan": {"profile": "scanner-plain", "address": "tcp://127.0.0.1:0"},
        "item-scan": {"profile": "scanner-plain", "address": "tcp://127.0.0.1:0"},
        "put-scan": {"profile": "scanner-plain", "address": "tcp://127.0.0.1:0"},
    },
    "points": {
        "out": {"capacity": 1},
        "in": {"capacity": 1},
        "tote": {"capacity": 1},
        "put-1": {"capacity": 1},
        "put-2": {"capacity": 1},
        "supply": {"capacity": 0},
        "ship": {"capacity": 0},
        "reject": {"capacity": 0},
    },
    "storage": {"asrs-1": {"locations": ["A01-*"], "outfeed": "out", "infeed": "in"}},
    "conveyor": "conveyor-1",
    "stations": {
        "st1": {
            "picker": "picker-1",
            "tote_point": "tote",
            "tote_scanner": "tote-scan",
            "item_scanner": "item-scan",
            "put_positions": [{"point": "put-1", "scanner": "put-scan"}, {"point": "put-2"}],
        }
    },
    "lanes": {"ship": {"point": "ship"}},
    "supply": "supply",
    "reject": "reject",
    "simulation": {"totes": 6, "skus": 5, "units_per_sku_in_tote": 4},
}


def small_site(**changes: Any) -> Site:
    """The site above with some of its sections replaced."""
    return Site.model_validate({**SITE, **changes})


def shipped_profiles() -> dict[str, Profile]:
    read = YAML(typ="safe")
    found = [Profile.model_validate(read.load(path)) for path in (CONFIG / "profiles").glob("*.yaml")]
    return {profile.name: profile for profile in found}


class Notes:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, kind: str, facts: Mapping[str, object]) -> None:
        self.lines.append((kind, dict(facts)))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [facts for known, facts in self.lines if known == kind]

    @property
    def rules_broken(self) -> list[str]:
        return [facts["rule"] for facts in self.of("violation")]


@dataclass
class Puppet:
    """A machine whose commands end when the test says so."""

    refusal: Refusal | None = None
    started: list[tuple[CommandId, Order]] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    half_s: float = math.inf
    sighting: Sighting = field(default_factory=lambda: Sighting(Seen.NOT_HERE))
    forgot: int = 0

    def start(self, command_id: CommandId, order: Order, now_s: float) -> Refusal | None:
        if self.refusal is None:
            self.started.append((command_id, order))
        return self.refusal

    def step(self, now_s: float) -> Sequence[End]:
        ends, self.ends = self.ends, []
        return ends

    def middle_s(self, command_id: CommandId) -> float:
        return self.half_s

    def sight(self, load: str) -> Sighting:
        return self.sighting

    def forget(self) -> None:
        self.forgot += 1

    def end(self, command_id: int, outcome: Any = None) -> None:
        done = Done(Report(place="A01-01-01", weight_g=70_000))
        self.ends.append(End(CommandId(command_id), done if outcome is None else outcome))


class Hand:
    """Time that a test pushes on."""

    def __init__(self) -> None:
        self.time_s = 0.0

    def __call__(self) -> float:
        return self.time_s


async def until(condition: Callable[[], bool], work: Callable[[], Awaitable[None]] | None = None) -> None:
    """Wait for a condition on real sockets, doing some work meanwhile; fails after a deadline."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            if work is not None:
                await work()
            await asyncio.sleep(0.001)
