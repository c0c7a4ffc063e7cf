"""GS1 Digital Link: a web address that carries a GS1 key, its qualifiers and attributes.

`https://id.gs1.org/01/04006381333931/10/LOT7?17=270131`, on any domain and behind any path. Only uncompressed
links; nothing is looked up anywhere.

Source: GS1 Digital Link Standard: URI Syntax; keys, qualifiers and attributes as in GS1's Barcode Syntax
Dictionary (`dlpkey=`); where the standard leaves a choice, as in github.com/gs1/gs1-syntax-engine.
"""

import re
from collections.abc import Sequence
from datetime import date
from urllib.parse import unquote

from edge_agent.core.verification.element_strings import (
    Element,
    Elements,
    ElementStringError,
    check_elements,
    is_identifier,
    read_element,
)

_LINK = re.compile(r"(?:https?|HTTPS?)://[A-Za-z0-9.:\[\]-]+(/[^?#]*)(?:\?([^#]*))?(?:#.*)?")
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")

_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(("00", "253", "255", "401", "402", "8003", "8013"), ()),
    "01": (("22", "10", "21"), ("235",)),
    "414": (("254",), ("7040",)),
    "415": (("8020",),),
    **dict.fromkeys(("417", "8004"), (("7040",),)),
    "8006": (("22", "10", "21"),),
    "8010": (("8011",),),
    **dict.fromkeys(("8017", "8018"), (("8019",),)),
}
"""Primary key -> the rows of qualifiers that may follow it in the path, in that order, each or none."""

_NO_ATTRIBUTES = frozenset(
    {"03", "21", "22", "235", "254", "7040", "7041", "8011", "8014", "8019", "8020"}
    | {"8040", "8041", "8042", "8043", "8200"}
)
"""AIs that may stand in the path or an element string, but not behind the `?`."""

_SHORT_GTINS = (8, 12, 13)


class NoLinkError(ElementStringError):
    """The text is no GS1 Digital Link at all; it may well be another web address."""


def parse_link(text: str, today: date, *, short_gtins: bool = True) -> Elements:
    """The elements of a link, those of the path first, each and all of them checked.

    `today` settles the century of dates. `short_gtins`: a GTIN of 8, 12 or 13 digits, which older links
    have, is filled up with zeros; without it such a link is refused, as the standard has it since 1.2.
    Raises `NoLinkError` where the text has no GS1 key in its path, `ElementStringError` where what it says
    is wrong, and nothing else.
    """
    link = _LINK.fullmatch(text)
    if not link or not _URI.fullmatch(text):
        raise NoLinkError("no web address with a path")
    path = [_element(ai, value, short_gtins) for ai, value in _key_and_qualifiers(link[1])]
    order = [element.ai for element in path]
    if not _may_follow(order[0], order[1:]):
        raise ElementStringError(f"({'), ('.join(order[1:])}) in the path cannot qualify ({order[0]})")
    attributes = [_element(ai, value, short_gtins) for ai, value in _attributes(link[2] or "", order)]
    elements = (*path, *attributes)
    _check_repeats(elements)
    check_elements(elements, today)
    return elements


def _key_and_qualifiers(path: str) -> list[tuple[str, str]]:
    """The pairs of AI and value from the last primary key on."""
    segments = path.split("/")[1:]
    for start in range(len(segments) - 2, -1, -2):
        if not is_identifier(segments[start]):
            break
        if segments[start] in _KEYS:
            values = [unquote(value, "latin-1") for value in segments[start + 1 :: 2]]
            return list(zip(segments[start::2], values, strict=True))
    raise NoLinkError("no GS1 key in the path of the web address")


def _attributes(query: str, path: Sequence[str]) -> list[tuple[str, str]]:
    """The query's AIs with their values; parameters that are no numbers belong to somebody else."""
    found = []
    for parameter in query.split("&"):
        ai, has_value, value = parameter.partition("=")
        if has_value and (ai.isdigit() or not ai):
            _check_attribute(ai, path)
            # In a query, unlike in a path, a plus sign is a space.
            found.append((ai, unquote(value.replace("+", " "), "latin-1")))
    return found


def _check_attribute(ai: str, path: Sequence[str]) -> None:
    if ai in _NO_ATTRIBUTES:
        raise ElementStringError(f"({ai}) must not stand behind the ? of a link")
    places = range(1, len(path) + 1)
    if ai not in path and any(_may_follow(path[0], [*path[1:at], ai, *path[at:]]) for at in places):
        raise ElementStringError(f"({ai}) belongs into the path of the link, not behind the ?")


def _may_follow(key: str, qualifiers: Sequence[str]) -> bool:
    """Whether these are some of one row of the key's qualifiers, in its order."""

    def in_order(row: Sequence[str]) -> bool:
        rest = iter(row)
        return all(qualifier in rest for qualifier in qualifiers)

    return not qualifiers or any(in_order(row) for row in _KEYS[key])


def _element(ai: str, value: str, short_gtins: bool) -> Element:
    if short_gtins and ai == "01" and len(value) in _SHORT_GTINS:
        value = value.zfill(14)
    return read_element(ai, value)


def _check_repeats(elements: Elements) -> None:
    seen: set[str] = set()
    for element in elements:
        if element.ai in seen:
            raise ElementStringError(f"({element.ai}) stands twice in the link")
        seen.add(element.ai)
