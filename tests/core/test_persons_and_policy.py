"""At the seams: persons at stations that stop, with spare scanners, and with scales under the containers."""

from edge_agent.core.prompts import PromptCode
from edge_agent.core.verification.reads import REREAD_S
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.decision import DeviceHold, StationHold, TaskHold
from edge_agent.domain.events import ScanTarget
from edge_agent.domain.ids import DeviceId, StationId, TaskId
from edge_agent.domain.station import Answer
from tests.core import laws
from tests.core.agent import MUG, Agent, a_line, a_site, a_task, an_agent, ean, label
from tests.core.floor import EMPTY_G, UNIT_G, tote
from tests.core.operator import Operator, by_hand, up_to
from tests.core.policy.sites import SPARE_ITEM, SPARE_TOTE, patient, with_spares
from tests.core.scales import WEIGHTS, with_scales

ST1, ST2, T1 = StationId("st1"), StationId("st2"), TaskId("T-1")
FIRST = DeviceId("st1-item-scan")


# ---- spare scanners ----------------------------------------------------------------------------------


def with_a_spare(code: PromptCode) -> Operator:
    agent, operator = by_hand("st1", site=with_spares(a_site("st1")))
    agent.submit(a_task("T-1", a_line("1", MUG, 2)))
    up_to(operator, code)
    return operator


def long_enough(operator: Operator) -> float:
    return operator.agent.plant.site.policies.scanner_wait_s + 0.1


def test_a_person_picks_with_the_spare_while_the_handheld_is_away_for_long() -> None:
    operator = with_a_spare(PromptCode.PICK)
    agent = operator.agent
    agent.lose(FIRST)
    agent.wait(long_enough(operator))
    assert operator.asked.scanner == SPARE_ITEM
    assert operator.grip(MUG)
    operator.scan(ean(MUG))
    assert agent.last(ev.UnitVerified).scanner == SPARE_ITEM


def test_a_label_that_was_asked_for_before_counts_from_the_scanner_that_is_in_use_by_now() -> None:
    operator = with_a_spare(PromptCode.SCAN_TOTE)
    agent, first = operator.agent, operator.asked.scanner
    assert first is not None
    agent.lose(first)
    agent.wait(long_enough(operator))
    assert operator.asked.scanner == SPARE_TOTE
    agent.ready(first)
    assert operator.asked.scanner == first
    agent.hold(DeviceHold(first))
    assert operator.asked.scanner == SPARE_TOTE
    operator.scan(label(tote(1)))
    assert agent.last(ev.TotePresented).scanner == SPARE_TOTE


def test_the_spare_that_still_sees_the_last_unit_picks_no_other_one() -> None:
    """A re-read is one of the scanner that is in use: nobody listens to the other."""
    operator = with_a_spare(PromptCode.PICK)
    agent = operator.agent
    assert operator.grip(MUG)
    operator.scan(ean(MUG))
    operator.place(operator.asked)
    up_to(operator, PromptCode.PICK)
    for scanner in (FIRST, SPARE_ITEM):
        agent.clock_s += REREAD_S / 4
        (ignored,) = agent.scan(ean(MUG), scanner)
        assert isinstance(ignored, ev.ScanIgnored)
    assert len(agent.of(ev.UnitVerified)) == 1


# ---- a station that stops ----------------------------------------------------------------------------


def alone_at_the_second_station(code: PromptCode) -> tuple[Agent, Operator]:
    """A task at the first station, where that is asked and nobody is there any more to do it."""
    agent, first = by_hand("st1", "st2", site=patient("st1", "st2"), stock={1: [MUG] * 3})
    agent.submit(a_task("T-1", a_line("1", MUG, 2, (1,))))
    up_to(first, code)
    agent.people.remove(first.act)
    agent.hold(StationHold(ST1), "gone home")
    return agent, first


def test_a_tote_leaves_a_stopped_station_without_the_person_who_should_have_scanned_it() -> None:
    agent, first = alone_at_the_second_station(PromptCode.SCAN_TOTE)
    agent.run_to(ev.TaskMoved)
    assert first.prompt is None
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 2
    assert {placed.station_id for placed in agent.of(ev.UnitPlaced)} == {ST2}
    assert agent.state == agent.replayed()
    laws.check_rest(agent)


