"""Persons stop a station, a device, a task or a lane; and machines that were e-stopped."""

import pytest

from edge_agent.core.view import held_tasks, holds_view
from edge_agent.core.wait import WaitCode
from edge_agent.domain import events as ev
from edge_agent.domain.decision import (
    DecisionCode,
    DeviceHold,
    HoldSubject,
    LaneHold,
    StationHold,
    TaskHold,
)
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import DeviceId, LaneId, StationId, TaskId
from tests.core.agent import MUG, PEN, T0, Agent, a_line, a_site, a_task, an_agent

ST1, TASK_1 = StationHold(StationId("st1")), TaskHold(TaskId("T-1"))
LANE, CRANE = LaneHold(LaneId("ship-1")), DeviceHold(DeviceId("asrs-2"))


def codes(agent: Agent, task_id: str = "T-1") -> set[WaitCode]:
    return {wait.code for wait in agent.why(task_id)}


@pytest.mark.parametrize(
    "subject",
    [ST1, TASK_1, LANE, CRANE, DeviceHold(DeviceId("picker-1")), DeviceHold(DeviceId("conveyor-1"))],
)
@pytest.mark.parametrize(
    "until", [ev.TaskAccepted, ev.TaskStarted, ev.UnitGripped, ev.UnitPlaced, ev.TaskFilled]
)
def test_what_is_held_waits_by_name_and_goes_on_when_it_is_released(
    subject: HoldSubject, until: type
) -> None:
    agent = an_agent({1: [MUG] * 3}, a_site("st1"))
    if until is ev.TaskAccepted:
        agent.lose("picker-1")
    agent.submit(a_task("T-1", a_line("1", MUG, 3)))
    agent.run_to(until)
    agent.hold(subject, "a spill")
    agent.ready()
    agent.run()
    if agent.state.tasks:
        assert WaitCode.HELD_BY_PERSON in codes(agent)
        texts = [wait.text for wait in agent.why() if wait.code is WaitCode.HELD_BY_PERSON]
        assert "is held by anna: a spill" in texts[0]
    agent.release(subject)
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 3
    assert agent.state.tasks == agent.state.trips == {}


def test_a_task_that_another_station_will_take_is_not_said_to_wait_for_a_person() -> None:
    agent = an_agent({}, a_site("st1", "st2"))
    agent.hold(ST1)
    agent.submit(*(a_task(f"T-{n}", box=n) for n in range(1, 5)))
    assert {WaitCode.NO_PUT_POSITION, WaitCode.OTHER_WORK_FIRST} >= codes(agent, "T-4") > set()
    assert "T-4" not in held_tasks(agent.state, agent.now)


def test_a_line_whose_other_tote_will_come_back_is_not_said_to_wait_for_a_person() -> None:
    agent = an_agent({2: [MUG] * 2})
    agent.hold(CRANE)
    agent.submit(a_task("T-1", a_line(totes=(2,))), a_task("T-2", a_line(totes=(1, 2)), box=2))
    assert agent.state.tasks[TaskId("T-2")].station_id == "st2"
    assert WaitCode.TOTE_IN_USE in codes(agent, "T-2")
    assert WaitCode.HELD_BY_PERSON not in codes(agent, "T-2")
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 2


def test_the_unit_in_hand_of_a_held_station_is_finished_and_no_other_begins() -> None:
    agent = an_agent({1: [MUG] * 3}, a_site("st1"))
    agent.submit(a_task("T-1", a_line("1", MUG, 3)))
    agent.run_to(ev.UnitGripped)
    agent.hold(ST1)
    agent.run()
    assert len(agent.of(ev.UnitStarted)) == len(agent.of(ev.UnitPlaced)) == 1


def test_a_held_task_holds_nothing_else_back() -> None:
    agent = an_agent({1: [MUG] * 3, 2: [PEN] * 3}, a_site("st1"))
    agent.submit(a_task("T-1", a_line("1", MUG, 3)), a_task("T-2", a_line("1", PEN, 1, (2,)), box=2))
    agent.run_to(ev.UnitGripped)
    agent.hold(TaskHold(agent.last(ev.UnitStarted).task_id))
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 1


def test_a_held_task_in_the_queue_lets_those_behind_it_pass() -> None:
    agent = an_agent({1: [MUG] * 3}, a_site("st1"))
    agent.lose("picker-1")
    agent.submit(a_task("T-1"), a_task("T-2", box=2))
    agent.hold(TASK_1)
    agent.ready()
    agent.run()
    assert [event.task_id for event in agent.of(ev.TaskCompleted)] == ["T-2"]


def test_tasks_for_another_lane_go_on_beside_a_held_one() -> None:
    agent = an_agent({1: [MUG] * 3}, a_site("st1"))
    agent.hold(LANE)
    agent.submit(a_task("T-1"), a_task("T-2", box=2, lane="express-1"))
    agent.run()
    assert [event.task_id for event in agent.of(ev.TaskCompleted)] == ["T-2"]
    assert codes(agent) == {WaitCode.HELD_BY_PERSON}


def test_the_lines_of_a_held_crane_take_their_next_source() -> None:
    agent = an_agent({1: [MUG], 2: [MUG]})
    agent.hold(CRANE)  # has the odd totes
    agent.submit(a_task("T-1", a_line(totes=(1, 2))))
    agent.run()
    assert agent.last(ev.UnitPlaced).tote == "TOTE-0002"


