"""What the known barcode tells about a scanner, without one."""

import pytest

from drivers.commissioning import (
    BEFORE_GS,
    BEHIND_GS,
    KNOWN_CODE,
    KNOWN_CODE_TEXT,
    diagnose,
    how_to_print,
    only_no_reads,
)
from drivers.scanner_wire import ScannerWire

PLAIN = ScannerWire()
ANSWERING = ScannerWire(terminator=r"\r", no_read="ERROR", replies=("OK,",))
AIM = b"]d2"
FRAMED = AIM + KNOWN_CODE + b"\r\n"


@pytest.mark.parametrize(
    ("heard", "wire"),
    [
        (FRAMED, PLAIN),
        (b"]C1" + KNOWN_CODE + b"\r\n", PLAIN),
        (KNOWN_CODE + b"\r\n", ScannerWire(aim=False)),
        (b"\x02" + AIM + KNOWN_CODE + b"\x03", ScannerWire(prefix=r"\x02", terminator=r"\x03")),
        (AIM + KNOWN_CODE + b"\r\n", ScannerWire(terminator=("\r", "\n"))),
        (b"OK,LON\rERROR\rOK,LON\r" + AIM + KNOWN_CODE + b"\r", ANSWERING),
        (b"NOREAD\r\n" + FRAMED, PLAIN),
    ],
    ids=["datamatrix", "gs1-128", "no aim", "stx etx", "two terminators", "answers", "no-read first"],
)
def test_a_scanner_that_is_set_as_its_profile_says_has_no_problem(heard: bytes, wire: ScannerWire) -> None:
    assert diagnose(heard, wire) == []


@pytest.mark.parametrize(
    ("heard", "problem"),
    [
        (b"", "nothing came in"),
        (b"NOREAD\r\n", "could not read the code"),
        (KNOWN_CODE + b"\r\n", "no AIM identifier"),
        (b"]d1" + KNOWN_CODE + b"\r\n", "']d1' is a plain DataMatrix"),
        (b"]C0" + KNOWN_CODE + b"\r\n", "']C0' is a plain Code 128"),
        (b"]A0" + KNOWN_CODE + b"\r\n", "']A0' is no GS1 symbol"),
        (AIM + BEFORE_GS + BEHIND_GS + b"\r\n", "GS is lost"),
        (AIM + BEFORE_GS + b"029" + BEHIND_GS + b"\r\n", "GS came as '029'"),
        (AIM + BEFORE_GS + b"|" + BEHIND_GS + b"\r\n", "GS came as '|'"),
        (AIM + BEFORE_GS + b"<GS>" + BEHIND_GS + b"\r\n", "GS came as '<GS>'"),
        (b"SCAN:" + FRAMED, "'SCAN:' stands in front of the code"),
        (AIM + KNOWN_CODE + b"#\r\n", "'#' stands behind the code"),
        (AIM + KNOWN_CODE + b"\r", "ends with '\\x0d' where the profile's terminator is '\\x0d\\x0a'"),
        (AIM + KNOWN_CODE, "ends with nothing"),
        (AIM + KNOWN_CODE.swapcase() + b"\r\n", "CapsLock"),
        (AIM + b"010400638133393110Lot/a7\x1d21Ser/B9\r\n", "keyboard layout"),
        (b"]C0TOTE-0001\r\n", "another code"),
        (b"\xff\xfe\x00", "another code"),
    ],
)
def test_each_thing_that_is_set_wrongly_is_named(heard: bytes, problem: str) -> None:
    (found,) = diagnose(heard, PLAIN)
    assert problem in found


def test_an_identifier_that_the_profile_does_not_know_of_is_named() -> None:
    (found,) = diagnose(FRAMED, ScannerWire(aim=False))
    assert "']d2': switch it off, or say aim: true" in found


def test_a_prefix_that_the_profile_asks_for_and_that_is_not_there_is_named() -> None:
    (found,) = diagnose(FRAMED, ScannerWire(prefix=r"\x02"))
    assert "prefix '\\x02' is missing" in found


def test_everything_that_is_wrong_is_named_at_once() -> None:
    problems = diagnose(b"X" + BEFORE_GS + BEHIND_GS + b"\r", PLAIN)
    assert len(problems) == 4


def test_a_code_that_the_profiles_limits_cut_is_named() -> None:
    (found,) = diagnose(FRAMED, ScannerWire(longest=20))
    assert "framing makes no code of" in found


def test_no_reads_and_answers_are_not_yet_a_scan() -> None:
    wire = ScannerWire(replies=("OK,",))
    assert only_no_reads(b"", wire)
    assert only_no_reads(b"OK,LON\r\nNOREAD\r\n", wire)
    assert not only_no_reads(b"NOREAD\r\n]d2", wire)
    assert not only_no_reads(FRAMED, wire)


def test_the_code_can_be_printed_from_what_is_said() -> None:
    assert KNOWN_CODE_TEXT in how_to_print()
    assert "[01]04006381333931[10]Lot-a7[21]Ser-B9" in how_to_print()
