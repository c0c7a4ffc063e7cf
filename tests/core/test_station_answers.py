"""What the person at an operator's station answers: taken as the outcome where it fits, else refused."""

from datetime import date

import pytest

from edge_agent.core.confirmations import confirmation
from edge_agent.core.image import image_of
from edge_agent.core.prompts import PromptCode
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.decision import DecisionCode
from edge_agent.domain.ids import Lpn, StationId, TaskId
from edge_agent.domain.station import Answer
from edge_agent.domain.task import Line
from tests.core.agent import ANNA, BO, MUG, PEN, SUE, a_line, a_site, label
from tests.core.operator import Operator, at, by_hand, finished, refusal, up_to

ST2 = StationId("st2")


# ---- answers -----------------------------------------------------------------------------------------


def test_picked_asks_for_the_scan() -> None:
    operator = at(PromptCode.PICK)
    operator.grip(MUG)
    events = operator.answer("picked")
    assert isinstance(events[0], ev.AnswerTaken)
    assert (events[0].answer, events[0].actor, events[0].task_id) == (Answer.PICKED, "anna", "T-1")
    assert operator.asked.code is PromptCode.SCAN_ITEM
    assert finished(operator) == (1, 0)


def test_not_there_counts_the_tote_empty_and_takes_the_next_source() -> None:
    operator = at(PromptCode.PICK, a_line(quantity=2, totes=(1, 2)), stock={1: [PEN], 2: [MUG] * 2})
    operator.answer("not_there")
    found = operator.agent.last(ev.StockFoundShort)
    assert (found.tote, found.found) == ("TOTE-0001", 0)
    assert operator.agent.last(ev.ExceptionResolved).action == "next_source"
    assert finished(operator) == (2, 0)


def test_not_there_without_another_source_ends_the_line_short() -> None:
    operator = at(PromptCode.PICK, a_line(quantity=2))
    operator.answer("not_there")
    assert finished(operator) == (0, 2)


@pytest.mark.parametrize(
    ("code", "station"),
    [
        (PromptCode.PICK, "st1"),
        (PromptCode.SCAN_ITEM, "st1"),
        (PromptCode.PLACE, "st1"),
        (PromptCode.SCAN_CONTAINER, "st2"),
        (PromptCode.PUT_BACK, "st2"),
    ],
)
def test_a_damaged_unit_is_set_aside_and_another_one_is_picked(code: PromptCode, station: str) -> None:
    operator = at(PromptCode.PICK, station=station)
    lead_to(operator, code)
    operator.grip(MUG)
    operator.set_aside()
    operator.answer("damaged", reason="the box is torn")
    lost = operator.agent.last(ev.UnitLost)
    assert (lost.damaged, lost.reason, lost.tote) == (True, "the box is torn", "TOTE-0001")
    data = confirmation(lost).data
    assert (data["reason"], data["delta"], data["to_container"]) == ("damaged", -1, None)
    if code is PromptCode.PUT_BACK:  # another container stands there: its task is held
        operator.agent.run()
        operator.agent.answer("scan_again")
    assert finished(operator) == (1, 0)


def lead_to(operator: Operator, code: PromptCode) -> None:
    """Answer and scan so that this is asked next."""
    if code is PromptCode.SCAN_ITEM:
        operator.grip(MUG)
        operator.answer("picked")
    elif code is PromptCode.PUT_BACK:
        up_to(operator, PromptCode.SCAN_CONTAINER)
        operator.answer("not_there")
    else:
        up_to(operator, code)
    assert operator.asked.code is code


@pytest.mark.parametrize(
    ("code", "station"),
    [(PromptCode.SCAN_ITEM, "st1"), (PromptCode.PLACE, "st1"), (PromptCode.SCAN_CONTAINER, "st2")],
)
def test_a_unit_that_was_put_back_is_picked_again(code: PromptCode, station: str) -> None:
    operator = at(PromptCode.PICK, station=station)
    lead_to(operator, code)
    operator.put_back()
    operator.answer("put_back")
    assert operator.asked.code is PromptCode.PICK
    assert operator.agent.of(ev.ExceptionRaised) == []
    assert operator.agent.state.tasks[TaskId("T-1")].lines[a_line().line_id].failed_picks == 0
    assert finished(operator) == (1, 0)


def test_placed_ends_the_unit_where_no_scanner_reads_the_container() -> None:
    operator = at(PromptCode.PLACE, station="st1")
    operator.put(Lpn("OC-0001"))
    operator.answer("placed")
    assert operator.agent.last(ev.LinePicked).picked == 1


