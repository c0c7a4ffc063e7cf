"""Scales: the unit in hand and the order container are weighed, and nothing counts without its weight."""

import pytest

from edge_agent.core.confirmations import confirmation
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.decision import Action, DecisionCode
from edge_agent.domain.device import NoWeight
from edge_agent.domain.events import ExceptionKind, ScanTarget
from edge_agent.domain.site import Site
from tests.core.agent import ANNA, BO, CUP, MUG, PEN, SUE, Agent, a_line, a_site, a_task, an_agent, ean
from tests.core.floor import EMPTY_G, UNIT_G
from tests.core.scales import WEIGHTS, with_scales

RETRIGGERS = 2


def weighing_site(station: str = "st2") -> Site:
    return with_scales(a_site(station))


def an_agent_with_scales(quantity: int = 1, site: Site | None = None) -> Agent:
    """A task for mugs at a station with a scale of its own and one under each put position."""
    agent = an_agent({1: [MUG] * 9 + [CUP] * 3, 2: [MUG] * 9}, site or weighing_site(), catalogue=WEIGHTS)
    agent.submit(a_task("T-1", a_line("1", MUG, quantity, totes=(1, 2))))
    return agent


def up_to(agent: Agent, target: ScanTarget, count: int = 1) -> None:
    """All goes right until so many questions of a kind have been put, the last of them open."""

    def asked(agent: Agent) -> bool:
        asks = [one for one in agent.of(ev.ScanRequested) if one.target is target]
        return len(asks) >= count and bool(agent.scan_steps(target))

    agent.run(until=asked)


def placed(agent: Agent) -> None:
    """The first unit lies in its container, which is to be weighed."""
    agent.run(until=lambda agent: agent.of(ev.UnitPlaced) and agent.scan_steps(ScanTarget.CONTAINER_WEIGHT))


def disagree(agent: Agent, weight_g: float = EMPTY_G + 2 * UNIT_G) -> None:
    """The container's scale says so as often as it is asked."""
    for _ in range(1 + RETRIGGERS):
        agent.weigh(weight_g)


# ---- the unit in hand --------------------------------------------------------------------------------


def test_a_unit_is_weighed_before_its_label_is_read_and_placed_when_both_agree() -> None:
    agent = an_agent_with_scales()
    up_to(agent, ScanTarget.WEIGHT)
    agent.weigh(UNIT_G + 5)
    assert agent.last(ev.ScanRequested).target is ScanTarget.ITEM
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


@pytest.mark.parametrize("weight_g", [0.0, UNIT_G - 6, 2 * UNIT_G, -1.0])
def test_a_unit_whose_weight_disagrees_is_put_back_like_a_wrong_item(weight_g: float) -> None:
    agent = an_agent_with_scales()
    up_to(agent, ScanTarget.WEIGHT)
    agent.weigh(weight_g)
    agent.read()
    rejected = agent.last(ev.ScanRejected)
    assert (rejected.rule, rejected.name, rejected.scanned) == ("V18", "weight_disagrees", f"{weight_g:g} g")
    assert agent.of(ev.UnitVerified) == []
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


def test_a_unit_of_which_nobody_knows_the_weight_is_not_weighed() -> None:
    agent = an_agent({1: [CUP] * 3}, weighing_site(), catalogue=WEIGHTS)
    agent.submit(a_task("T-1", a_line("1", CUP)))
    agent.run()
    assert agent.of(ev.UnitWeighed) == []
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


@pytest.mark.parametrize("answer", [None, *NoWeight])
def test_a_scale_that_gives_no_weight_is_asked_again_and_then_the_unit_goes_back(
    answer: NoWeight | None,
) -> None:
    agent = an_agent_with_scales()
    up_to(agent, ScanTarget.WEIGHT)
    for _ in range(1 + RETRIGGERS):
        agent.weigh(answer) if answer else agent.wait(5.1)
    rejected = agent.last(ev.ScanRejected)
    assert (rejected.rule, rejected.target) == ("V15", ScanTarget.WEIGHT)
    assert rejected.scanned == (answer.value if answer else "nothing")
    assert agent.of(ev.UnitVerified) == []
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


def test_units_that_cannot_be_weighed_hold_their_task_and_no_further_tote_is_asked_for() -> None:
    agent = an_agent_with_scales()
    for _ in range(2 * (1 + RETRIGGERS)):
        up_to(agent, ScanTarget.WEIGHT)
        agent.weigh(NoWeight.MOTION)
    agent.run()
    (raised,) = agent.state.exceptions.values()
    assert (raised.kind, raised.options) == (ExceptionKind.NO_READ, ("scan_again", "cancel_rest"))
    assert agent.of(ev.SourceExhausted) == []
    agent.answer(Action.SCAN_AGAIN)
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


