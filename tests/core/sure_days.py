"""Short days that are written down, and together take every row of every transition table.

The random days take most of them too, but which they are changes with the code.
"""

from collections.abc import Callable

from edge_agent.core.prompts import PromptCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.decision import StationHold, TaskHold
from edge_agent.domain.ids import StationId, TaskId
from edge_agent.domain.station import Answer
from tests.core.agent import ANNA, MUG, SUE, Agent, a_line, a_site, a_task, an_agent
from tests.core.floor import location
from tests.core.operator import at
from tests.core.policy.sites import patient, with_another_lane
from tests.core.scales import WEIGHTS, with_scales

T1 = TaskHold(TaskId("T-1"))
NO_CONTAINER = b"]C0OC-9999"
"""A container that no task knows."""


def at_work(quantity: int = 2, totes: tuple[int, ...] = (1, 2), station: str = "st2") -> Agent:
    """One task at a station whose put positions have scanners."""
    agent = an_agent({1: [MUG] * 2, 2: [MUG] * 2}, a_site(station))
    agent.submit(a_task("T-1", a_line("1", MUG, quantity, totes)))
    return agent


def up_to(agent: Agent, order: type, of: str = "") -> cmd.Command:
    """All goes well until such a command is open."""
    agent.run(until=lambda agent: _open(agent, order, of))
    return _open(agent, order, of)[0]


def reading(agent: Agent, target: ev.ScanTarget, data: bytes | None, *, until: type) -> None:
    """All goes well, but that scans of a kind read this, until there is such an event."""
    while not agent.of(until):
        steps = agent.scan_steps(target)
        if steps:
            agent.scan(data, steps[0][1])
        else:
            assert agent.advance(), "it came to rest before"


def _open(agent: Agent, order: type, of: str) -> list[cmd.Command]:
    return [c for c in agent.open_commands() if isinstance(c.order, order) and _load(c).startswith(of)]


def _load(command: cmd.Command) -> str:
    return str(getattr(command.order, "load", ""))


# ---- tasks and lines ---------------------------------------------------------------------------------


def replaced_before_and_after_the_start() -> None:
    agent = an_agent({1: [MUG]}, ready=False)
    agent.submit(a_task("T-1"))
    agent.submit(a_task("T-1", a_line("1"), a_line("2"), revision=2))
    agent.ready()
    agent.submit(a_task("T-1", a_line("1"), a_line("2"), a_line("3"), revision=3))
    agent.run()


def cancelled_in_the_queue_and_on_the_way() -> None:
    agent = an_agent(ready=False)
    agent.submit(a_task("T-1"))
    agent.cancel()
    agent = at_work()
    up_to(agent, cmd.Retrieve)
    agent.cancel()  # its container is still on the way, its tote not yet
    agent.run()
    agent = at_work()
    agent.run_to(ev.UnitGripped)
    agent.cancel()
    agent.run()


def picked_over_two_totes_and_found_short() -> None:
    agent = an_agent({1: [MUG], 2: []}, a_site("st1"))
    agent.submit(a_task("T-1", a_line("1", MUG, 3, (1, 2))), a_task("T-2", a_line("1", MUG, 1, (1,)), box=2))
    agent.run()


def joined_by_another_task() -> None:
    agent = at_work(station="st1")
    up_to(agent, cmd.Retrieve)
    agent.submit(a_task("T-2", a_line("1", MUG, 1, (1,)), box=2))
    agent.run()


def held_by_a_person_before_and_in_mid_pick() -> None:
    for until in (ev.TripPlanned, ev.UnitPlaced):
        agent = at_work()
        agent.run_to(until)
        agent.hold(T1)
        agent.run()
        agent.release(T1)
        agent.run()


def filled_by_the_word_of_two_persons() -> None:
    """The container's scale does not agree with what was placed; without a scale, it would have been told."""
    agent = an_agent({1: [MUG]}, with_scales(a_site("st2")), catalogue=WEIGHTS)
    agent.submit(a_task("T-1"))
    agent.run_to(ev.UnitPlaced)
    while not agent.state.exceptions:
        agent.weigh(0.0)
    agent.answer("placed", actor=ANNA, approver=SUE)
    agent.run()


def filled_for_a_lane_that_is_full() -> None:
    agent = an_agent(site=with_another_lane(a_site("st1")))
    agent.submit(a_task("T-1"))
    agent.run_to(ev.TaskFilled)
    agent.fail(up_to(agent, cmd.Transfer, "OC"), cmd.FailureReason.DESTINATION_FULL)
    agent.run()


def moved_to_another_station() -> None:
    agent = an_agent(site=patient("st1", "st2"))
    agent.submit(a_task("T-1"))
    agent.run_to(ev.ContainerArrived)
    agent.hold(StationHold(StationId("st1")))
    agent.run()


