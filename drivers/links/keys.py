"""What a scanner types, as the bytes that it means. Pure.

Source: Linux `input-event-codes.h` (key codes), `Documentation/input/event-codes.rst` (EV_SYN, SYN_DROPPED).
Key codes name places on a keyboard. The keypad's digits are digits whatever NumLock is, and CapsLock changes
nothing: the lock keys are for the programs that read characters, and a grabbed device has none.
"""

from collections.abc import Iterator, Mapping

from drivers.links.stream import Gap
from drivers.scanner_wire import Keys, wire_bytes

EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
UP, DOWN = 0, 1

_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
)
"""The first key code of each row, its keys without and with Shift: the US layout."""
_PLAIN = {first + place: char for first, plain, _ in _ROWS for place, char in enumerate(plain)}
_SHIFTED = {first + place: char for first, _, shifted in _ROWS for place, char in enumerate(shifted)}
_KEYPAD_DIGITS = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))
_EITHER = {
    28: "\r",
    96: "\r",
    15: "\t",
    57: " ",
    55: "*",
    74: "-",
    78: "+",
    83: ".",
    98: "/",
    1: "\x1b",
    14: "\b",
}
_EITHER |= _KEYPAD_DIGITS
"""Keys that mean the same with Shift and without: Enter, Tab, space, Escape, Backspace, the keypad."""
_MODIFIERS = {29: "ctrl", 97: "ctrl", 56: "alt", 100: "alt", 42: "shift", 54: "shift"}
_LOCKS = frozenset({58, 69, 70})
"""CapsLock, NumLock, ScrollLock: some scanners press them around a code."""
_FUNCTION_KEYS = {
    code: f"f{number}" for number, code in enumerate((*range(59, 69), 87, 88, *range(183, 195)), 1)
}
_CONTROLS = {
    **{chr(code | 0x60): code for code in range(1, 27)},
    "[": 27,
    "\\": 28,
    "]": 29,
    "6": 30,
    "-": 31,
    "2": 0,
}
"""What Ctrl makes of a key. Ctrl+] is GS, which separates the fields of a GS1 code."""


class KeyDecoder:
    """Turns key events into bytes. Autorepeat is nothing that a scanner does, and is ignored."""

    def __init__(self, keys: Keys) -> None:
        self._special: Mapping[str, bytes] = {name: wire_bytes(text) for name, text in keys.special.items()}
        self._held: set[int] = set()
        self._number = ""

    def reset(self) -> None:
        """A new device, or events were lost: no key is known to be down."""
        self._held.clear()
        self._number = ""

    def feed(self, events: Iterator[tuple[int, int, int]]) -> Iterator[bytes | Gap]:
        """The bytes that these events (type, code, value) mean, and the places where some are missing."""
        for kind, code, value in events:
            if kind == EV_SYN and code == SYN_DROPPED:
                self.reset()
                yield Gap.BYTES_LOST
            elif kind == EV_KEY and code in _MODIFIERS:
                yield from self._modifier(code, value)
            elif kind == EV_KEY and value == DOWN and code not in _LOCKS:
                yield from self._pressed(code)

    def _modifier(self, code: int, value: int) -> Iterator[bytes | Gap]:
        """Alt, let go of, ends a number that was typed with it: Alt+029 is byte 29."""
        if value == DOWN:
            self._held.add(code)
        elif value == UP:
            self._held.discard(code)
            number, self._number = (self._number, "") if not self._holds("alt") else ("", self._number)
            if number:
                yield bytes([int(number)]) if int(number) < 256 else Gap.BYTES_LOST

    def _pressed(self, code: int) -> Iterator[bytes | Gap]:
        if self._holds("alt") and code in _KEYPAD_DIGITS:
            self._number = (self._number + _KEYPAD_DIGITS[code])[-5:]
        elif code in _FUNCTION_KEYS:
            yield self._special.get(self._chord(_FUNCTION_KEYS[code]), Gap.BYTES_LOST)
        else:
            # A key that stands for nothing would be missing from the code: better no code than a wrong one.
            yield self._character(code)

    def _character(self, code: int) -> bytes | Gap:
        if self._holds("alt"):
            return Gap.BYTES_LOST
        if self._holds("ctrl"):
            control = _CONTROLS.get(_PLAIN.get(code, ""))
            return Gap.BYTES_LOST if control is None else bytes([control])
        char = _EITHER.get(code) or (_SHIFTED if self._holds("shift") else _PLAIN).get(code)
        return Gap.BYTES_LOST if char is None else char.encode("ascii")

    def _holds(self, modifier: str) -> bool:
        return any(_MODIFIERS[code] == modifier for code in self._held)

    def _chord(self, key: str) -> str:
        return "".join(f"{name}+" for name in ("ctrl", "alt", "shift") if self._holds(name)) + key
