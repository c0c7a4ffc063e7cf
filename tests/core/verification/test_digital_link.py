"""GS1 Digital Links: what they carry, on whatever domain, and what is none."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.verification.digital_link import NoLinkError, parse_link
from edge_agent.core.verification.element_strings import Element, ElementStringError
from tests.core.verification.codes import link, messages

TODAY = date(2026, 11, 22)
GTIN = "04006381333931"
STEMS = st.sampled_from(["https://id.gs1.org", "HTTP://192.0.2.1:8080/shop/de", "https://a/01/x"])


def carried(text: str, *, short_gtins: bool = True) -> list[tuple[str, str]]:
    return [(one.ai, one.value) for one in parse_link(text, TODAY, short_gtins=short_gtins)]


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("https://id.gs1.org/01/4006381333931", [("01", GTIN)]),
        ("https://example.com/some/path/01/96385074/21/A", [("01", "00000096385074"), ("21", "A")]),
        ("https://example.com:443/01/04006381333931?17=270131", [("01", GTIN), ("17", "270131")]),
        ("http://[2001:db8::1]/01/04006381333931", [("01", GTIN)]),
        ("https://a/01/04006381333931/10/A%2FB%22", [("01", GTIN), ("10", 'A/B"')]),
        ("https://a/01/04006381333931/10/50%25", [("01", GTIN), ("10", "50%")]),
        ("https://a/01/04006381333931/10/A%252B?99=A%252B", [("01", GTIN), ("10", "A%2B"), ("99", "A%2B")]),
        ("https://a/01/04006381333931?utm=x&99=A&linkType=pip#top", [("01", GTIN), ("99", "A")]),
        ("https://a/00/006141411234567890?403=R", [("00", "006141411234567890"), ("403", "R")]),
        ("https://a/414/4006381333931/254/D", [("414", "4006381333931"), ("254", "D")]),
    ],
)
def test_a_link_is_taken_apart(text: str, elements: list[tuple[str, str]]) -> None:
    assert carried(text) == elements


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "https://example.com",
        "https://example.com/",
        "https://example.com/mugs?id=01",
        "https://example.com/10/LOT7",
        "https://user@example.com/01/04006381333931",
        "https://example.com/01/04006381333931/",
        "https://example.com/01/0400 6381333931",
        "hTTps://example.com/01/04006381333931",
        "ftp://example.com/01/04006381333931",
        "https://example.com/01/04006381333931\n",
        "https://exämple.com/01/04006381333931",
        "https://example.com?/01/04006381333931",
    ],
)
def test_another_address_is_no_link(text: str) -> None:
    with pytest.raises(NoLinkError):
        parse_link(text, TODAY)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://a/01/04006381333932", "check digit"),
        ("https://a/01/400638133393", "check digit"),
        ("https://a/01/1234567", r"\(01\) must be N14"),
        ("https://a/01/%34006381333931x", r"\(01\) must be"),
        ("https://a/01/04006381333931/10/", r"\(10\) must be X\.\.20, not nothing"),
        ("https://a/01/04006381333931/10/%E9", r"\(10\) must be"),
        ("https://a/01/04006381333931/21/A/10/B", r"\(21\), \(10\) in the path cannot qualify \(01\)"),
        ("https://a/01/04006381333931/235/A/10/B", "cannot qualify"),
        ("https://a/01/04006381333931/17/270131", "cannot qualify"),
        ("https://a/01/04006381333931?10=A", r"\(10\) belongs into the path"),
        ("https://a/01/04006381333931?21=A", r"\(21\) must not stand behind the \?"),
        ("https://a/01/04006381333931?17=", r"\(17\) must be N6, not nothing"),
        ("https://a/01/04006381333931?17=270229", "no day 29"),
        ("https://a/01/04006381333931?98=A+B", r"\(98\) must be"),
        ("https://a/01/04006381333931?17=270131&17=270131", r"\(17\) stands twice"),
        ("https://a/01/04006381333931?01=04006381333931", r"\(01\) stands twice"),
        ("https://a/01/04006381333931?=5", r"no application identifier \(\)"),
        ("https://a/01/04006381333931?37=5", "must not stand together"),
        ("https://a/01/04006381333931?123456=5", r"no application identifier \(123456\)"),
    ],
)
def test_a_link_that_breaks_the_standard_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ElementStringError, match=reason) as caught:
        parse_link(text, TODAY)
    assert not isinstance(caught.value, NoLinkError)


def test_a_short_gtin_is_filled_up_only_where_that_is_allowed() -> None:
    with pytest.raises(ElementStringError, match="N14"):
        parse_link("https://a/01/4006381333931", TODAY, short_gtins=False)
    assert carried(f"https://a/01/{GTIN}", short_gtins=False) == [("01", GTIN)]


@given(messages(), STEMS)
def test_what_is_made_into_a_link_parses_back_the_same(elements: tuple[Element, ...], stem: str) -> None:
    assert set(parse_link(link(elements, stem), TODAY)) == set(elements)


link_text = st.text("/0123456789%?&=#.:A+-", max_size=60)


@given(st.one_of(st.text(), link_text, link_text.map("https://a/01/04006381333931".__add__)))
def test_no_text_raises_anything_but_a_reason(text: str) -> None:
    with contextlib.suppress(ElementStringError):
        assert parse_link(text, TODAY)