# ---- trips -------------------------------------------------------------------------------------------


def totes_that_nobody_needs_any_more() -> None:
    agent = an_agent({1: [MUG], 3: [MUG]}, a_site("st1"))
    agent.submit(a_task("T-1"), a_task("T-2", a_line(totes=(3,)), box=2))
    agent.cancel("T-2")  # its tote waits for the crane
    agent.run_to(ev.TripRetrieved)
    agent.cancel()
    agent.run()


def a_tote_that_is_not_the_one() -> None:
    agent = at_work(totes=(1,))
    reading(agent, ev.ScanTarget.TOTE, b"]C0TOTE-0099", until=ev.ToteReleased)
    agent.run()
    agent.answer("removed")
    agent.run()


def a_tote_that_a_person_knows() -> None:
    agent = at_work(totes=(1,))
    reading(agent, ev.ScanTarget.TOTE, None, until=ev.ToteReleased)
    agent.run()
    agent.answer("returned", location=location(1))
    agent.run()


def totes_taken_out_by_a_person() -> None:
    """Wherever the end of its command is unknown."""
    for order, count in ((cmd.Retrieve, 1), (cmd.Transfer, 1), (cmd.Transfer, 2), (cmd.Store, 1)):
        agent = at_work(totes=(1,), quantity=1)
        for _ in range(count - 1):
            agent.finish(up_to(agent, order, "TOTE"))
        agent.doubt(up_to(agent, order, "TOTE"))
        agent.answer("removed")
        agent.run()


# ---- commands ----------------------------------------------------------------------------------------


def ends_of_commands() -> None:
    agent = at_work()
    agent.refuse(agent.command(cmd.Retrieve), cmd.RefusalReason.BUSY)
    agent.wait(5)
    agent.finish(agent.command(cmd.Retrieve))  # its end overtakes the answer
    agent.run()
    for accepted in (False, True):
        agent = at_work()
        if accepted:
            agent.accept(agent.command(cmd.Retrieve))
        agent.fail(agent.command(cmd.Retrieve), cmd.FailureReason.JAM)


def ends_that_nobody_knows() -> None:
    for accepted, settled in ((False, "done"), (True, "not_moved")):
        agent = at_work()
        command = agent.command(cmd.Retrieve)
        if accepted:
            agent.accept(command)
        if settled == "done":
            agent.floor.end(command)
        agent.doubt(command)
        agent.answer(settled)
        agent.run()


# ---- units -------------------------------------------------------------------------------------------


def units_that_are_put_back() -> None:
    agent = at_work()
    reading(agent, ev.ScanTarget.ITEM, None, until=ev.UnitPutBack)
    agent = at_work()
    reading(agent, ev.ScanTarget.CONTAINER, NO_CONTAINER, until=ev.UnitPutBack)


def units_that_are_lost() -> None:
    for station, until in (("st1", cmd.Place), ("st2", cmd.Place), ("st2", cmd.PutBack)):
        agent = at_work(station=station)
        if until is cmd.PutBack:
            reading(agent, ev.ScanTarget.ITEM, None, until=ev.ScanRejected)
        agent.doubt(up_to(agent, until))
        agent.answer("lost", actor=ANNA, approver=SUE)


def units_that_a_person_has_in_hand() -> None:
    """Put back or set aside before their label is read, or put back after that."""
    for code, answer in (
        (PromptCode.PICK, Answer.PUT_BACK),
        (PromptCode.PICK, Answer.DAMAGED),
        (PromptCode.PLACE, Answer.PUT_BACK),
    ):
        operator = at(code, station="st1")
        if code is PromptCode.PICK:
            assert operator.grip(MUG)
            operator.answer(Answer.PICKED)
        operator.set_aside() if answer is Answer.DAMAGED else operator.put_back()
        operator.answer(answer)
        operator.agent.run()


SURE_DAYS: tuple[Callable[[], None], ...] = (
    replaced_before_and_after_the_start,
    cancelled_in_the_queue_and_on_the_way,
    picked_over_two_totes_and_found_short,
    joined_by_another_task,
    held_by_a_person_before_and_in_mid_pick,
    filled_by_the_word_of_two_persons,
    filled_for_a_lane_that_is_full,
    moved_to_another_station,
    totes_that_nobody_needs_any_more,
    a_tote_that_is_not_the_one,
    a_tote_that_a_person_knows,
    totes_taken_out_by_a_person,
    ends_of_commands,
    ends_that_nobody_knows,
    units_that_are_put_back,
    units_that_are_lost,
    units_that_a_person_has_in_hand,
)
