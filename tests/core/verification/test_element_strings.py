"""GS1 element strings: taken apart, checked, and never trusted further than the standard goes."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.verification.element_strings import (
    GS,
    Element,
    ElementStringError,
    parse_elements,
    parse_printed,
)
from edge_agent.core.verification.value_checks import expand_date
from tests.core.verification.codes import element_string, messages, printed

TODAY = date(2026, 11, 22)
GTIN = "0104006381333931"


def pairs(text: str) -> list[tuple[str, str]]:
    return [(element.ai, element.value) for element in parse_elements(text, TODAY)]


def test_a_message_is_taken_apart_in_its_order() -> None:
    assert pairs(f"{GTIN}17270131310300012310LOT7{GS}21S-1") == [
        ("01", "04006381333931"),
        ("17", "270131"),
        ("3103", "000123"),
        ("10", "LOT7"),
        ("21", "S-1"),
    ]


def test_a_separator_is_tolerated_at_the_end_and_behind_a_fixed_length_field() -> None:
    assert pairs(f"{GTIN}{GS}10LOT7{GS}") == [("01", "04006381333931"), ("10", "LOT7")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (GS, "no application identifier starts with '<GS>'"),
        (GS + GTIN, "starts with '<GS>010'"),
        (f"{GTIN}{GS}{GS}10A", "starts with '<GS>10A'"),
        ("]", "starts with ']'"),
        ("89", "starts with '89'"),
        ("01", r"\(01\) must be N14, not nothing"),
        ("010400638133393", r"\(01\) must be N14"),
        ("010400638133393A", r"\(01\) must be N14"),
        ("0104006381333932", r"\(01\) 04006381333932: its check digit is 2, 1 would be right"),
        ("0204006381333932", r"\(02\) .* check digit"),
        ("00123456789012345670", r"\(00\) .* check digit"),
        ("8003021123456789010ABC", r"\(8003\) .* check digit"),
        ("4144006381333932", r"\(414\) .* check digit"),
        (f"{GTIN}10", r"\(10\) must be X\.\.20, not nothing"),
        (f"{GTIN}30", r"\(30\) must be N\.\.8, not nothing"),
        (f"{GTIN}10ABCDEFGHIJKLMNOPQRSTU", r"\(10\) must be X\.\.20"),
        (f"{GTIN}10ABCDEFGHIJKLMNOPQRST99X", r"\(10\) must be X\.\.20"),
        (f"{GTIN}10AB C", r"\(10\) must be"),
        (f"{GTIN}10ABC\n", r"\(10\) must be"),
        (f"{GTIN}10AB#C", r"\(10\) must be"),
        (f"{GTIN}17261301", r"\(17\) must be N6, not '261301'"),
        (f"{GTIN}7006261301", "there is no month 13"),
        (f"{GTIN}17260001", "there is no month 00"),
        (f"{GTIN}17270229", "there is no day 29 in 2027-02"),
        (f"{GTIN}7006260500", "the day must not be 00"),
        (f"{GTIN}7007260501260532", r"\(7007\)"),
        (f"{GTIN}70032605012460", "there is no time 24:60"),
        (f"{GTIN}21A{GS}21B", r"\(21\) stands twice with different values"),
        (f"{GTIN}31030001233102000123", r"\(3103\) and \(3102\) contradict"),
        (f"{GTIN}0204006381333931", r"\(01\) and \(02\) must not stand together"),
        (f"{GTIN}375", r"\(01\) and \(37\) must not stand together"),
        (f"{GTIN}21A{GS}235B", r"\(21\) and \(235\) must not stand together"),
    ],
)
def test_a_message_that_breaks_the_standard_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ElementStringError, match=reason):
        parse_elements(text, TODAY)


def test_the_same_element_twice_with_the_same_value_is_no_contradiction() -> None:
    assert pairs(f"400ABC{GS}400ABC") == [("400", "ABC"), ("400", "ABC")]


def test_a_delivery_time_may_be_left_out() -> None:
    assert pairs("43242605019999") == [("4324", "2605019999")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("270131", date(2027, 1, 31)),
        ("270200", date(2027, 2, 28)),
        ("280200", date(2028, 2, 29)),
        ("760101", date(2076, 1, 1)),
        ("770101", date(1977, 1, 1)),
        ("000229", date(2000, 2, 29)),
    ],
)
def test_a_date_lies_between_49_years_back_and_50_ahead(text: str, expected: date) -> None:
    assert expand_date(text, TODAY) == expected


def test_late_in_a_century_small_years_belong_to_the_next_one() -> None:
    assert expand_date("010101", date(2099, 1, 1)) == date(2101, 1, 1)
    assert expand_date("490101", date(2099, 1, 1)) == date(2149, 1, 1)
    assert expand_date("500101", date(2099, 1, 1)) == date(2050, 1, 1)


@given(st.dates(date(1900, 1, 1), date(2400, 12, 31)), st.integers(-49, 50), st.integers(1, 12))
def test_every_year_in_the_window_comes_back(today: date, ahead: int, month: int) -> None:
    wanted = date(today.year + ahead, month, 1)
    assert expand_date(wanted.strftime("%y%m%d"), today) == wanted


@given(messages(), st.booleans())
def test_what_is_encoded_parses_back_the_same(elements: tuple[Element, ...], every: bool) -> None:
    assert parse_elements(element_string(elements, every=every), TODAY) == elements


@given(messages())
def test_what_is_printed_beneath_a_symbol_parses_back_the_same(elements: tuple[Element, ...]) -> None:
    assert parse_printed(printed(elements), TODAY) == elements


@given(st.one_of(st.text(), st.text("0123456789()\\ A")))
def test_nothing_typed_raises_anything_but_a_reason(text: str) -> None:
    with contextlib.suppress(ElementStringError):
        assert parse_printed(text, TODAY)


@pytest.mark.parametrize("tail", ["~", "", "%"])
def test_a_long_percent_encoded_text_is_judged_at_once(tail: str) -> None:
    with contextlib.suppress(ElementStringError):
        parse_elements("4302" + "%AA%AA" * 1000 + tail, TODAY)
    with contextlib.suppress(ElementStringError):
        parse_elements("7256" + "%AA%AA" * 15 + tail, TODAY)


@given(st.one_of(st.text(), st.text("0123456789" + GS), st.text("01730A]" + GS)))
def test_no_text_raises_anything_but_a_reason(text: str) -> None:
    with contextlib.suppress(ElementStringError):
        assert parse_elements(text, TODAY)


@given(messages(), st.data())
def test_a_damaged_message_gives_a_reason_or_other_elements(
    elements: tuple[Element, ...], data: st.DataObject
) -> None:
    text = element_string(elements)
    position = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:position] + data.draw(st.characters(max_codepoint=127)) + text[position + 1 :]
    try:
        found = parse_elements(damaged, TODAY)
    except ElementStringError:
        return
    assert (found == elements) == (damaged == text)
