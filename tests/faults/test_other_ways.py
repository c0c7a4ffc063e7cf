"""What gives out for long has another of its kind beside it: a scanner, a lane, a station."""

from typing import Any

import pytest

from edge_agent.domain import events as ev
from edge_agent.domain.decision import LaneHold
from edge_agent.domain.ids import LaneId
from tests.faults.conftest import MakeCell
from tests.simulators.bench import of
from tests.simulators.floor import SITE

PLAIN = {"profile": "scanner-plain", "address": "tcp://127.0.0.1:0"}


def with_a_spare_scanner() -> dict[str, Any]:
    station = {**SITE["stations"]["st1"], "spare_item_scanner": "item-scan-2"}
    return {"devices": {**SITE["devices"], "item-scan-2": PLAIN}, "stations": {"st1": station}}


@pytest.mark.fault("no_read")
async def test_what_one_scanner_never_reads_the_other_one_reads(cell: MakeCell) -> None:
    always = of(fault="no_read", device="item-scan", rate=1.0)
    async with cell(always, layout=with_a_spare_scanner()) as site:
        await site.complete(quantity=2)
        assert [event.action for event in site.of(ev.ExceptionResolved)] == ["other_scanner"] * 2
        assert {event.scanner for event in site.of(ev.UnitVerified)} == {"item-scan-2"}
        assert site.notes.of("unit_put_back") == []


@pytest.mark.fault("unplugged")
async def test_a_scanner_that_is_unplugged_gives_way_to_the_other_one(cell: MakeCell) -> None:
    gone = of(fault="unplugged", device="item-scan", duration_s=100_000)
    async with cell(gone, layout=with_a_spare_scanner(), scanner_wait_s=0.2) as site:
        await site.complete(quantity=2)
        assert {event.scanner for event in site.of(ev.UnitVerified)} == {"item-scan-2"}


def with_another_lane() -> dict[str, Any]:
    return {
        "points": {**SITE["points"], "ship-2": {"capacity": 0}},
        "lanes": {"ship": {"point": "ship", "instead": ["ship-2"]}, "ship-2": {"point": "ship-2"}},
        "exceptions": {"lane_blocked": {"wait_s": 0.3}},
    }


def with_another_station() -> dict[str, Any]:
    picker = {"profile": "picker-modbus", "address": "modbus://127.0.0.1:0/7"}
    more = {"picker-2": picker, "tote-scan-2": PLAIN, "item-scan-2": PLAIN}
    return {
        "devices": {**SITE["devices"], **more},
        "points": {**SITE["points"], **{name: {"capacity": 1} for name in ("tote-2", "put-3", "put-4")}},
        "stations": {
            **SITE["stations"],
            "st2": {
                "picker": "picker-2",
                "tote_point": "tote-2",
                "tote_scanner": "tote-scan-2",
                "item_scanner": "item-scan-2",
                "put_positions": [{"point": "put-3"}, {"point": "put-4"}],
            },
        },
        "exceptions": {"station_down": {"wait_s": 0.3}},
    }


async def test_a_container_whose_lane_is_held_leaves_by_the_other_one(cell: MakeCell) -> None:
    async with cell(layout=with_another_lane()) as site:
        site.submit()
        await site.until(lambda: site.of(ev.TaskStarted))
        site.hold(LaneHold(LaneId("ship")))
        await site.until(lambda: site.of(ev.TaskCompleted))
        assert site.of(ev.TaskCompleted)[0].lane == "ship-2"
        assert site.where("OC-0001") == "ship-2"
        assert [event.action for event in site.of(ev.ExceptionResolved)] == ["other_lane"]


@pytest.mark.fault("lane_blocked")
@pytest.mark.parametrize("reason", ["destination_full", "jam"])
async def test_a_container_that_its_lane_does_not_take_leaves_by_the_other_one(
    cell: MakeCell, reason: str
) -> None:
    blocked = of(fault="lane_blocked", reason=reason, duration_s=100_000)
    async with cell(blocked, layout=with_another_lane()) as site:
        site.submit()
        await site.until(lambda: site.of(ev.TaskCompleted))
        assert site.strikes("lane_blocked")[0]["point"] == "ship"
        assert [event.reason for event in site.of(ev.CommandFailed)] == [reason]
        assert [event.action for event in site.of(ev.ExceptionResolved)] == ["other_lane"]
        assert site.of(ev.TaskCompleted)[0].lane == "ship-2"
        assert site.where("OC-0001") == "ship-2"


@pytest.mark.fault("lane_blocked")
async def test_a_container_with_no_other_lane_waits_for_a_person_where_it_stands(cell: MakeCell) -> None:
    async with cell(of(fault="lane_blocked", duration_s=0.01)) as site:
        site.submit()
        await site.until(site.held)
        assert [raised.kind for raised in site.held()] == [ev.ExceptionKind.COMMAND_FAILED]
        assert site.where("OC-0001") == site.of(ev.TaskStarted)[0].put_point
        site.answer("not_moved")
        await site.until(lambda: site.of(ev.TaskCompleted))
        assert site.where("OC-0001") == "ship"


@pytest.mark.fault("crane_fault")
async def test_a_crane_that_stands_still_is_told_of_until_it_goes_on(cell: MakeCell) -> None:
    stands = of(fault="crane_fault", reset_after_s=None)
    async with cell(stands, layout={"exceptions": {"device_down": {"wait_s": 0.3}}}) as site:
        site.submit()
        await site.until(site.held)
        (raised,) = site.held()
        assert (raised.kind, raised.where) == (ev.ExceptionKind.DEVICE_DOWN, "device asrs-1")
        assert raised.affected == ("T-1",)
        site.reset("asrs-1")
        await site.until(lambda: site.of(ev.TaskCompleted))
        assert site.state.exceptions == {}


@pytest.mark.fault("e_stop")
async def test_the_tasks_of_a_stopped_station_go_on_at_the_other_one(cell: MakeCell) -> None:
    stopped = of(fault="e_stop", device="picker-1", verb="pick", reset_after_s=None)
    async with cell(stopped, layout=with_another_station()) as site:
        for number in (1, 2, 3):
            site.submit(number=number)
        await site.struck("e_stop")
        await site.until(lambda: len(site.of(ev.TaskCompleted)) == 2)
        (moved,) = site.of(ev.TaskMoved)
        assert (moved.task_id, moved.station_id) == ("T-3", "st2")
        assert {event.task_id for event in site.of(ev.TaskCompleted)} == {"T-2", "T-3"}
        assert site.where("OC-0003") == "ship"
        assert site.state.tasks.keys() == {"T-1"}, "its unit is in the gripper"
