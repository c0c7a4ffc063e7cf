"""Every prompt: when it is asked, what it is about, what it takes, and its English text."""

from dataclasses import replace
from datetime import date, timedelta
from string import Formatter

import pytest

from edge_agent.core.prompt_texts import ANSWERS as ANSWER_TEXTS
from edge_agent.core.prompt_texts import PROMPTS, prompt_text, rejection_text
from edge_agent.core.prompts import ANSWERS, Facts, PromptCode, prompt
from edge_agent.core.wait import WaitCode
from edge_agent.domain import events as ev
from edge_agent.domain.decision import StationHold
from edge_agent.domain.ids import DeviceId, StationId
from edge_agent.domain.station import VALUES, Answer
from tests.core.agent import CUP, MUG, PEN, T0, a_line, a_site, a_task, an_agent, ean
from tests.core.operator import Operator, at, by_hand, up_to

ST1 = StationId("st1")


def put_back() -> Operator:
    operator = at(PromptCode.SCAN_CONTAINER)
    operator.answer("not_there")
    return operator


def scan_item() -> Operator:
    operator = at(PromptCode.PICK)
    operator.answer("picked")
    return operator


def settle() -> Operator:
    operator = at(PromptCode.PICK)
    others = a_task("T-9", a_line(gtin=CUP), box=9, not_before=T0 + timedelta(days=1))
    operator.agent.submit(others)
    for _ in range(3):
        operator.scan(ean(CUP))
    return operator


def wait() -> Operator:
    """The station is held while the line still lacks a unit."""
    operator = at(PromptCode.SCAN_TOTE, a_line(quantity=2))
    operator.agent.hold(StationHold(StationId("st2")))
    operator.act()
    return operator


@pytest.mark.parametrize(
    ("code", "operator", "target", "scanner", "answers", "text"),
    [
        (
            PromptCode.SCAN_TOTE,
            at(PromptCode.SCAN_TOTE),
            ev.ScanTarget.TOTE,
            "st2-tote-scan",
            "not_there",
            "Scan the label of tote TOTE-0001 at st2-tote.",
        ),
        (
            PromptCode.PICK,
            at(PromptCode.PICK),
            ev.ScanTarget.ITEM,
            "st2-item-scan",
            "picked not_there damaged typed",
            f"Take one SKU-{MUG} out of tote TOTE-0001 and scan it. 1 to go.",
        ),
        (
            PromptCode.SCAN_ITEM,
            scan_item(),
            ev.ScanTarget.ITEM,
            "st2-item-scan",
            "put_back damaged typed",
            f"Scan the SKU-{MUG} in your hand.",
        ),
        (
            PromptCode.GIVE_VALUE,
            at(PromptCode.GIVE_VALUE, replace(a_line(), lot="L1")),
            ev.ScanTarget.ITEM,
            "st2-item-scan",
            "lot put_back damaged typed",
            f"Scan the code that has the lot of this SKU-{MUG}, or type it in. Wanted: lot L1.",
        ),
        (
            PromptCode.SCAN_CONTAINER,
            at(PromptCode.SCAN_CONTAINER),
            ev.ScanTarget.CONTAINER,
            "st2-put-1-scan",
            "not_there put_back damaged",
            f"Put the SKU-{MUG} into container OC-0001 at st2-put-1; scan its label.",
        ),
        (
            PromptCode.PLACE,
            at(PromptCode.PLACE, station="st1"),
            None,
            None,
            "placed put_back damaged",
            f"Put the SKU-{MUG} into container OC-0001 at st1-put-1.",
        ),
        (
            PromptCode.PUT_BACK,
            put_back(),
            None,
            None,
            "put_back damaged",
            f"Put the SKU-{MUG} back into tote TOTE-0001.",
        ),
        (PromptCode.SETTLE, settle(), None, None, "", "Exception X-1 must be settled first."),
        (
            PromptCode.WAIT,
            wait(),
            None,
            None,
            "",
            "Wait: station st2 is held by anna: cleaning.",
        ),
    ],
    ids=lambda value: value.value if isinstance(value, PromptCode) else "",
)
def test_each_prompt_says_what_it_waits_for(
    code: PromptCode,
    operator: Operator,
    target: ev.ScanTarget | None,
    scanner: str | None,
    answers: str,
    text: str,
) -> None:
    asked = operator.asked
    assert asked.code is code
    assert (asked.target, asked.scanner) == (target, DeviceId(scanner) if scanner else None)
    assert [option.answer.value for option in asked.answers] == answers.split()
    assert prompt_text(asked) == text
    assert asked.facts.tote == "TOTE-0001"


def test_a_prompt_about_a_unit_names_all_that_is_known_of_it() -> None:
    line = replace(a_line(quantity=3), lot="L1", expiry_min=date(2027, 1, 1), serials=("S-1",))
    assert at(PromptCode.PICK, line).asked.facts == Facts(
        tote="TOTE-0001",
        tote_point="st2-tote",
        location="A02-01-01",
        task_id="T-1",
        line_id="1",
        sku=line.sku,
        gtin=MUG,
        remaining=3,
        lot="L1",
        expiry_min=date(2027, 1, 1),
        serials=("S-1",),
        container="OC-0001",
        put_point="st2-put-1",
    )


def test_every_prompt_and_every_answer_has_its_row_and_its_text() -> None:
    assert set(ANSWERS) == set(PROMPTS) == set(PromptCode)
    assert set(ANSWER_TEXTS) == set(Answer)
    taken = {option.answer for options in ANSWERS.values() for option in options}
    assert taken | VALUES == set(Answer)


def test_the_texts_name_only_what_a_prompt_knows() -> None:
    known = {*Facts.__dataclass_fields__, "exception_id", "reason"}
    for text in PROMPTS.values():
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= known


def test_a_rejection_is_told_in_the_words_of_its_rule() -> None:
    operator = at(PromptCode.PICK)
    operator.scan(ean(PEN))
    rejection = operator.asked.rejection
    assert rejection is not None
    assert rejection_text(rejection) == (
        f"This code names no known item. Scan the item's own code. Scanned: {PEN}; expected: {MUG}."
    )


def test_nothing_is_asked_where_there_is_no_work_or_a_machine_works() -> None:
    _, operator = by_hand("st2")
    assert operator.prompt is None
    machine = an_agent(site=a_site("st1"))
    machine.submit(a_task())
    machine.run_to(ev.UnitVerified)
    assert prompt(machine.state, ST1, machine.now) is None


def test_each_prompt_of_a_station_has_another_number() -> None:
    agent, operator = by_hand("st2")
    agent.submit(a_task("T-1", a_line(quantity=2)))
    steps = []
    for code in (PromptCode.SCAN_TOTE, *[PromptCode.PICK, PromptCode.SCAN_CONTAINER] * 2):
        up_to(operator, code)
        steps.append(operator.asked.step)
        operator.act()
    assert steps == sorted(set(steps))


def test_a_wait_that_is_not_for_the_person_says_what_it_is_for() -> None:
    asked = wait().asked
    assert asked.wait is not None
    assert asked.wait.code is WaitCode.HELD_BY_PERSON
