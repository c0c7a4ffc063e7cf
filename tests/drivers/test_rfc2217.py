"""Serial servers: the conversation with pyserial's own server side, and with servers that will not."""

import asyncio

import pytest

import drivers.links.rfc2217
from drivers.links.address import LineSettings, Rfc2217Address
from drivers.links.rfc2217 import DONT, IAC, SB, SE, WILL, WONT, Rfc2217Link, Telnet, escaped
from edge_agent.errors import LinkLostError
from simulators.scanner import Reading
from simulators.serial_server import TelnetPeer
from simulators.stream_server import ListeningLine
from tests.drivers.plc import talking
from tests.drivers.waiting import until

LOCAL = "127.0.0.1"
COM_PORT = 44
EVERY_BYTE = bytes(range(256))


def telnet(*commands: int) -> bytes:
    return bytes([IAC, *commands])


async def test_the_server_sets_its_line_as_the_address_says_and_every_byte_passes_both_ways() -> None:
    told = bytearray()
    peers: list[TelnetPeer] = []

    def make(*callbacks: object) -> TelnetPeer:
        peers.append(TelnetPeer(*callbacks))  # type: ignore[arg-type]  # the two callbacks, passed on
        return peers[-1]

    line = ListeningLine(LOCAL, 0, make)
    await line.open(told.extend, lambda: None)
    link = Rfc2217Link("scan-1", Rfc2217Address(LOCAL, line.port, LineSettings(19200, 7, "E", 2)))
    await link.connect()
    port = peers[0].line
    assert (port.baudrate, port.bytesize, port.parity, port.stopbits) == (19200, 7, "E", 2)
    await link.write(EVERY_BYTE)
    await until(lambda: bytes(told) == EVERY_BYTE)
    line.send(Reading(EVERY_BYTE, {}))
    received = b""
    while len(received) < len(EVERY_BYTE):
        received += await link.read()
    assert received == EVERY_BYTE
    await link.close()
    await line.close()


async def test_a_server_that_says_nothing_is_a_lost_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers.links.rfc2217, "NEGOTIATE_LIMIT_S", 0.1)

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with talking(silent) as port:
        link = Rfc2217Link("scan-1", Rfc2217Address(LOCAL, port))
        with pytest.raises(LinkLostError, match=r"did not agree on the line in 0\.1 s: set its port"):
            await link.connect()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (telnet(DONT, COM_PORT), "does not speak RFC 2217"),
        (telnet(SB, COM_PORT, 101, 0, 0, 1, 0) + telnet(SE), "sets its line otherwise: command 1"),
    ],
    ids=["refuses", "another baud rate"],
)
async def test_a_server_that_will_not_set_the_line_is_named(answer: bytes, problem: str) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read()

    async with talking(refuse) as port:
        link = Rfc2217Link("scan-1", Rfc2217Address(LOCAL, port))
        with pytest.raises(LinkLostError, match=problem):
            await link.connect()


def test_options_that_nobody_asked_for_are_turned_down() -> None:
    client = Telnet(LineSettings())
    client.outgoing.clear()
    assert client.feed(telnet(WILL, 1) + telnet(253, 24) + telnet(WONT, 31)) == b""
    assert bytes(client.outgoing) == telnet(DONT, 1) + telnet(WONT, 24)


def test_data_is_found_between_commands_however_it_is_cut() -> None:
    stream = b"A" + telnet(WILL, 1) + escaped(b"B\xffC") + telnet(SB, 44, 107, 255, 255) + telnet(SE) + b"D"
    whole = Telnet(LineSettings()).feed(stream)
    pieces = Telnet(LineSettings())
    assert whole == b"AB\xffCD"
    assert b"".join(pieces.feed(bytes([byte])) for byte in stream) == whole
