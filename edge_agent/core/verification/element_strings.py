"""GS1 element strings: `(01)04006381333931(10)LOT7` and what may stand in them.

The table of application identifiers (AIs) with their patterns is biip's; the walk over the data is ours,
because biip's own drops leading separators, lets an overlong field run into the next AI, reads the wall
clock for a date's century, and lets through values and AI pairs that GS1 forbids.

Source: GS1 General Specifications 3 (AIs), 4.13 (which may stand together), 7.8 (processing), 7.11
(characters).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import TypeAlias

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from edge_agent.core.verification.associations import conflict
from edge_agent.core.verification.value_checks import value_error

GS = "\x1d"
"""The separator that scanners send for FNC1."""

_LONGEST_AI = 4
_PERCENT_ENCODED = re.compile(r"\(\?:(\[[^]]+])\|%[^)]*\)")
"""biip's alternative for percent-encoded texts: matched twice over, it takes exponential time to fail."""
_PRINTED = re.compile(r"\((\d{2,4})\)((?:[^(\\]|\\\()+)", re.ASCII)


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
    check_elements(elements, today)
    return elements


def parse_printed(text: str, today: date) -> Elements:
    """The elements of a message as it is printed beneath a symbol and typed in: AIs in brackets.

    A bracket that belongs to a value is written `\\(`; spaces do not count. Raises `ElementStringError`.

    Source: General Specifications 4.14 (human readable interpretation).
    """
    text = text.replace(" ", "")
    found = list(_PRINTED.finditer(text))
    if not text or "".join(match.group() for match in found) != text:
        raise ElementStringError("each value must have its identifier in brackets before it, as (10)LOT7")
    elements = tuple(read_element(match[1], match[2].replace("\\(", "(")) for match in found)
    check_elements(elements, today)
    return elements


def read_element(ai: str, value: str) -> Element:
    """One element whose AI and value are told apart already.

    Raises `ElementStringError` where GS1 has no such AI or the value has the wrong length or characters.
    """
    known = _identifier(ai)
    if known is None or known.ai != ai:
        raise ElementStringError(f"there is no application identifier ({ai})")
    if not value or not _pattern(known).fullmatch(ai + value):
        raise _wrong_layout(known, value)
    return Element(ai, value)


def check_elements(elements: Iterable[Element], today: date) -> None:
    """What cannot be seen from length and characters. Raises `ElementStringError`."""
    values: dict[str, str] = {}
    for element in elements:
        if error := value_error(element.ai, element.value, today):
            raise ElementStringError(f"({element.ai}) {element.value}: {error}")
        if values.setdefault(element.ai, element.value) != element.value:
            raise ElementStringError(f"({element.ai}) stands twice with different values")
    if error := conflict(values):
        raise ElementStringError(error)


def is_identifier(ai: str) -> bool:
    """Whether GS1 has that application identifier."""
    known = _identifier(ai)
    return known is not None and known.ai == ai


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
    known = _identifier(text)
    if known is None:
        raise ElementStringError(f"no application identifier starts with {_shown(text[:4])}")
    field, separator, rest = text.partition(GS)
    pattern = _pattern(known)
    match = pattern.fullmatch(field) if known.separator_required else pattern.match(field)
    value = match.group()[len(known.ai) :] if match else ""
    if not value:
        raise _wrong_layout(known, field[len(known.ai) :])
    # What stands behind a fixed-length value, without a separator, is the next element.
    behind = field[len(known.ai) + len(value) :]
    return Element(known.ai, value), behind + separator + rest if behind else rest


def _identifier(text: str) -> GS1ApplicationIdentifier | None:
    """The AI that the text starts with."""
    return _known(text[:_LONGEST_AI])


@lru_cache(maxsize=1024)  # biip tries all of its 500 in turn
def _known(start: str) -> GS1ApplicationIdentifier | None:
    try:
        return GS1ApplicationIdentifier.extract(start)
    except ParseError:
        return None


@cache
def _pattern(known: GS1ApplicationIdentifier) -> re.Pattern[str]:
    plain = _PERCENT_ENCODED.sub(r"\1", known.pattern.removesuffix("$"))
    return re.compile(plain, re.ASCII)


def _wrong_layout(known: GS1ApplicationIdentifier, value: str) -> ElementStringError:
    layout = known.format.partition("+")[2]
    return ElementStringError(f"({known.ai}) must be {layout}, not {_shown(value)}")


def _shown(text: str) -> str:
    return f"'{text}'".replace(GS, "<GS>") if text else "nothing"
