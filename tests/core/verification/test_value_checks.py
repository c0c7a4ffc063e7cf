"""Values of application identifiers: what is wrong with them, and companions that GS1 forbids or wants."""

from datetime import date

import pytest

from edge_agent.core.verification.associations import conflict, unmet_need
from edge_agent.core.verification.element_strings import ElementStringError, parse_elements
from edge_agent.core.verification.value_checks import check_pair_error

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    "text",
    [
        "80131987654Ad4X4bL5ttr2310c2K",
        "426276",
        "423276004008",
        "7030999ABC",
        "7030276ABC",
        "8008261122235959",
        "8026123456789012310202",
        "72581/3",
        "725019991231",
        "7251199912312359",
        "800112341234512391",
        "43242611019999",
        "430918000000003600000000",
        "70401AB-",
        "724180",
        "72529",
        "4301A%20B",
        "801110",
        "800404006381",
        "80141987654Ad4X4bL5ttr2310c2K",
    ],
)
def test_a_right_value_is_taken(text: str) -> None:
    assert parse_elements(text, TODAY)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("80131987654Ad4X4bL5ttr2310c22", "check pair"),
        ("8013A", "too short"),
        ("426987", "987 is no country"),
        ("423276999", "999 is no country"),
        ("7030998ABC", "no country"),
        ("800826112223596", r"\(8008\) must be"),
        ("8026123456789012310002", "no piece 0 of 2"),
        ("8026123456789012310302", "no piece 3 of 2"),
        ("72580/3", "no position 0 of 3"),
        ("72583/1", "no position 3 of 1"),
        ("725019990229", "no day 29"),
        ("725019991200", "must not be 00"),
        ("725000000101", "no year 0"),
        ("8001000012345123912", r"\(8001\) must be"),
        ("800100001234512391", "more than zero"),
        ("800112341234512341", "0, 1 or 9"),
        ("430918000000013600000000", "1800000000 or less"),
        ("430918000000003600000001", "3600000000 or less"),
        ("70401AB!", "importer index"),
        ("724120", "media type"),
        ("72523", "0, 1, 2 or 9"),
        ("4301A%2", "percent-encoded"),
        ("4301A%GG", "percent-encoded"),
        ("80110", "leading zero"),
        ("8004ABC", "company prefix"),
        ("8003102112345678900", r"\(8003\) must be"),
        ("70032611222460", "no time 24:60"),
        ("70112611222360", "no time 23:60"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ElementStringError, match=reason):
        parse_elements(text, TODAY)


def test_a_check_pair_shows_one_wrong_character() -> None:
    # The example of General Specifications 7.9.5.
    assert check_pair_error("1987654Ad4X4bL5ttr2310c2K") is None
    assert check_pair_error("1987654Ad4X4bL5ttr2310d2K") == "its check pair is 2K, 2M would be right"


@pytest.mark.parametrize(
    ("ais", "problem"),
    [
        (("01", "10", "21"), None),
        (("01", "02"), "(01) and (02) must not stand together"),
        (("37", "01"), "(37) and (01) must not stand together"),
        (("3103", "3102"), "(3103) and (3102) contradict each other"),
        (("3103", "3203"), None),
        (("3922", "3953"), "(3922) and (3953) must not stand together"),
        (("4330", "4331"), "(4330) and (4331) must not stand together"),
        (("00", "02", "37"), None),
    ],
)
def test_identifiers_that_must_not_stand_together(ais: tuple[str, ...], problem: str | None) -> None:
    assert conflict(ais) == problem


@pytest.mark.parametrize(
    ("ais", "problem"),
    [
        (("01", "10", "21"), None),
        (("21",), "(21) needs (01) or (03) or (8006)"),
        (("01", "250"), "(250) needs (01)+(21) or (03)+(21) or (8006)+(21)"),
        (("01", "21", "250"), None),
        (("3103",), "(3103) needs (01) or (02)"),
        (("00", "3303"), None),
        (("02", "37"), "(37) needs (00)+(02) or (00)+(8026)"),
        (("99",), None),
        (("7234", "01"), None),
    ],
)
def test_identifiers_that_need_another(ais: tuple[str, ...], problem: str | None) -> None:
    assert unmet_need(ais) == problem