def test_a_container_with_a_scanner_is_never_placed_by_an_answer() -> None:
    operator = at(PromptCode.SCAN_CONTAINER)
    assert refusal(operator.answer("placed")).code is DecisionCode.NOT_ASKED
    assert operator.agent.of(ev.UnitPlaced) == []


def test_another_tote_than_asked_for_goes_to_the_reject_point() -> None:
    operator = at(PromptCode.SCAN_TOTE, a_line(totes=(1, 2)), stock={1: [MUG], 2: [MUG]})
    operator.scan(b"]C0TOTE-0099")
    operator.answer("not_there")
    rejected = operator.agent.last(ev.ScanRejected)
    assert (rejected.step_open, rejected.rule, rejected.scanned) == (False, "V2", "TOTE-0099")
    operator.agent.run()
    assert operator.agent.last(ev.ToteDiverted).trip_id == "trip-1"
    assert operator.agent.last(ev.LinePicked).picked == 1


def test_another_container_than_asked_for_holds_its_task_and_the_unit_goes_back() -> None:
    operator = at(PromptCode.SCAN_CONTAINER)
    operator.scan(label(Lpn("OC-0099")))
    operator.answer("not_there")
    raised = operator.agent.last(ev.ExceptionRaised)
    assert (raised.kind, raised.held) == (ev.ExceptionKind.WRONG_CONTAINER, ev.HeldTask(TaskId("T-1")))
    assert operator.asked.code is PromptCode.PUT_BACK
    operator.agent.run()
    operator.agent.answer("scan_again")
    assert finished(operator) == (1, 0)


def test_a_typed_code_needs_a_supervisor_and_is_judged_by_the_same_rules() -> None:
    operator = at(PromptCode.PICK)
    operator.grip(MUG)
    assert refusal(operator.answer("typed", code=MUG)).code is DecisionCode.APPROVAL_NEEDED
    assert refusal(operator.answer("typed", approver=ANNA, code=MUG)).code is DecisionCode.APPROVER_IS_ACTOR
    assert refusal(operator.answer("typed", approver=BO, code=MUG)).code is DecisionCode.NOT_ALLOWED
    operator.answer("typed", approver=SUE, code=PEN)
    assert operator.asked.rejection is not None
    assert operator.asked.rejection.typed
    operator.answer("typed", approver=SUE, code=MUG)
    verified = operator.agent.last(ev.UnitVerified)
    assert (verified.typed, verified.unit.gtin) == (True, MUG)
    assert confirmation(verified).data["typed"] is True
    assert operator.agent.last(ev.AnswerTaken).approver == "sue"
    assert finished(operator) == (1, 0)


# ---- what a code does not say ------------------------------------------------------------------------


def needing(lot: str | None = None, expiry_min: date | None = None, serial: bool = False) -> Line:
    line = a_line()
    return Line(
        line.line_id,
        line.sku,
        line.gtin,
        line.quantity,
        line.sources,
        lot=lot,
        expiry_min=expiry_min,
        serial_capture=serial,
    )


@pytest.mark.parametrize(
    ("line", "answer", "value", "said"),
    [
        (needing(lot="L1"), Answer.LOT, "L1", ("L1", None, None)),
        (needing(expiry_min=date(2027, 1, 1)), Answer.EXPIRY, "2027-05-31", (None, date(2027, 5, 31), None)),
        (needing(serial=True), Answer.SERIAL, "S-9", (None, None, "S-9")),
    ],
)
def test_a_value_that_the_code_does_not_say_is_asked_for(
    line: Line, answer: Answer, value: str, said: tuple[object, ...]
) -> None:
    operator = at(PromptCode.GIVE_VALUE, line)
    assert operator.asked.facts.value is answer
    assert operator.asked.answers[0].answer is answer
    operator.answer(answer, value=value)
    unit = operator.agent.last(ev.UnitVerified).unit
    assert (unit.lot, unit.expiry, unit.serial) == said
    assert finished(operator) == (1, 0)


def test_values_are_asked_for_one_after_the_other_and_survive_a_restart() -> None:
    operator = at(PromptCode.GIVE_VALUE, needing(lot="L1", serial=True))
    operator.answer("lot", value="L1")
    assert operator.asked.facts.value is Answer.SERIAL
    operator.agent.restart()
    operator.agent.ready()
    assert operator.asked.facts.value is Answer.SERIAL
    operator.answer("serial", value="S-1")
    unit = operator.agent.last(ev.UnitVerified).unit
    assert (unit.lot, unit.serial) == ("L1", "S-1")


