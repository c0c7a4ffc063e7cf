"""The scale on a stream: one question, one answer, over the wire of the simulated scale too."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.links.stream import Gap
from drivers.registry import build_scanner
from drivers.scale import StreamScale
from edge_agent.domain.device import DeviceStatus, Mode, NoWeight, Observation, WeightFailed, WeightRead
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import DeviceSettings
from edge_agent.errors import LinkLostError
from edge_agent.ports import Scanner
from simulators.clock import SimClock
from simulators.lines import line_for
from simulators.machine import Pace
from simulators.scale import Load
from simulators.scale import Scale as SimulatedScale
from simulators.stream_server import ScannerServer
from tests.drivers.rigs import shipped
from tests.drivers.test_scanner import Line
from tests.drivers.waiting import following, until
from tests.ports import free_port
from tests.simulators.floor import Notes

NAME = DeviceId("scale-1")
STABLE, STABLE_G = b"S S      123.4 g\r\n", WeightRead(123.4)
CANCELLED = b'I4 A "B021002593"\r\n'
SHAKES = WeightFailed(NoWeight.MOTION)


def a_scale(profile: str = "scale-sics", **changes: object) -> tuple[StreamScale, Line]:
    wire, line = shipped(profile).scanner, Line()
    assert wire is not None
    assert wire.scale is not None
    words = wire.scale.model_copy(update={"settle_s": 0.0})
    return StreamScale(NAME, line, wire.model_copy(update=changes), words), line


async def said(scale: StreamScale, line: Line, *data: bytes | Gap) -> Observation:
    for piece in data:
        line.arriving.put_nowait(piece)
    return await following(scale.observations())


async def test_a_question_is_answered_once() -> None:
    scale, line = a_scale()
    await scale.trigger()
    assert line.written == [b"S\r\n"]
    assert await said(scale, line, STABLE) == STABLE_G
    await scale.trigger()
    assert await said(scale, line, b"S I\r\n") == SHAKES


async def test_noise_on_the_line_is_dropped_and_told(caplog: pytest.LogCaptureFixture) -> None:
    scale, line = a_scale()
    await scale.trigger()
    assert await said(scale, line, b"Z" * 600 + b"\r\n", STABLE) == STABLE_G
    assert "scale-1: dropped bytes that are no frame" in caplog.text


async def test_what_comes_unasked_is_no_answer() -> None:
    scale, line = a_scale()
    for piece in (b"S S      999.9 g\r\n", CANCELLED):  # somebody has pressed a key; it was switched on
        line.arriving.put_nowait(piece)
    waiting = asyncio.ensure_future(following(scale.observations()))
    await until(line.arriving.empty)
    await scale.trigger()
    line.arriving.put_nowait(STABLE)
    assert await waiting == STABLE_G


async def test_the_answer_to_a_question_before_is_not_taken_for_the_next_ones() -> None:
    scale, line = a_scale()
    await scale.trigger()
    waiting = asyncio.ensure_future(following(scale.observations()))
    asking = asyncio.ensure_future(scale.trigger())
    await until(lambda: line.written == [b"S\r\n", b"@\r\n"])
    for piece in (b"S S      999.9 g\r\n", CANCELLED):
        line.arriving.put_nowait(piece)
    await asking
    assert line.written == [b"S\r\n", b"@\r\n", b"S\r\n"]
    line.arriving.put_nowait(STABLE)
    assert await waiting == STABLE_G


async def test_a_scale_that_does_not_even_drop_a_question_is_asked_nothing_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scale, line = a_scale(gate_s=0.01)
    await scale.trigger()
    with caplog.at_level(logging.WARNING):
        await scale.trigger()
    assert line.written == [b"S\r\n", b"@\r\n"]
    assert "does not answer" in caplog.text


async def test_a_new_connection_owes_no_answer_to_the_old_one() -> None:
    scale, line = a_scale()
    await scale.trigger()
    await scale.connect()
    await scale.trigger()
    assert line.written == [b"S\r\n", b"S\r\n"]
    assert await said(scale, line, STABLE) == STABLE_G


async def test_a_frame_of_which_bytes_were_lost_is_dropped_whole() -> None:
    scale, line = a_scale()
    await scale.trigger()
    assert await said(scale, line, b"S S      9", Gap.BYTES_LOST, b"99.9 g\r\n", STABLE) == STABLE_G


async def test_a_scale_that_sends_by_itself_is_believed_once_it_is_asked_and_at_rest() -> None:
    scale, line = a_scale("scale-and-stream")
    await scale.trigger()
    assert line.written == []
    stream = [
        b"US,+00100.00  g\r\n",
        b"\xffST,+00100.00  g\r\n",
        b"ST,+00123.40  g\r\n",
        b"ST,+00999.99  g\r\n",
    ]
    assert await said(scale, line, *stream) == STABLE_G
    line.arriving.put_nowait(b"ST,+00500.00  g\r\n")
    await scale.trigger()
    assert await said(scale, line) == WeightRead(999.99)


async def test_what_a_scale_sends_too_soon_was_weighed_before_the_question() -> None:
    wire, line = shipped("scale-and-stream").scanner, Line()
    assert wire is not None
    assert wire.scale is not None
    scale = StreamScale(NAME, line, wire, wire.scale.model_copy(update={"settle_s": 0.05}))
    await scale.trigger()
    waiting = asyncio.ensure_future(following(scale.observations()))
    line.arriving.put_nowait(b"ST,+00999.99  g\r\n")
    await asyncio.sleep(0.06)
    line.arriving.put_nowait(b"ST,+00123.40  g\r\n")
    assert await waiting == STABLE_G


# ---- over real wires ---------------------------------------------------------------------------------


@asynccontextmanager
async def on_a_wire(profile: str, address: str, pan: list[float]) -> AsyncIterator[Scanner]:
    """A scale of the profile, and the simulated one that shows what lies on the pan."""
    made = shipped(profile)
    simulated = SimulatedScale(
        NAME, made, lambda: Load(pan[0], {}), 0.001, Pace(1, NAME), seed=1, record=Notes()
    )
    server = ScannerServer(simulated, line_for(address, made), SimClock())
    await server.start()
    scale = build_scanner(NAME, DeviceSettings(profile=profile, address=address), made)

    async def tick() -> None:
        while True:
            await server.step()
            await asyncio.sleep(0.001)

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(server.run(), name="line"), tasks.create_task(tick(), name="ticks")]
        try:
            assert await scale.connect() == DeviceStatus(Mode.READY)
            yield scale
        finally:
            await scale.close()
            for task in running:
                task.cancel()
            await server.stop()


async def weighed(scale: Scanner) -> Observation:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(scale.trigger(), name="trigger")
        return await following(scale.observations())


@pytest.mark.parametrize("transport", ["tcp", "tcp-listen", "serial", "socket", "rfc2217"])
async def test_a_scale_says_what_lies_on_it_over_every_stream(transport: str, tmp_path: Path) -> None:
    at = f"{tmp_path}/scale?baudrate=9600" if transport == "serial" else f"127.0.0.1:{free_port()}"
    pan = [310.0]
    async with on_a_wire("scale-sics", f"{transport}://{at}", pan) as scale:
        for grams in (310.0, 0.0, 12_345.0):
            pan[0] = grams
            assert await weighed(scale) == WeightRead(pytest.approx(grams, abs=0.5))


async def test_a_stream_of_weights_is_read_when_it_is_asked_for() -> None:
    pan = [310.0]
    async with on_a_wire("scale-and-stream", f"tcp://127.0.0.1:{free_port()}", pan) as scale:
        assert await weighed(scale) == WeightRead(pytest.approx(310, abs=0.5))
        pan[0] = 99.0
        assert await weighed(scale) == WeightRead(pytest.approx(99, abs=0.5))


async def test_a_scale_that_is_pulled_out_is_a_lost_link() -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    scale = build_scanner(NAME, DeviceSettings(profile="scale-sics", address=address), shipped("scale-sics"))
    with pytest.raises(LinkLostError, match=NAME):
        await scale.connect()
    await scale.close()
