"""The breakable wire, with an echo server behind it and a bare client in front."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from edge_agent.errors import ConfigurationError
from simulators.clock import SimClock
from simulators.gate import HEAD, Gate, doubled, garbled, truncated
from tests.simulators.floor import DEADLINE_S, Hand, until

HELLO = b"hello, this is a message"


@dataclass
class Echo:
    """What the server behind has received; it sends everything back."""

    heard: list[bytes] = field(default_factory=list)
    hung_up: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1000):
                self.heard.append(data)
                writer.write(data)
        self.hung_up += 1
        writer.close()


@dataclass
class Wire:
    gate: Gate
    echo: Echo
    hand: Hand

    @asynccontextmanager
    async def client(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.gate.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    echo, hand = Echo(), Hand()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    gate = Gate("here", "127.0.0.1", 0, SimClock(monotonic=hand))
    await gate.open(*server.sockets[0].getsockname()[:2])
    async with asyncio.TaskGroup() as tasks:
        ticks = tasks.create_task(until(lambda: False, gate.step), name="ticks")
        yield Wire(gate, echo, hand)
        ticks.cancel()
    await gate.close()
    await gate.close()
    server.close()
    await until(lambda: not gate._pairs)


async def read(reader: asyncio.StreamReader, count: int = len(HELLO)) -> bytes:
    async with asyncio.timeout(DEADLINE_S):
        return await reader.readexactly(count)


async def nothing_comes(reader: asyncio.StreamReader) -> None:
    """For as long as an answer takes many times over."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await reader.read(1)


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(HELLO)
    return await read(reader)


async def test_a_whole_wire_carries_bytes_both_ways_and_the_hanging_up(wire: Wire) -> None:
    async with wire.client() as ends:
        assert await talk(*ends) == HELLO
    await until(lambda: wire.echo.hung_up == 1)


async def test_a_garbled_reply_has_another_beginning_and_the_next_is_sound(wire: Wire) -> None:
    async with wire.client() as ends:
        wire.gate.spoil_next(garbled)
        reply = await talk(*ends)
        assert (reply[:HEAD], reply[HEAD:]) == (bytes(byte ^ 0xFF for byte in HELLO[:HEAD]), HELLO[HEAD:])
        assert await talk(*ends) == HELLO


async def test_a_truncated_reply_stops_half_way_and_the_connection_stays(wire: Wire) -> None:
    async with wire.client() as (reader, writer):
        wire.gate.spoil_next(truncated)
        writer.write(HELLO)
        assert await read(reader, len(HELLO) // 2) == HELLO[: len(HELLO) // 2]
        await nothing_comes(reader)
        assert await talk(reader, writer) == HELLO


async def test_a_doubled_reply_comes_twice(wire: Wire) -> None:
    async with wire.client() as (reader, writer):
        wire.gate.spoil_next(doubled)
        writer.write(HELLO)
        assert await read(reader, 2 * len(HELLO)) == 2 * HELLO


async def test_a_late_reply_comes_when_it_is_due_and_in_order(wire: Wire) -> None:
    async with wire.client() as (reader, writer):
        wire.gate.delay(2.0)
        for text in (b"one ", b"two "):
            writer.write(text)
            await until(lambda text=text: b"".join(wire.echo.heard).endswith(text))
        wire.hand.time_s = 1.9
        await nothing_comes(reader)
        wire.hand.time_s = 2.0
        assert await read(reader, 8) == b"one two "


async def test_a_reset_is_seen_as_one_and_a_new_connection_works(wire: Wire) -> None:
    async with wire.client() as (reader, writer):
        await talk(reader, writer)
        wire.gate.reset()
        with pytest.raises(ConnectionResetError):
            await read(reader)
    async with wire.client() as ends:
        assert await talk(*ends) == HELLO


async def test_a_half_open_connection_swallows_everything_and_is_not_closed(wire: Wire) -> None:
    async with wire.client() as (reader, writer):
        await talk(reader, writer)
        wire.gate.vanish(2.0)
        writer.write(HELLO)
        await nothing_comes(reader)
        async with wire.client() as (new_reader, new_writer):
            new_writer.write(HELLO)
            await nothing_comes(new_reader)
            wire.hand.time_s = 2.0
            assert await read(new_reader) == HELLO
        await nothing_comes(reader)
        assert wire.echo.heard == [HELLO, HELLO]


async def test_a_hung_server_accepts_answers_nothing_and_goes_on_with_what_it_was_sent(wire: Wire) -> None:
    async with wire.client() as (reader, writer):
        await talk(reader, writer)
        wire.gate.hang()
        writer.write(b"from the old one")
        async with wire.client() as (new_reader, new_writer):
            new_writer.write(b"from the new one")
            await nothing_comes(reader)
            await nothing_comes(new_reader)
            wire.gate.thaw()
            assert await read(reader, 16) == b"from the old one"
            assert await read(new_reader, 16) == b"from the new one"


async def test_what_was_sent_to_a_hung_server_arrives_though_its_sender_has_gone(wire: Wire) -> None:
    async with wire.client() as ends:
        await talk(*ends)
        wire.gate.hang()
        ends[1].write(b"do it")
        await ends[1].drain()
    wire.gate.thaw()
    await until(lambda: wire.echo.heard[1:] == [b"do it"])


async def test_a_restarting_server_refuses_connections_until_it_is_back(wire: Wire) -> None:
    async with wire.client() as (reader, writer):
        await talk(reader, writer)
        wire.gate.go_down(3.0)
        with pytest.raises(ConnectionResetError):
            await read(reader)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", wire.gate.port)
    wire.hand.time_s = 3.0
    await until(lambda: wire.gate._server is not None)
    async with wire.client() as ends:
        assert await talk(*ends) == HELLO


async def test_a_server_behind_that_has_gone_ends_the_connection(wire: Wire) -> None:
    wire.gate._behind = ("127.0.0.1", 1)
    async with wire.client() as (reader, _):
        with pytest.raises(ConnectionResetError):
            await read(reader)


async def test_a_taken_address_is_an_error_that_names_it(wire: Wire) -> None:
    second = Gate("modbus://there", "127.0.0.1", wire.gate.port, SimClock())
    with pytest.raises(ConfigurationError, match="modbus://there: cannot listen there"):
        await second.open("127.0.0.1", 1)
    await second.close()
