"""Codes made from application identifiers, as a printer of labels makes them. No code of ours is used."""

from datetime import date
from urllib.parse import quote

from hypothesis import strategies as st

from edge_agent.core.verification.element_strings import Element

GS = "\x1d"
CSET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
QUALIFIERS = ("22", "10", "21")
PREDEFINED = ("01", "11", "15", "17", "3103")
"""AIs whose length is predefined: they need no separator behind them (General Specifications 7.8.5)."""

text_20 = st.text(CSET_82, min_size=1, max_size=20)
day = st.dates(date(1980, 1, 1), date(2070, 1, 1)).map(lambda one: one.strftime("%y%m%d"))
OPTIONAL = {
    "22": text_20,
    "10": text_20,
    "21": text_20,
    "11": day,
    "15": day,
    "17": day,
    "240": st.text(CSET_82, min_size=1, max_size=30),
    "3103": st.text("0123456789", min_size=6, max_size=6),
    "422": st.sampled_from(["276", "840", "156"]),
    "99": st.text(CSET_82, min_size=1, max_size=90),
}


def with_check_digit(payload: str) -> str:
    """General Specifications 7.9.1: weights 3 and 1 from the right."""
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(payload)))
    return payload + str(-total % 10)


gtins = st.text("0123456789", min_size=13, max_size=13).map(with_check_digit)


@st.composite
def messages(draw: st.DrawFn) -> tuple[Element, ...]:
    """Valid elements of an item, each AI at most once, in any order."""
    chosen = draw(st.lists(st.sampled_from(sorted(OPTIONAL)), unique=True))
    elements = [Element("01", draw(gtins)), *(Element(ai, draw(OPTIONAL[ai])) for ai in chosen)]
    return tuple(draw(st.permutations(elements)))


def element_string(elements: tuple[Element, ...], *, every: bool = False) -> str:
    """With a separator behind each value that needs one but the last; `every`: behind all of them."""
    text = "".join(
        one.ai + one.value + ("" if one.ai in PREDEFINED and not every else GS) for one in elements
    )
    return text if every else text.removesuffix(GS)


def printed(elements: tuple[Element, ...]) -> str:
    """As beneath a symbol: AIs in brackets."""
    return "".join(f"({one.ai}){one.value.replace('(', chr(92) + '(')}" for one in elements)


def link(elements: tuple[Element, ...], stem: str = "https://id.gs1.org") -> str:
    """The Digital Link: key and qualifiers in the path, the rest behind the question mark."""
    values = {one.ai: one.value for one in elements}
    path = "".join(f"/{ai}/{quote(values.pop(ai), safe='')}" for ai in ("01", *QUALIFIERS) if ai in values)
    query = "&".join(f"{ai}={quote(value, safe='')}" for ai, value in values.items())
    return stem + path + (f"?{query}" if query else "")
