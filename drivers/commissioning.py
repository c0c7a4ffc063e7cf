"""Is a scanner set as its profile says? What came in is compared with the known barcode that was scanned."""

import re
from collections.abc import Iterator

from drivers.deframer import Deframer
from drivers.scanner_wire import ScannerWire, wire_bytes
from edge_agent.domain.device import ScanFailed, ScanRead

GS = b"\x1d"
BEFORE_GS, BEHIND_GS = b"0104006381333931" + b"10Lot-a7", b"21Ser-B9"
KNOWN_CODE = BEFORE_GS + GS + BEHIND_GS
"""GTIN, lot (of variable length, so that a separator must follow), serial number; letters of both cases."""
KNOWN_CODE_TEXT = "(01)04006381333931(10)Lot-a7(21)Ser-B9"
_BRACKETED = KNOWN_CODE_TEXT.replace("(", "[").replace(")", "]")

_GS1_AIM = (b"]d2", b"]C1", b"]Q3", b"]J1")
_PLAIN_AIM = {b"]d1": "DataMatrix", b"]C0": "Code 128", b"]Q1": "QR Code", b"]J0": "DotCode"}
_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]\Z")
_LONGEST_REPLACEMENT = 8
_IN_CODE = re.compile(
    re.escape(BEFORE_GS) + rb"(.{0,%d}?)" % _LONGEST_REPLACEMENT + re.escape(BEHIND_GS), re.DOTALL
)
_SWAPPED = re.compile(
    re.escape(BEFORE_GS.swapcase()) + rb".{0,%d}?" % _LONGEST_REPLACEMENT + re.escape(BEHIND_GS.swapcase()),
    re.DOTALL,
)


def how_to_print() -> str:
    """How a person comes by the known barcode."""
    return f"""commissioning code: {KNOWN_CODE_TEXT}, as GS1 DataMatrix or GS1-128
  zint --barcode=DATAMATRIX --gs1 --scale=4 --output=code.png --data='{_BRACKETED}'
  or any label program that prints GS1 codes; a plain DataMatrix or Code 128 will not do"""


def diagnose(heard: bytes, wire: ScannerWire) -> list[str]:
    """What is wrong with what came in when the known barcode was scanned once; empty: nothing.

    `heard` are the bytes of the line, from before the scan until the line fell silent.
    """
    seen = Deframer(wire).feed(heard)
    if not heard:
        return ["nothing came in: is it plugged in, and does it scan by itself or by its trigger?"]
    codes = [code for one in seen if isinstance(one, ScanRead) for code in (one.data, *one.more)]
    found = _IN_CODE.search(heard)
    if found is None:
        return [_unlike(heard, wire)]
    problems = [*_separator(found[1]), *_front(heard[: found.start()], wire)]
    problems += _end(heard[found.end() :], wire)
    if not problems and [code[3:] if wire.aim else code for code in codes] != [KNOWN_CODE]:
        problems.append(f"the profile's framing makes {_shown(codes)} of {_text(heard)}: correct it")
    return problems


def only_no_reads(heard: bytes, wire: ScannerWire) -> bool:
    """Whether nothing but no-read texts and answers to commands came in: the code can still be scanned."""
    seen = Deframer(wire)
    return all(isinstance(one, ScanFailed) for one in seen.feed(heard)) and not seen.unfinished


def _unlike(heard: bytes, wire: ScannerWire) -> str:
    if _SWAPPED.search(heard):
        return "upper and lower case are exchanged: CapsLock is on, or the scanner makes up for it"
    if any(text in heard for text in wire.no_reads):
        return "the scanner could not read the code: hold it steadily and closer, or print it larger"
    if any(digits in heard for digits in (b"04006381333931", b"4006381333931")):
        return f"parts of the code are missing or changed, {_text(heard)} came in: {_KEYBOARD_ADVICE}"
    return f"another code, or one that was changed on its way: {_text(heard)}"


_GS_ADVICE = (
    "let the scanner send FNC1 as GS (0x1D); one that types, as Ctrl+], Alt+029 or a function key that the "
    "profile's keys.special names"
)
_KEYBOARD_ADVICE = "set the keyboard layout or the serial line (baud rate, parity) as the agent has it"


def _separator(between: bytes) -> Iterator[str]:
    if between != GS:
        yield f"{f'GS came as {_text(between)}' if between else 'GS is lost'}: {_GS_ADVICE}"


def _front(before: bytes, wire: ScannerWire) -> Iterator[str]:
    aim = before[-3:] if _AIM.search(before) else b""
    rest = before.removesuffix(aim)
    if wire.aim and not aim:
        yield "no AIM identifier: switch it on, or say aim: false in the profile"
    elif aim and not wire.aim:
        yield f"an AIM identifier, {_text(aim)}: switch it off, or say aim: true in the profile"
    elif aim in _PLAIN_AIM:
        yield f"{_text(aim)} is a plain {_PLAIN_AIM[aim]}: print the code as a GS1 code, with FNC1 in front"
    elif aim and aim not in _GS1_AIM:
        yield f"{_text(aim)} is no GS1 symbol: print the code as GS1 DataMatrix or GS1-128"
    yield from _prefix(rest, wire)


def _prefix(rest: bytes, wire: ScannerWire) -> Iterator[str]:
    prefix = wire_bytes(wire.prefix)
    if prefix and not rest.endswith(prefix):
        yield f"the profile's prefix {_text(prefix)} is missing: set it, or empty it in the profile"
    elif left := _last_frame(rest.removesuffix(prefix), wire):
        yield f"{_text(left)} stands in front of the code: clear that prefix, or name it in the profile"


def _last_frame(rest: bytes, wire: ScannerWire) -> bytes:
    """What stands in the code's own frame: answers to commands came before, in theirs."""
    for terminator in wire.terminators:
        rest = rest.rpartition(terminator)[2]
    return rest


def _end(behind: bytes, wire: ScannerWire) -> Iterator[str]:
    if any(behind.startswith(terminator) for terminator in wire.terminators):
        return
    wanted = " or ".join(_text(terminator) for terminator in wire.terminators)
    at = min((behind.find(terminator) for terminator in wire.terminators if terminator in behind), default=-1)
    if at > 0:
        left = _text(behind[:at])
        yield f"{left} stands behind the code: clear that suffix, or put it into terminator"
    else:
        came = _text(behind) if behind else "nothing"
        yield f"the code ends with {came} where the profile's terminator is {wanted}: make them the same"


def _shown(codes: list[bytes]) -> str:
    return " and ".join(_text(code) for code in codes) or "no code"


def _text(data: bytes) -> str:
    shown = data[:80].decode("ascii", "backslashreplace")
    text = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in shown)
    return f"'{text}{'...' if len(data) > 80 else ''}'"
