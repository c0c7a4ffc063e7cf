"""The scanner on a stream: when it is triggered, released and shown a verdict."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from drivers.links.stream import Gap
from drivers.scanner import StreamScanner
from drivers.scanner_wire import ScannerWire
from edge_agent.domain.device import ScanFailed, ScanRead
from edge_agent.domain.ids import DeviceId
from tests.drivers.waiting import following, until

CODE = b"]C0TOTE-0001\r\n"


class Line:
    """A link without a wire: what was written, and what there is to read."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.arriving: asyncio.Queue[bytes | Gap] = asyncio.Queue()

    async def connect(self) -> None: ...

    async def read(self) -> bytes | Gap:
        return await self.arriving.get()

    async def write(self, data: bytes) -> None:
        self.written.append(data)

    async def close(self) -> None: ...


def scanner_with(**wire: object) -> tuple[StreamScanner, Line]:
    line = Line()
    return StreamScanner(DeviceId("scan-1"), line, ScannerWire.model_validate(wire)), line


async def scanned(scanner: StreamScanner, line: Line, *data: bytes | Gap) -> ScanRead | ScanFailed:
    for piece in data:
        line.arriving.put_nowait(piece)
    seen = await following(scanner.observations())
    assert isinstance(seen, ScanRead | ScanFailed)
    return seen


async def test_a_trigger_that_brings_nothing_is_released() -> None:
    scanner, line = scanner_with(trigger="ON", trigger_off="OFF", gate_s=0.01)
    await scanner.trigger()
    assert line.written == [b"ON", b"OFF"]


@pytest.mark.parametrize("answer", [CODE, b"NOREAD\r\n"])
async def test_a_trigger_that_was_answered_is_not_released(answer: bytes) -> None:
    scanner, line = scanner_with(trigger="ON", trigger_off="OFF", gate_s=60)
    triggering = asyncio.ensure_future(scanner.trigger())
    await until(lambda: line.written)
    await scanned(scanner, line, answer)
    await triggering
    assert line.written == [b"ON"]


async def test_an_answer_to_the_command_is_not_the_answer_that_is_waited_for() -> None:
    scanner, line = scanner_with(trigger="ON", trigger_off="OFF", gate_s=0.05, replies=["OK,"])
    observing = asyncio.ensure_future(scanned(scanner, line, b"OK,ON\r\n"))
    await scanner.trigger()
    assert line.written == [b"ON", b"OFF"]
    line.arriving.put_nowait(b"NOREAD\r\n")
    assert await observing == ScanFailed()


@pytest.mark.parametrize("good", [True, False])
async def test_a_verdict_in_time_is_shown(good: bool) -> None:
    scanner, line = scanner_with(good="G", bad="B", feedback_s=60)
    await scanned(scanner, line, CODE)
    await scanner.feedback(good)
    assert line.written == [b"G" if good else b"B"]


async def test_a_verdict_that_the_scanner_no_longer_waits_for_is_not_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scanner, line = scanner_with(good="G", feedback_s=1e-6)
    await scanned(scanner, line, CODE)
    with caplog.at_level(logging.WARNING):
        await scanner.feedback(True)
    assert line.written == []
    assert "too late to be shown" in caplog.text


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b"]C0TO", Gap.NEW_STREAM, CODE], b"]C0TOTE-0001"),
        ([b"]C0TO", Gap.BYTES_LOST, b"TE-0009\r\n", CODE], b"]C0TOTE-0001"),
        ([Gap.BYTES_LOST, Gap.NEW_STREAM, CODE], b"]C0TOTE-0001"),
    ],
)
async def test_what_stands_around_a_gap_is_no_code(pieces: Sequence[bytes | Gap], expected: bytes) -> None:
    scanner, line = scanner_with()
    assert await scanned(scanner, line, *pieces) == ScanRead(expected)


async def test_who_listens_in_hears_every_byte_before_it_is_cut() -> None:
    heard = bytearray()
    line = Line()
    scanner = StreamScanner(DeviceId("scan-1"), line, ScannerWire(), heard.extend)
    await scanned(scanner, line, b"noise", CODE)
    assert bytes(heard) == b"noise" + CODE
