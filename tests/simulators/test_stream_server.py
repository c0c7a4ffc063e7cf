"""Simulated scanners on real sockets and pseudo terminals, with a bare far end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import serial

from drivers.profile import Profile
from edge_agent.domain.ids import DeviceId, Lpn
from edge_agent.errors import ConfigurationError
from simulators.autoid_server import AutoIdLine
from simulators.clock import SimClock
from simulators.lines import line_for
from simulators.machine import Pace
from simulators.scanner import Reading, Scanner, load_label
from simulators.stream_server import ConnectingLine, Line, ListeningLine, PtyLine, ScannerServer
from tests.ports import free_port
from tests.simulators.floor import DEADLINE_S, Notes, until

NAME = DeviceId("scan")
FRAME = b"]C0TOTE-0001\r\n"
READING = Reading(FRAME, {})
SCANNED = {"scanner": NAME, "data": "]C0TOTE-0001", "load": "TOTE-0001"}


@pytest.fixture
def serve(profiles: dict[str, Profile], notes: Notes) -> Callable[[Line], object]:
    @asynccontextmanager
    async def serving(line: Line) -> AsyncIterator[ScannerServer]:
        scanner = Scanner(
            NAME,
            profiles["scanner-plain"],
            lambda: load_label(Lpn("TOTE-0001")),
            0.001,
            Pace(1, NAME),
            record=notes,
        )
        server = ScannerServer(scanner, line, SimClock())
        await server.start()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(server.run(), name="line")
            ticking = group.create_task(until(lambda: False, server.step), name="ticks")
            try:
                yield server
            finally:
                ticking.cancel()
                waiting.cancel()
                await server.stop()
                await server.stop()

    return serving


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(DEADLINE_S):
        return await reader.readuntil(b"\r\n")


async def test_a_listening_scanner_answers_its_client(serve, notes: Notes) -> None:
    line = ListeningLine("127.0.0.1", 0)
    async with serve(line):
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(b"TRG\r\n")
        assert await read_frame(reader) == FRAME
        await until(lambda: notes.of("scanned") == [SCANNED])
        writer.close()
        await writer.wait_closed()


async def test_a_new_client_takes_the_place_of_the_one_before(serve) -> None:
    line = ListeningLine("127.0.0.1", 0)
    async with serve(line):
        old_reader, old_writer = await asyncio.open_connection("127.0.0.1", line.port)
        old_writer.write(b"TRG\r\n")
        await read_frame(old_reader)
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        assert await old_reader.read() == b""
        writer.write(b"TRG\r\n")
        assert await read_frame(reader) == FRAME
        for each in (writer, old_writer):
            each.close()
            await each.wait_closed()


async def test_what_is_sent_to_nobody_has_not_happened(serve, notes: Notes) -> None:
    line = ListeningLine("127.0.0.1", 0)
    async with serve(line):
        assert not line.send(READING)
    assert notes.of("scanned") == []


async def test_a_connecting_scanner_comes_back_after_every_hang_up(serve, notes: Notes) -> None:
    port = free_port()
    async with serve(ConnectingLine("127.0.0.1", port)):
        for _ in range(2):
            accepted: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
            agent = await asyncio.start_server(
                lambda *pair, to=accepted: to.put_nowait(pair), "127.0.0.1", port
            )
            async with asyncio.timeout(DEADLINE_S):
                reader, writer = await accepted.get()
            writer.write(b"TRG\r\n")
            assert await read_frame(reader) == FRAME
            agent.close()
            writer.close()
            await writer.wait_closed()
            await agent.wait_closed()


def open_port(path: Path) -> serial.Serial:
    return serial.Serial(str(path), 115200, timeout=DEADLINE_S, exclusive=True)


async def test_a_serial_scanner_is_found_at_the_agents_path(serve, tmp_path: Path, notes: Notes) -> None:
    path = tmp_path / "scanner"
    async with serve(PtyLine(path)):
        assert path.is_symlink()
        for count in (1, 2):
            with open_port(path) as port:
                port.write(b"TRG\r\n")
                assert await asyncio.to_thread(port.readline) == FRAME
            await until(lambda count=count: len(notes.of("scanned")) == count)
    assert not path.is_symlink()


async def test_a_serial_line_that_nobody_has_open_swallows_what_is_sent(serve, tmp_path: Path) -> None:
    path = tmp_path / "scanner"
    line = PtyLine(path)
    async with serve(line):
        assert not line.send(READING)
        with open_port(path) as port:
            await until(lambda: line.send(Reading(b"now\r\n", {})))
            assert await asyncio.to_thread(port.readline) == b"now\r\n"
        await until(lambda: not line.send(READING))


async def test_a_stale_symlink_is_replaced_and_a_file_is_not(serve, tmp_path: Path) -> None:
    stale, file = tmp_path / "stale", tmp_path / "file"
    stale.symlink_to("/dev/pts/nowhere")
    async with serve(PtyLine(stale)):
        assert stale.exists()
    file.write_text("keep me")
    blocked = PtyLine(file)
    with pytest.raises(ConfigurationError, match="remove what stands there or change the address"):
        await blocked.open(lambda _data: None, lambda: None)
    await blocked.close()
    assert file.read_text() == "keep me"


async def test_a_link_that_another_simulator_has_taken_over_stays(serve, tmp_path: Path) -> None:
    path = tmp_path / "scanner"
    async with serve(PtyLine(path)):
        path.unlink()
        path.symlink_to("/dev/pts/elsewhere")
    assert path.is_symlink()


async def test_a_taken_port_is_an_error_that_names_it(serve) -> None:
    line = ListeningLine("127.0.0.1", 0)
    async with serve(line):
        second = ListeningLine("127.0.0.1", line.port)
        with pytest.raises(ConfigurationError, match=f"tcp://127.0.0.1:{line.port}: cannot listen there"):
            await second.open(lambda _data: None, lambda: None)


@pytest.mark.parametrize(
    ("address", "profile", "kind"),
    [
        ("tcp://127.0.0.1:19011", "scanner-plain", ListeningLine),
        ("socket://127.0.0.1:19011", "scanner-plain", ListeningLine),
        ("rfc2217://127.0.0.1:19011?baudrate=19200", "scanner-plain", ListeningLine),
        ("serial:///tmp/scanner?baudrate=9600", "scanner-plain", PtyLine),
        ("opc.tcp://127.0.0.1:48401", "scanner-autoid", AutoIdLine),
    ],
)
def test_each_address_form_has_its_far_end(
    profiles: dict[str, Profile], address: str, profile: str, kind: type[Line]
) -> None:
    assert isinstance(line_for(address, profiles[profile]), kind)


def test_a_scanner_that_connects_to_us_connects_to_this_machine(profiles: dict[str, Profile]) -> None:
    connecting = line_for("tcp-listen://0.0.0.0:19021", profiles["scanner-plain"])
    assert isinstance(connecting, ConnectingLine)
    assert (connecting.host, connecting.port) == ("127.0.0.1", 19021)


@pytest.mark.parametrize(
    "address", ["modbus://127.0.0.1:502/1", "hid:///dev/input/event0", "opc.tcp://host:1"]
)
def test_what_cannot_be_simulated_says_what_can(profiles: dict[str, Profile], address: str) -> None:
    with pytest.raises(ConfigurationError, match="a scanner needs tcp"):
        line_for(address, profiles["scanner-plain"])


# ---- unplugged ---------------------------------------------------------------------------------------


async def test_an_unplugged_network_scanner_hangs_up_refuses_and_comes_back(serve) -> None:
    line = ListeningLine("127.0.0.1", 0)
    async with serve(line) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        server.unplug(0.2)
        async with asyncio.timeout(DEADLINE_S):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", line.port)
        await until(lambda: line._server is not None)
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(b"TRG\r\n")
        assert await read_frame(reader) == FRAME
        writer.close()
        await writer.wait_closed()


async def test_an_unplugged_scanner_that_connects_to_us_comes_back_by_itself(serve) -> None:
    accepted: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    agent = await asyncio.start_server(lambda *pair: accepted.put_nowait(pair), "127.0.0.1", 0)
    async with serve(ConnectingLine(*agent.sockets[0].getsockname()[:2])) as server:
        async with asyncio.timeout(DEADLINE_S):
            reader, writer = await accepted.get()
            server.unplug(0.1)
            assert await reader.read() == b""
            writer.close()
            reader, writer = await accepted.get()
        writer.write(b"TRG\r\n")
        assert await read_frame(reader) == FRAME
        writer.close()
        await writer.wait_closed()
    agent.close()
    await agent.wait_closed()


async def test_an_unplugged_serial_scanner_is_gone_from_its_path_and_comes_back(
    serve, tmp_path: Path
) -> None:
    path = tmp_path / "scanner"
    async with serve(PtyLine(path)) as server:
        with open_port(path) as port:
            server.unplug(0.1)
            await until(lambda: not path.is_symlink())
            with pytest.raises(OSError, match=r"read|Input/output"):
                await asyncio.to_thread(port.read, 1)
        await until(path.is_symlink)
        with open_port(path) as port:
            port.write(b"TRG\r\n")
            assert await asyncio.to_thread(port.readline) == FRAME


async def test_a_reading_is_told_before_its_first_byte_leaves(serve, tmp_path: Path) -> None:
    path, line = tmp_path / "scanner", PtyLine(tmp_path / "scanner")
    arrived: list[int] = []
    async with serve(line):
        assert not line.send(READING, lambda: arrived.append(-1))
        with open_port(path) as port:
            await until(lambda: line.send(Reading(b"now\r\n", {}), lambda: arrived.append(port.in_waiting)))
            assert await asyncio.to_thread(port.readline) == b"now\r\n"
    assert arrived == [0]
