"""When a task will be done: from cycle times as they are measured, and the work that is ahead of it."""

from datetime import datetime, timedelta

import pytest

from edge_agent.core.cycles import KEPT, cycle_s
from edge_agent.core.image import image_of
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import DeviceId, Gtin, TaskId
from edge_agent.domain.site import CycleTimes
from tests.core.agent import MUG, PEN, Agent, a_line, a_site, a_task, an_agent

CRANE, PICKER, SCANNER = DeviceId("asrs-2"), DeviceId("picker-1"), DeviceId("st1-item-scan")
TIMES = CycleTimes()
UNIT_S = TIMES.pick_s + TIMES.scan_s + TIMES.place_s
ONE_TASK_S = TIMES.retrieve_s + TIMES.transfer_s + TIMES.scan_s + UNIT_S + TIMES.transfer_s


def a_cell(stock: dict[int, list[Gtin]] | None = None, **policies: float) -> Agent:
    """Station 1 alone, which reads no containers."""
    return an_agent(stock, a_site("st1", policies={"eta_change_s": 5, "eta_interval_s": 1, **policies}))


def in_s(agent: Agent, eta: datetime | None) -> float:
    assert eta is not None
    return (eta - agent.now.utc).total_seconds()


def fetch(agent: Agent, seconds: float) -> None:
    """The crane takes so long for the tote that it was told to bring."""
    retrieval = agent.command(cmd.Retrieve)
    agent.accept(retrieval)
    agent.clock_s += seconds
    agent.finish(retrieval)


# ---- measuring ---------------------------------------------------------------------------------------


def test_until_three_cycles_are_measured_the_sites_value_stands_in_for_those_that_lack() -> None:
    agent = a_cell()
    seen = []
    for number in range(1, 5):
        agent.submit(a_task(f"T-{number}", box=number))
        fetch(agent, 20)
        seen.append(cycle_s(agent.state, CRANE, "retrieve"))
        agent.run()
    assert seen == [9, 20, 20, 20]


def test_one_command_that_hung_moves_the_cycle_time_of_its_device_little() -> None:
    agent = a_cell()
    for number, seconds in enumerate([8, 9, 900, 10, 9], start=1):
        agent.submit(a_task(f"T-{number}", box=number))
        fetch(agent, seconds)
        agent.run()
    assert cycle_s(agent.state, CRANE, "retrieve") == 9


def test_every_machine_and_scanner_that_worked_is_measured_by_verb() -> None:
    agent = a_cell()
    agent.submit(a_task())
    agent.run()
    measured = {name: set(device.cycles) for name, device in agent.state.devices.items() if device.cycles}
    assert measured == {
        "asrs-2": {"retrieve", "store"},
        "conveyor-1": {"transfer"},
        "picker-1": {"pick", "place"},
        "st1-tote-scan": {"scan"},
        "st1-item-scan": {"scan"},
    }


def test_a_transfer_to_a_tote_point_where_it_may_have_to_wait_is_not_measured() -> None:
    agent = a_cell()
    agent.submit(a_task())
    agent.run_to(ev.ContainerArrived)
    before = agent.state.devices[DeviceId("conveyor-1")].cycles
    agent.run_to(ev.ToteDelivered)
    assert agent.state.devices[DeviceId("conveyor-1")].cycles == before


def test_only_the_last_cycles_are_kept_and_a_restart_keeps_them() -> None:
    agent = a_cell({1: [MUG] * 20})
    agent.submit(a_task("T-1", a_line(quantity=15)))
    agent.run()
    cycles = agent.state.devices[PICKER].cycles
    assert len(cycles["pick"]) == KEPT
    assert agent.replayed().devices[PICKER].cycles == cycles
    image = image_of(agent.state)
    agent.submit(a_task("T-2", box=2))
    agent.run()
    assert dict(image.devices)[PICKER].cycles == cycles


# ---- at the start ------------------------------------------------------------------------------------


def test_the_first_eta_is_the_sum_of_the_moves_that_the_task_needs() -> None:
    agent = a_cell()
    agent.submit(a_task())
    assert in_s(agent, agent.last(ev.TaskStarted).eta) == pytest.approx(ONE_TASK_S)


