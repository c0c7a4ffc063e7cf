"""Links that break in every way: noticed, connected again, asked, and nothing done twice."""

import asyncio

import pytest

from edge_agent.domain import events as ev
from edge_agent.domain.command import Done, NotStarted, Running
from edge_agent.domain.device import Mode
from tests.faults.conftest import MakeCell
from tests.faults.test_answers import MACHINES, RETRIEVE, SHORT_S, WIRES
from tests.simulators.bench import of

SHORTLY = {"half_open": {"silent_s": 0.8}, "hung": {"duration_s": 0.8}, "restart": {"down_s": 0.2}}
NOTICED_S = 5.0
"""What "within seconds" is at most: a heartbeat limit of 3 s, and a slow machine."""


def each(*names: str) -> pytest.MarkDecorator:
    """The test is run for each of these faults, and is a test of it."""
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=pytest.mark.fault(name)) for name in names]
    )


@each("reply_garbled", "reply_truncated", "connection_reset", "half_open", "hung", "restart")
@WIRES
async def test_a_link_that_breaks_after_a_command_was_taken_is_made_again_and_the_command_asked_about(
    cell: MakeCell, name: str, opcua: list[str]
) -> None:
    fault = of(fault=name, **RETRIEVE, **SHORTLY.get(name, {}))
    async with cell(fault, opcua=opcua, request_timeout_s=SHORT_S) as site:
        await site.complete()
        crane = site.witness["asrs-1"]
        number = crane.sent[0]
        assert crane.sent.count(number) == 1
        assert crane.answers(number)
        assert set(crane.answers(number)) <= {Running, Done}
        assert site.lost("asrs-1")


@each("connection_reset", "half_open", "restart")
async def test_a_command_that_is_lost_with_the_link_is_sent_once_after_asking(
    cell: MakeCell, name: str
) -> None:
    fault = of(fault=name, **RETRIEVE, moment="arrives", **SHORTLY.get(name, {}))
    async with cell(fault, request_timeout_s=SHORT_S) as site:
        await site.complete()
        crane = site.witness["asrs-1"]
        number = crane.sent[0]
        assert crane.answers(number) == [NotStarted]
        assert crane.sent.count(number) == 2
        assert site.started(number) == 1


@pytest.mark.fault("half_open")
async def test_a_half_open_link_with_nothing_under_way_is_noticed_within_seconds_on_both_wires(
    cell: MakeCell,
) -> None:
    async with cell(opcua=["asrs-1"], request_timeout_s=SHORT_S) as site:
        site.arm("half_open", time_s=0, silent_s=0.1)
        await site.struck("half_open")
        begun = asyncio.get_running_loop().time()
        await site.until(lambda: all(site.lost(device) for device in MACHINES))
        assert asyncio.get_running_loop().time() - begun < NOTICED_S
        await site.until(lambda: all(site.modes(device)[-1] is Mode.READY for device in MACHINES))
        await site.complete()


@pytest.mark.fault("hung")
async def test_a_command_that_a_hung_device_digs_out_later_counts_once(cell: MakeCell) -> None:
    async with cell(request_timeout_s=SHORT_S) as site:
        site.arm("hung", device="asrs-1", time_s=0, duration_s=1.0)
        await site.struck("hung")
        await site.complete()
        crane = site.witness["asrs-1"]
        assert site.started(crane.sent[0]) == 1
        assert site.lost("asrs-1") >= 1


@pytest.mark.fault("restart")
async def test_a_device_that_is_away_for_longer_is_shown_as_disconnected_and_gets_no_orders(
    cell: MakeCell,
) -> None:
    async with cell() as site:
        site.arm("restart", device="asrs-1", time_s=0, down_s=0.6)
        await site.until(lambda: site.lost("asrs-1"))
        site.submit()
        await site.until(lambda: site.of(ev.TaskStarted))
        assert site.witness["asrs-1"].sent == []
        assert site.state.devices["asrs-1"].status.mode is Mode.DISCONNECTED
        await site.until(lambda: site.of(ev.TaskCompleted))


@pytest.mark.fault("restart")
async def test_after_a_server_restart_there_is_one_session_and_no_flood_of_them(cell: MakeCell) -> None:
    async with cell(of(fault="restart", **RETRIEVE, down_s=0.5), opcua=["asrs-1"]) as site:
        await site.complete()
        assert site.witness["asrs-1"].connected == 2


@pytest.mark.fault("hung")
async def test_a_silent_device_takes_nothing_from_the_others(cell: MakeCell) -> None:
    async with cell(request_timeout_s=SHORT_S) as site:
        site.arm("hung", device="asrs-1", time_s=0, duration_s=1.0)
        await site.struck("hung")
        site.submit()
        await site.until(lambda: site.of(ev.ContainerArrived))
        assert site.of(ev.TripRetrieved) == [], "the others did not wait for it"
        assert site.lost("conveyor-1") == 0
        await site.until(lambda: site.of(ev.TaskCompleted))


@pytest.mark.fault("memory_lost")
@WIRES
async def test_a_command_that_a_device_has_forgotten_is_never_sent_again_under_its_id(
    cell: MakeCell, opcua: list[str]
) -> None:
    async with cell(of(fault="memory_lost", **RETRIEVE, down_s=0.2), opcua=opcua) as site:
        site.submit()
        await site.struck("memory_lost")
        crane = site.witness["asrs-1"]
        await site.until(lambda: crane.told)
        number = crane.sent[0]
        await site.until(lambda: site.held() or site.of(ev.TaskCompleted))
        assert not {NotStarted, Running} & set(crane.answers(number))
        assert crane.sent.count(number) == 1
        moves = [move for move in site.notes.of("load_moved") if move["command"] == number]
        assert len(moves) == 2, "from its location onto the crane, and down: once"
