"""How a code came: read again at once, several in one trigger, none at all, or for nobody."""

import pytest

from edge_agent.core.verification.reads import (
    REREAD_S,
    Read,
    exact,
    no_read,
    reread,
    unexpected_scan,
    verify_several,
)
from edge_agent.core.verification.rules import Permits, Rule
from edge_agent.core.verification.verdicts import NOTHING, Passed, Rejected


def only_a(code: bytes) -> Passed | Rejected:
    if code.startswith(b"A"):
        return Passed(Rule.WRONG_TOTE)
    if code.startswith(b"?"):
        return Rejected(Rule.INVALID_CODE, "A", code.decode())
    return Rejected(Rule.WRONG_TOTE, "A", code.decode())


def test_a_reread_has_no_effect_and_says_so() -> None:
    verdict = reread(Read(exact([b"A\x1d"]), 1.0), [b"A\x1d"], 1.1, serial=False)
    assert verdict == Rejected(Rule.REREAD, "another code", "A<GS>")
    assert verdict.permits is Permits.IGNORED


def test_the_same_serial_number_at_once_is_the_same_scan() -> None:
    verdict = reread(Read(("A",), 1.0), [b"A"], 1.1, serial=True)
    assert verdict is not None
    assert verdict.rule is Rule.SAME_SCAN


@pytest.mark.parametrize(
    ("codes", "at_s"),
    [
        ([b"B"], 1.1),
        ([b"A", b"B"], 1.1),
        ([b"A"], 1.0 + REREAD_S + 0.01),
        ([b"A"], 0.9),
        ([], 1.1),
    ],
    ids=["another code", "one more code", "too late", "before it", "nothing"],
)
def test_anything_else_is_a_scan_to_be_judged(codes: list[bytes], at_s: float) -> None:
    assert reread(Read(("A",), 1.0), codes, at_s, serial=False) is None


def test_every_byte_of_a_code_counts() -> None:
    noise = bytes(range(256))
    assert exact([noise])[0].encode("latin-1") == noise
    assert exact([b"\xff"]) != exact([b"\\xff"])


def test_of_several_codes_exactly_one_must_fit() -> None:
    assert verify_several([b"A", b"B", b"C"], only_a, "A") == Passed(Rule.WRONG_TOTE)
    assert verify_several([b"A", b"A"], only_a, "A") == Passed(Rule.WRONG_TOTE)
    assert verify_several([b"B"], only_a, "A") == Rejected(Rule.WRONG_TOTE, "A", "B")
    assert verify_several([b"B", b"C"], only_a, "A") == Rejected(
        Rule.MULTI_READ, "A", "B, C", "2 codes, 0 of them fit"
    )
    assert verify_several([b"A1", b"B", b"A2"], only_a, "A") == Rejected(
        Rule.MULTI_READ, "A", "A1, B, A2", "3 codes, 2 of them fit"
    )
    assert verify_several([], only_a, "A") == no_read("A")


def test_a_bad_code_beside_the_one_that_fits_may_be_a_second_one_that_fits() -> None:
    refused = Rejected(Rule.MULTI_READ, "A", "A, ?", "2 codes, 1 of them fit, 1 bad")
    assert verify_several([b"A", b"?"], only_a, "A") == refused
    assert refused.rule.permits is Permits.SCAN_AGAIN
    assert isinstance(verify_several([b"?", b"A", b"B"], only_a, "A"), Rejected)
    assert verify_several([b"?", b"?"], only_a, "A") == Rejected(Rule.INVALID_CODE, "A", "?")


def test_no_read_and_unexpected_scan_have_verdicts_of_their_own() -> None:
    assert no_read("A") == Rejected(Rule.NO_READ, "A", NOTHING)
    assert unexpected_scan(b"]C0TOTE-0042\x1d") == Rejected(Rule.UNEXPECTED_SCAN, NOTHING, "]C0TOTE-0042<GS>")
