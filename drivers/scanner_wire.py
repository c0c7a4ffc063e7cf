"""A scanner's section of its profile: framing, commands, and what its transport needs to be told."""

import re
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

Tap: TypeAlias = Callable[[bytes], object]
"""Told of every piece that comes in, before it is cut into codes."""

AUTOID_NAMESPACE = "http://opcfoundation.org/UA/AutoID/"

_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[rnt0\\]|)")
_CONTROLS = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def wire_bytes(text: str) -> bytes:
    """The bytes that a text of a scanner profile stands for.

    Plain ASCII with the escapes `\\xHH`, `\\r`, `\\n`, `\\t`, `\\0` and `\\\\`. Raises `ValueError`.
    """
    data, position = b"", 0
    for escape in _ESCAPE.finditer(text):
        data += _ascii(text[position : escape.start()])
        position = escape.end()
        name = escape[1]
        if not name:
            raise ValueError(
                f"{text!r}: unknown escape at {text[escape.start() :]!r}: use \\xHH, \\r, \\n, \\t or \\0"
            )
        data += bytes.fromhex(name[1:]) if name.startswith("x") else _CONTROLS[name]
    return data + _ascii(text[position:])


def _ascii(text: str) -> bytes:
    if not text.isascii():
        raise ValueError(f"{text!r} is not ASCII: write other bytes as \\xHH")
    return text.encode("ascii")


def _check_wire_text(text: str) -> str:
    wire_bytes(text)
    return text


def _check_weight_text(text: str) -> str:
    if text.count("{value}") != 1 or text.count("{unit}") != 1:
        raise ValueError(f"{text!r} needs {{value}} and {{unit}}, each once")
    return text


def _check_key_name(name: str) -> str:
    if not _KEY_NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no key: write f1 to f24, with ctrl+, alt+ or shift+ in front if need be"
        )
    return name


_KEY_NAME = re.compile(r"(?:ctrl\+)?(?:alt\+)?(?:shift\+)?f(?:[1-9]|1\d|2[0-4])")

WireText = Annotated[str, AfterValidator(_check_wire_text)]
SomeWireText = Annotated[WireText, Field(min_length=1)]
KeyName = Annotated[str, AfterValidator(_check_key_name)]
Texts: TypeAlias = SomeWireText | Annotated[tuple[SomeWireText, ...], Field(min_length=1)]
BrowseStep = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*:.+$")]


class Section(BaseModel):
    """A part of a scanner's profile: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Keys(Section):
    """How a scanner types that shows itself as a USB keyboard.

    Understood without being named: Ctrl and a letter or bracket (Ctrl+] is GS), Alt and a number on the
    keypad (Alt+029 is GS). The states of NumLock and CapsLock make no difference.
    """

    layout: Literal["us"] = "us"
    """The keyboard that the scanner plays; set it to this one at the scanner."""
    special: dict[KeyName, SomeWireText] = {}
    """Function keys that stand for bytes: `f8: '\\x1d'` where the scanner types F8 for GS."""


class AutoId(Section):
    """Where the scanner is in an OPC UA server that follows OPC 30010 (AutoID, 1.01)."""

    namespaces: dict[str, str] = {"autoid": AUTOID_NAMESPACE, "di": "http://opcfoundation.org/UA/DI/"}
    """Short names for the namespace URIs that `object` uses."""
    object: Annotated[tuple[BrowseStep, ...], Field(min_length=1)]
    """Browse names from `Objects` down to the device, each with its namespace: `[di:DeviceSet, ...]`."""
    start_method: str | None = "ScanStart"
    """The method that starts a scan; none: the device scans by itself."""
    duration_ms: PositiveFloat = 2000.0
    """How long a started scan looks for a code."""
    publishing_interval_ms: PositiveInt = 20
    """How often the server sends what has been scanned."""
    request_timeout_s: PositiveFloat = 2.0
    """No answer to a call by then: the link is lost."""

    @model_validator(mode="after")
    def _steps_have_a_namespace(self) -> Self:
        for step in self.object:
            if (short := step.partition(":")[0]) not in self.namespaces:
                raise ValueError(f"object: {step!r}: {short!r} is not in namespaces: add its URI there")
        return self


class ScaleWords(Section):
    """What the frames of a scale say. A frame that none of these fits is a bad reading, never a weight."""

    stable: Annotated[WireText, AfterValidator(_check_weight_text)]
    """The whole frame of a stable weight, `{value}` and `{unit}` where they stand: `S S {value} {unit}`."""
    value_width: Annotated[int, Field(ge=1, le=32)] | None = None
    """How many characters the value has, its sign and the blanks in front included; then a value of which one
    is lost is known to be none. None: any number of them."""
    motion: tuple[SomeWireText, ...] = ()
    """How frames begin that say: not at rest, no stable weight."""
    overload: tuple[SomeWireText, ...] = ()
    """How frames begin that say: too heavy."""
    underload: tuple[SomeWireText, ...] = ()
    """How frames begin that say: less than the scale can show."""
    not_understood: tuple[SomeWireText, ...] = ()
    """How frames begin that say: no such command."""
    cancel: WireText = ""
    """Sent before the next question where the last one was not answered, so that its answer cannot be taken
    for the next one's; empty: nothing is."""
    cancelled: tuple[SomeWireText, ...] = ()
    """How frames begin that answer `cancel`. What comes before is the answer to an older question."""
    settle_s: Annotated[float, Field(ge=0)] = 0.0
    """What comes sooner after the question was weighed before it; for scales that send by themselves."""

    @model_validator(mode="after")
    def _cancel_is_answered(self) -> Self:
        if bool(self.cancel) is not bool(self.cancelled):
            raise ValueError("cancelled: cancel and its answer go together: give both or neither")
        return self


