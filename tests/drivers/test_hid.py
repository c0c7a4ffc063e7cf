"""Scanners that type: what the keys mean, and the device that they come from."""

import errno
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from drivers.links.address import HidAddress
from drivers.links.hid import HidLink
from drivers.links.keys import EV_SYN, SYN_DROPPED, KeyDecoder
from drivers.links.stream import Gap
from drivers.scanner import StreamScanner
from drivers.scanner_wire import Keys, ScannerWire
from edge_agent.domain.device import ScanRead
from edge_agent.domain.ids import DeviceId
from edge_agent.errors import LinkLostError
from tests.drivers.keyboard import (
    ALT,
    CAPS_LOCK,
    CTRL,
    EV_KEY,
    F8,
    KEYPAD,
    NUM_LOCK,
    PLAIN,
    SHIFT,
    Event,
    Keyboard,
    alt_029,
    alt_number,
    as_bytes,
    ctrl_bracket,
    stroke,
    typed,
)
from tests.drivers.waiting import following

CODE = b"]d2010400638133393110Lot-a7\x1d21Ser-B9"
WIRE = ScannerWire(terminator="\r", trigger="", longest=64)


def meant(events: Iterable[Event], keys: Keys | None = None) -> list[bytes | Gap]:
    """What a decoder makes of the events, bytes in one piece where they follow one another."""
    found: list[bytes | Gap] = []
    for piece in KeyDecoder(keys or Keys()).feed(iter(events)):
        if isinstance(piece, bytes) and found and isinstance(found[-1], bytes):
            found[-1] += piece
        else:
            found.append(piece)
    return found


# ---- keys ----------------------------------------------------------------------------------------------


def test_every_printable_character_of_a_us_keyboard_is_understood() -> None:
    text = bytes(range(0x20, 0x7F)) + b"\r"
    assert meant(typed(text)) == [text]


@pytest.mark.parametrize(
    "separator",
    [list(ctrl_bracket()), list(alt_029()), list(alt_number("0029")), list(stroke(F8))],
    ids=["ctrl+]", "alt+029", "alt+0029", "f8"],
)
def test_a_separator_survives_however_the_scanner_types_it(separator: list[Event]) -> None:
    assert meant(typed(CODE, separator), Keys(special={"f8": r"\x1d"})) == [CODE]


def test_a_scanner_that_types_every_character_as_alt_and_a_number_is_understood() -> None:
    events = [event for byte in CODE for event in alt_number(f"{byte:03}")]
    assert meant(events) == [CODE]


@pytest.mark.parametrize("lock", [NUM_LOCK, CAPS_LOCK])
def test_the_lock_keys_make_no_difference(lock: int) -> None:
    keypad = [event for digit in "0401" for event in stroke(KEYPAD[digit])]
    pressed = [*stroke(lock), *typed(b"aB"), *keypad, *stroke(lock), *typed(b"1cD")]
    assert meant(pressed) == [b"aB04011cD"]


def test_ctrl_and_a_letter_is_a_control_character() -> None:
    assert meant([*stroke(CTRL, PLAIN["m"]), *stroke(CTRL, SHIFT, PLAIN["j"])]) == [b"\r\n"]


def test_autorepeat_types_nothing_twice() -> None:
    held = [(EV_KEY, PLAIN["a"], value) for value in (1, 2, 2, 0)]
    assert meant(held) == [b"a"]


@pytest.mark.parametrize(
    "strange",
    [
        list(stroke(F8)),
        list(stroke(CTRL, F8)),
        list(stroke(240)),
        list(stroke(CTRL, PLAIN["1"])),
        list(stroke(ALT, PLAIN["a"])),
        list(alt_number("300")),
        [(EV_SYN, SYN_DROPPED, 0)],
    ],
    ids=["f8", "ctrl+f8", "unknown", "ctrl+1", "alt+a", "alt+300", "dropped"],
)
def test_what_nobody_understands_is_a_gap_and_no_missing_character(strange: list[Event]) -> None:
    assert meant([*typed(b"10LOT"), *strange, *typed(b"21S")]) == [b"10LOT", Gap.BYTES_LOST, b"21S"]