def test_work_ahead_at_the_station_puts_the_end_off_and_that_of_another_station_does_not() -> None:
    agent = an_agent({1: [MUG] * 9, 2: [PEN] * 9})
    first, second = a_task("T-1", a_line(quantity=5)), a_task("T-2", a_line("1", PEN, 1, (200,)), box=2)
    agent.submit(first, second, a_task("T-3", box=3))
    starts = {event.task_id: in_s(agent, event.eta) for event in agent.of(ev.TaskStarted)}
    put_scan_s = TIMES.scan_s  # station 2 reads the container
    assert starts["T-2"] == pytest.approx(ONE_TASK_S + put_scan_s)
    assert starts["T-3"] == pytest.approx(ONE_TASK_S + 5 * UNIT_S)


def test_totes_of_one_crane_come_one_after_the_other() -> None:
    agent = a_cell({1: [MUG], 3: [PEN]})
    agent.submit(a_task("T-1", a_line(), a_line("2", PEN, 1, (3,))))
    assert in_s(agent, agent.last(ev.TaskStarted).eta) > ONE_TASK_S + TIMES.retrieve_s


def test_the_next_eta_is_made_of_what_was_measured() -> None:
    agent = a_cell()
    for number in range(1, 5):
        agent.submit(a_task(f"T-{number}", box=number))
        fetch(agent, 30)
        agent.run()
    agent.submit(a_task("T-9", box=9))
    assert in_s(agent, agent.last(ev.TaskStarted).eta) == 30  # nothing but the crane has taken any time


# ---- changes -----------------------------------------------------------------------------------------


def test_an_end_that_moves_by_more_than_is_set_is_told_with_the_earlier_one() -> None:
    agent = a_cell()
    agent.submit(a_task())
    told = agent.last(ev.TaskStarted).eta
    agent.accept(agent.command(cmd.Retrieve))
    agent.wait(TIMES.retrieve_s + 4)
    assert not agent.of(ev.EtaChanged)
    agent.wait(2)
    (changed,) = agent.of(ev.EtaChanged)
    assert changed == ev.EtaChanged(TaskId("T-1"), told + timedelta(seconds=6), told)
    assert agent.state.tasks[TaskId("T-1")].eta == changed.eta


def test_an_end_that_comes_nearer_is_told_too() -> None:
    agent = a_cell({1: [MUG] * 9})
    agent.submit(a_task("T-1", a_line(quantity=9)), a_task("T-2", box=2))
    agent.wait(1)
    agent.cancel("T-1")
    agent.wait(0)
    changed = agent.last(ev.EtaChanged)
    assert changed.task_id == "T-2"
    assert changed.eta < changed.earlier_eta


def test_a_change_is_told_at_most_so_often() -> None:
    agent = a_cell(eta_interval_s=40)
    agent.submit(a_task())
    for _ in range(13):
        agent.wait(10)
    assert len(agent.of(ev.EtaChanged)) == 3


def test_a_task_that_stands_still_for_a_night_tells_of_it_ever_more_seldom() -> None:
    agent = a_cell(eta_change_s=60, eta_interval_s=30)
    agent.submit(a_task())
    agent.show(Mode.FAULTED, CRANE)
    for _ in range(8 * 60):
        agent.wait(60)
    assert len(agent.of(ev.EtaChanged)) < 60


def test_no_end_is_told_of_a_task_that_waits_for_a_person() -> None:
    agent = a_cell()
    agent.submit(a_task(partial=False))
    agent.doubt(agent.command(cmd.Retrieve))
    agent.wait(600)
    assert agent.state.exceptions
    assert not agent.of(ev.EtaChanged)


def test_a_wall_clock_that_is_set_moves_the_end_that_is_shown_and_no_cycle_time() -> None:
    agent = a_cell()
    agent.submit(a_task())
    told = agent.last(ev.TaskStarted).eta
    agent.wait(2)
    agent.wall = timedelta(hours=1)
    agent.wait(0)
    changed = agent.last(ev.EtaChanged)
    assert changed.eta == told + timedelta(hours=1)
    fetch(agent, 7)
    assert agent.state.devices[CRANE].cycles["retrieve"] == (9.0,)
