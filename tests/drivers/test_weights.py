"""Weights out of frames: what a manual prints is read, and nothing else ever becomes a weight."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.scanner_wire import ScaleWords, ScannerWire
from drivers.weights import Cancelled, WeightReader
from edge_agent.domain.device import NoWeight, WeightFailed, WeightRead
from tests.drivers.rigs import shipped

SICS, STREAM = "scale-sics", "scale-and-stream"
WEIGHT = {
    SICS: re.compile(rb"S S (?=.{10} )( *-?\d+(?:\.\d+)?) (g|kg)"),
    STREAM: re.compile(rb"ST,(?=.{9} *k?g)([+-]\d+(?:\.\d+)?) *(g|kg)"),
}
"""What each manual prints for a stable weight, written down once more."""


def words(profile: str) -> ScaleWords:
    wire = shipped(profile).scanner
    assert wire is not None
    assert wire.scale is not None
    return wire.scale


READERS = {profile: WeightReader(words(profile)) for profile in WEIGHT}


@pytest.mark.parametrize(
    ("profile", "frame", "weight_g"),
    [
        (SICS, b"S S     100.00 g", 100.0),
        (SICS, b"S S      123.4 g", 123.4),
        (SICS, b"S S      -12.5 g", -12.5),
        (SICS, b"S S     1.5005 kg", 1500.5),
        (SICS, b"S S          0 g", 0.0),
        (STREAM, b"ST,+00001.27  g", 1.27),
        (STREAM, b"ST,-00183.69  g", -183.69),
        (STREAM, b"ST,+0012.345 kg", 12345.0),
    ],
)
def test_a_stable_weight_is_read_in_grams(profile: str, frame: bytes, weight_g: float) -> None:
    assert READERS[profile].read(frame) == WeightRead(pytest.approx(weight_g))


@pytest.mark.parametrize(
    ("profile", "frame", "reason"),
    [
        (SICS, b"S I", NoWeight.MOTION),
        (SICS, b"S D     123.40 g", NoWeight.MOTION),
        (SICS, b"S +", NoWeight.OVERLOAD),
        (SICS, b"S -", NoWeight.UNDERLOAD),
        (SICS, b"ES", NoWeight.NOT_UNDERSTOOD),
        (STREAM, b"US,-00183.69  g", NoWeight.MOTION),
        (STREAM, b"OL,+9999999E+19", NoWeight.OVERLOAD),
    ],
)
def test_a_scale_says_why_it_has_no_weight(profile: str, frame: bytes, reason: NoWeight) -> None:
    assert READERS[profile].read(frame) == WeightFailed(reason)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"S S     123.4 g",  # one blank is lost: perhaps a digit was
        b"S S      123.4 lb",
        b"S S      123.4",
        b"S S      123.4 g ",
        b"S S      123,4 g",
        b"S S      1 3.4 g",
        b"S S     1e3.40 g",
        b"S S        nan g",
        b"S S      --1.0 g",
        b"S S      .5000 g",
        b"\xffS S      123.4 g",
        b"S S \xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5 g",
        b"S S      123.4 gS S      123.4 g",
    ],
)
def test_anything_else_is_a_bad_reading(frame: bytes) -> None:
    assert READERS[SICS].read(frame) == WeightFailed(NoWeight.BAD_READING)


def test_the_answer_to_a_cancel_is_no_answer_to_a_question() -> None:
    assert READERS[SICS].read(b'I4 A "B021002593"') == Cancelled()


pieces = st.one_of(
    st.binary(max_size=24),
    st.lists(
        st.sampled_from(
            [b"S S ", b"ST,", b"+", b"-", b" ", b"     ", b"1", b"234", b".", b" g", b" kg", b"E", b"\0"]
        ),
        max_size=8,
    ).map(b"".join),
)


@given(pieces, st.sampled_from(sorted(WEIGHT)))
@example(b"S S  123456789 g", SICS)
@example(b"ST,+123456.7  g", STREAM)
def test_no_bytes_raise_and_no_garbage_becomes_a_weight(frame: bytes, profile: str) -> None:
    answer, printed = READERS[profile].read(frame), WEIGHT[profile].fullmatch(frame)
    if not isinstance(answer, WeightRead):
        return
    assert printed is not None, frame
    grams = float(printed[1]) * (1000 if printed[2] == b"kg" else 1)
    assert answer.weight_g == pytest.approx(grams)


@pytest.mark.parametrize(
    ("scale", "problem"),
    [
        ({"stable": "S S {value}"}, r"needs \{value\} and \{unit\}, each once"),
        ({"stable": "{value} {value} {unit}"}, r"needs \{value\} and \{unit\}, each once"),
        ({"stable": "{value} {unit}", "cancel": "@"}, "give both or neither"),
        ({"stable": "{value} {unit}", "cancelled": ["I4"]}, "give both or neither"),
    ],
)
def test_a_profile_that_cannot_work_is_refused(scale: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        ScannerWire.model_validate({"scale": scale})
