"""Two persons let a value pass that a rule rejects: for one task, one rule and that very value alone."""

from dataclasses import replace
from datetime import date

import pytest
from pydantic import ValidationError

from edge_agent.core.confirmations import confirmation, is_confirmed
from edge_agent.core.image import image_of
from edge_agent.core.prompts import PromptCode
from edge_agent.domain import events as ev
from edge_agent.domain.decision import Actor, DecisionCode, Role
from edge_agent.domain.exception_policy import ExceptionPolicy
from edge_agent.domain.ids import Gtin, StationId
from edge_agent.domain.task import Line
from tests.core.agent import ANNA, BO, MUG, PEN, SUE, a_line, a_task
from tests.core.operator import Operator, at, by_hand, refusal, up_to

LOT_2 = b"10L2"
ST2 = StationId("st2")


def lot_1(line_id: str = "1", gtin: Gtin = MUG, quantity: int = 1) -> Line:
    return replace(a_line(line_id, gtin, quantity), lot="L1")


def unit(rest: bytes, gtin: Gtin = MUG) -> bytes:
    """The label of a unit with more elements behind its GTIN."""
    return b"]C101" + gtin.encode() + rest


def rejected(line: Line, rest: bytes = LOT_2) -> Operator:
    """An operator who has scanned a unit that only two persons can let pass."""
    operator = at(PromptCode.PICK, line)
    operator.grip(line.gtin)
    operator.scan(unit(rest, line.gtin))
    assert operator.asked.code is PromptCode.SETTLE
    return operator


def override(
    operator: Operator,
    *,
    actor: Actor = ANNA,
    approver: Actor | None = SUE,
    reason: str = "the customer agrees",
) -> list[ev.Event]:
    return operator.agent.answer("override", actor=actor, approver=approver, reason=reason)


def scan_next(operator: Operator, data: bytes, gtin: Gtin = MUG) -> list[ev.Event]:
    """Put the unit in hand into its container, and scan another one."""
    up_to(operator, PromptCode.SCAN_CONTAINER)
    operator.act()
    operator.agent.run(until=lambda _: operator.prompt and operator.asked.code is PromptCode.PICK)
    operator.grip(gtin)
    return operator.scan(data)


@pytest.mark.parametrize(
    ("line", "rest", "rule", "value"),
    [
        (lot_1(), LOT_2, "V10", "L2"),
        (replace(a_line(), expiry_min=date(2027, 6, 1)), b"17270531", "V11", "2027-05-31"),
        (replace(a_line(), serials=("S-1",)), b"21S-2", "V13", "S-2"),
        (a_line(gtin=Gtin("94006381333934")), b"", "V18", "nothing"),
    ],
)
def test_what_a_supervisor_may_let_pass_holds_the_unit(
    line: Line, rest: bytes, rule: str, value: str
) -> None:
    agent, operator = by_hand("st2", stock={1: [line.gtin]})
    agent.submit(a_task("T-1", line))
    up_to(operator, PromptCode.PICK)
    operator.grip(line.gtin)
    data = unit(rest, line.gtin)
    operator.scan(data)
    raised = agent.last(ev.ExceptionRaised)
    assert (raised.kind, raised.held, raised.task_id) == (
        ev.ExceptionKind.WRONG_ITEM,
        ev.HeldUnit(ST2),
        "T-1",
    )
    assert raised.options == ("override", "pick_again")
    assert rule in raised.detail
    override(operator)
    told = agent.last(ev.RuleOverridden)
    assert (told.override.rule, told.override.value, told.override.gtin) == (rule, value, line.gtin)
    assert (told.override.actor, told.override.approver) == ("anna", "sue")
    assert bytes.fromhex(told.data_hex) == data
    assert agent.last(ev.UnitVerified).overrides == (told.override,)
    agent.run()
    assert agent.last(ev.LinePicked).picked == 1


@pytest.mark.parametrize("rest", [b"17200131", b"21S-1"])
def test_what_can_never_pass_offers_no_override(rest: bytes) -> None:
    """Expired; a serial number that was picked before."""
    operator = at(PromptCode.PICK, replace(a_line(quantity=2), serial_capture=True))
    operator.grip(MUG)
    operator.scan(unit(b"21S-1"))
    scan_next(operator, unit(rest))
    assert operator.agent.state.exceptions == {}
    assert operator.asked.rejection is not None


def test_the_unit_passes_at_once_and_the_oms_is_told_by_whom() -> None:
    operator = rejected(lot_1())
    events = override(operator)
    told = [confirmation(event) for event in events if is_confirmed(event)]
    assert [one.name for one in told] == ["exception_resolved", "rule_overridden", "unit_verified"]
    assert told[1].data["scanned"] == f"]C101{MUG}10L2"
    (passed,) = told[2].data["overrides"]
    people = {"actor": "anna", "approver": "sue", "reason": "the customer agrees"}
    assert passed == {"rule": "V10", "name": "wrong_lot", "value": "L2"} | people
    assert told[2].data["lot"] == "L2"


