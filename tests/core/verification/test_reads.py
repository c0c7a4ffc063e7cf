"""How a code came: read again at once, several in one trigger, none at all, or for nobody."""

from edge_agent.core.verification.reads import Read, Rereads, no_read, unexpected_scan, verify_several
from edge_agent.core.verification.rules import Permits, Rule
from edge_agent.core.verification.verdicts import NOTHING, Passed, Rejected
from edge_agent.domain.ids import DeviceId

HAND, FIXED = DeviceId("hand-1"), DeviceId("item-scan")


def only_a(code: bytes) -> Passed | Rejected:
    if code.startswith(b"A"):
        return Passed(Rule.WRONG_TOTE)
    if code.startswith(b"?"):
        return Rejected(Rule.INVALID_CODE, "A", code.decode())
    return Rejected(Rule.WRONG_TOTE, "A", code.decode())


def test_a_label_that_stays_in_view_is_one_scan_however_long() -> None:
    seen, scans = Rereads(), 0
    for tenth in range(50):
        verdict = seen.verdict(HAND, b"A", tenth / 10, serial=False)
        seen = seen.after(HAND, b"A", tenth / 10, verdict)
        scans += verdict is None
    assert scans == 1
    assert seen.counts == {HAND: 49}
    assert seen.verdict(HAND, b"A", 4.9 + 0.7, serial=False) is None


def test_a_reread_has_no_effect_and_says_so() -> None:
    verdict = Rereads().after(HAND, b"A\x1d", 1.0).verdict(HAND, b"A\x1d", 1.1, serial=False)
    assert verdict == Rejected(Rule.REREAD, "another code", "A<GS>")
    assert verdict.permits is Permits.IGNORED


def test_the_same_serial_number_at_once_is_the_same_scan_and_not_counted_as_a_reread() -> None:
    seen = Rereads().after(HAND, b"A", 1.0)
    verdict = seen.verdict(HAND, b"A", 1.1, serial=True)
    assert verdict is not None
    assert verdict.rule is Rule.SAME_SCAN
    assert seen.after(HAND, b"A", 1.1, verdict).counts == {}


def test_what_a_new_trigger_reads_was_asked_for() -> None:
    seen = Rereads().after(HAND, b"A", 1.0).after(FIXED, b"A", 1.0)
    again = seen.triggered(HAND)
    assert again.verdict(HAND, b"A", 1.1, serial=False) is None
    assert again.verdict(FIXED, b"A", 1.1, serial=False) is not None
    assert seen.last == {HAND: Read(b"A", 1.0), FIXED: Read(b"A", 1.0)}


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
