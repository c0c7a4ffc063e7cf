"""What a device offers for recovery on the mailbox: where a load is, and a watch on the agent's heartbeat."""

import pytest

from edge_agent.domain.ids import Lpn
from simulators.catalogue import Stock, Tote
from simulators.machine import Seen
from tests.simulators.bench import MakeBench, put


@pytest.fixture
def tote(stock: Stock) -> Tote:
    return stock.totes[0]


def test_a_crane_sees_its_own_storage_and_no_other_place(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1")
    assert crane.ask(tote.lpn) == (77, Seen.AT_PLACE, tote.location)
    put(crane.world, tote.lpn, "tote")
    assert crane.ask(tote.lpn) == (77, Seen.NOT_HERE, "")
    assert crane.ask("TOTE-9999") == (77, Seen.NOT_HERE, "")


def test_a_conveyor_sees_its_points_and_not_the_storage(bench: MakeBench, tote: Tote) -> None:
    belt = bench("conveyor-1")
    assert belt.ask(tote.lpn) == (77, Seen.NOT_HERE, "")
    put(belt.world, tote.lpn, "put-2")
    assert belt.ask(Lpn(tote.lpn)) == (77, Seen.AT_PLACE, "put-2")


def test_an_agents_heartbeat_that_stands_still_is_shown_as_stale(bench: MakeBench) -> None:
    crane = bench("asrs-1")
    crane.run(10.0)
    assert crane.number("agent_stale") == 0
    crane.image.write(41, [1], now_s=10.0, wall_s=crane.hand.time_s)
    crane.run(2.9)
    assert crane.number("agent_stale") == 0
    crane.run(0.2)
    assert crane.number("agent_stale") == 1
    crane.image.write(41, [2], now_s=10.0, wall_s=crane.hand.time_s)
    assert crane.number("agent_stale") == 0
    assert crane.notes.rules_broken == []