def test_the_next_unit_like_it_passes_under_the_same_override() -> None:
    operator = rejected(lot_1(quantity=2))
    override(operator)
    scan_next(operator, unit(LOT_2))
    assert len(operator.agent.of(ev.ExceptionRaised)) == 1
    first, second = operator.agent.of(ev.UnitVerified)
    assert first.overrides == second.overrides != ()


def test_an_override_survives_a_restart() -> None:
    operator = rejected(lot_1(quantity=2))
    override(operator)
    operator.agent.restart()
    operator.agent.ready()
    scan_next(operator, unit(LOT_2))
    assert operator.agent.state.exceptions == {}


def test_another_value_is_not_covered() -> None:
    operator = rejected(lot_1(quantity=2))
    override(operator)
    scan_next(operator, unit(b"10L3"))
    assert operator.asked.code is PromptCode.SETTLE


def test_a_unit_that_needs_no_override_names_none() -> None:
    operator = rejected(lot_1(quantity=2))
    override(operator)
    scan_next(operator, unit(b"10L1"))
    assert operator.agent.last(ev.UnitVerified).overrides == ()


def test_another_rule_is_not_covered() -> None:
    operator = rejected(replace(lot_1(quantity=2), serials=("S-1", "S-2")), b"10L2\x1d21S-1")
    override(operator)
    scan_next(operator, unit(b"10L2\x1d21S-3"))
    assert operator.asked.rejection is not None
    assert operator.asked.rejection.rule == "V13"
    assert operator.asked.code is PromptCode.SETTLE


def test_two_rules_are_overridden_one_after_the_other() -> None:
    operator = rejected(replace(lot_1(), serials=("S-1",)), b"10L2\x1d21S-2")
    override(operator)
    assert operator.asked.code is PromptCode.SETTLE
    override(operator)
    assert [one.rule for one in operator.agent.last(ev.UnitVerified).overrides] == ["V10", "V13"]


def test_another_task_is_not_covered() -> None:
    operator = rejected(lot_1())
    override(operator)
    operator.agent.submit(a_task("T-2", lot_1(), box=2))
    scan_next(operator, unit(LOT_2))
    assert operator.asked.code is PromptCode.SETTLE
    assert operator.asked.facts.task_id == "T-2"


def test_another_item_with_the_same_lot_is_not_covered() -> None:
    agent, operator = by_hand("st2", stock={1: [MUG, PEN]})
    agent.submit(a_task("T-1", lot_1(), lot_1("2", PEN)))
    up_to(operator, PromptCode.PICK)
    operator.grip(MUG)
    operator.scan(unit(LOT_2))
    override(operator)
    scan_next(operator, unit(LOT_2, PEN), PEN)
    assert operator.asked.code is PromptCode.SETTLE
    assert operator.asked.facts.gtin == PEN


@pytest.mark.parametrize(
    ("approver", "reason", "code"),
    [
        (None, "because", DecisionCode.APPROVAL_NEEDED),
        (ANNA, "because", DecisionCode.APPROVER_IS_ACTOR),
        (Actor("anna", Role.SUPERVISOR), "because", DecisionCode.APPROVER_IS_ACTOR),
        (BO, "because", DecisionCode.NOT_ALLOWED),
        (SUE, " ", DecisionCode.REASON_NEEDED),
    ],
)
def test_nobody_overrides_alone_or_without_a_reason(
    approver: Actor | None, reason: str, code: DecisionCode
) -> None:
    operator = rejected(lot_1())
    before = image_of(operator.agent.state)
    assert refusal(override(operator, approver=approver, reason=reason)).code is code
    assert image_of(operator.agent.state) == before


@pytest.mark.parametrize("rule", [{"approval": False, "reason": True}, {"approval": True, "reason": False}])
def test_no_site_can_let_one_person_override(rule: dict[str, bool]) -> None:
    with pytest.raises(ValidationError, match="by two persons and with a reason"):
        ExceptionPolicy.model_validate({"actions": {"override": {"role": "operator", **rule}}})


def test_pick_again_takes_another_unit() -> None:
    operator = rejected(lot_1())
    operator.put_back()
    operator.agent.answer("pick_again", actor=ANNA, reason="")
    assert operator.asked.code is PromptCode.PICK
    assert operator.asked.rejection is None
    operator.grip(MUG)
    operator.scan(unit(b"10L1"))
    assert operator.agent.last(ev.UnitVerified).overrides == ()


def test_a_cancelled_task_whose_unit_is_held_ends_once_that_is_settled() -> None:
    operator = rejected(lot_1())
    operator.agent.cancel()
    operator.agent.run()
    assert operator.asked.code is PromptCode.SETTLE
    operator.put_back()
    operator.agent.answer("pick_again")
    operator.agent.run()
    assert operator.agent.last(ev.TaskCancelled).lines[0].cancelled == 1
