"""A container whose lane takes none leaves by another one of the same kind, and the OMS is told which."""

import pytest

from edge_agent.core.confirmations import confirmation
from edge_agent.core.view import task_view
from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.decision import LaneHold
from edge_agent.domain.events import ExceptionKind
from edge_agent.domain.ids import TaskId
from edge_agent.domain.site import Site
from tests.core.agent import Agent, a_task, an_agent
from tests.core.floor import container
from tests.core.policy.sites import EXPRESS, SHIP, patient, with_another_lane


def filled(site: Site | None = None, hold: bool = False) -> Agent:
    """The container of a task is to leave by its lane."""
    agent = an_agent(site=site or with_another_lane(patient("st1")))
    agent.submit(a_task())
    agent.run_to(ev.UnitGripped)
    if hold:
        agent.hold(LaneHold(SHIP), "no truck")
    agent.run_to(ev.TaskFilled)
    return agent


def leaving(agent: Agent) -> cmd.Command:
    loads = ((command, command.order) for command in agent.open_commands())
    return next(one for one, order in loads if isinstance(order, cmd.Transfer) and order.load == container(1))


def left_by(agent: Agent) -> str:
    return agent.floor.places[container(1)]


@pytest.mark.parametrize("reason", [cmd.FailureReason.DESTINATION_FULL, cmd.FailureReason.JAM])
def test_it_is_taken_when_the_conveyor_does_not_get_there(reason: cmd.FailureReason) -> None:
    agent = filled()
    agent.fail(leaving(agent), reason)
    assert agent.last(ev.ExceptionRaised).kind is ExceptionKind.LANE_BLOCKED
    settled = agent.last(ev.ExceptionResolved)
    assert (settled.action, settled.task_id, settled.arguments) == ("other_lane", "T-1", {"lane": EXPRESS})
    view = task_view(agent.state, TaskId("T-1"), agent.now)
    assert view is not None
    assert view["lane"] == EXPRESS
    agent.run()
    assert left_by(agent) == "express-1"
    assert confirmation(agent.last(ev.TaskCompleted)).data["lane"] == EXPRESS


def test_it_is_taken_when_the_conveyor_refuses_the_way() -> None:
    agent = filled()
    agent.refuse(leaving(agent), cmd.RefusalReason.OTHER)
    agent.run()
    assert left_by(agent) == "express-1"


@pytest.mark.parametrize("reason", [cmd.FailureReason.LOAD_MISSING, cmd.FailureReason.DEVICE_FAULT])
def test_a_failure_that_is_not_the_lanes_is_held(reason: cmd.FailureReason) -> None:
    agent = filled()
    agent.fail(leaving(agent), reason)
    assert [one.kind for one in agent.state.exceptions.values()] == [ExceptionKind.COMMAND_FAILED]


def test_a_person_is_asked_when_no_lane_is_left() -> None:
    agent = filled()
    for _ in range(2):
        agent.fail(leaving(agent), cmd.FailureReason.DESTINATION_FULL)
    (raised,) = agent.state.exceptions.values()
    assert raised.kind is ExceptionKind.COMMAND_FAILED
    agent.answer("not_moved")
    agent.run()
    assert left_by(agent) == "express-1"


@pytest.mark.parametrize(
    "site",
    [
        patient("st1"),
        with_another_lane(patient("st1", exceptions={"lane_blocked": {"steps": []}})),
    ],
    ids=["no other lane", "not a step of this site"],
)
def test_it_is_not_taken_where_the_site_does_not_say_so(site: Site) -> None:
    agent = filled(site)
    agent.fail(leaving(agent), cmd.FailureReason.DESTINATION_FULL)
    assert agent.of(ev.LaneChanged) == []
    assert agent.state.exceptions


def test_it_is_taken_when_a_person_has_held_the_lane_for_long() -> None:
    agent = filled(hold=True)
    assert agent.why()[0].code is WaitCode.HELD_BY_PERSON
    agent.wait(9.9)
    assert agent.of(ev.LaneChanged) == []
    agent.run()
    assert left_by(agent) == "express-1"
    assert "no truck" in agent.last(ev.ExceptionRaised).detail


def test_a_lane_that_is_held_too_takes_none() -> None:
    agent = filled(hold=True)
    agent.hold(LaneHold(EXPRESS))
    agent.run()
    assert agent.of(ev.LaneChanged) == []
    assert agent.why()[0].code is WaitCode.HELD_BY_PERSON


def test_tasks_for_a_lane_that_was_held_for_long_begin_again() -> None:
    agent = an_agent(site=with_another_lane(patient("st1")))
    agent.hold(LaneHold(SHIP))
    agent.submit(a_task())
    assert agent.of(ev.TaskStarted) == []
    agent.run()
    assert agent.last(ev.TaskCompleted).lane == EXPRESS


def test_an_empty_container_goes_to_the_reject_point_and_is_told_to_have_no_lane() -> None:
    agent = an_agent({1: []}, with_another_lane(patient("st1")))
    agent.submit(a_task())
    agent.run()
    assert agent.last(ev.TaskCompleted).lane is None
    assert left_by(agent) == "reject"
