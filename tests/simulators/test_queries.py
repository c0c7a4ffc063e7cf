"""What a device offers for recovery on the mailbox: where a load is, and a watch on the agent's heartbeat."""

import pytest

from edge_agent.domain.ids import Lpn
from simulators.catalogue import Stock, Tote
from simulators.machine import Seen
from simulators.world import at_location
from tests.simulators.bench import MakeBench, put

LONG_S = 60.0


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


def test_a_new_container_stands_in_the_supply_until_it_is_taken(bench: MakeBench, tote: Tote) -> None:
    belt = bench("conveyor-1")
    assert belt.ask("OC-0001") == (77, Seen.AT_PLACE, "supply")
    belt.tell(5, "transfer", "OC-0001", "supply", "put-1")
    assert belt.ask("OC-0001") == (77, Seen.UNDER_WAY, "")
    belt.run(LONG_S)
    assert belt.ask("OC-0001") == (77, Seen.AT_PLACE, "put-1")


def test_a_machine_at_work_says_so_before_it_has_the_load_and_after_it_has_lost_its_memory(
    bench: MakeBench, tote: Tote
) -> None:
    crane = bench("asrs-1")
    crane.tell(5, "retrieve", tote.lpn, tote.location, "out")
    assert crane.world.loads[tote.lpn] == at_location(tote.location)
    assert crane.ask(tote.lpn) == (77, Seen.UNDER_WAY, "")
    crane.injector.restart(0.0, keep_memory=False)
    assert crane.ask(tote.lpn) == (77, Seen.UNDER_WAY, "")
    crane.run(LONG_S)
    assert crane.ask(tote.lpn) == (77, Seen.AT_PLACE, "out")


def test_a_transfer_that_waits_for_room_is_under_way(bench: MakeBench, stock: Stock) -> None:
    belt = bench("conveyor-1")
    first, second = stock.totes[:2]
    put(belt.world, first.lpn, "tote")
    put(belt.world, second.lpn, "out")
    belt.tell(5, "transfer", second.lpn, "out", "tote")
    belt.run(LONG_S)
    assert belt.running == [5]
    assert belt.ask(second.lpn) == (77, Seen.UNDER_WAY, "")


def test_an_arm_in_motion_says_so_whatever_it_holds(bench: MakeBench, tote: Tote) -> None:
    robot = bench("picker-1")
    put(robot.world, tote.lpn, "tote")
    robot.tell(5, "pick", tote.lpn, "tote", robot.world.units_in(tote.lpn)[0].gtin)
    assert robot.ask("") == (77, Seen.UNDER_WAY, "")
    robot.run(LONG_S)
    assert robot.ask("") == (77, Seen.AT_PLACE, tote.lpn)


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
