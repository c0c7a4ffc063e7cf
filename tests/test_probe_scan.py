"""`check --scan`: a known barcode at a scanner on a socket, and what the command says of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drivers.commissioning import BEFORE_GS, BEHIND_GS, KNOWN_CODE, KNOWN_CODE_TEXT
from drivers.profile import Profile
from edge_agent import probe
from edge_agent.cli import app
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from edge_agent.probe import Found, probe_scan, probe_site
from edge_agent.site_file import load
from simulators.clock import SimClock
from simulators.machine import Pace
from simulators.scanner import Scanner, Seen
from simulators.stream_server import ListeningLine, ScannerServer
from tests.drivers.plc import talking
from tests.sites import SITE

ITEM_SCAN = DeviceId("item-scan")


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "TRIGGER_S", 0.2)
    monkeypatch.setattr(probe, "QUIET_S", 0.05)


def loaded(folder: Path, port: int) -> tuple[Path, Site, dict[str, Profile]]:
    file = folder / "site.yaml"
    file.write_text(SITE.replace("serial:///dev/ttyS0?baudrate=9600", f"tcp://127.0.0.1:{port}"))
    return file, *load(file, {})


@asynccontextmanager
async def holding(*labels: bytes | None) -> AsyncIterator[int]:
    """A simulated scanner that is shown one label after the other; gives its port."""
    shown = list(labels)

    def view() -> Seen | None:
        label = shown.pop(0) if len(shown) > 1 else shown[0]
        return None if label is None else Seen(label, {})

    line = ListeningLine("127.0.0.1", 0)
    profile = load(Path("config/demo.yaml"), {})[1]["scanner-plain"]
    scanner = Scanner(ITEM_SCAN, profile, view, 0.001, Pace(1, ITEM_SCAN), record=lambda *_: None)
    server = ScannerServer(scanner, line, SimClock())

    async def tick() -> None:
        while True:
            await server.step()
            await asyncio.sleep(0.001)

    await server.start()
    async with asyncio.TaskGroup() as tasks:
        ticking = tasks.create_task(tick(), name="ticks")
        try:
            yield line.port
        finally:
            ticking.cancel()
            await server.stop()


async def found_at(folder: Path, *labels: bytes | None, wait_s: float = 10) -> list[Found]:
    async with holding(*labels) as port:
        _, site, profiles = await asyncio.to_thread(loaded, folder, port)
        return await probe_scan(site, profiles, ITEM_SCAN, wait_s)


async def test_a_scanner_that_is_set_well_passes_after_reads_that_failed(tmp_path: Path) -> None:
    assert await found_at(tmp_path, None, None, b"]d2" + KNOWN_CODE) == [
        Found(ITEM_SCAN, True, "the AIM identifier and the separator came through")
    ]


async def test_what_is_set_wrongly_is_said(tmp_path: Path) -> None:
    (lost, plain) = await found_at(tmp_path, b"]C0" + BEFORE_GS + BEHIND_GS)
    assert not lost.good
    assert "GS is lost" in lost.text
    assert "a plain Code 128" in plain.text


async def test_a_scan_that_does_not_come_is_said(tmp_path: Path) -> None:
    (found,) = await found_at(tmp_path, None, wait_s=0.3)
    assert "could not read the code" in found.text


async def test_a_scanner_that_cannot_be_reached_is_said(tmp_path: Path, unused_tcp_port: int) -> None:
    _, site, profiles = await asyncio.to_thread(loaded, tmp_path, unused_tcp_port)
    (found,) = await probe_scan(site, profiles, ITEM_SCAN, 1)
    assert "no connection to" in found.text


async def test_a_scanner_that_is_lost_while_it_is_waited_for_is_said(tmp_path: Path) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with talking(hang_up) as port:
        _, site, profiles = await asyncio.to_thread(loaded, tmp_path, port)
        (found,) = await probe_scan(site, profiles, ITEM_SCAN, 5)
    assert "link lost" in found.text


async def test_what_is_no_scanner_of_the_site_is_refused_with_those_that_are(tmp_path: Path) -> None:
    _, site, profiles = await asyncio.to_thread(loaded, tmp_path, 9)
    for name in ("picker-1", "nobody"):
        with pytest.raises(ConfigurationError, match=f"--scan {name}: .* use one of tote-scan, item-scan"):
            await probe_scan(site, profiles, DeviceId(name), 1)


async def test_a_probe_names_a_scale_and_no_barcode_is_waited_for_there(tmp_path: Path) -> None:
    async with holding(b"]C0TOTE-0001") as port:
        file, *_ = await asyncio.to_thread(loaded, tmp_path, port)
        text = file.read_text().replace("put-scan: {profile: scanner-plain", "put-scan: {profile: scale-sics")
        file.write_text(
            text.replace("tcp-listen://127.0.0.1:9002", f"tcp://localhost:{port}").replace(
                "{point: put-1, scanner: put-scan}", "{point: put-1, scale: put-scan}"
            )
        )
        site, profiles = await asyncio.to_thread(load, file, {})
        alone = site.model_copy(update={"devices": {"put-scan": site.devices[DeviceId("put-scan")]}})
        found, _broker = await probe_site(alone, profiles)
        assert found == Found("put-scan", True, f"scale, ready at tcp://localhost:{port}")
        with pytest.raises(ConfigurationError, match=r"no such scanner .* use one of tote-scan, item-scan"):
            await probe_scan(site, profiles, DeviceId("put-scan"), 1)


def test_the_command_tells_how_to_print_the_code_and_fails_where_the_scanner_does(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    file, *_ = loaded(tmp_path, unused_tcp_port)
    result = CliRunner().invoke(app, ["check", str(file), "--scan", "item-scan", "--wait", "1"])
    assert result.exit_code == 1
    assert KNOWN_CODE_TEXT in result.stdout
    assert "zint --barcode=DATAMATRIX --gs1" in result.stdout
    assert "scan it once at item-scan, within 1 s" in result.stdout
    assert "FAIL item-scan: " in result.stdout
