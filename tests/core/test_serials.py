"""A serial number is picked once, whatever the task, the station or the restart between."""

from edge_agent.core.serials import Taken
from edge_agent.core.view import task_view
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.ids import TaskId
from tests.core.agent import MUG, Agent, a_line, a_site, a_task, an_agent


def marked(serial: str) -> bytes:
    return b"]C101" + MUG.encode() + b"21" + serial.encode()


def an_agent_with_mugs(*stations: str, remembered: int = 100) -> Agent:
    site = a_site(*stations)
    limits = site.limits.model_copy(update={"remembered_serials": remembered})
    stock = {number: [MUG] * 9 for number in (1, 2, 3)}
    return an_agent(stock, site.model_copy(update={"limits": limits}))


def pick(agent: Agent, number: int, *serials: str, totes: tuple[int, ...] = (1,)) -> None:
    """A task for so many mugs, each of which shows such a serial number."""
    agent.submit(a_task(f"T-{number}", a_line("1", MUG, len(serials), totes), box=number))
    for serial in serials:
        agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM))
        agent.scan(marked(serial))


def refused(agent: Agent) -> bool:
    return bool(agent.of(ev.ScanRejected)) and agent.last(ev.ScanRejected).name == "duplicate_serial"


def test_a_serial_number_of_a_completed_task_is_refused_in_the_next() -> None:
    agent = an_agent_with_mugs("st1")
    pick(agent, 1, "S-1")
    agent.run()
    pick(agent, 2, "S-1")
    assert refused(agent)


def test_it_is_refused_after_a_restart_too_with_a_snapshot_or_without() -> None:
    agent = an_agent_with_mugs("st1")
    pick(agent, 1, "S-1")
    agent.run()
    assert agent.replayed_with_snapshot(len(agent.journal)) == agent.state
    agent.restart()
    agent.ready()
    pick(agent, 2, "S-1")
    assert refused(agent)


def test_a_serial_number_in_hand_at_another_station_is_taken() -> None:
    agent = an_agent_with_mugs()
    agent.submit(*(a_task(f"T-{n}", a_line("1", MUG, 1, (n,)), box=n) for n in (1, 2)))
    while len(agent.scan_steps(ev.ScanTarget.ITEM)) < 2:
        totes = agent.scan_steps(ev.ScanTarget.TOTE)
        if totes:
            agent.scan(agent.sees(totes[0][0]), totes[0][1])
        else:
            agent.finish(agent.open_commands()[0])
    (_, first), (_, second) = agent.scan_steps()
    agent.scan(marked("S-1"), first)
    agent.scan(marked("S-1"), second)
    assert refused(agent)


def test_a_unit_that_goes_back_frees_its_serial_number() -> None:
    agent = an_agent_with_mugs("st2")
    pick(agent, 1, "S-1")
    for _ in range(3):
        agent.scan(None)  # the container cannot be read: the unit goes back, though it had passed
    agent.finish(agent.command(cmd.PutBack))
    agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM))
    agent.scan(marked("S-1"))
    assert not refused(agent)


def test_a_lost_unit_frees_its_serial_number() -> None:
    agent = an_agent_with_mugs("st1")
    pick(agent, 1, "S-1")
    assert (MUG, "S-1") in Taken(agent.state)
    agent.doubt(agent.command(cmd.Place))
    agent.answer("lost")
    assert (MUG, "S-1") not in Taken(agent.state)


def test_what_lies_in_the_container_of_a_cancelled_task_may_be_picked_again() -> None:
    agent = an_agent_with_mugs("st1")
    agent.submit(a_task("T-1", a_line("1", MUG, 2)))
    agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM))
    agent.scan(marked("S-1"))
    agent.run_to(ev.UnitPlaced)
    agent.cancel()
    agent.run()
    assert agent.of(ev.TaskCancelled)
    pick(agent, 2, "S-1")
    assert not refused(agent)


def test_only_so_many_are_remembered_but_those_of_open_tasks_always() -> None:
    agent = an_agent_with_mugs("st1", remembered=1)
    pick(agent, 1, "S-1", "S-2")
    agent.run()
    assert list(agent.state.shipped_serials) == [(MUG, "S-2")]
    pick(agent, 2, "S-1", "S-3", "S-4")
    assert {serial for _, serial in agent.state.serials} == {"S-1", "S-3", "S-4"}
    assert not refused(agent)


def test_a_serial_number_belongs_to_its_item() -> None:
    agent = an_agent_with_mugs("st1")
    pick(agent, 1, "S-1")
    agent.run()
    assert ("00012345678905", "S-1") not in Taken(agent.state)
    assert task_view(agent.state, TaskId("T-1"), agent.now) is None
