"""Code readers behind OPC UA: their structures on the wire, and a reader that hangs."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from asyncua import ua

from drivers.profile import Profile
from drivers.registry import build_scanner
from edge_agent.domain.device import ScanFailed, ScanRead
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import DeviceSettings
from edge_agent.errors import DeviceMismatchError, LinkLostError
from edge_agent.ports import Scanner
from simulators.autoid_server import AutoIdLine
from simulators.scanner import Reading
from tests.drivers.proxy import Cable
from tests.drivers.rigs import shipped
from tests.drivers.waiting import following

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROFILE = shipped("scanner-autoid")
NAME = DeviceId("scan-1")


# ---- a reader on a socket ------------------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def reader() -> AsyncIterator[AutoIdLine]:
    assert PROFILE.scanner is not None
    assert PROFILE.scanner.autoid is not None
    line = AutoIdLine("opc.tcp://127.0.0.1:0/reader", PROFILE.scanner.autoid, b"TRG\r\n")
    await line.open(lambda _data: None, lambda: None)
    running = asyncio.create_task(line.run(), name="reader")
    yield line
    running.cancel()
    await asyncio.wait([running])
    await line.close()


def scanner_at(url: str, profile: Profile = PROFILE) -> Scanner:
    return build_scanner(NAME, DeviceSettings(profile=profile.name, address=url), profile)


def with_autoid(**changed: object) -> Profile:
    wire = PROFILE.scanner
    assert wire is not None
    assert wire.autoid is not None
    autoid = wire.autoid.model_copy(update=changed)
    return PROFILE.model_copy(update={"scanner": wire.model_copy(update={"autoid": autoid})})


async def test_a_reader_whose_cable_is_cut_while_nothing_is_scanned_is_noticed(reader: AutoIdLine) -> None:
    async with Cable(reader.port) as cable:
        scanner = scanner_at(urlsplit(reader.url)._replace(netloc=f"127.0.0.1:{cable.port}").geturl())
        await scanner.connect()
        waiting = asyncio.ensure_future(following(scanner.observations()))
        await asyncio.sleep(0)
        cable.cut()
        with pytest.raises(LinkLostError, match="scan-1"):
            await waiting
        await scanner.close()


async def test_a_reader_that_finds_no_code_says_so_and_bad_results_are_dropped(
    reader: AutoIdLine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scanner = scanner_at(reader.url)
    await scanner.connect()
    observations = scanner.observations()
    await scanner.feedback(True)
    reader.send(Reading(b"", {}))
    assert await following(observations) == ScanFailed()
    reader.send(Reading(b"", {}, b"NoRead"))
    assert await following(observations) == ScanFailed()
    make = reader._result

    def broken(code: bytes) -> ua.ExtensionObject:
        good = make(code)
        return replace(good, Body=ua.ByteString(good.Body[:9]))

    monkeypatch.setattr(reader, "_result", broken)
    reader.send(Reading(b"", {}, b"]C0TOTE-0001"))
    with caplog.at_level(logging.WARNING):
        assert await following(observations) == ScanFailed()
    assert "dropped a scan result" in caplog.text
    monkeypatch.setattr(reader, "_result", make)
    reader.send(Reading(b"", {}, b"TOTE-0002"))
    assert await following(observations) == ScanRead(b"TOTE-0002")
    await scanner.close()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"object": ("di:DeviceSet", "reader:Other")}, "no node .*Other"),
        ({"start_method": "Start"}, "no node .*Start"),
        ({"namespaces": {"di": "urn:none", "reader": "urn:none"}}, "no namespace 'urn:none'"),
    ],
)
async def test_a_reader_that_is_built_otherwise_is_named(
    reader: AutoIdLine, changed: dict[str, object], problem: str
) -> None:
    scanner = scanner_at(reader.url, with_autoid(**changed))
    with pytest.raises(DeviceMismatchError, match=problem):
        await scanner.connect()
    await scanner.close()


async def test_a_reader_that_scans_by_itself_is_not_told_to(reader: AutoIdLine) -> None:
    scanner = scanner_at(reader.url, with_autoid(start_method=None))
    await scanner.connect()
    await scanner.trigger()
    await scanner.close()
