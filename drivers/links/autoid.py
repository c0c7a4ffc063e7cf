"""The structures of OPC UA AutoID that a code reader needs, in OPC UA's binary encoding. Pure.

They are read here, not by the library's own decoder: that one keeps a single table of structures for the
whole process, by numbers that each server gives out anew.

Sources: OPC 30010 (AutoID 1.01) 9.3.5, 9.3.7, 9.3.8, 9.3.10, 9.4.1, 9.4.2; OPC 10000-6 5.2.2, 5.2.6 to 5.2.8.
"""

import struct
from dataclasses import dataclass

_LOCATION, _GRADE, _POSITION, _SYMBOLOGY = 1, 2, 4, 8
"""Bits of the mask in front of an OpticalScanResult: which optional fields are there."""
_BYTE_STRING, _STRING = 1, 2
"""The forms of ScanData that hold a code."""
_LOCATION_TEXTS = (1, 4)
"""NMEA string and name: the forms of Location that can be skipped without knowing more structures."""
_POSITION_BYTES, _TIMESTAMP_BYTES, _GRADE_BYTES = 20, 8, 4

STATUS = (
    *("success", "misc error", "permission error", "password error", "region not found", "not possible now"),
    *("out of range", "no identifier", "multiple identifiers", "read error", "decoding error", "match error"),
    *("code not supported", "write error", "not supported by device", "not supported by tag"),
    *("device not ready", "invalid configuration", "communication error", "device fault", "battery low"),
)
"""AutoIdOperationStatusEnumeration (9.2.1)."""


class AutoIdFormatError(ValueError):
    """A scan result that is not built as OPC 30010 says, or holds no code."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """One code: the data, and its AIM symbology identifier where the server names it, else empty."""

    data: bytes
    symbology: bytes


def scan_settings(duration_ms: float) -> bytes:
    """ScanSettings (9.3.7): look for so long, stop at the first code, no location."""
    return struct.pack("<IdiB", 0, duration_ms, 0, True)


def read_scan_result(body: bytes) -> ScanResult:
    """An OpticalScanResult (9.3.10), or another ScanResult as far as it holds a code.

    Raises `AutoIdFormatError` and nothing else, whatever the bytes.
    """
    fields = _Fields(body)
    mask = fields.number()
    fields.text()  # CodeType says again what the form of ScanData says
    form = fields.number()
    if form not in (_BYTE_STRING, _STRING):
        raise AutoIdFormatError(
            f"scan data of form {form} holds no code: set the reader to RAW:STRING or RAW:BYTES"
        )
    data = fields.text()
    if not mask & _SYMBOLOGY:
        return ScanResult(data, b"")
    fields.skip(_TIMESTAMP_BYTES)
    if mask & _LOCATION:
        if (place := fields.number()) not in _LOCATION_TEXTS:
            raise AutoIdFormatError(f"a location of form {place}: set the reader to send none")
        fields.text()
    fields.skip((_GRADE_BYTES if mask & _GRADE else 0) + (_POSITION_BYTES if mask & _POSITION else 0))
    return ScanResult(data, fields.text())


class _Fields:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def number(self) -> int:
        """UInt32."""
        return int.from_bytes(self._take(4), "little")

    def text(self) -> bytes:
        """String or ByteString; empty for null."""
        length = int.from_bytes(self._take(4), "little", signed=True)
        return self._take(max(length, 0))

    def skip(self, count: int) -> None:
        self._take(count)

    def _take(self, count: int) -> bytes:
        taken = self._body[self._at : self._at + count]
        if len(taken) < count:
            raise AutoIdFormatError(f"a scan result that ends after {len(self._body)} bytes")
        self._at += count
        return taken
