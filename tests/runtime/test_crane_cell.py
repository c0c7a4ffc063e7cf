"""Driver, supervisor and simulated controller over a wire that breaks: what is asked, settled, counted."""

import pytest

from edge_agent.domain.command import Accepted, Done
from edge_agent.domain.device import Mode
from edge_agent.domain.inputs import CommandAnswered, CommandResolved
from edge_agent.runtime import supervisor as module
from tests.runtime.crane_cell import crane_cell
from tests.simulators.bench import of

both_wires = pytest.mark.parametrize("profile", ["asrs-modbus", "asrs-opcua"])


@pytest.fixture(autouse=True)
def _looks_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)


# ---- recovery by evidence ------------------------------------------------------------------------------


@both_wires
@pytest.mark.parametrize("moment", ["accepted", "half_way"])
async def test_a_crane_that_loses_its_memory_in_mid_work_is_asked_where_the_load_is(
    profile: str, moment: str
) -> None:
    async with crane_cell(profile, of(fault="memory_lost", moment=moment, down_s=0.05)) as cell:
        number = cell.retrieve()
        assert await cell.inbox.resolved(number) == Done()
    assert cell.accepted == 1
    assert len(cell.notes.of("load_moved")) == 2, "onto the crane, and off it"


@both_wires
async def test_a_command_that_was_lost_with_the_memory_is_found_not_started(profile: str) -> None:
    async with crane_cell(profile, of(fault="memory_lost", moment="arrives", down_s=0.05)) as cell:
        outcome = await cell.inbox.resolved(cell.retrieve())
    assert str(outcome) == "Failed(reason=<FailureReason.NOT_STARTED: 'not_started'>, device_code=0)"
    assert cell.accepted == 0


@both_wires
async def test_a_crane_that_stops_and_loses_its_memory_is_looked_at_once_it_is_ready(profile: str) -> None:
    stop = of(fault="crane_fault", moment="half_way", reset_after_s=None)
    async with crane_cell(profile, stop) as cell:
        number = cell.retrieve()
        await cell.inbox.until(lambda: cell.notes.of("fault") != [])
        cell.injector.restart(0.05, keep_memory=False)
        await cell.inbox.until(lambda: number in cell.supervisor._doubts)
        await cell.inbox.until(lambda: cell.supervisor._status.mode is Mode.FAULTED)
        assert cell.inbox.of(CommandResolved) == []
        cell.injector.reset()
        assert await cell.inbox.resolved(number) == Done()
    assert cell.accepted == 1


# ---- late and repeated ---------------------------------------------------------------------------------


@both_wires
async def test_an_end_that_is_reported_twice_is_ignored_and_counted(profile: str) -> None:
    async with crane_cell(profile, of(fault="end_duplicated")) as cell:
        number = cell.retrieve()
        assert isinstance(await cell.inbox.resolved(number), Done)
        await cell.inbox.until(lambda: cell.supervisor.remarks.ignored_ends == 1)
    assert cell.supervisor.remarks.ignored_answers == 0


async def test_an_acknowledgement_that_comes_after_the_link_was_given_up_is_ignored_and_counted() -> None:
    late = of(fault="ack_late", delay_s=0.6)
    async with crane_cell("asrs-modbus", late, request_timeout_s=0.2) as cell:
        number = cell.retrieve()
        await cell.inbox.until(lambda: cell.supervisor.remarks.ignored_answers == 1)
        assert isinstance(await cell.inbox.resolved(number), Done)
    assert cell.accepted == 1


async def test_an_acknowledgement_that_comes_twice_is_ignored_and_counted() -> None:
    async with crane_cell("asrs-modbus", of(fault="ack_duplicated")) as cell:
        number = cell.retrieve()
        await cell.inbox.until(lambda: cell.supervisor.remarks.ignored_answers == 1)
        assert isinstance(await cell.inbox.resolved(number), Done)
        assert cell.inbox.of(CommandAnswered) == [CommandAnswered(number, Accepted())]
    assert cell.accepted == 1


# ---- away, hung, restarted -----------------------------------------------------------------------------


@both_wires
async def test_a_server_that_hangs_is_told_from_one_that_is_away(profile: str) -> None:
    async with crane_cell(profile, request_timeout_s=0.2) as cell:
        cell.injector.inflict(of(fault="hung", duration_s=30.0))
        await cell.inbox.until(lambda: "nothing is answered" in cell.supervisor.remarks.trouble)
        cell.injector.restart(30.0, keep_memory=True)
        await cell.inbox.until(lambda: "takes no connection" in cell.supervisor.remarks.trouble)


@both_wires
async def test_after_any_number_of_restarts_a_server_has_exactly_one_session_of_ours(profile: str) -> None:
    async with crane_cell(profile) as cell:
        for restarts in range(1, 6):
            await cell.restart()
            await cell.inbox.ready(times=1 + restarts)
        await cell.inbox.until(lambda: cell.sessions == 1)
        assert isinstance(await cell.inbox.resolved(cell.retrieve()), Done)
        assert cell.sessions == 1
