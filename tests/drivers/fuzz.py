"""Byte streams that no sound scanner sends, seeded."""

import random
from collections.abc import Iterator

from drivers.scanner_wire import ScannerWire, wire_bytes

PRINTED = b"010400638133393110Lot-a7\x1d21Ser-B9"
TOTE = b"TOTE-0001"
TAGGED = (b"]d2" + PRINTED, b"]C1" + PRINTED, b"]C0" + TOTE, b"]C0TOTE-0002", b"]E04006381333931")


def framed(code: bytes, wire: ScannerWire) -> bytes:
    tagged = code if wire.aim else code[3:]
    return wire_bytes(wire.prefix) + tagged + wire.terminators[0]


def streams(wire: ScannerWire, count: int, seed: int) -> Iterator[bytes]:
    """Frames of this profile with things done to them."""
    rng = random.Random(seed)
    pieces = _pieces(wire)
    for _ in range(count):
        stream = bytearray(b"".join(framed(code, wire) for code in rng.choices(TAGGED, k=rng.randint(1, 2))))
        for _ in range(rng.randint(1, 3)):
            _spoil(stream, rng, pieces)
        yield bytes(stream)


def _pieces(wire: ScannerWire) -> list[bytes]:
    """What the profile gives a meaning, and what other layers do."""
    texts = [wire_bytes(text) for text in (wire.prefix, wire.separator, *wire.replies) if text]
    junk = [b"\x1d", b"]", b"\x00", b"\xff\xfb\x01", b"\xff\xfa", b"\xff\xf0", b"\x02", b"\x03", b"\r", b"\n"]
    return [*texts, *wire.terminators, *wire.no_reads, *junk, b"Z" * (wire.longest + 1)]


def _spoil(stream: bytearray, rng: random.Random, pieces: list[bytes]) -> None:
    """One thing that happens on a line."""
    at = rng.randrange(len(stream) + 1)
    end = min(len(stream), at + rng.randint(1, 8))
    match rng.randrange(6):
        case 0 if stream:
            stream[at % len(stream)] ^= 1 << rng.randrange(8)
        case 1:
            del stream[at:end]
        case 2:
            stream[at:at] = rng.randbytes(rng.randint(1, 8))
        case 3:
            stream[at:at] = stream[at:end]
        case 4:
            stream[at:at] = rng.choice(pieces)
        case _:
            del stream[at:]
