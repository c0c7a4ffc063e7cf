"""A device that is waited for and stays away is told of, with who waits; what can go round it does."""

import pytest

from edge_agent.core.remedy import remedy
from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.decision import DecisionCode, DeviceHold
from edge_agent.domain.device import Mode
from edge_agent.domain.events import ExceptionKind, HeldDevice
from edge_agent.domain.ids import DeviceId, TaskId
from tests.core.agent import MUG, Agent, a_line, a_site, a_task, an_agent
from tests.core.floor import tote
from tests.core.policy.sites import patient


def an_agent_without(device: str, *, totes: tuple[int, ...] = (2,)) -> Agent:
    """Even totes live with the first crane, odd ones with the second."""
    agent = an_agent({1: [MUG] * 3, 2: [MUG] * 3}, patient("st1"))
    agent.lose(device)
    agent.submit(a_task("T-1", a_line("1", MUG, 1, totes)))
    return agent


def down(agent: Agent) -> list[ev.ExceptionRaised]:
    return [one for one in agent.state.exceptions.values() if one.kind is ExceptionKind.DEVICE_DOWN]


@pytest.mark.parametrize("device", ["asrs-1", "conveyor-1", "st1-tote-scan", "st1-item-scan"])
def test_it_is_told_after_its_time_with_who_waits_and_ends_when_the_device_is_back(device: str) -> None:
    agent = an_agent_without(device)
    agent.run()
    (raised,) = down(agent)
    assert raised.held == HeldDevice(DeviceId(device))
    assert raised.affected == (TaskId("T-1"),)
    assert agent.clock_s >= 10.0
    wait = next(wait for wait in agent.why() if wait.code is WaitCode.HELD)
    assert remedy(agent.state, wait).startswith("the device is ready again")
    agent.ready(device)
    assert agent.last(ev.ExceptionResolved).action == "wait_for_device"
    agent.run()
    assert agent.of(ev.TaskCompleted)


def test_a_device_that_is_back_in_time_is_not_told() -> None:
    agent = an_agent_without("conveyor-1")
    agent.wait(9.9)
    agent.ready("conveyor-1")
    agent.run()
    assert agent.of(ev.ExceptionRaised) == []


def test_a_device_that_nobody_waits_for_is_not_told() -> None:
    agent = an_agent(site=patient())
    agent.lose("asrs-1")
    agent.run()
    assert agent.clock_s >= 10.0
    assert agent.of(ev.ExceptionRaised) == []
    agent.submit(a_task("T-1", a_line("1", MUG, 1, (2,))))
    assert down(agent), "it has been away for long enough when the first one waits"


def test_tasks_that_wait_for_a_station_wait_for_its_picker() -> None:
    agent = an_agent_without("picker-1")
    agent.run()
    assert [one.where for one in down(agent)] == ["device picker-1"]
    assert agent.why()[0].code is WaitCode.HELD


def test_a_device_that_is_lost_in_the_middle_of_a_command_is_waited_for() -> None:
    agent = an_agent({2: [MUG]}, patient("st1"))
    agent.submit(a_task("T-1", a_line(totes=(2,))))
    agent.accept(agent.command(cmd.Retrieve))
    agent.lose("asrs-1")
    agent.wait(10.0)
    (raised,) = down(agent)
    assert raised.affected == (TaskId("T-1"),)


def test_without_the_step_a_person_is_told_at_once() -> None:
    site = a_site("st1", exceptions={"device_down": {"steps": []}})
    agent = an_agent(site=site)
    agent.lose("conveyor-1")
    agent.submit(a_task())
    assert down(agent)


def test_nobody_can_answer_it() -> None:
    agent = an_agent_without("conveyor-1")
    agent.wait(10.0)
    (event,) = agent.answer("resume")
    assert isinstance(event, ev.DecisionRefused)
    assert event.code is DecisionCode.UNKNOWN_ACTION
    assert "ends by itself" in event.text


def test_an_e_stop_of_a_device_that_was_down_needs_its_acknowledgement_all_the_same() -> None:
    site = patient("st1", exceptions={"e_stop": {"acknowledge": "agent"}})
    agent = an_agent(site=site)
    agent.lose("conveyor-1")
    agent.submit(a_task())
    agent.wait(10.0)
    agent.show(Mode.E_STOPPED, "conveyor-1")
    agent.ready("conveyor-1")
    assert [one.kind for one in agent.state.exceptions.values()] == [ExceptionKind.E_STOP]
    assert agent.open_commands() == [] or all(c.device_id != "conveyor-1" for c in agent.open_commands())
    agent.answer("resume")
    agent.run()
    assert agent.of(ev.TaskCompleted)


# ---- another source ----------------------------------------------------------------------------------


def test_a_source_whose_crane_is_ready_goes_before_one_of_a_better_rank() -> None:
    agent = an_agent_without("asrs-1", totes=(2, 1))
    agent.run()
    assert [event.tote for event in agent.of(ev.TripPlanned)] == [tote(1)]
    assert agent.of(ev.TaskCompleted)


def test_a_line_leaves_a_tote_that_a_crane_does_not_bring_for_one_that_comes() -> None:
    agent = an_agent({1: [MUG], 2: [MUG]}, patient("st1"))
    agent.submit(a_task("T-0", a_line(totes=(4,)), box=9))
    agent.submit(a_task("T-1", a_line(totes=(2, 1))))  # its tote waits for the crane
    agent.lose("asrs-1")
    agent.run_to(ev.UnitPlaced)
    assert agent.last(ev.UnitPlaced).tote == tote(1)
    assert down(agent)


def test_a_line_that_leaves_a_tote_behind_a_held_crane_does_not_go_back_to_it() -> None:
    agent = an_agent({1: [MUG] * 3, 2: [MUG] * 3, 4: [MUG]}, patient("st1"))
    agent.submit(
        a_task("T-1", a_line("1", MUG, 1, (4,))),
        a_task("T-2", a_line("1", MUG, 1, (2,)), box=2),
        a_task("T-3", a_line("1", MUG, 1, (2, 1)), box=3),
    )
    agent.hold(DeviceHold(DeviceId("asrs-1")))
    lines = {trip.tote: [ref.task_id for ref in trip.lines] for trip in agent.state.trips.values()}
    assert lines == {tote(4): ["T-1"], tote(2): ["T-2"], tote(1): ["T-3"]}
