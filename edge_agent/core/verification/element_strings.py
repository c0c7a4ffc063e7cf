"""GS1 element strings: `(01)04006381333931(10)LOT7` and what may stand in them.

The table of application identifiers (AIs) with their patterns is biip's; the walk over the data is ours,
because biip's own drops leading separators, lets an overlong field run into the next AI, reads the wall
clock for a date's century, and lets through AI pairs that GS1 forbids.

Source: GS1 General Specifications 3 (AIs), 4.13 (invalid pairs), 7.8 (processing), 7.11 (characters), 7.12
(dates); pairs as in GS1's Barcode Syntax Dictionary (github.com/gs1/gs1-syntax-dictionary).
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from edge_agent.core.verification.gtin import check_digit_error

GS = "\x1d"
"""The separator that scanners send for FNC1."""

_NUMBERED = {"00": 18, "01": 14, "02": 14, "03": 14, "253": 13, "255": 13, "402": 17, "8003": 14, "8006": 14}
_NUMBERED |= {f"41{last}": 13 for last in range(8)} | {"8017": 18, "8018": 18, "8026": 14}
"""AI -> how many digits its number has at the front, check digit last."""

_DAY_MAY_BE_ZERO = frozenset({"11", "12", "13", "15", "16", "17", "4324", "4325"})
_DATES = _DAY_MAY_BE_ZERO | {"4326", "7003", "7006", "7007", "7011", "8008"}
_TIMED = frozenset({"4324", "4325", "7003", "7011"})
_TIME_MAY_BE_LEFT_OUT = frozenset({"4324", "4325"})

_DECIMAL_FAMILIES = re.compile(r"(3[1-6]|39)\d\d")
"""AIs whose last digit only places the decimal point: two of one family contradict each other."""

_FORBIDDEN_PAIRS = (
    *(("01", other) for other in ("02", "03", "255", "37", "8006")),
    *(("02", other) for other in ("03", "255", "8026")),
    *(("255", other) for other in ("415", "8006", "8020", "8026")),
    *(("8006", other) for other in ("37", "8026")),
    *(("390", other) for other in ("391", "394", "8111")),
    *(("395", other) for other in ("392", "393", "8005")),
    *(("426", other) for other in ("422", "423", "424", "425")),
    *(("392", "393"), ("394", "8111"), ("21", "235"), ("420", "421"), ("421", "4307")),
    *(("4330", "4331"), ("4332", "4333"), ("8017", "8018")),
)
"""AIs, by their leading digits, that must not stand together in one message."""


@dataclass(frozen=True, slots=True)
class Element:
    """One AI and its value."""

    ai: str
    value: str


class ElementStringError(ValueError):
    """The data is no valid GS1 message; the text says which rule it breaks."""


Elements: TypeAlias = tuple[Element, ...]


def parse_elements(text: str, today: date) -> Elements:
    """The elements of a GS1 message, in their order, each and all of them checked.

    `text` is what stands behind the AIM identifier; `today` settles the century of dates. Raises
    `ElementStringError` and nothing else, whatever the text.
    """
    elements = _split(text)
    for element in elements:
        _check_number(element)
        _check_date(element, today)
    _check_pairs(elements)
    return elements


def expand_date(yymmdd: str, today: date) -> date:
    """A six-digit GS1 date; day 00 is the month's last day.

    The century is the one that puts the year between 49 years back and 50 years ahead (General
    Specifications 7.12). Raises `ValueError` for a date that does not exist.
    """
    century = today.year - today.year % 100
    ahead = int(yymmdd[:2]) - today.year % 100
    if ahead >= 51:
        century -= 100
    elif ahead <= -50:
        century += 100
    year, month, day = century + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:6])
    if not 1 <= month <= 12:
        raise ValueError(f"there is no month {month:02}")
    last = calendar.monthrange(year, month)[1]
    if day > last:
        raise ValueError(f"there is no day {day:02} in {year}-{month:02}")
    return date(year, month, day or last)


def _split(text: str) -> Elements:
    if not text:
        raise ElementStringError("the message is empty")
    elements = []
    rest = text
    while rest:
        element, rest = _first(rest)
        elements.append(element)
    return tuple(elements)


def _first(text: str) -> tuple[Element, str]:
    """The first element, and what is left for the next."""
    try:
        ai = GS1ApplicationIdentifier.extract(text)
    except ParseError:
        raise ElementStringError(f"no application identifier starts with {_shown(text[:4])}") from None
    field, separator, rest = text.partition(GS)
    if ai.separator_required:
        match = re.fullmatch(ai.pattern, field, re.ASCII)
    else:
        match = re.match(ai.pattern.removesuffix("$"), field, re.ASCII)
    value = match.group()[len(ai.ai) :] if match else ""
    if not value:
        layout, data = ai.format.partition("+")[2], field[len(ai.ai) :]
        raise ElementStringError(f"({ai.ai}) must be {layout}, not {_shown(data)}")
    # What stands behind a fixed-length value, without a separator, is the next element.
    behind = field[len(ai.ai) + len(value) :]
    return Element(ai.ai, value), behind + separator + rest if behind else rest


def _check_number(element: Element) -> None:
    digits = element.value[: _NUMBERED.get(element.ai, 0)]
    if digits and (error := check_digit_error(digits)):
        raise ElementStringError(f"({element.ai}) {digits}: {error}")


def _check_date(element: Element, today: date) -> None:
    ai, value = element.ai, element.value
    if ai not in _DATES:
        return
    try:
        _check_day(value[:6], ai, today)
        if ai == "7007" and value[6:]:
            _check_day(value[6:], ai, today)
        if ai in _TIMED and value[6:]:
            _check_time(value[6:], ai)
    except ValueError as error:
        raise ElementStringError(f"({ai}) {value}: {error}") from None


def _check_day(yymmdd: str, ai: str, today: date) -> None:
    if yymmdd[4:] == "00" and ai not in _DAY_MAY_BE_ZERO:
        raise ValueError("the day must not be 00")
    expand_date(yymmdd, today)


def _check_time(hhmm: str, ai: str) -> None:
    if hhmm == "9999" and ai in _TIME_MAY_BE_LEFT_OUT:
        return
    if hhmm[:2] > "23" or hhmm[2:] > "59":
        raise ValueError(f"there is no time {hhmm[:2]}:{hhmm[2:]}")


def _check_pairs(elements: Elements) -> None:
    values: dict[str, str] = {}
    families: dict[str, str] = {}
    for ai, value in ((element.ai, element.value) for element in elements):
        if values.setdefault(ai, value) != value:
            raise ElementStringError(f"({ai}) stands twice with different values")
        if _DECIMAL_FAMILIES.fullmatch(ai) and (first := families.setdefault(ai[:3], ai)) != ai:
            raise ElementStringError(f"({first}) and ({ai}) contradict each other")
    for left, right in _FORBIDDEN_PAIRS:
        one = next((ai for ai in values if ai.startswith(left)), None)
        other = next((ai for ai in values if ai.startswith(right)), None)
        if one and other:
            raise ElementStringError(f"({one}) and ({other}) must not stand together")


def _shown(text: str) -> str:
    return f"'{text}'".replace(GS, "<GS>") if text else "nothing"
