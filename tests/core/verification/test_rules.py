"""Each rule fires where it must and is silent where it must not."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.verification.barcode import SiteLabels
from edge_agent.core.verification.rules import (
    ItemExpectation,
    ItemPassed,
    Passed,
    Rejected,
    Rule,
    no_read,
    unexpected_scan,
    verify_container,
    verify_item,
    verify_location,
    verify_tote,
)
from edge_agent.domain.ids import Gtin, LineId, LocationId, Lpn
from edge_agent.domain.site import Labels
from edge_agent.domain.task import Line

TODAY = date(2026, 11, 22)
LABELS = SiteLabels(Labels(tote=r"TOTE-\d{4}", container=r"OC-\d{4}", location=r"A\d{2}-\d{2}-\d{2}"))
MUG, CUP = Gtin("04006381333931"), Gtin("00000096385074")
PLAIN = ItemExpectation(gtin=MUG, remaining=2, known={MUG, CUP})
LOT = replace(PLAIN, lot="LOT7")
FRESH = replace(PLAIN, expiry_min=date(2027, 1, 31))
SERIALS = replace(PLAIN, serials=("S1", "S2"), serial_required=True)
CAPTURE = replace(PLAIN, serial_required=True, serials_taken={"S1"})
CODE = b"]C10104006381333931"
LABEL_STEPS = [
    pytest.param(verify_location, "A01-02-03", "A01-02-04", Rule.WRONG_LOCATION, id="location"),
    pytest.param(verify_tote, "TOTE-0042", "TOTE-0043", Rule.WRONG_TOTE, id="tote"),
    pytest.param(verify_container, "OC-0001", "OC-0002", Rule.WRONG_CONTAINER, id="container"),
]


def verify(data: bytes, expected: ItemExpectation = PLAIN, *, aim: bool = True) -> ItemPassed | Rejected:
    return verify_item(data, expected, LABELS, aim=aim, today=TODAY)


@pytest.mark.parametrize(
    ("rule", "data", "expected"),
    [
        (Rule.WRONG_ITEM, b"]E496385074", PLAIN),
        (Rule.WRONG_ITEM, b"]C10100000096385074", LOT),
        (Rule.UNKNOWN_BARCODE, b"]E02112345678900", PLAIN),
        (Rule.UNKNOWN_BARCODE, b"]C10114006381333938", PLAIN),
        (Rule.UNKNOWN_BARCODE, b"]C0TOTE-0042", PLAIN),
        (Rule.UNKNOWN_BARCODE, b"]C0OC-0001", PLAIN),
        (Rule.UNKNOWN_BARCODE, b"]C04006381333931", PLAIN),
        (Rule.UNKNOWN_BARCODE, b"]Q1https://example.com/mug", PLAIN),
        (Rule.UNKNOWN_BARCODE, b"]C100123456789012345675", PLAIN),
        (Rule.UNKNOWN_BARCODE, b"]C10204006381333931375", PLAIN),
        (Rule.UNKNOWN_BARCODE, b"]C110LOT7", LOT),
        (Rule.INVALID_CODE, b"", PLAIN),
        (Rule.INVALID_CODE, b"]", PLAIN),
        (Rule.INVALID_CODE, b"]C1\x1d0104006381333931", PLAIN),
        (Rule.INVALID_CODE, b"]C10104006381333932", PLAIN),
        (Rule.INVALID_CODE, b"]C1010400638133393117270229", PLAIN),
        (Rule.INVALID_CODE, b"]C10104006381333931375", PLAIN),
        (Rule.INVALID_CODE, b"]E04006381333930", PLAIN),
        (Rule.INVALID_CODE, b"]C10104006381333931\xff", PLAIN),
        (Rule.INVALID_CODE, b"4006381333931", PLAIN),
        (Rule.LOT_REQUIRED, CODE, LOT),
        (Rule.LOT_REQUIRED, b"]E04006381333931", LOT),
        (Rule.SEPARATOR_LOST, CODE + b"10LOT721SER1", LOT),
        (Rule.SEPARATOR_LOST, CODE + b"10LOT717270131", LOT),
        (Rule.WRONG_LOT, CODE + b"10LOT8", LOT),
        (Rule.WRONG_LOT, CODE + b"10LOT77", LOT),
        (Rule.WRONG_LOT, CODE + b"10LOT", LOT),
        (Rule.WRONG_LOT, CODE + b"10lot7", LOT),
        (Rule.EXPIRED, CODE + b"17261121", PLAIN),
        (Rule.EXPIRED, CODE + b"17261000", FRESH),
        (Rule.SHORT_DATED, CODE + b"17270130", FRESH),
        (Rule.SHORT_DATED, CODE, FRESH),
        (Rule.DUPLICATE_SERIAL, CODE + b"21S1", CAPTURE),
        (Rule.WRONG_SERIAL, CODE + b"21S3", SERIALS),
        (Rule.WRONG_SERIAL, CODE, SERIALS),
        (Rule.WRONG_SERIAL, CODE, CAPTURE),
        (Rule.OVER_QUANTITY, CODE, replace(PLAIN, remaining=0)),
        (Rule.OVER_QUANTITY, CODE + b"10LOT8", replace(LOT, remaining=0)),
    ],
)
def test_a_rule_fires_where_it_must(rule: Rule, data: bytes, expected: ItemExpectation) -> None:
    verdict = verify(data, expected)
    assert isinstance(verdict, Rejected)
    assert verdict.rule is rule
    assert verdict.expected
    assert verdict.scanned or not data


@pytest.mark.parametrize(
    ("data", "expected", "facts"),
    [
        (CODE, PLAIN, (None, None, None)),
        (b"]E04006381333931", PLAIN, (None, None, None)),
        (CODE + b"10LOT8\x1d21S9", PLAIN, ("LOT8", None, "S9")),
        (CODE + b"10LOT7", LOT, ("LOT7", None, None)),
        (CODE + b"10LOT7\x1d17261122", LOT, ("LOT7", TODAY, None)),
        (CODE + b"17270131", FRESH, (None, date(2027, 1, 31), None)),
        (CODE + b"17270100", FRESH, (None, date(2027, 1, 31), None)),
        (CODE + b"21S2", SERIALS, (None, None, "S2")),
        (CODE + b"21S2", CAPTURE, (None, None, "S2")),
        (CODE, replace(PLAIN, remaining=1), (None, None, None)),
    ],
)
def test_an_item_that_agrees_with_the_task_passes_with_what_its_code_says(
    data: bytes, expected: ItemExpectation, facts: tuple[str | None, date | None, str | None]
) -> None:
    assert verify(data, expected) == ItemPassed(Rule.ITEM_MATCHES, MUG, *facts)


def test_an_untagged_item_passes_only_where_the_scanner_sends_no_identifiers() -> None:
    assert isinstance(verify(b"4006381333931", aim=False), ItemPassed)
    assert isinstance(verify(b"]E04006381333931", aim=False), Rejected)


def test_a_rejection_says_what_was_expected_and_what_was_scanned() -> None:
    assert verify(b"]E496385074") == Rejected(Rule.WRONG_ITEM, MUG, CUP)
    assert verify(CODE + b"10LOT8", LOT) == Rejected(Rule.WRONG_LOT, "LOT7", "LOT8")
    assert verify(CODE + b"17261121", FRESH) == Rejected(Rule.EXPIRED, "2027-01-31 or later", "2026-11-21")
    assert verify(b"]C0TOTE-0042") == Rejected(Rule.UNKNOWN_BARCODE, MUG, "]C0TOTE-0042", "a tote label")
    assert verify(b"]C110LOT7") == Rejected(
        Rule.UNKNOWN_BARCODE, MUG, "]C110LOT7", "no GTIN (01) in the code"
    )


def test_the_expectation_is_made_from_a_line() -> None:
    line = Line(LineId("1"), "MUG", MUG, 2, (), lot="L", expiry_min=TODAY, serials=("S1", "S2"))
    assert ItemExpectation.of_line(line, 1, {MUG}, {"S1"}) == ItemExpectation(
        MUG, 1, {MUG}, "L", TODAY, ("S1", "S2"), serial_required=True, serials_taken={"S1"}
    )


@pytest.mark.parametrize(("step", "right", "wrong", "rule"), LABEL_STEPS)
def test_a_label_step_passes_its_own_label_and_no_other(step, right, wrong, rule) -> None:
    assert step(b"]C0" + right.encode(), right, LABELS, aim=True) == Passed(rule)
    assert step(right.encode(), right, LABELS, aim=False) == Passed(rule)
    for other in (wrong, "TOTE-9999", "OC-9999", "A09-09-09"):
        verdict = step(b"]C0" + other.encode(), right, LABELS, aim=True)
        assert (verdict.rule, verdict.expected, verdict.scanned) == (rule, right, other)


@pytest.mark.parametrize(("step", "right", "wrong", "rule"), LABEL_STEPS)
@pytest.mark.parametrize("data", [CODE, b"]E04006381333931", b"]C0rubbish", b"]E4TOTE-0042"])
def test_an_item_label_at_a_label_step_is_the_wrong_label(data, step, right, wrong, rule) -> None:
    verdict = step(data, right, LABELS, aim=True)
    assert isinstance(verdict, Rejected)
    assert verdict.rule is rule


@pytest.mark.parametrize(("step", "right", "wrong", "rule"), LABEL_STEPS)
@pytest.mark.parametrize("data", [b"", b"]", b"]C0", b"]C0\xff", b"TOTE-0042"])
def test_a_label_that_cannot_be_right_is_an_invalid_code(data, step, right, wrong, rule) -> None:
    verdict = step(data, right, LABELS, aim=True)
    assert isinstance(verdict, Rejected)
    assert verdict.rule is Rule.INVALID_CODE
    assert verdict.detail


def test_no_read_and_unexpected_scan_have_verdicts_of_their_own() -> None:
    assert no_read(MUG) == Rejected(Rule.NO_READ, MUG, "nothing")
    assert unexpected_scan(b"]C0TOTE-0042\x1d") == Rejected(
        Rule.UNEXPECTED_SCAN, "nothing", "]C0TOTE-0042<GS>"
    )


def test_every_rule_has_its_number_and_a_text_for_the_operator() -> None:
    assert {rule.code for rule in Rule} == {
        f"V{number}" for number in (*range(1, 4), *range(5, 14), 15, 17, 19, 20)
    }
    assert all(rule.text.endswith(".") for rule in Rule)
    assert Rule("wrong_item") is Rule.WRONG_ITEM
    assert (Rule.EXPIRED.code, Rule.SHORT_DATED.code) == ("V11", "V11")


codes = st.one_of(
    st.binary(max_size=60),
    st.text("0123456789ABLOT\x1d", max_size=40).map(lambda text: CODE + text.encode()),
    st.sampled_from([b"]E04006381333931", b"]E496385074", b"]C0TOTE-0042", CODE]),
)


@given(codes, st.booleans())
def test_no_scan_raises_and_only_the_expected_item_ever_passes(data: bytes, aim: bool) -> None:
    for expected in (PLAIN, LOT, FRESH, SERIALS, CAPTURE):
        verdict = verify_item(data, expected, LABELS, aim=aim, today=TODAY)
        if isinstance(verdict, ItemPassed):
            assert verdict.gtin == MUG
            assert expected.lot in (None, verdict.lot)
            assert expected.expiry_min is None or (verdict.expiry and verdict.expiry >= expected.expiry_min)
            assert expected.serials is None or verdict.serial in expected.serials
            assert not expected.serial_required or verdict.serial


@given(codes, st.booleans())
def test_no_scan_raises_and_only_the_expected_label_ever_passes(data: bytes, aim: bool) -> None:
    for verdict in (
        verify_tote(data, Lpn("TOTE-0042"), LABELS, aim=aim),
        verify_container(data, Lpn("OC-0001"), LABELS, aim=aim),
        verify_location(data, LocationId("A01-02-03"), LABELS, aim=aim),
    ):
        if isinstance(verdict, Passed):
            assert data.endswith((b"TOTE-0042", b"OC-0001", b"A01-02-03"))
