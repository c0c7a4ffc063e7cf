"""The simulated scale: what lies on it, said as its profile words it, and what its faults make of that."""

import pytest

from edge_agent.domain.ids import DeviceId
from edge_agent.errors import ConfigurationError
from simulators.machine import Pace
from simulators.scale import NOISE_G, Load, Scale
from simulators.scanner import Reading
from tests.simulators.bench import of
from tests.simulators.floor import Notes, shipped_profiles

NAME = DeviceId("scale-1")
WEIGH_S = 1.0


class Pan:
    """One scale and what a test lays on it; time is pushed by hand."""

    def __init__(self, profile: str = "scale-sics") -> None:
        self.grams = 310.0
        self.notes = Notes()
        self.scale = Scale(
            NAME,
            shipped_profiles()[profile],
            lambda: Load(self.grams, {"units": ["U1"]}),
            WEIGH_S,
            Pace(1, NAME),
            seed=1,
            record=self.notes,
        )

    def said(self, now_s: float) -> list[bytes]:
        readings = self.scale.step(now_s)
        for reading in readings:
            self.scale.sent(reading)
        return [reading.frame for reading in readings]

    def asked(self) -> list[bytes]:
        """What it says to one question, in the end."""
        self.scale.receive(b"S\r\n", 0.0)
        return self.said(2 * WEIGH_S)


def grams_of(frame: bytes) -> float:
    assert frame.startswith(b"S S ")
    assert frame.endswith(b" g\r\n")
    assert len(frame) == len(b"S S 1234567890 g\r\n")
    return float(frame[4:14])


def test_a_question_brings_the_weight_once_and_takes_its_time() -> None:
    pan = Pan()
    pan.scale.receive(b"S", 0.0)
    assert pan.said(9.0) == []
    pan.scale.receive(b"\r\n", 10.0)
    assert pan.said(10.1) == []
    (frame,) = pan.said(12.0)
    assert grams_of(frame) == pytest.approx(310, abs=NOISE_G + 0.05)
    assert pan.said(20.0) == []
    (line,) = pan.notes.of("weighed")
    assert (line["scale"], line["really_g"], line["units"]) == (NAME, 310.0, ["U1"])


def test_a_cancelled_question_is_not_answered_any_more() -> None:
    pan = Pan()
    pan.scale.receive(b"S\r\n@\r\n", 0.0)
    (answer,) = pan.said(9.0)
    assert answer.startswith(b"I4 A ")
    assert pan.said(20.0) == []


def test_a_scale_that_sends_by_itself_says_when_the_weight_changes() -> None:
    pan = Pan("scale-and-stream")
    frames = [*pan.said(0.0), *pan.said(WEIGH_S)]
    pan.grams = 99.0
    frames += [*pan.said(2 * WEIGH_S), *pan.said(2.5 * WEIGH_S), *pan.said(3 * WEIGH_S)]
    assert [frame[:3] for frame in frames] == [b"US,", b"ST,", b"US,", b"ST,"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (of(fault="scale_mute"), []),
        (of(fault="unplugged"), []),
        (of(fault="scale_unstable"), [b"S I\r\n"]),
    ],
)
def test_a_fault_that_leaves_no_weight(fault: object, expected: list[bytes]) -> None:
    pan = Pan()
    pan.scale.strike = lambda _facts: [fault]
    assert pan.asked() == expected
    assert pan.notes.of("weighed") == []


def test_an_offset_is_added_to_what_lies_there() -> None:
    pan = Pan()
    pan.scale.strike = lambda _facts: [of(fault="scale_offset", offset_g=-40)]
    (frame,) = pan.asked()
    assert grams_of(frame) == pytest.approx(270, abs=NOISE_G + 0.05)


def test_garbage_stands_before_the_weight_and_is_written_down() -> None:
    pan = Pan()
    pan.scale.strike = lambda _facts: [of(fault="scale_garbage", length=3)]
    (frame,) = pan.asked()
    assert min(frame[:3]) >= 0x80
    assert frame[3:7] == b"S S "
    assert pan.notes.of("weighed")[0]["spoiled"]


def test_a_line_that_is_closed_takes_half_a_question_with_it() -> None:
    pan = Pan()
    pan.scale.receive(b"S", 0.0)
    pan.scale.hung_up()
    pan.scale.receive(b"\r\n", 0.0)
    assert pan.said(9.0) == []


def test_a_profile_that_is_no_scales_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"scanner-plain: .* needs a section 'scanner.scale'"):
        Scale(
            NAME,
            shipped_profiles()["scanner-plain"],
            lambda: Load(0, {}),
            1,
            Pace(1, NAME),
            seed=1,
            record=Notes(),
        )


def test_a_reading_that_is_no_weight_is_not_written_down() -> None:
    pan = Pan()
    pan.scale.sent(Reading(b"S I\r\n", None))
    assert pan.notes.lines == []
