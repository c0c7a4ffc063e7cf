"""Byte streams and the scanner on them: TCP both ways, and a serial line over a real pty."""

import asyncio
import os
import pty
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import drivers.links.descriptor
import drivers.links.stream
from drivers.links.address import LineSettings, SerialAddress, TcpAddress, TcpListenAddress
from drivers.links.stream import SerialLink, StreamLink, TcpClientLink, TcpServerLink
from drivers.scanner import StreamScanner
from drivers.scanner_wire import ScannerWire
from edge_agent.domain.device import DeviceStatus, Mode, ScanFailed, ScanRead
from edge_agent.domain.ids import DeviceId
from edge_agent.errors import LinkLostError
from tests.drivers.plc import talking
from tests.drivers.proxy import Cable
from tests.drivers.waiting import following, until

WIRE = ScannerWire(good=r"GOOD\r\n", bad=r"BAD\r\n")
LOCAL = "127.0.0.1"


def scanner_on(link: StreamLink, wire: ScannerWire = WIRE) -> StreamScanner:
    return StreamScanner(DeviceId("scan-1"), link, wire)


# ---- TCP, we connect -----------------------------------------------------------------------------------


async def test_a_scanner_over_tcp_is_triggered_reads_and_shows_the_verdict() -> None:
    heard = bytearray()

    async def scan(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            heard.extend(data)
            if data == b"TRG\r\n":
                writer.write(b"]C0TOTE-")
                await writer.drain()
                writer.write(b"0001\r\nNOREAD\r\n")

    async with talking(scan) as port:
        scanner = scanner_on(TcpClientLink("scan-1", TcpAddress(LOCAL, port)))
        assert await scanner.connect() == DeviceStatus(Mode.READY)
        observations = scanner.observations()
        await scanner.trigger()
        assert await following(observations) == ScanRead(b"]C0TOTE-0001")
        assert await following(observations) == ScanFailed()
        await scanner.feedback(True)
        await scanner.feedback(False)
        await until(lambda: bytes(heard) == b"TRG\r\nGOOD\r\nBAD\r\n")
        await scanner.close()


async def test_codes_that_come_in_a_burst_are_all_handed_on_in_order() -> None:
    codes = [f"]C0TOTE-{number:04}".encode() for number in range(2000)]

    async def burst(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\r\n".join((*codes, b"")))
        await reader.read()

    async with talking(burst) as port:
        scanner = scanner_on(TcpClientLink("scan-1", TcpAddress(LOCAL, port)))
        await scanner.connect()
        observations = scanner.observations()
        assert [await following(observations) for _ in codes] == [ScanRead(code) for code in codes]
        await scanner.close()


async def test_a_scanner_without_signals_is_sent_nothing() -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())

    async with talking(listen) as port:
        wire = ScannerWire(trigger="")
        scanner = scanner_on(TcpClientLink("scan-1", TcpAddress(LOCAL, port)), wire)
        await scanner.connect()
        await scanner.trigger()
        await scanner.feedback(True)
        await scanner.close()
    assert heard == b""


async def test_a_fragment_goes_with_its_connection() -> None:
    connections = 0

    async def scan(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.write(b"]C0TOTE-00" if connections == 1 else b"]C0TOTE-0002\r\n")
        await writer.drain()
        writer.write_eof()
        await asyncio.sleep(0.01)

    async with talking(scan) as port:
        scanner = scanner_on(TcpClientLink("scan-1", TcpAddress(LOCAL, port)))
        await scanner.connect()
        with pytest.raises(LinkLostError, match="closed"):
            await following(scanner.observations())
        await scanner.connect()
        assert await following(scanner.observations()) == ScanRead(b"]C0TOTE-0002")
        await scanner.close()


async def test_a_cut_cable_ends_the_observations() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with talking(silent) as port, Cable(port) as cable:
        scanner = scanner_on(TcpClientLink("scan-1", TcpAddress(LOCAL, cable.port)))
        await scanner.connect()
        waiting = asyncio.ensure_future(following(scanner.observations()))
        await asyncio.sleep(0)
        cable.cut()
        with pytest.raises(LinkLostError):
            await waiting
        await scanner.close()


async def test_a_scanner_that_is_not_there_is_a_lost_link(unused_tcp_port: int) -> None:
    scanner = scanner_on(TcpClientLink("scan-1", TcpAddress(LOCAL, unused_tcp_port)))
    with pytest.raises(LinkLostError, match=f"no connection to {LOCAL}:{unused_tcp_port}"):
        await scanner.connect()
    with pytest.raises(LinkLostError):
        await scanner.trigger()
    await scanner.close()


async def _fill(link: StreamLink) -> None:
    """Write more than all the buffers on the way can hold."""
    for _ in range(100):
        await link.write(b"x" * 500_000)


async def test_a_scanner_that_takes_nothing_in_does_not_hold_the_sender(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drivers.links.stream, "WRITE_LIMIT_S", 0.2)
    release = asyncio.Event()

    async def deaf(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await release.wait()

    async with talking(deaf) as port:
        link = TcpClientLink("scan-1", TcpAddress(LOCAL, port))
        await link.connect()
        with pytest.raises(LinkLostError, match="cannot send"):
            await _fill(link)
        await link.close()
        release.set()


# ---- TCP, the scanner connects -------------------------------------------------------------------------


@pytest.fixture
async def listening() -> AsyncIterator[TcpServerLink]:
    link = TcpServerLink("scan-1", TcpListenAddress(LOCAL, 0))
    yield link
    await link.close()


async def _plug_in(link: TcpServerLink) -> asyncio.StreamWriter:
    await until(lambda: link.port)
    _, writer = await asyncio.open_connection(LOCAL, link.port)
    return writer


async def _connected(link: TcpServerLink) -> tuple[StreamScanner, asyncio.StreamWriter]:
    scanner = scanner_on(link)
    async with asyncio.TaskGroup() as group:
        group.create_task(scanner.connect())
        plugging = group.create_task(_plug_in(link))
    return scanner, plugging.result()


async def _unplug(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def test_a_scanner_may_connect_to_us(listening: TcpServerLink) -> None:
    scanner, device = await _connected(listening)
    device.write(b"]C0TOTE-0001\r\n")
    assert await following(scanner.observations()) == ScanRead(b"]C0TOTE-0001")
    await _unplug(device)


async def test_a_new_connection_replaces_a_dead_one_and_its_fragment(listening: TcpServerLink) -> None:
    scanner, dead = await _connected(listening)
    observations = scanner.observations()
    dead.write(b"]C0TOTE-0001\r\n]C0TOTE-00")
    assert await following(observations) == ScanRead(b"]C0TOTE-0001")
    alive = await _plug_in(listening)
    alive.write(b"02\r\n]C0TOTE-0003\r\n")
    assert await following(observations) == ScanRead(b"02")
    assert await following(observations) == ScanRead(b"]C0TOTE-0003")
    await _unplug(dead)
    await _unplug(alive)


async def test_after_a_replacement_triggers_go_to_the_new_connection(listening: TcpServerLink) -> None:
    scanner, dead = await _connected(listening)
    waiting = asyncio.ensure_future(following(scanner.observations()))
    await until(lambda: listening.port)
    reader, alive = await asyncio.open_connection(LOCAL, listening.port)
    alive.write(b"]C0TOTE-0002\r\n")
    assert await waiting == ScanRead(b"]C0TOTE-0002")
    await scanner.trigger()
    assert await reader.readexactly(5) == b"TRG\r\n"
    await _unplug(dead)
    await _unplug(alive)


async def test_when_the_scanner_goes_away_the_link_is_lost_and_it_may_come_again(
    listening: TcpServerLink,
) -> None:
    scanner, device = await _connected(listening)
    await _unplug(device)
    with pytest.raises(LinkLostError):
        await following(scanner.observations())
    scanner, device = await _connected(listening)
    device.write(b"]C0TOTE-0002\r\n")
    assert await following(scanner.observations()) == ScanRead(b"]C0TOTE-0002")
    await _unplug(device)


async def test_waiting_for_a_scanner_has_an_end(
    listening: TcpServerLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers.links.stream, "LISTEN_LIMIT_S", 0.05)
    with pytest.raises(LinkLostError, match="nothing has connected"):
        await listening.connect()
    assert listening.port == 0


async def test_a_port_that_is_taken_is_a_lost_link_that_names_it(listening: TcpServerLink) -> None:
    _, device = await _connected(listening)
    second = TcpServerLink("scan-2", TcpListenAddress(LOCAL, listening.port))
    with pytest.raises(LinkLostError, match=f"cannot listen on {LOCAL}:{listening.port}"):
        await second.connect()
    await _unplug(device)


async def test_breaking_off_the_wait_for_a_scanner_lets_go_of_the_port(listening: TcpServerLink) -> None:
    waiting = asyncio.ensure_future(listening.connect())
    await until(lambda: listening.port)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert listening.port == 0


# ---- serial --------------------------------------------------------------------------------------------


class SerialScanner:
    """A pseudo terminal behind a symlink, as by-id device names stay the same after replugging."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = -1

    def plug_in(self) -> None:
        self.fd, far_end = pty.openpty()
        tty.setraw(far_end)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(far_end))
        os.close(far_end)

    def pull_out(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


@pytest.fixture
def device(tmp_path: Path) -> Iterator[SerialScanner]:
    device = SerialScanner(tmp_path / "scanner")
    device.plug_in()
    yield device
    device.pull_out()


@pytest.fixture
async def line(device: SerialScanner) -> AsyncIterator[SerialLink]:
    link = SerialLink("scan-1", SerialAddress(str(device.path), LineSettings(115200)))
    yield link
    await link.close()


async def test_a_serial_scanner_is_triggered_and_reads(device: SerialScanner, line: SerialLink) -> None:
    scanner = scanner_on(line)
    await scanner.connect()
    await scanner.trigger()
    assert os.read(device.fd, 100) == b"TRG\r\n"
    os.write(device.fd, b"]C1010400638133393110A\x1d21B\r\n")
    assert await following(scanner.observations()) == ScanRead(b"]C1010400638133393110A\x1d21B")


async def test_pulling_the_scanner_out_is_noticed_and_it_may_come_again(
    device: SerialScanner, line: SerialLink
) -> None:
    scanner = scanner_on(line)
    await scanner.connect()
    os.write(device.fd, b"]C0TOTE-0001\r\n]C0TOTE-00")
    observations = scanner.observations()
    assert await following(observations) == ScanRead(b"]C0TOTE-0001")
    waiting = asyncio.ensure_future(following(observations))
    await asyncio.sleep(0)
    device.pull_out()
    with pytest.raises(LinkLostError, match=str(device.path)):
        await waiting
    with pytest.raises(LinkLostError):
        await scanner.connect()
    device.plug_in()
    await scanner.connect()
    os.write(device.fd, b"]C0TOTE-0002\r\n")
    assert await following(scanner.observations()) == ScanRead(b"]C0TOTE-0002")


async def test_a_second_program_cannot_open_the_same_line(device: SerialScanner, line: SerialLink) -> None:
    await line.connect()
    second = SerialLink("scan-2", SerialAddress(str(device.path)))
    with pytest.raises(LinkLostError, match="cannot open"):
        await second.connect()


async def test_a_serial_device_that_is_not_there_is_a_lost_link(tmp_path: Path) -> None:
    link = SerialLink("scan-1", SerialAddress(str(tmp_path / "none")))
    with pytest.raises(LinkLostError, match="cannot open"):
        await link.connect()
    with pytest.raises(LinkLostError):
        await link.write(b"TRG\r\n")
    await link.close()


async def test_a_serial_device_that_takes_nothing_in_does_not_hold_the_sender(
    line: SerialLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers.links.descriptor, "WRITE_LIMIT_S", 0.1)
    await line.connect()
    with pytest.raises(LinkLostError, match="no progress"):
        await line.write(b"x" * 1_000_000)


# ---- closing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tcp", "tcp-listen", "serial"])
async def test_closing_ends_the_observations_and_may_be_repeated(
    kind: str, listening: TcpServerLink, line: SerialLink
) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with talking(silent) as port:
        client = TcpClientLink("scan-1", TcpAddress(LOCAL, port))
        links: dict[str, StreamLink] = {"tcp": client, "tcp-listen": listening, "serial": line}
        scanner, device = scanner_on(links[kind]), None
        if kind == "tcp-listen":
            scanner, device = await _connected(listening)
        else:
            await scanner.connect()
        waiting = asyncio.ensure_future(following(scanner.observations()))
        await asyncio.sleep(0.01)
        await scanner.close()
        with pytest.raises(LinkLostError):
            await waiting
        await scanner.close()
        if device is not None:
            await _unplug(device)
