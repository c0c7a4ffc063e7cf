"""Labels made from a site's label patterns: `TOTE-\\d{4}` and 42 give TOTE-0042.

A small part of regular expressions is enough: characters as they are, `\\d`, a set such as `[A-Z0-9-]`, each
with an optional repeat (`{4}`, `{4,6}`, `+`); a repeat gives its least count, or as many as the number needs.
"""

import itertools
import re
import string
from collections.abc import Iterator, Sequence
from functools import cache

from edge_agent.errors import ConfigurationError

_PART = re.compile(r"(\\d|\\[^A-Za-z0-9]|\[[^\]^]+\]|[^\\\[\](){}|*+?.^$])(\{(\d+)(,\d*)?\}|\+)?")


def label(pattern: str, number: int) -> str:
    """The label with this number: digits filled from the right, every other place by the first that fits.

    Raises `ConfigurationError` when the pattern is more than this module understands, or has too few digits.
    """
    rest = ""
    for longer in range(len(str(number))):
        digits = iter(str(number)[::-1])
        places = _places(pattern, longer)
        filled = [next(digits, "0") if _counts(place) else place[0] for place in reversed(places)]
        if not (rest := "".join(digits)):
            return _checked(pattern, "".join(reversed(filled)))
    raise ConfigurationError(
        f"labels: {pattern!r} has too few digits for {number} ({rest[::-1]} is left over)"
    )


@cache  # campaigns lay out the same site again and again
def locations(pattern: str, shell: str) -> tuple[str, ...]:
    """The storage locations that a shell pattern such as `A01-*` reaches, all shaped like the label pattern.

    What the star stands for is counted up from 01 in every group of digits, the last group fastest. Raises
    `ConfigurationError` as `label` does, and when the shell pattern and the label pattern do not fit.
    """
    head, star, tail = shell.partition("*")
    if not star and not set(shell) & set("?["):
        return (_checked(pattern, shell),)
    places = _places(pattern)[len(head) :]
    if tail or set(head) & set("?[") or not places:
        raise ConfigurationError(
            f"storage: {shell!r}: the simulators know full names and names ending in '*'"
        )
    groups = [_values(list(group), counts) for counts, group in itertools.groupby(places, key=_counts)]
    found = (head + "".join(chosen) for chosen in itertools.product(*groups))
    return tuple(location for location in found if re.fullmatch(pattern, location))


def _values(group: Sequence[str], counts: bool) -> list[str]:
    if not counts:
        return ["".join(place[0] for place in group)]
    width = len(group)
    return [f"{number:0{width}}" for number in range(1, min(10**width, 100))]


def _counts(place: str) -> bool:
    return set(string.digits) <= set(place)


def _places(pattern: str, longer: int = 0) -> list[str]:
    """For every character of a label, the characters that may stand there.

    Each repeat gives its least count and `longer` more, as far as it may.
    """
    places: list[str] = []
    position = 0
    while position < len(pattern):
        part = _PART.match(pattern, position)
        if part is None:
            raise ConfigurationError(
                f"labels: {pattern!r}: the simulators cannot make labels from {pattern[position:]!r}; "
                r"write it with characters, \d, [A-Z0-9] and {n} alone"
            )
        places += ["".join(_members(part[1]))] * _repeats(part, longer)
        position = part.end()
    return places


def _repeats(part: re.Match[str], longer: int) -> int:
    least = int(part[3] or 1)
    if part[2] == "+" or part[4] == ",":
        return least + longer
    return min(least + longer, int(part[4][1:])) if part[4] else least


def _members(part: str) -> Iterator[str]:
    if part == r"\d":
        yield from string.digits
    elif part.startswith("["):
        for first, last, single in re.findall(r"(.)-(.)|\\?(.)", part[1:-1].replace(r"\d", "0-9")):
            yield from [single] if single else map(chr, range(ord(first), ord(last) + 1))
    else:
        yield part[-1]


def _checked(pattern: str, made: str) -> str:
    if not re.fullmatch(pattern, made):
        raise ConfigurationError(f"labels: {made!r} does not match {pattern!r}; make the two agree")
    return made