def test_a_key_that_was_down_when_events_were_lost_is_forgotten() -> None:
    assert meant([(EV_KEY, SHIFT, 1), (EV_SYN, SYN_DROPPED, 0), *typed(b"a")]) == [Gap.BYTES_LOST, b"a"]


def test_a_special_key_may_have_modifiers() -> None:
    keys = Keys(special={"ctrl+shift+f8": r"\x1d"})
    assert meant(stroke(CTRL, SHIFT, F8), keys) == [b"\x1d"]


@pytest.mark.parametrize("name", ["F8", "f25", "f0", "shift+ctrl+f8", "gs", "enter"])
def test_a_key_that_there_is_not_is_refused_with_the_profile(name: str) -> None:
    with pytest.raises(ValueError, match="is no key: write f1 to f24"):
        Keys(special={name: "x"})


# ---- the device ----------------------------------------------------------------------------------------


@pytest.fixture
def keyboard(tmp_path: Path) -> Iterator[Keyboard]:
    keyboard = Keyboard(tmp_path / "event0")
    keyboard.plug_in()
    yield keyboard
    keyboard.pull_out()


def link_to(keyboard: Keyboard) -> HidLink:
    return HidLink("scan-1", HidAddress(str(keyboard.path)), WIRE.keys, grab=lambda _fd: None)


async def test_events_may_come_in_pieces(keyboard: Keyboard) -> None:
    link = link_to(keyboard)
    await link.connect()
    events = as_bytes(typed(b"aB"))
    keyboard.write(events[:100])
    first = await link.read()
    keyboard.write(events[100:])
    rest = await link.read()
    assert isinstance(first, bytes)
    assert isinstance(rest, bytes)
    assert first + rest == b"aB"
    await link.close()


async def test_a_code_of_which_keys_were_lost_is_dropped_whole_and_the_next_one_comes(
    keyboard: Keyboard, caplog: pytest.LogCaptureFixture
) -> None:
    scanner = StreamScanner(DeviceId("scan-1"), link_to(keyboard), WIRE)
    await scanner.connect()
    half, rest = as_bytes(typed(b"]C0TOTE-00")), as_bytes(typed(b"01\r]C0TOTE-0002\r"))
    keyboard.write(half + as_bytes([(EV_SYN, SYN_DROPPED, 0)]) + rest)
    with caplog.at_level(logging.WARNING):
        assert await following(scanner.observations()) == ScanRead(b"]C0TOTE-0002")
    assert "dropped bytes that are no frame" in caplog.text
    await scanner.close()


async def test_a_file_that_is_no_input_device_cannot_be_taken_and_the_error_says_why(
    keyboard: Keyboard,
) -> None:
    link = HidLink("scan-1", HidAddress(str(keyboard.path)), WIRE.keys)
    with pytest.raises(LinkLostError, match=r"cannot take .*event0 for the agent: it is no input device"):
        await link.connect()
    with pytest.raises(LinkLostError, match="not connected"):
        await link.read()


async def test_a_device_that_another_program_has_taken_is_named(keyboard: Keyboard) -> None:
    def taken(_fd: int) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    link = HidLink("scan-1", HidAddress(str(keyboard.path)), WIRE.keys, taken)
    with pytest.raises(LinkLostError, match="another program has it: stop that one"):
        await link.connect()


async def test_a_device_that_is_not_there_is_named(tmp_path: Path) -> None:
    link = HidLink("scan-1", HidAddress(str(tmp_path / "event9")), WIRE.keys)
    with pytest.raises(LinkLostError, match=r"cannot open .*event9: No such file"):
        await link.connect()


async def test_a_keyboard_takes_no_commands(keyboard: Keyboard) -> None:
    link = link_to(keyboard)
    await link.connect()
    with pytest.raises(LinkLostError, match="a keyboard takes no commands"):
        await link.write(b"TRG")
    await link.close()
