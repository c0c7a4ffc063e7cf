"""Whether patterns can match the same text: exact, with an example, as `re` and `fnmatch` see it."""

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.settings.patterns import UnsupportedPatternError, glob_to_regex, shared_text


@pytest.mark.parametrize(
    ("one", "other", "text"),
    [
        (r"TOTE-\d{4}", r"OC-\d{4,8}", None),
        (r"TOTE-\d{4,6}", r"[A-Z]+-\d{5}", "TOTE-00000"),
        (r"\d{8}", r"\d+", "00000000"),
        (r"^OC-\d$", r"OC-[^0]", "OC-1"),
        (r"a|bc", r"b.?", "bc"),
        (r"(?:ab){2,}", r"(a|b)+x?", "abab"),
        (r"a*", r"b*", ""),
        (r"a+", r"b*", None),
        (r"[A-Z0-9-]{1,3}", r"[]a-]", "-"),
        (r"\w\W\s?", r"A\.", "A."),
        (r"(?P<kind>T|C)\d{2}", r"C.{2,2}", "C00"),
        (r"T\d{2}", r"T\d{3}", None),
        (r"x{3}", r"x{2,}?", "xxx"),
    ],
)
def test_a_text_that_both_match_is_found_or_there_is_none(one: str, other: str, text: str | None) -> None:
    assert shared_text(one, other) == text


def test_all_patterns_have_to_match_the_text() -> None:
    assert shared_text(r"A.*", r".*1", r"[A-Z]\d\d") == "A01"
    assert shared_text(r"A.*", r".*1", r"B\d\d") is None


@pytest.mark.parametrize(
    "pattern", [r"(?=a)a", r"(a)\1", r"a\b", r"(?i)a", r"a(", r"[a", r"a++", r"\d{5000}", r"a^b"]
)
def test_what_is_not_looked_into_is_said_so(pattern: str) -> None:
    with pytest.raises(UnsupportedPatternError):
        shared_text(pattern, "a")


patterns = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\d", "-", r"\."]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{1,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=5,
)


@given(patterns, patterns, st.text("ab-.0", max_size=5))
def test_what_is_found_is_what_python_matches(one: str, other: str, text: str) -> None:
    found = shared_text(one, other)
    both = re.fullmatch(one, text) and re.fullmatch(other, text)
    if found is None:
        assert not both
    else:
        assert re.fullmatch(one, found)
        assert re.fullmatch(other, found)


@given(st.text("ab*?[]!^-.\\", max_size=8), st.text("ab*?[]!^-.\\", max_size=5))
def test_a_shell_pattern_means_what_it_means_to_fnmatch(pattern: str, text: str) -> None:
    try:
        found = shared_text(glob_to_regex(pattern), re.escape(text))
    except UnsupportedPatternError:
        return
    assert (found is not None) == fnmatchcase(text, pattern)
