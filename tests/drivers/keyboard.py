"""A scanner that types, on a FIFO in place of its event device."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from drivers.links.hid import INPUT_EVENT

EV_SYN, EV_MSC, EV_KEY = 0, 4, 1
ROWS = {
    2: ("1234567890-=", "!@#$%^&*()_+"),
    16: ("qwertyuiop[]", "QWERTYUIOP{}"),
    30: ("asdfghjkl;'`", 'ASDFGHJKL:"~'),
    43: ("\\zxcvbnm,./", "|ZXCVBNM<>?"),
}
PLAIN = {char: first + at for first, (plain, _) in ROWS.items() for at, char in enumerate(plain)}
SHIFTED = {char: first + at for first, (_, shifted) in ROWS.items() for at, char in enumerate(shifted)}
KEYPAD = dict(zip("0123456789", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73), strict=True))
ENTER, SPACE, CTRL, SHIFT, ALT, CAPS_LOCK, NUM_LOCK, F8 = 28, 57, 29, 42, 56, 58, 69, 66

Event = tuple[int, int, int]


def stroke(*keys: int) -> Iterator[Event]:
    """The keys go down one after the other and up again the other way round."""
    for key in keys:
        yield from ((EV_MSC, 4, key), (EV_KEY, key, 1), (EV_SYN, 0, 0))
    for key in reversed(keys):
        yield from ((EV_KEY, key, 0), (EV_SYN, 0, 0))


def ctrl_bracket() -> Iterator[Event]:
    return stroke(CTRL, PLAIN["]"])


def alt_029() -> Iterator[Event]:
    return alt_number("029")


def alt_number(digits: str) -> Iterator[Event]:
    yield (EV_KEY, ALT, 1)
    for digit in digits:
        yield from stroke(KEYPAD[digit])
    yield (EV_KEY, ALT, 0)


def typed(data: bytes, separator: Iterable[Event] = ()) -> list[Event]:
    """How a scanner types a code; `separator` is what it does for GS (Ctrl+] unless told)."""
    events: list[Event] = []
    for char in data.decode("ascii"):
        if char == "\x1d":
            events += list(separator) or ctrl_bracket()
        elif char == "\r":
            events += stroke(ENTER)
        elif char == " ":
            events += stroke(SPACE)
        elif char in SHIFTED:
            events += stroke(SHIFT, SHIFTED[char])
        else:
            events += stroke(PLAIN[char])
    return events


def as_bytes(events: Iterable[Event]) -> bytes:
    return b"".join(INPUT_EVENT.pack(0, 0, *event) for event in events)


class Keyboard:
    """The device's side: plugged in it can be opened, pulled out it is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = -1

    def plug_in(self) -> None:
        os.mkfifo(self.path)
        self.fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def pull_out(self) -> None:
        if self.fd >= 0:
            self.path.unlink()
            os.close(self.fd)
            self.fd = -1

    def write(self, data: bytes) -> int:
        """How much of it the pipe has taken."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0
