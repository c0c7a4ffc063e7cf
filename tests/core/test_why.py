"""Why a task does not move: always an answer, and the right one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from edge_agent.core.view import device_view, task_view
from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import DeviceId, TaskId
from tests.core.agent import MUG, PEN, T0, Agent, a_line, a_site, a_task, an_agent


def codes(agent: Agent, task_id: str = "T-1") -> set[WaitCode]:
    return {wait.code for wait in agent.why(task_id)}


def test_a_task_that_is_not_open_has_no_answer() -> None:
    with pytest.raises(KeyError):
        an_agent().why("T-9")


def test_there_is_an_answer_for_every_open_task_at_every_moment() -> None:
    agent = an_agent({1: [MUG] * 3, 2: [PEN] * 2})
    agent.submit(
        *(a_task(f"T-{n}", a_line("1", MUG), a_line("2", PEN, 1, totes=(2, 1)), box=n) for n in range(1, 10))
    )
    while agent.advance():
        for task_id in agent.state.tasks:
            assert agent.why(task_id)


def test_no_answer_is_given_twice() -> None:
    agent = an_agent(site=a_site("st1"))
    agent.submit(a_task("T-1", a_line("1"), a_line("2"), a_line("3")))
    answers = agent.why()
    assert len(answers) == len(set(answers))


def test_each_wait_of_a_task_has_its_own_answer() -> None:
    agent = an_agent({1: [MUG], 3: [MUG]})
    agent.lose("conveyor-1")
    agent.submit(a_task("T-1", a_line("1"), a_line("2", totes=(3,))))
    assert codes(agent) == {WaitCode.DEVICE_NOT_READY, WaitCode.COMMAND_OPEN, WaitCode.DEVICE_BUSY}
    texts = " ".join(wait.text for wait in agent.why())
    assert "conveyor-1 is disconnected" in texts
    assert "asrs-2 has retrieve command" in texts


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (ev.CommandOrdered, WaitCode.COMMAND_OPEN),
        (ev.ScanRequested, WaitCode.SCAN_OPEN),
        (ev.UnitStarted, WaitCode.COMMAND_OPEN),
        (ev.TaskFilled, WaitCode.COMMAND_OPEN),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_the_stage_of_a_task_gives_its_answer(until: type, expected: WaitCode) -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run_to(until)
    assert expected in codes(agent)


def test_a_tote_that_is_there_waits_for_the_container() -> None:
    agent = an_agent()
    agent.submit(a_task())
    late = next(c for c in agent.open_commands() if isinstance(c.order, cmd.Transfer))
    agent.accept(late)
    for order in (cmd.Retrieve, cmd.Transfer):
        agent.finish(next(c for c in agent.open_commands() if isinstance(c.order, order) and c != late))
    agent.read()
    assert WaitCode.CONTAINER_ON_THE_WAY in codes(agent)


def test_a_task_in_the_queue_says_how_many_go_first() -> None:
    agent = an_agent(site=a_site("st1"))
    agent.submit(*(a_task(f"T-{n}", box=n) for n in range(1, 7)))
    agent.submit(a_task("T-7", box=7, priority=90))
    last = [(wait.code, wait.text) for wait in agent.why("T-6")]
    assert last == [
        (WaitCode.NO_PUT_POSITION, "every put position of st1 is taken"),
        (WaitCode.OTHER_WORK_FIRST, "tasks that go first: 3"),
    ]
    assert codes(agent, "T-7") == {WaitCode.NO_PUT_POSITION}, "it is the next"


def test_a_line_whose_location_the_site_file_has_no_more_says_so() -> None:
    agent = an_agent(ready=False)
    agent.submit(a_task())
    site = agent.plant.site
    storage = {name: one for name, one in site.storage.items() if name != "asrs-2"}
    agent.plant = replace(agent.plant, site=site.model_copy(update={"storage": storage}))
    agent.restart()
    agent.ready()
    assert WaitCode.NO_ASRS in codes(agent)
    assert "no AS/RS of this site reaches A02-01-01" in [wait.text for wait in agent.why()]


def test_a_line_says_which_other_one_is_picked_first() -> None:
    agent = an_agent(site=a_site("st1"))
    agent.submit(a_task("T-1", priority=90), a_task("T-2", box=2))
    agent.run_to(ev.UnitStarted)
    assert "st1 picks for task T-1 line 1 first" in [wait.text for wait in agent.why("T-2")]


def test_a_task_whose_station_stands_still_says_so_wherever_its_tote_is() -> None:
    agent = an_agent({1: [MUG], 2: [MUG]}, a_site("st1"))
    agent.submit(a_task("T-1"), a_task("T-2", a_line(totes=(2,)), box=2))
    agent.run(until=lambda agent: any(isinstance(c.order, cmd.Pick) for c in agent.open_commands()))
    agent.fail(agent.command(cmd.Pick), cmd.FailureReason.JAM)
    agent.run()
    assert WaitCode.HELD in codes(agent, "T-1")
    assert WaitCode.HELD in codes(agent, "T-2")


# ---- what is shown outside ---------------------------------------------------------------------------


def test_the_view_of_a_task_shows_its_lines_and_its_waits() -> None:
    agent = an_agent()
    agent.submit(a_task("T-1", a_line("1", MUG, 2), not_before=T0 + timedelta(hours=1)))
    view = task_view(agent.state, TaskId("T-1"), agent.now)
    assert view is not None
    assert view["status"] == "accepted"
    assert view["held"] is None
    assert [wait["code"] for wait in view["waits"]] == ["not_before"]
    assert view["lines"] == [
        {"line_id": "1", "status": "waiting", "ordered": 2, "picked": 0, "short": 0, "cancelled": 0}
    ]


@pytest.mark.parametrize("order", [cmd.Pick, cmd.Place, cmd.Transfer])
def test_the_view_of_a_task_shows_the_exception_that_holds_it(order: type) -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run(until=lambda agent: any(isinstance(c.order, order) for c in agent.open_commands()))
    agent.doubt(next(c for c in agent.open_commands() if isinstance(c.order, order)))
    view = task_view(agent.state, TaskId("T-1"), agent.now)
    assert view is not None
    assert view["held"]["kind"] == "command_unknown"


def test_a_task_that_is_not_open_has_no_view() -> None:
    assert task_view(an_agent().state, TaskId("T-9"), an_agent().now) is None


def test_the_view_of_a_device_shows_how_it_stands() -> None:
    agent = an_agent(ready=False)
    agent.show(Mode.FAULTED, "asrs-1")
    view = device_view(agent.state, DeviceId("asrs-1"))
    assert (view["state"], view["epoch"], view["since"]) == ("faulted", 7, T0.isoformat())


def test_a_command_whose_device_is_not_ready_says_so() -> None:
    agent = an_agent()
    agent.submit(a_task())
    crane = agent.command(cmd.Retrieve)
    agent.accept(crane)
    agent.show(Mode.FAULTED, "asrs-2")
    text = f"asrs-2 has retrieve command {crane.command_id}: accepted; asrs-2 is faulted"
    assert text in [wait.text for wait in agent.why()]
    agent.ready("asrs-2")
    assert text.partition(";")[0] in [wait.text for wait in agent.why()]


def test_a_pick_under_way_is_named_with_its_command() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run(until=lambda agent: any(isinstance(c.order, cmd.Pick) for c in agent.open_commands()))
    pick = agent.command(cmd.Pick)
    assert f"picker-1 has pick command {pick.command_id}: ordered" in [wait.text for wait in agent.why()]
