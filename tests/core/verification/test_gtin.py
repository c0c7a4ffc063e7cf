"""GTINs of every length become GTIN-14, or a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.verification.gtin import check_digit_error, expand_upc_e, to_gtin_14


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("96385074", "00000096385074"),
        ("416000336108", "00416000336108"),
        ("4006381333931", "04006381333931"),
        ("04006381333931", "04006381333931"),
        ("24012345678905", "24012345678905"),
    ],
)
def test_gtins_of_every_length_become_fourteen_digits(text: str, expected: str) -> None:
    assert to_gtin_14(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "digits only"),
        ("400638133393X", "digits only"),
        ("４００６３８１３３３９３１", "digits only"),
        (" 4006381333931", "digits only"),
        ("400638", "has 6"),
        ("040063813339310", "has 15"),
        ("00000000", "zeros"),
        ("4006381333932", "check digit is 2, 1 would be right"),
    ],
)
def test_what_is_no_gtin_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        to_gtin_14(text)


@given(st.text(alphabet="0123456789", min_size=13, max_size=13), st.integers(1, 9), st.integers(0, 13))
def test_one_wrong_digit_never_passes_the_check(payload: str, error: int, position: int) -> None:
    right = next(digit for digit in "0123456789" if check_digit_error(payload + digit) is None)
    gtin = payload + right
    wrong = gtin[:position] + str((int(gtin[position]) + error) % 10) + gtin[position + 1 :]
    assert check_digit_error(wrong) is not None


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("01234514", "012100003454"),
        ("09876523", "098200007653"),
        ("09876539", "098700000659"),
        ("09876547", "098760000057"),
        ("09876576", "098765000076"),
        ("11234511", "112100003451"),
    ],
)
def test_a_upc_e_is_expanded_to_its_upc_a(short: str, full: str) -> None:
    assert expand_upc_e(short) == full


@pytest.mark.parametrize("text", ["", "123456", "21234511", "0123451A", "012345145"])
def test_what_is_no_upc_e_is_not_expanded(text: str) -> None:
    with pytest.raises(ValueError, match="UPC-E"):
        expand_upc_e(text)