def test_a_unit_that_is_only_asked_for_may_be_left_at_a_held_station_and_its_task_goes_on_elsewhere() -> None:
    agent, first = alone_at_the_second_station(PromptCode.PICK)
    agent.run()
    assert agent.of(ev.TaskMoved) == [], "nobody knows what the person has in hand"
    first.answer(Answer.PUT_BACK)
    agent.run()
    assert agent.last(ev.TaskMoved).station_id == ST2
    assert agent.last(ev.TaskCompleted).lines[0].picked == 2
    laws.check_rest(agent)


def test_a_unit_that_is_only_asked_for_may_be_left_for_a_held_task_and_not_else() -> None:
    agent, operator = by_hand("st1")
    agent.submit(a_task())
    up_to(operator, PromptCode.PICK)
    assert Answer.PUT_BACK not in [option.answer for option in operator.asked.answers]
    agent.hold(TaskHold(T1))
    operator.answer(Answer.PUT_BACK)
    assert operator.prompt is None
    agent.release(TaskHold(T1))
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


# ---- scales under the containers ---------------------------------------------------------------------


def test_a_container_that_comes_half_filled_from_another_station_is_weighed_with_what_is_in_it() -> None:
    site = with_scales(patient("st1", "st2"), of_units=False)
    agent, _ = by_hand("st1", "st2", site=site, stock={1: [MUG] * 3}, catalogue=WEIGHTS)
    agent.submit(a_task("T-1", a_line("1", MUG, 3, (1,))))
    agent.run_to(ev.UnitPlaced)
    agent.hold(StationHold(ST1))
    agent.run()
    units = len([placed for placed in agent.of(ev.UnitPlaced) if placed.station_id == ST1])
    weights_g = [weighed.weight_g for weighed in agent.of(ev.ContainerWeighed)]
    assert weights_g == [EMPTY_G + n * UNIT_G for n in range(units, 4)]
    assert agent.last(ev.TaskCompleted).lines[0].picked == 3


def test_a_container_that_is_to_be_weighed_stays_until_it_was() -> None:
    agent = an_agent({1: [MUG] * 3}, with_scales(patient("st2", "st1"), of_units=False), catalogue=WEIGHTS)
    agent.hold(StationHold(ST1))
    agent.submit(a_task("T-1", a_line("1", MUG, 3, (1,))))
    agent.release(StationHold(ST1))
    agent.run(until=lambda _: agent.of(ev.UnitPlaced) and agent.scan_steps(ScanTarget.CONTAINER_WEIGHT))
    agent.lose("st2-put-1-scale", "picker-2")
    agent.wait(60.0)
    assert agent.of(ev.TaskMoved) == [], "what is in doubt would never be weighed"
    assert "st2-put-1-scale" in " ".join(reason.text for reason in agent.why())
    agent.ready("st2-put-1-scale")
    agent.run()
    assert agent.last(ev.TaskMoved).station_id == ST1
    assert agent.last(ev.TaskCompleted).lines[0].picked == 3
    assert agent.state == agent.replayed()


def test_a_scale_weighs_what_stands_on_it_while_the_container_before_is_on_its_way_to_the_lane() -> None:
    agent = an_agent({1: [MUG] * 9}, with_scales(a_site("st2"), of_units=False), catalogue=WEIGHTS)
    last = len(agent.plant.site.stations[ST2].put_positions) + 1
    agent.submit(*(a_task(f"T-{n}", box=n) for n in range(1, last + 1)))
    agent.run(until=lambda agent: leaving(agent))
    (slow,) = leaving(agent)
    agent.accept(slow)
    behind = TaskId(f"T-{last}")
    while behind not in [told.task_id for told in agent.of(ev.LinePicked)] and len(agent.journal) < 1000:
        others = [c for c in agent.open_commands() if c.command_id != slow.command_id]
        able = [c for c in others if agent.floor.has_room_for(c)]
        agent.finish(able[0]) if able else agent.read()
    assert agent.state.exceptions == {}
    weights_g = [weighed.weight_g for weighed in agent.of(ev.ContainerWeighed) if weighed.task_id == behind]
    assert weights_g == [EMPTY_G, EMPTY_G + UNIT_G]


def leaving(agent: Agent) -> list[cmd.Command]:
    orders = ((command, command.order) for command in agent.open_commands())
    return [one for one, order in orders if isinstance(order, cmd.Transfer) and order.destination == "ship-1"]