def test_a_value_counts_for_the_code_that_it_was_told_of_alone() -> None:
    operator = at(PromptCode.GIVE_VALUE, needing(lot="L1", serial=True))
    operator.answer("lot", value="L1")
    operator.scan(b"]C101" + MUG.encode())
    assert operator.asked.facts.value is Answer.LOT


def test_another_code_may_say_the_value() -> None:
    operator = at(PromptCode.GIVE_VALUE, needing(lot="L1"))
    operator.scan(b"]C101" + MUG.encode() + b"10L1")
    assert operator.agent.last(ev.UnitVerified).unit.lot == "L1"


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (needing(lot="L1"), b"]C110L1", ("L1", None, None)),
        (needing(expiry_min=date(2027, 1, 1)), b"]C117270531", (None, date(2027, 5, 31), None)),
        (needing(serial=True), b"]C121S-9", (None, None, "S-9")),
    ],
)
def test_a_second_code_on_the_unit_may_say_the_value_alone(
    line: Line, code: bytes, said: tuple[object, ...]
) -> None:
    operator = at(PromptCode.GIVE_VALUE, line)
    operator.scan(code)
    assert operator.agent.last(ev.AnswerTaken).actor == "st2-item-scan"
    unit = operator.agent.last(ev.UnitVerified).unit
    assert (unit.lot, unit.expiry, unit.serial) == said
    assert finished(operator) == (1, 0)


def test_a_second_code_that_says_something_else_is_no_answer() -> None:
    operator = at(PromptCode.GIVE_VALUE, needing(lot="L1"))
    operator.scan(b"]C121S-9")
    assert operator.agent.of(ev.AnswerTaken) == []
    assert operator.asked.rejection is not None
    assert operator.asked.rejection.rule == "V6"


@pytest.mark.parametrize(
    ("line", "answer", "value"),
    [
        (needing(expiry_min=date(2027, 1, 1)), "expiry", "31.5.2027"),
        (needing(lot="L1"), "lot", "L" * 21),
        (needing(lot="L1"), "lot", "L\n1"),
        (needing(serial=True), "serial", "\u00dc"),
    ],
)
def test_a_value_of_a_wrong_form_is_refused(line: Line, answer: str, value: str) -> None:
    operator = at(PromptCode.GIVE_VALUE, line)
    refused = refusal(operator.answer(answer, value=value))
    assert (refused.code, refused.text.partition(":")[0]) == (DecisionCode.BAD_ARGUMENT, "value")


# ---- answers that do not count -----------------------------------------------------------------------


def test_an_answer_that_comes_twice_counts_once() -> None:
    operator = at(PromptCode.PICK, a_line(quantity=3, totes=(1, 2)), stock={1: [PEN], 2: [PEN]})
    step = operator.asked.step
    operator.answer("not_there", step=step)
    refused = refusal(operator.answer("not_there", step=step))
    assert (refused.code, refused.station_id) == (DecisionCode.ALREADY_ANSWERED, ST2)
    up_to(operator, PromptCode.PICK)
    assert refusal(operator.answer("not_there", step=step)).code is DecisionCode.ALREADY_ANSWERED
    assert len(operator.agent.of(ev.StockFoundShort)) == 1


@pytest.mark.parametrize(
    ("answer", "arguments", "code"),
    [
        ("placed", {}, DecisionCode.NOT_ASKED),
        ("lot", {"value": "L1"}, DecisionCode.NOT_ASKED),
        ("give up", {}, DecisionCode.NOT_ASKED),
        ("typed", {}, DecisionCode.MISSING_ARGUMENT),
        ("typed", {"code": "x" * 129}, DecisionCode.BAD_ARGUMENT),
        ("picked", {"code": "x"}, DecisionCode.BAD_ARGUMENT),
    ],
)
def test_an_answer_that_does_not_fit_the_prompt_is_refused(
    answer: str, arguments: dict[str, str], code: DecisionCode
) -> None:
    operator = at(PromptCode.PICK)
    before = image_of(operator.agent.state)
    refused = refusal(operator.answer(answer, approver=SUE, **arguments))
    assert (refused.code, refused.action, refused.actor) == (code, answer, "anna")
    assert image_of(operator.agent.state) == before


def test_a_station_that_nobody_knows_or_where_a_machine_works_takes_no_answer() -> None:
    agent, _ = by_hand("st2", site=a_site())
    for name in ("st1", "st9"):
        refused = refusal(agent.feed(inp.StationAnswered(StationId(name), "picked", ANNA)))
        assert refused.code is DecisionCode.UNKNOWN_STATION
    refused = refusal(agent.feed(inp.StationAnswered(ST2, "picked", ANNA)))
    assert (refused.code, refused.text) == (DecisionCode.NOT_ASKED, "nothing is asked at st2")
