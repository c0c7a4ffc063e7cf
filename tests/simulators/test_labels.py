"""Labels and locations made from a site's patterns."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.site import Labels
from edge_agent.errors import ConfigurationError
from simulators.labels import label, locations


@pytest.mark.parametrize(
    ("pattern", "number", "made"),
    [
        (r"TOTE-\d{4}", 42, "TOTE-0042"),
        (r"TOTE-\d{4,6}", 9999, "TOTE-9999"),
        (r"OC-\d{4,8}", 7, "OC-0007"),
        (r"OC-[0-9]{3}", 7, "OC-007"),
        (r"[A-Z]\d{2}-\d{2}-\d{2}", 10203, "A01-02-03"),
        (r"T\.\d\d", 5, "T.05"),
        (r"\d+", 5, "5"),
    ],
)
def test_a_label_carries_its_number_in_the_digits_of_the_pattern(
    pattern: str, number: int, made: str
) -> None:
    assert label(pattern, number) == made


@given(st.integers(0, 9999))
def test_every_label_matches_its_pattern_and_is_unlike_the_others(number: int) -> None:
    pattern = Labels().tote
    assert re.fullmatch(pattern, label(pattern, number))
    assert int(label(pattern, number)[-4:]) == number


@pytest.mark.parametrize(
    ("pattern", "number", "expected"),
    [
        (r"OC-\d{4,8}", 12345, "OC-12345"),
        (r"OC-[A-Z0-9-]{1,12}", 4711, "OC-4711"),
        (r"OC-\d+", 30, "OC-30"),
        (r"OC-\d{2,}", 300, "OC-300"),
    ],
)
def test_a_repeat_grows_as_far_as_the_number_needs(pattern: str, number: int, expected: str) -> None:
    assert label(pattern, number) == expected


def test_a_number_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"too few digits for 12345 \(1 is left over\)"):
        label(r"TOTE-\d{4}", 12345)


@pytest.mark.parametrize("pattern", ["(TOTE|BOX)-1", r"TOTE-\d*", r"TOTE-\w{4}", "TOTE-[^A]", "TOTE-("])
def test_a_pattern_beyond_the_simulators_is_an_error_that_shows_where(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot make labels from"):
        label(pattern, 1)


def test_a_star_stands_for_every_location_of_the_aisle() -> None:
    found = locations(r"A\d{2}-\d{2}-\d{2}", "A02-*")
    assert found[:3] == ("A02-01-01", "A02-01-02", "A02-01-03")
    assert len(found) == len(set(found)) == 99 * 99


def test_a_star_may_stand_for_a_part_of_a_group() -> None:
    assert locations(r"A\d{2}-\d{2}", "A01-2*")[:2] == ("A01-21", "A01-22")


def test_a_full_name_is_one_location() -> None:
    assert locations(r"A\d{2}-\d{2}-\d{2}", "A01-02-03") == ("A01-02-03",)


@pytest.mark.parametrize("shell", ["A0?-01-01", "*-01-01", "A01-02-031*", "B-1"])
def test_a_shell_pattern_that_does_not_fit_is_an_error(shell: str) -> None:
    with pytest.raises(ConfigurationError):
        locations(r"A\d{2}-\d{2}-\d{2}", shell)
