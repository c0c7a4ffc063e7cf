"""Controllers that forget in mid work, on virtual time: sensors say where the load is, and work goes on."""

from collections.abc import Awaitable, Callable, Iterator

import pytest

from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.device import Mode
from tests.core.agent import MUG, a_line, a_task, demo_site
from tests.core.floor import Floor
from tests.virtual.warehouse import STEP_S, Machine, Warehouse

MOVES = (cmd.Retrieve, cmd.Transfer, cmd.Pick, cmd.Store)
LONG_S = 600.0
Send = Callable[[cmd.Command], Awaitable[cmd.Accepted | cmd.Refusal]]


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    site = demo_site()
    warehouse = Warehouse(site, Floor.stocked(site, {1: [MUG] * 4}), seed=1)
    warehouse.live(2)
    warehouse.submit(a_task("T-1", a_line("1", MUG, 2, (1,))))
    yield warehouse
    warehouse.close()


def at_work_on(warehouse: Warehouse, order: type) -> Machine:
    """Time passes until a machine is in the middle of such a command."""
    while True:
        warehouse.live(STEP_S)
        for machine in warehouse.machines.values():
            if any(isinstance(command.order, order) for _, command in machine._ends.values()):
                warehouse.live(STEP_S)
                return machine


@pytest.mark.parametrize("order", MOVES)
@pytest.mark.parametrize("agent_dies", [False, True], ids=["agent lives", "agent dies too"])
def test_a_move_that_a_controller_forgot_is_found_done_and_the_task_is_completed(
    warehouse: Warehouse, order: type, agent_dies: bool
) -> None:
    at_work_on(warehouse, order).lose_memory()
    if agent_dies:
        warehouse.restart()
    warehouse.settle()
    assert len(warehouse.of(ev.TaskCompleted)) == 1
    assert warehouse.of(ev.CommandUnknown) == warehouse.of(ev.ExceptionRaised) == []


@pytest.mark.parametrize("order", MOVES)
def test_a_command_that_was_lost_with_the_memory_is_given_anew_under_another_id(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, order: type
) -> None:
    lost: list[cmd.Command] = []
    for machine in warehouse.machines.values():
        monkeypatch.setattr(machine.wire, "send", forgetting(machine, order, lost))
    warehouse.settle()
    assert len(warehouse.of(ev.TaskCompleted)) == 1
    assert warehouse.of(ev.ExceptionRaised) == []
    ordered = [
        event.command for event in warehouse.of(ev.CommandOrdered) if isinstance(event, ev.CommandOrdered)
    ]
    ids = [command.command_id for command in ordered if command.order == lost[0].order]
    assert ids[0] == lost[0].command_id
    not_started = ev.CommandFailed(ids[0], cmd.FailureReason.NOT_STARTED, 0)
    assert warehouse.of(ev.CommandFailed) == [not_started]
    assert warehouse.floor.begun.isdisjoint({ids[0]})
    assert ids[1] in warehouse.floor.ended


def forgetting(machine: Machine, order: type, lost: list[cmd.Command]) -> Send:
    """The first command of that kind finds a controller that is just being switched off and on."""
    send = machine.wire.send

    async def meet_it_starting(command: cmd.Command) -> cmd.Accepted | cmd.Refusal:
        if not lost and isinstance(command.order, order):
            lost.append(command)
            machine.lose_memory()
        return await send(command)

    return meet_it_starting


def test_a_placing_that_was_forgotten_is_held_because_nobody_saw_where_the_unit_went(
    warehouse: Warehouse,
) -> None:
    at_work_on(warehouse, cmd.Place).lose_memory()
    warehouse.settle()
    (unknown,) = warehouse.of(ev.CommandUnknown)
    assert isinstance(unknown, ev.CommandUnknown)
    assert "the gripper is empty, and nobody has reported where the unit lies" in unknown.detail
    assert warehouse.of(ev.UnitPlaced) == []


def test_a_machine_that_is_stopped_is_waited_for_however_long_it_takes(warehouse: Warehouse) -> None:
    crane = at_work_on(warehouse, cmd.Retrieve)
    crane.wire.show(Mode.FAULTED)
    crane.lose_memory()
    warehouse.live(LONG_S)
    assert warehouse.of(ev.CommandUnknown) == warehouse.of(ev.TripRetrieved) == []
    crane.wire.show(Mode.READY)
    warehouse.settle()
    assert len(warehouse.of(ev.TaskCompleted)) == 1
