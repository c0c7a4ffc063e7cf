"""Weights out of a scale's frames. Pure; no bytes raise, and only a whole frame that fits is a weight."""

import re
from dataclasses import dataclass
from decimal import Decimal

from drivers.scanner_wire import ScaleWords, wire_bytes
from edge_agent.domain.device import NoWeight, WeightFailed, WeightRead

GRAMS = {b"g": 1, b"kg": 1000}
"""Grams in one of each unit. Weights in other units are bad readings: a pound is no gram."""
_VALUE = rb"(?P<value> *[+-]?[0-9]{1,12}(?:\.[0-9]{1,6})?)"
_UNIT = rb" *(?P<unit>" + b"|".join(GRAMS) + rb")"


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The scale says that the questions before are not answered any more."""


class WeightReader:
    """Reads the frames of one make of scale, as its profile words them."""

    def __init__(self, words: ScaleWords) -> None:
        self._width = words.value_width
        self._stable = _pattern(words.stable)
        self._cancelled = tuple(map(wire_bytes, words.cancelled))
        self._failures = tuple(
            (tuple(map(wire_bytes, texts)), reason)
            for texts, reason in (
                (words.motion, NoWeight.MOTION),
                (words.overload, NoWeight.OVERLOAD),
                (words.underload, NoWeight.UNDERLOAD),
                (words.not_understood, NoWeight.NOT_UNDERSTOOD),
            )
        )

    def read(self, frame: bytes) -> WeightRead | WeightFailed | Cancelled:
        """What stands between two terminators."""
        found = self._stable.fullmatch(frame)
        if found is not None and self._width in (None, len(found["value"])):
            return WeightRead(float(Decimal(found["value"].decode().strip()) * GRAMS[found["unit"]]))
        if frame.startswith(self._cancelled):
            return Cancelled()
        reasons = (reason for begins, reason in self._failures if frame.startswith(begins))
        return WeightFailed(next(reasons, NoWeight.BAD_READING))


def _pattern(text: str) -> re.Pattern[bytes]:
    """The profile's wording of a stable weight, as what it has to match whole."""
    fields = {"{value}": _VALUE, "{unit}": _UNIT}
    parts = re.split(r"(\{value\}|\{unit\})", text)
    return re.compile(b"".join(fields.get(part) or re.escape(wire_bytes(part)) for part in parts))