class ScannerWire(Section):
    """Framing and commands of a scanner. Texts may use escapes such as `\\x02` and `\\r`."""

    terminator: Texts = "\r\n"
    """What ends a frame, a suffix of the code included; a list where there are several."""
    prefix: WireText = ""
    """What begins a frame; empty: nothing does."""
    separator: WireText = ""
    """What stands between the codes of one frame; empty: a frame holds one code."""
    shortest: PositiveInt = 1
    """Bytes of a code; what is shorter is line noise."""
    longest: PositiveInt = 512
    """Bytes of a frame; more than this without a terminator is line noise."""
    no_read: WireText | tuple[SomeWireText, ...] = "NOREAD"
    """What stands in the frame when the scanner could not read; empty: it stays silent."""
    replies: tuple[SomeWireText, ...] = ()
    """How frames begin that answer a command; they are no codes."""
    aim: bool = True
    """True: every code starts with its AIM symbology identifier (ISO/IEC 15424)."""
    trigger: WireText = "TRG\r\n"
    """Sent to ask for one read; empty: the scanner triggers itself."""
    trigger_off: WireText = ""
    """Sent when the trigger has brought nothing in `gate_s`; empty: the scanner gives up by itself."""
    gate_s: PositiveFloat = 1.0
    """How long a triggered scanner looks for a code before `trigger_off` is sent."""
    good: WireText = ""
    """Sent to show that the scan was right; empty: no signal."""
    bad: WireText = ""
    """Sent to show that it was wrong; empty: no signal."""
    feedback_s: PositiveFloat | None = None
    """How long after a code the scanner waits for `good` or `bad`; later ones are not sent. None: always."""
    keys: Keys = Keys()
    autoid: AutoId | None = None
    """None: the scanner is not behind an OPC UA server."""
    scale: ScaleWords | None = None
    """What a scale's frames say; `trigger` asks it for a weight. None: a scanner, which reads codes."""
    setup: tuple[str, ...] = ()
    """What has to be set at the scanner, in the maker's words."""

    @property
    def terminators(self) -> tuple[bytes, ...]:
        return _all_bytes(self.terminator)

    @property
    def no_reads(self) -> tuple[bytes, ...]:
        """Empty where the scanner stays silent."""
        return _all_bytes(self.no_read)

    @property
    def takes_commands(self) -> bool:
        """Whether anything is ever sent to it."""
        return any((self.trigger, self.trigger_off, self.good, self.bad))

    @model_validator(mode="after")
    def _frames_end_at_one_place(self) -> Self:
        """Else the cut would depend on how the bytes happen to arrive."""
        for one, other in permutations(self.terminators, 2):
            if one in other:
                raise ValueError(f"terminator: {one!r} stands in {other!r}: leave the longer one out")
        return self

    @model_validator(mode="after")
    def _a_frame_can_hold_a_code(self) -> Self:
        if self.shortest > self.longest:
            raise ValueError(f"shortest: {self.shortest} is more than longest, {self.longest}: lower it")
        return self


def _all_bytes(texts: str | Sequence[str]) -> tuple[bytes, ...]:
    return tuple(wire_bytes(text) for text in ((texts,) if isinstance(texts, str) else texts) if text)
