"""A Modbus connection: one request at a time, and no answer is ever taken for another one."""

import asyncio
from contextlib import suppress

import pytest

from drivers.links.address import ModbusAddress
from drivers.links.modbus import ModbusLink
from edge_agent.errors import LinkLostError
from tests.drivers.plc import talking

HEADER = 6
"""Transaction, protocol and length of a request; the unit and its function follow (Modbus TCP, 3.1.3)."""


async def request_of(reader: asyncio.StreamReader) -> bytes:
    header = await reader.readexactly(HEADER)
    return header + await reader.readexactly(int.from_bytes(header[4:6], "big"))


def reading(request: bytes, value: int) -> bytes:
    """The answer to a read of one register."""
    return request[:4] + b"\0\5" + request[6:8] + b"\2" + value.to_bytes(2, "big")


def link_to(port: int, timeout_s: float) -> ModbusLink:
    return ModbusLink("plc", ModbusAddress("127.0.0.1", port, 1), timeout_s)


async def test_a_late_reply_is_never_taken_for_the_answer_to_a_later_request() -> None:
    connections = 0

    async def late_at_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        first = await request_of(reader)
        if connections == 1:
            await asyncio.sleep(0.15)
            writer.write(reading(first, 111))
        else:
            writer.write(reading(first, 222))
            writer.write(reading(await request_of(reader), 333))
        await reader.read()

    async with talking(late_at_first) as port:
        link = link_to(port, timeout_s=0.1)
        await link.connect()
        with pytest.raises(LinkLostError):
            await link.read(7, 1)
        with pytest.raises(LinkLostError):
            await link.read(8, 1)  # not on that connection: the late reply is still to come
        await asyncio.sleep(0.1)
        await link.connect()
        assert await link.read(8, 1) == [222]
        assert await link.read(9, 1) == [333]
        link.close()


async def test_a_write_never_overlaps_a_poll() -> None:
    overlaps: list[bytes] = []

    async def one_at_a_time(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while request := await request_of(reader):
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.01):
                        overlaps.append(await reader.readexactly(1))
                is_read = request[7] == 3
                writer.write(reading(request, 1) if is_read else request[:4] + b"\0\6" + request[6:12])

    async with talking(one_at_a_time) as port:
        link = link_to(port, timeout_s=2.0)
        await link.connect()
        await asyncio.gather(*(link.read(1, 1) for _ in range(5)), *(link.write(2, [n]) for n in range(5)))
        link.close()
    assert overlaps == []
