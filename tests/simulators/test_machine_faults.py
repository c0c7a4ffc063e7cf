"""What each fault of a machine and its controller makes the device do, seen from its registers."""

from typing import Any

import pytest

from edge_agent.domain.device import Mode
from simulators.catalogue import Stock, Tote
from simulators.machine import Seen
from simulators.world import NOWHERE, at_location, at_point, in_gripper, on_device
from tests.simulators.bench import Bench, MakeBench, of, put

BUSY = 1
DONE, LOAD_MISSING, DEVICE_FAULT = 1, 3, 6
LONG_S = 60.0


@pytest.fixture
def tote(stock: Stock) -> Tote:
    return stock.totes[0]


def retrieve(bench: Bench, tote: Tote, command: int = 5) -> None:
    bench.tell(command, "retrieve", tote.lpn, tote.location, "out")


def transfer(bench: Bench, tote: Tote, to: str = "tote", command: int = 5) -> None:
    if bench.world.loads[tote.lpn] == at_location(tote.location):
        put(bench.world, tote.lpn, "out")
    bench.tell(command, "transfer", tote.lpn, "out", to)


def faults_written(bench: Bench) -> list[dict[str, Any]]:
    return bench.notes.of("fault")


# ---- answers -----------------------------------------------------------------------------------------


def test_busy_refuses_and_moves_nothing(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="busy"))
    retrieve(crane, tote)
    assert (crane.acknowledged, crane.number("ack_code")) == (5, BUSY)
    assert crane.running == []
    assert faults_written(crane) == [{"device": "asrs-1", "fault": "busy", "command": 5}]
    assert crane.notes.rules_broken == []
    retrieve(crane, tote, command=6)
    assert crane.running == [6]


def test_a_lost_acknowledgement_is_never_shown_and_the_command_is_carried_out(
    bench: MakeBench, tote: Tote
) -> None:
    crane = bench("asrs-1", of(fault="ack_lost"))
    retrieve(crane, tote)
    assert (crane.acknowledged, crane.running) == (0, [5])
    crane.run(LONG_S)
    assert (crane.acknowledged, crane.ended) == (0, [(5, DONE)])
    assert crane.reported == [5]


def test_a_late_acknowledgement_is_shown_when_it_is_due(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="ack_late", delay_s=2.0))
    retrieve(crane, tote)
    crane.run(1.9)
    assert (crane.acknowledged, crane.running) == (0, [5])
    crane.run(0.2)
    assert crane.acknowledged == 5


def test_a_late_acknowledgement_does_not_take_the_place_of_a_later_one(
    bench: MakeBench, tote: Tote, stock: Stock
) -> None:
    belt = bench("conveyor-1", of(fault="ack_late", delay_s=2.0))
    transfer(belt, tote)
    transfer(belt, stock.totes[1], command=6)
    assert belt.acknowledged == 6
    belt.run(3.0)
    assert belt.acknowledged == 6


def test_a_doubled_acknowledgement_is_the_reply_to_the_write_come_twice(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="ack_duplicated"))
    retrieve(crane, tote)
    assert crane.gate.spoilt(b"reply") == b"replyreply"
    assert crane.gate.spoilt(b"reply") == b"reply"


# ---- ends --------------------------------------------------------------------------------------------


def test_a_lost_end_is_not_reported_and_is_told_to_whoever_asks(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="end_lost"))
    retrieve(crane, tote)
    crane.run(LONG_S)
    assert crane.reported == []
    assert (crane.running, crane.ended) == ([], [(5, DONE)])


def test_a_doubled_end_is_reported_under_two_event_numbers(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="end_duplicated"))
    retrieve(crane, tote)
    crane.run(LONG_S)
    assert crane.reported == [5, 5]
    assert len(crane.notes.of("command_ended")) == 1


def test_a_missed_arrival_leaves_the_command_open_and_the_load_where_a_query_finds_it(
    bench: MakeBench, tote: Tote
) -> None:
    belt = bench("conveyor-1", of(fault="arrival_missed"))
    transfer(belt, tote)
    assert belt.ask(tote.lpn) == (77, Seen.UNDER_WAY, "")
    belt.run(LONG_S)
    assert belt.world.loads[tote.lpn] == at_point("tote")
    assert (belt.running, belt.reported) == ([5], [])
    assert belt.ask(tote.lpn) == (77, Seen.AT_PLACE, "tote")
    belt.injector.reset()
    belt.step()
    assert (belt.running, belt.reported) == ([], [5])