def test_a_unit_whose_weight_was_not_known_when_it_was_gripped_is_put_back_and_weighed() -> None:
    agent = an_agent({1: [MUG] * 9}, weighing_site())
    agent.submit(a_task("T-1", a_line("1", MUG)))
    up_to(agent, ScanTarget.ITEM)
    agent.feed(inp.CatalogueOffered(WEIGHTS))
    agent.read()
    rejected = agent.last(ev.ScanRejected)
    assert (rejected.rule, rejected.scanned) == ("V18", "nothing")
    agent.run()
    assert len(agent.of(ev.UnitWeighed)) == 1
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


def test_a_unit_waits_for_a_scale_that_is_away_and_says_so() -> None:
    agent = an_agent_with_scales()
    up_to(agent, ScanTarget.WEIGHT)
    agent.lose("st2-scale")
    agent.wait(60)
    assert agent.of(ev.ScanRejected) == [], "an unplugged scale is no missing weight"
    assert "st2-scale" in {wait.about for wait in agent.why()}
    agent.ready("st2-scale")
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


# ---- the order container -----------------------------------------------------------------------------


def test_a_line_is_confirmed_only_after_its_container_weighs_so() -> None:
    agent = an_agent_with_scales()
    placed(agent)
    assert agent.of(ev.LinePicked) == []
    agent.weigh(EMPTY_G + UNIT_G)
    assert len(agent.of(ev.LinePicked)) == 1


def test_each_unit_is_compared_with_what_was_there_before_so_that_tolerances_do_not_add_up() -> None:
    agent = an_agent_with_scales(quantity=3)
    for number in range(3):
        up_to(agent, ScanTarget.CONTAINER_WEIGHT, number + 2)
        agent.weigh(EMPTY_G + (UNIT_G + 5) * (number + 1))
    assert agent.of(ev.LinePicked)


@pytest.mark.parametrize("weight_g", [EMPTY_G, EMPTY_G + UNIT_G - 8, EMPTY_G + UNIT_G + 8, 0.0])
def test_a_container_whose_weight_disagrees_holds_its_task_alone(weight_g: float) -> None:
    agent = an_agent_with_scales()
    agent.submit(a_task("T-2", a_line("1", MUG, 1, totes=(2,)), box=2))
    placed(agent)
    disagree(agent, weight_g)
    held = agent.state.tasks["T-1"].held
    assert agent.state.exceptions[held].kind is ExceptionKind.WEIGHT_DISAGREES
    assert agent.state.exceptions[held].options == ("scan_again", "placed", "lost", "cancel_rest")
    told = confirmation(agent.last(ev.ScanRejected)).data
    assert (told["rule"], told["target"], told["line_id"]) == ("V18", "container_weight", "1")
    agent.run()
    assert [done.task_id for done in agent.of(ev.TaskCompleted)] == ["T-2"]
    assert [line.task_id for line in agent.of(ev.LinePicked)] == ["T-2"]


def test_a_container_that_was_put_right_is_weighed_again() -> None:
    agent = an_agent_with_scales()
    placed(agent)
    disagree(agent)
    agent.answer(Action.SCAN_AGAIN)
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


def test_a_unit_that_is_in_the_container_whatever_the_scale_says_needs_a_second_person() -> None:
    agent = an_agent_with_scales()
    placed(agent)
    disagree(agent)
    (refused,) = agent.answer(Action.PLACED, actor=ANNA, approver=BO)
    assert isinstance(refused, ev.DecisionRefused)
    assert refused.code is DecisionCode.NOT_ALLOWED
    agent.answer(Action.PLACED, actor=ANNA, approver=SUE)
    assert agent.of(ev.LinePicked)
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


def test_a_unit_that_is_not_in_the_container_is_written_off_and_another_is_picked() -> None:
    agent = an_agent_with_scales(quantity=2)
    placed(agent)
    disagree(agent, EMPTY_G)
    agent.floor.content["OC-0001"].clear()
    agent.answer(Action.LOST, actor=ANNA, reason="fell beside it")
    lost = confirmation(agent.last(ev.PlacedUnitLost)).data
    assert (lost["container"], lost["to_container"], lost["delta"], lost["reason"]) == (
        "OC-0001",
        None,
        -1,
        "lost",
    )
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 2
    assert len(agent.of(ev.UnitPlaced)) == 3


def with_one_put_position(site: Site) -> Site:
    stations = {
        name: station.model_copy(update={"put_positions": station.put_positions[:1]})
        for name, station in site.stations.items()
    }
    return site.model_copy(update={"stations": stations})


def transfer_of(agent: Agent, load: str) -> cmd.Command:
    (found,) = [
        command
        for command in agent.open_commands()
        if isinstance(command.order, cmd.Transfer) and command.order.load == load
    ]
    return found