def test_a_held_task_can_still_be_cancelled_and_is_released_when_it_has_ended() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.hold(TASK_1)
    agent.cancel()
    agent.run()
    assert len(agent.of(ev.TaskCancelled)) == 0, "its container does not leave while it is held"
    agent.release(TASK_1)
    agent.run()
    assert len(agent.of(ev.TaskCancelled)) == 1
    assert agent.state.holds == {}


@pytest.mark.parametrize(
    ("subject", "reason", "code"),
    [
        (StationHold(StationId("st9")), "cleaning", DecisionCode.UNKNOWN_SUBJECT),
        (DeviceHold(DeviceId("crane-9")), "cleaning", DecisionCode.UNKNOWN_SUBJECT),
        (TaskHold(TaskId("T-9")), "cleaning", DecisionCode.UNKNOWN_SUBJECT),
        (LaneHold(LaneId("moon-1")), "cleaning", DecisionCode.UNKNOWN_SUBJECT),
        (ST1, " ", DecisionCode.REASON_NEEDED),
        (CRANE, "cleaning", DecisionCode.ALREADY_HELD),
    ],
)
def test_a_hold_that_does_not_count_is_refused(subject: HoldSubject, reason: str, code: DecisionCode) -> None:
    agent = an_agent()
    agent.hold(CRANE)
    (event,) = agent.hold(subject, reason)
    assert isinstance(event, ev.DecisionRefused)
    assert (event.code, event.subject, event.action) == (code, subject, "hold")
    assert list(agent.state.holds) == [CRANE]


def test_what_is_not_held_is_not_released() -> None:
    (event,) = an_agent().release(ST1)
    assert isinstance(event, ev.DecisionRefused)
    assert (event.code, event.text) == (DecisionCode.NOT_HELD, "station st1 is not held by a person")


def test_holds_are_shown_with_who_placed_them_and_why() -> None:
    agent = an_agent()
    agent.hold(ST1)
    assert holds_view(agent.state) == [
        {
            "kind": "station",
            "station_id": "st1",
            "actor": "anna",
            "reason": "cleaning",
            "since": T0.isoformat(),
        }
    ]


# ---- e-stops -----------------------------------------------------------------------------------------

ACKNOWLEDGED = {"e_stop": {"acknowledge": "agent"}}
MACHINES = ("asrs-2", "conveyor-1", "picker-1")


@pytest.mark.parametrize("machine", MACHINES)
def test_an_e_stopped_machine_gets_orders_again_only_when_a_person_has_said_so(machine: str) -> None:
    agent = an_agent(site=a_site("st1", exceptions=ACKNOWLEDGED))
    agent.show(Mode.E_STOPPED, machine)
    agent.ready(machine)
    agent.submit(a_task())
    agent.run()
    assert machine not in {event.command.device_id for event in agent.of(ev.CommandOrdered)}
    assert WaitCode.HELD in codes(agent)
    raised = agent.last(ev.ExceptionRaised)
    assert (raised.kind, raised.options) == (ev.ExceptionKind.E_STOP, ("resume",))
    agent.answer("resume")
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


def test_a_machine_that_is_still_stopped_cannot_be_resumed() -> None:
    agent = an_agent(site=a_site(exceptions=ACKNOWLEDGED))
    agent.show(Mode.E_STOPPED, "picker-1")
    (event,) = agent.answer("resume")
    assert isinstance(event, ev.DecisionRefused)
    assert event.text == "picker-1 is still e-stopped; release it at its panel first"


def test_an_e_stop_is_still_to_be_acknowledged_after_a_lost_link_and_a_restart() -> None:
    agent = an_agent(site=a_site("st1", exceptions=ACKNOWLEDGED))
    agent.show(Mode.E_STOPPED, "picker-1")
    agent.lose("picker-1")
    agent.restart()
    agent.ready()
    agent.show(Mode.E_STOPPED, "picker-1")
    agent.ready()
    assert len(agent.state.exceptions) == 1
    agent.submit(a_task())
    assert agent.of(ev.TaskStarted) == []


def test_lines_go_round_a_crane_that_was_e_stopped() -> None:
    agent = an_agent({1: [MUG], 2: [MUG]}, a_site(exceptions=ACKNOWLEDGED))
    agent.show(Mode.E_STOPPED, "asrs-2")
    agent.submit(a_task("T-1", a_line(totes=(1, 2))))
    agent.run()
    assert agent.last(ev.UnitPlaced).tote == "TOTE-0002"


def test_a_site_may_leave_the_acknowledgement_to_the_machine() -> None:
    agent = an_agent(site=a_site("st1", exceptions={"e_stop": {"acknowledge": "device"}}))
    agent.show(Mode.E_STOPPED, "picker-1")
    assert agent.of(ev.ExceptionRaised) == []


def test_an_e_stopped_scanner_asks_nobody() -> None:
    agent = an_agent(site=a_site(exceptions=ACKNOWLEDGED))
    agent.show(Mode.E_STOPPED, "st1-item-scan")
    assert agent.of(ev.ExceptionRaised) == []
