"""OPC UA AutoID's structures as they stand on the wire."""

import struct

import pytest

from drivers.links.autoid import AutoIdFormatError, ScanResult, read_scan_result, scan_settings
from drivers.scanner_wire import AutoId


def text(data: bytes | None) -> bytes:
    return struct.pack("<i", -1) if data is None else struct.pack("<i", len(data)) + data


def result(mask: int, form: int, data: bytes, *optional: bytes) -> bytes:
    head = struct.pack("<I", mask) + text(b"RAW:STRING") + struct.pack("<I", form) + text(data)
    return head + struct.pack("<q", 0) + b"".join(optional)


# ---- structures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (result(0, 2, b"A\x1dB"), ScanResult(b"A\x1dB", b"")),
        (result(0, 1, b"\xff\x00"), ScanResult(b"\xff\x00", b"")),
        (result(8, 2, b"A", text(b"]d2")), ScanResult(b"A", b"]d2")),
        (result(8, 2, b"A", text(None)), ScanResult(b"A", b"")),
        (result(31, 2, b"A", struct.pack("<I", 4), text(b"gate 1"), b"\0" * 24, text(b"]C1"), b"\0\1"),
         ScanResult(b"A", b"]C1")),
        (result(3, 2, b"A", struct.pack("<I", 2), b"whatever a location holds"), ScanResult(b"A", b"")),
    ],
    ids=["string", "bytes", "symbology", "null symbology", "everything", "no symbology to look for"],
)  # fmt: skip
def test_a_scan_result_gives_its_code_and_its_symbology(body: bytes, expected: ScanResult) -> None:
    assert read_scan_result(body) == expected


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "ends after 0 bytes"),
        (result(8, 2, b"A"), "ends after"),
        (result(0, 3, b""), "scan data of form 3"),
        (result(9, 2, b"A", struct.pack("<I", 3), b"\0" * 60), "a location of form 3: set the reader"),
        (struct.pack("<Ii", 0, 2**31 - 1), "ends after"),
    ],
)  # fmt: skip
def test_a_scan_result_without_a_code_says_what_it_is(body: bytes, problem: str) -> None:
    with pytest.raises(AutoIdFormatError, match=problem):
        read_scan_result(body)


def test_the_settings_end_a_scan_at_its_first_code() -> None:
    mask, duration_ms, cycles, data_available = struct.unpack("<Idi?", scan_settings(1500))
    assert (mask, duration_ms, cycles, data_available) == (0, 1500, 0, True)


def test_a_browse_step_without_a_known_namespace_is_refused_with_the_profile() -> None:
    with pytest.raises(ValueError, match="'di' is not in namespaces: add its URI there"):
        AutoId(namespaces={}, object=("di:DeviceSet",))