# ---- links: what the device itself does -------------------------------------------------------------


@pytest.mark.parametrize("fault", ["connection_reset", "half_open", "restart", "memory_lost"])
def test_a_command_that_arrives_when_the_link_is_cut_never_reached_the_device(
    bench: MakeBench, tote: Tote, fault: str
) -> None:
    crane = bench("asrs-1", of(fault=fault, moment="arrives"))
    retrieve(crane, tote)
    assert (crane.acknowledged, crane.running, crane.notes.of("command")) == (0, [], [])
    retrieve(crane, tote)
    assert crane.running == [5]


def test_a_controller_that_lost_its_memory_shows_another_epoch_and_knows_no_command(
    bench: MakeBench, tote: Tote
) -> None:
    crane = bench("asrs-1", of(fault="memory_lost"))
    retrieve(crane, tote)
    assert (crane.number("epoch"), crane.acknowledged, crane.running) == (8, 0, [])
    crane.run(LONG_S)
    assert crane.world.loads[tote.lpn] == at_point("out")
    assert (crane.reported, crane.ended) == ([], [])
    assert crane.ask(tote.lpn) == (77, Seen.AT_PLACE, "out")


def test_a_controller_that_kept_its_memory_goes_on_where_it_was(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="restart", moment="half_way"))
    retrieve(crane, tote)
    crane.run(LONG_S)
    assert (crane.number("epoch"), crane.reported, crane.ended) == (7, [5], [(5, DONE)])


# ---- what it shows -----------------------------------------------------------------------------------


def test_a_stuck_register_keeps_its_value_and_the_others_change(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="stuck_register", register="open_commands", moment="arrives"))
    retrieve(crane, tote)
    assert (crane.acknowledged, crane.running) == (5, [])
    crane.run(5.1)
    assert crane.running == [5]


def test_a_frozen_status_block_shows_nothing_new_heartbeat_included(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="stuck_register", duration_s=3.0))
    retrieve(crane, tote)
    before = crane.shown("heartbeat"), crane.shown("mode")
    crane.memory.show(Mode.HELD, wall_s=crane.hand.time_s)
    crane.run(2.9)
    assert (crane.shown("heartbeat"), crane.shown("mode")) == before
    crane.run(0.2)
    assert crane.shown("heartbeat") != before[0]
    assert crane.number("mode") == 2


def test_a_frozen_heartbeat_stands_still_while_everything_else_works(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="heartbeat_frozen", duration_s=5.0))
    crane.run(1.0)
    retrieve(crane, tote)
    before = crane.number("heartbeat")
    crane.run(4.9)
    assert (crane.number("heartbeat"), crane.acknowledged) == (before, 5)
    crane.run(1.0)
    assert crane.number("heartbeat") > before


# ---- machines ----------------------------------------------------------------------------------------


def test_a_slow_machine_takes_so_many_times_as_long_and_then_recovers(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="slow", factor=4.0, duration_s=100.0))
    retrieve(crane, tote)
    crane.run(4 * 9.0 * 0.8)
    assert crane.running == [5]
    crane.run(4 * 9.0 * 0.5)
    assert crane.ended == [(5, DONE)]
    crane.run(60.0)
    put(crane.world, tote.lpn, "in")
    crane.tell(6, "store", tote.lpn, "in", tote.location)
    crane.run(7.0 * 1.2)
    assert crane.running == []


def test_a_crane_fault_keeps_the_load_on_board_until_somebody_resets_it(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="crane_fault", reset_after_s=None))
    retrieve(crane, tote)
    crane.run(LONG_S)
    assert (crane.number("mode"), crane.number("fault"), crane.running) == (3, 17, [5])
    assert crane.world.loads[tote.lpn] == on_device(crane.device)
    assert crane.ask(tote.lpn) == (77, Seen.UNDER_WAY, "")
    crane.injector.reset()
    crane.run(9.0)
    assert (crane.number("mode"), crane.number("fault"), crane.ended) == (1, 0, [(5, DONE)])
    assert crane.notes.of("operator_reset") == [{"device": "asrs-1"}]


