"""Codes out of bytes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.deframer import Deframer
from drivers.scanner_wire import ScannerWire
from edge_agent.domain.device import ScanFailed, ScanRead

GS = b"\x1d"


def codes(data: bytes, **wire: object) -> list[ScanRead | ScanFailed]:
    return Deframer(ScannerWire.model_validate(wire)).feed(data)


def test_codes_stand_between_terminators() -> None:
    assert codes(b"]C1010\r\n]E0400\r\n") == [ScanRead(b"]C1010"), ScanRead(b"]E0400")]


def test_an_unfinished_code_waits_for_its_terminator() -> None:
    deframer = Deframer(ScannerWire())
    assert deframer.feed(b"]C1010") == []
    assert deframer.feed(b"95\r") == []
    assert deframer.feed(b"\n") == [ScanRead(b"]C101095")]


def test_nothing_of_a_code_is_stripped() -> None:
    assert codes(b" ]C110ABC" + GS + b" \r\n" + GS + b"21X" + GS + b"\r\n") == [
        ScanRead(b" ]C110ABC" + GS + b" "),
        ScanRead(GS + b"21X" + GS),
    ]


def test_the_no_read_text_is_a_failure_only_when_it_stands_alone() -> None:
    assert codes(b"NOREAD\r\n]C0NOREAD\r\n") == [ScanFailed(), ScanRead(b"]C0NOREAD")]


def test_without_a_no_read_text_nothing_is_a_failure() -> None:
    assert codes(b"NOREAD\r\n\r\n", no_read="") == [ScanRead(b"NOREAD")]


def test_empty_frames_are_ignored() -> None:
    assert codes(b"\r\n\r\n]C0A\r\n\r\n") == [ScanRead(b"]C0A")]


def test_a_prefix_is_taken_off_and_what_stands_before_it_is_noise() -> None:
    wire = {"prefix": r"\x02", "terminator": r"\x03"}
    assert codes(b"junk\x02]C0A\x03\x02]C0B\x03", **wire) == [ScanRead(b"]C0A"), ScanRead(b"]C0B")]


def test_a_frame_that_was_cut_off_by_the_next_one_is_dropped() -> None:
    wire = {"prefix": r"\x02", "terminator": r"\x03"}
    assert codes(b"\x02]C0TOTE-00\x02]C0TOTE-0002\x03", **wire) == [ScanRead(b"]C0TOTE-0002")]


def test_a_segment_without_the_prefix_is_dropped_and_counted() -> None:
    deframer = Deframer(ScannerWire(prefix=r"\x02", terminator=r"\x03"))
    assert deframer.feed(b"0002\x03\x02]C0B\x03") == [ScanRead(b"]C0B")]
    assert deframer.dropped == 1


def test_a_code_of_the_greatest_length_passes_and_a_longer_one_is_dropped_whole() -> None:
    assert codes(b"12345\r\n123456\r\n1\r\n", longest=5) == [ScanRead(b"12345"), ScanRead(b"1")]


def test_line_noise_is_dropped_with_its_tail_and_does_not_fill_the_memory() -> None:
    deframer = Deframer(ScannerWire(longest=64))
    for _ in range(1000):
        assert deframer.feed(b"\xff" * 100) == []
    assert len(deframer._pending) < 200
    assert deframer.feed(b"]C0TOTE-0001\r\n]C0TOTE-0002\r\n") == [ScanRead(b"]C0TOTE-0002")]
    assert deframer.dropped == 1


def test_after_a_reset_the_rest_of_a_code_is_not_joined_to_the_next() -> None:
    deframer = Deframer(ScannerWire())
    deframer.feed(b"]C0TOTE-00")
    deframer.reset()
    assert deframer.feed(b"]C0TOTE-0002\r\n") == [ScanRead(b"]C0TOTE-0002")]


def test_several_terminators_each_end_a_frame() -> None:
    assert codes(b"]C0A\r\n]C0B\n\r]C0C\r", terminator=[r"\r", r"\n"]) == [
        ScanRead(b"]C0A"),
        ScanRead(b"]C0B"),
        ScanRead(b"]C0C"),
    ]


def test_a_terminator_within_another_is_refused_with_the_profile() -> None:
    with pytest.raises(ValueError, match="leave the longer one out"):
        ScannerWire(terminator=(r"\r", r"\r\n"))


def test_several_no_read_texts_are_each_a_failure() -> None:
    assert codes(b"NR\r\n]A0NR\r\n", no_read=["NR", "]A0NR"]) == [ScanFailed(), ScanFailed()]


def test_the_codes_of_one_frame_come_together_each_once() -> None:
    assert codes(b"]C0A;]C0B;]C0A;;NOREAD\r\n", separator=";") == [ScanRead(b"]C0A", (b"]C0B",))]
    assert codes(b"NOREAD;NOREAD\r\n;\r\n", separator=";") == [ScanFailed(), ScanFailed()]


def test_answers_to_commands_are_no_codes() -> None:
    assert codes(b"OK,LON\r\n]C0A\r\nER,LOFF,01\r\n", replies=["OK,", "ER,"]) == [ScanRead(b"]C0A")]


def test_a_code_that_is_too_short_is_dropped_and_counted() -> None:
    deframer = Deframer(ScannerWire(shortest=4))
    assert deframer.feed(b"]C0\r\n]C0A\r\n") == [ScanRead(b"]C0A")]
    assert deframer.dropped == 1


def test_limits_between_which_no_code_fits_are_refused_with_the_profile() -> None:
    with pytest.raises(ValueError, match="shortest: 9 is more than longest, 8: lower it"):
        ScannerWire(shortest=9, longest=8)


def test_when_bytes_were_lost_the_rest_of_their_code_is_dropped_too() -> None:
    deframer = Deframer(ScannerWire())
    deframer.feed(b"]C0TOTE-00")
    deframer.skip()
    assert deframer.feed(b"02\r\n]C0TOTE-0003\r\n") == [ScanRead(b"]C0TOTE-0003")]
    assert deframer.dropped == 1


STREAM = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"\x02", b"NOREAD", b"A", b"]C1", GS, b"123456789", b"\x00\xff"]),
    max_size=40,
).map(b"".join)
WIRES = st.sampled_from(
    [
        ScannerWire(longest=8),
        ScannerWire(prefix=r"\x02", longest=8),
        ScannerWire(terminator=r"\r", longest=3),
        ScannerWire(terminator=r"A\r\n", longest=8),
        ScannerWire(
            terminator=(r"\r", r"\n", r"A\x02"), longest=8, shortest=2, separator="1", replies=("]C",)
        ),
    ]
)


@given(STREAM, st.lists(st.integers(0, 200), max_size=20), WIRES)
def test_however_the_bytes_arrive_the_same_codes_come_out(
    data: bytes, cuts: list[int], wire: ScannerWire
) -> None:
    whole, pieces = Deframer(wire), Deframer(wire)
    expected = whole.feed(data)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    found = [code for start, end in pairwise(edges) for code in pieces.feed(data[start:end])]
    assert found == expected
    assert pieces.dropped == whole.dropped


@given(st.binary(max_size=400))
def test_any_bytes_at_all_do_no_harm(data: bytes) -> None:
    deframer = Deframer(ScannerWire(longest=64))
    deframer.feed(data)
    found = deframer.feed(b"\r\n]C0TOTE-0001\r\n")
    assert found[-1] == ScanRead(b"]C0TOTE-0001")


@pytest.mark.parametrize("text", ["\\q", "\\x0", "Ü", "\\"])
def test_a_text_that_stands_for_no_bytes_is_refused_with_the_profile(text: str) -> None:
    with pytest.raises(ValueError, match=r"use|write"):
        ScannerWire(trigger=text)


def test_escapes_stand_for_bytes() -> None:
    wire = {"terminator": r"\r\n\t\0\\\x1D", "no_read": ""}
    assert codes(b"A\r\n\t\0\\\x1d", **wire) == [ScanRead(b"A")]