def test_a_scale_weighs_the_next_container_while_the_one_before_is_on_its_way_to_the_lane() -> None:
    agent = an_agent_with_scales(site=with_one_put_position(weighing_site()))
    agent.submit(a_task("T-2", a_line("1", MUG, 1, totes=(1, 2)), box=2))
    agent.run_to(ev.TaskFilled)
    agent.accept(transfer_of(agent, "OC-0001"))
    agent.finish(transfer_of(agent, "OC-0002"))
    assert agent.scan_steps(ScanTarget.CONTAINER_WEIGHT)
    agent.weigh(EMPTY_G)
    assert agent.last(ev.ContainerWeighed).task_id == "T-2"
    assert agent.of(ev.ScanRejected) == []
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 2


def test_what_is_in_doubt_is_cancelled_with_the_rest_of_its_task() -> None:
    agent = an_agent_with_scales(quantity=2)
    placed(agent)
    disagree(agent)
    agent.answer(Action.CANCEL_REST)
    agent.run()
    (line,) = agent.last(ev.TaskCancelled).lines
    assert (line.picked, line.cancelled) == (0, 2)
    assert agent.floor.places["OC-0001"] == agent.plant.site.reject


def test_a_cancel_in_the_moment_before_the_weight_waits_for_it() -> None:
    agent = an_agent_with_scales(quantity=2)
    placed(agent)
    agent.cancel()
    assert agent.of(ev.LineCancelled) == []
    agent.run()
    (line,) = agent.last(ev.TaskCancelled).lines
    assert (line.picked, line.cancelled) == (1, 1)


def test_a_container_that_cannot_be_weighed_empty_gets_nothing() -> None:
    agent = an_agent_with_scales()
    up_to(agent, ScanTarget.CONTAINER_WEIGHT)
    for _ in range(1 + RETRIGGERS):
        agent.weigh(NoWeight.OVERLOAD)
    (raised,) = agent.state.exceptions.values()
    assert (raised.kind, raised.detail) == (
        ExceptionKind.NO_READ,
        "st2-put-1-scale gives no weight: overload",
    )
    assert raised.options == ("scan_again", "cancel_rest")
    assert agent.of(ev.UnitStarted) == []


def test_a_unit_of_unknown_weight_is_what_the_next_one_is_compared_with() -> None:
    agent = an_agent({1: [MUG] * 3 + [CUP] * 3}, weighing_site(), catalogue=WEIGHTS)
    agent.submit(a_task("T-1", a_line("1", CUP), a_line("2", MUG)))
    up_to(agent, ScanTarget.CONTAINER_WEIGHT, 2)
    agent.weigh(EMPTY_G + 3 * UNIT_G)
    up_to(agent, ScanTarget.CONTAINER_WEIGHT, 3)
    agent.weigh(EMPTY_G + 4 * UNIT_G)
    assert len(agent.of(ev.LinePicked)) == 2


def test_a_scale_that_is_away_keeps_no_other_container_from_being_filled() -> None:
    agent = an_agent_with_scales()
    agent.submit(a_task("T-2", a_line("1", MUG, 1, totes=(1,)), box=2))
    agent.lose("st2-put-1-scale")
    agent.run()
    assert [done.task_id for done in agent.of(ev.TaskCompleted)] == ["T-2"]
    (raised,) = agent.state.exceptions.values()
    assert (raised.where, raised.affected) == ("device st2-put-1-scale", ("T-1",))
    assert {wait.about for wait in agent.why()} == {raised.exception_id}
    agent.ready("st2-put-1-scale")
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 2


def test_a_site_that_has_lost_its_scales_waits_for_none_of_them() -> None:
    agent = an_agent_with_scales()
    placed(agent)
    site = agent.plant.site
    stations = a_site("st2").stations
    object.__setattr__(agent.plant, "site", site.model_copy(update={"stations": stations}))
    agent.restart()
    assert agent.of(ev.WeightWaived)
    assert agent.of(ev.LinePicked)


# ---- all of it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", range(1, 6))
def test_a_restart_before_any_answer_of_a_scale_loses_nothing(count: int) -> None:
    agent = an_agent_with_scales(quantity=2)

    def asked(agent: Agent) -> bool:
        weights = (ScanTarget.WEIGHT, ScanTarget.CONTAINER_WEIGHT)
        asks = [one for one in agent.of(ev.ScanRequested) if one.target in weights]
        return len(asks) >= count

    agent.run(until=asked)
    agent.restart()
    agent.ready()
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 2
    assert agent.of(ev.ScanRejected) == []


def test_a_weight_that_nobody_waits_for_has_no_effect() -> None:
    agent = an_agent_with_scales()
    (ignored,) = agent.weigh(99.5, "st2-scale")
    assert ignored == ev.ScanIgnored("st2-scale", "99.5 g")
    assert agent.weigh(NoWeight.MOTION, "st2-scale") == []


def test_a_wrong_label_stays_a_wrong_item_whatever_the_scale_says() -> None:
    agent = an_agent_with_scales()
    up_to(agent, ScanTarget.WEIGHT)
    agent.weigh(UNIT_G)
    agent.scan(ean(PEN))
    assert agent.last(ev.ScanRejected).rule in ("V5", "V6")