def test_the_operator_resets_a_crane_after_the_time_that_is_set(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="crane_fault", reset_after_s=20.0))
    retrieve(crane, tote)
    crane.run(20.0)
    assert crane.number("mode") == 3
    crane.run(20.0)
    assert (crane.number("mode"), crane.ended) == (1, [(5, DONE)])


def test_an_operator_who_came_too_late_does_not_reset_the_next_fault(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="crane_fault", reset_after_s=20.0))
    retrieve(crane, tote)
    crane.run(10.0)
    crane.injector.reset()
    crane.injector.inflict(of(fault="crane_fault", reset_after_s=None))
    crane.run(LONG_S)
    assert crane.number("mode") == 3


def test_a_crane_that_takes_its_load_back_says_that_it_failed(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="crane_fault", then="goes_back"))
    retrieve(crane, tote)
    crane.run(6.0)
    assert crane.world.loads[tote.lpn] == at_location(tote.location)
    assert (crane.number("mode"), crane.ended, crane.reported) == (3, [(5, DEVICE_FAULT)], [5])


def test_a_jam_stops_every_load_until_it_is_cleared(bench: MakeBench, tote: Tote, stock: Stock) -> None:
    belt = bench("conveyor-1", of(fault="jam", moment="accepted", command=6, reset_after_s=None))
    transfer(belt, tote)
    transfer(belt, stock.totes[1], to="put-1", command=6)
    belt.run(LONG_S)
    assert (belt.number("mode"), belt.number("fault"), belt.running) == (3, 21, [5, 6])
    belt.injector.reset()
    belt.run(20.0)
    assert (belt.number("mode"), belt.running) == (1, [])


def test_a_lost_load_is_nowhere_and_the_conveyor_says_that_it_failed(bench: MakeBench, tote: Tote) -> None:
    belt = bench("conveyor-1", of(fault="load_lost"))
    transfer(belt, tote)
    belt.run(LONG_S)
    assert belt.world.loads[tote.lpn] == NOWHERE
    assert (belt.ended, belt.reported) == ([(5, LOAD_MISSING)], [5])
    assert belt.ask(tote.lpn) == (77, Seen.NOT_HERE, "")
    expected = {"load": tote.lpn, "from": "conveyor-1", "device": "conveyor-1", "command": 5}
    assert belt.notes.of("load_lost") == [expected]


def test_a_lost_load_that_nobody_notices_leaves_its_command_open(bench: MakeBench, tote: Tote) -> None:
    belt = bench("conveyor-1", of(fault="load_lost", ends="never"))
    transfer(belt, tote)
    belt.run(LONG_S)
    assert (belt.running, belt.ended) == ([5], [])
    assert faults_written(belt)[0]["ends"] == "never"


@pytest.mark.parametrize(("says", "told"), [("really", "reject"), ("as_ordered", "tote")])
def test_a_load_at_the_wrong_point_is_reported_as_the_fault_says(
    bench: MakeBench, tote: Tote, says: str, told: str
) -> None:
    belt = bench("conveyor-1", of(fault="wrong_point", says=says))
    transfer(belt, tote)
    belt.run(LONG_S)
    assert belt.world.loads[tote.lpn] == at_point("reject")
    place = b"".join(register.to_bytes(2, "big") for register in belt.shown("event_place"))
    assert place.rstrip(b"\0").decode() == told
    assert belt.ask(tote.lpn) == (77, Seen.AT_PLACE, told)
    assert faults_written(belt)[0]["point"] == "reject"


def test_a_wrong_point_can_be_named(bench: MakeBench, tote: Tote) -> None:
    belt = bench("conveyor-1", of(fault="wrong_point", point="put-2"))
    transfer(belt, tote)
    belt.run(LONG_S)
    assert belt.world.loads[tote.lpn] == at_point("put-2")


@pytest.mark.parametrize(("reason", "result"), [("destination_full", 4), ("jam", 5)])
def test_a_blocked_lane_takes_nothing_until_it_is_cleared_and_other_points_do(
    bench: MakeBench, stock: Stock, reason: str, result: int
) -> None:
    other, held_up = stock.totes[:2]
    belt = bench("conveyor-1", of(fault="lane_blocked", reason=reason, duration_s=30.0))
    transfer(belt, other, to="tote", command=5)
    transfer(belt, held_up, to="ship", command=6)
    belt.run(1.0)
    transfer(belt, held_up, to="ship", command=7)
    belt.run(1.0)
    assert belt.ended == [(6, result), (7, result)]
    assert belt.world.loads[held_up.lpn] == at_point("out")
    belt.run(LONG_S)
    assert belt.world.loads[other.lpn] == at_point("tote")
    transfer(belt, held_up, to="ship", command=8)
    belt.run(LONG_S)
    assert belt.world.loads[held_up.lpn] == at_point("ship")
    (fault,) = faults_written(belt)
    assert (fault["point"], fault["command"]) == ("ship", 6)


def at_the_picker(bench: Bench, tote: Tote) -> str:
    put(bench.world, tote.lpn, "tote")
    gtin = bench.world.units_in(tote.lpn)[0].gtin
    bench.tell(5, "pick", tote.lpn, "tote", gtin)
    return gtin


def test_an_e_stop_keeps_the_unit_in_the_gripper_until_it_is_acknowledged(
    bench: MakeBench, tote: Tote
) -> None:
    robot = bench("picker-1", of(fault="e_stop", verb="put_back", reset_after_s=None))
    at_the_picker(robot, tote)
    robot.run(5.0)
    assert robot.ask("") == (77, Seen.AT_PLACE, tote.lpn)
    robot.tell(6, "put_back", tote.lpn, "tote")
    robot.run(LONG_S)
    assert (robot.number("mode"), robot.running) == (4, [6])
    assert robot.ask("") == (77, Seen.UNDER_WAY, "")
    assert in_gripper(robot.device) in robot.world.units.values()
    robot.injector.reset()
    robot.run(5.0)
    assert (robot.number("mode"), robot.running) == (1, [])
    assert robot.ask("") == (77, Seen.NOT_HERE, "")


def test_a_command_that_fails_with_an_e_stop_leaves_the_unit_where_it_was(
    bench: MakeBench, tote: Tote
) -> None:
    robot = bench("picker-1", of(fault="e_stop", verb="put_back", then="fails"))
    at_the_picker(robot, tote)
    robot.run(5.0)
    robot.tell(6, "put_back", tote.lpn, "tote")
    robot.run(3.0)
    assert robot.ended == [(5, DONE), (6, DEVICE_FAULT)]
    assert in_gripper(robot.device) in robot.world.units.values()


def test_a_picker_that_lost_its_memory_knows_that_it_holds_a_unit_and_not_where_it_came_from(
    bench: MakeBench, tote: Tote
) -> None:
    robot = bench("picker-1")
    at_the_picker(robot, tote)
    robot.run(5.0)
    robot.injector.restart(0.0, keep_memory=False)
    assert robot.ask("") == (77, Seen.AT_PLACE, "")


def test_a_device_that_stands_still_is_not_stopped_a_second_time(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="crane_fault", reset_after_s=None))
    retrieve(crane, tote)
    crane.run(LONG_S)
    crane.injector.inflict(of(fault="crane_fault"))
    assert len(faults_written(crane)) == 1


def test_a_reset_where_nothing_is_wrong_changes_nothing(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1")
    retrieve(crane, tote)
    crane.injector.reset()
    crane.run(LONG_S)
    assert (crane.ended, crane.notes.of("operator_reset")) == ([(5, DONE)], [])


def test_nobody_is_blamed_for_a_mode_that_could_not_be_seen(bench: MakeBench, tote: Tote) -> None:
    crane = bench("asrs-1", of(fault="stuck_register", duration_s=10.0))
    retrieve(crane, tote)
    crane.run(LONG_S / 2)
    crane.injector.inflict(of(fault="stuck_register", duration_s=10.0))
    crane.injector.inflict(of(fault="crane_fault", reset_after_s=None))
    crane.run(8.0)
    retrieve(crane, tote, command=6)
    assert crane.number("fault") == 0
    assert crane.notes.rules_broken == []
