"""A whole simulated site in one process, on real sockets, from the start to a clean stop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua
from pymodbus.client import AsyncModbusTcpClient

from drivers.profile import Profile
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from simulators.catalogue import build_stock
from simulators.clock import SimClock
from simulators.faults import AnyFault
from simulators.faults.catalogue import ItemMissing
from simulators.ledger import Entry, read_ledger
from simulators.serve import serve
from simulators.site import build_site
from tests.ports import free_port
from tests.simulators.floor import DEADLINE_S, SITE, Notes, small_site, until

SEED = 3
FAST = 200.0


def addressed(**addresses: tuple[str, str]) -> dict[str, Any]:
    """The devices of the test site, some with another profile and address."""
    replaced = {
        name.replace("_", "-"): {"profile": profile, "address": address}
        for name, (profile, address) in addresses.items()
    }
    return {**SITE["devices"], **replaced}


@pytest.fixture
def live_site(tmp_path: Path) -> Site:
    port = free_port()
    return small_site(
        devices=addressed(
            asrs_1=("asrs-opcua", f"opc.tcp://127.0.0.1:{free_port()}/asrs-1"),
            conveyor_1=("conveyor-modbus", f"modbus://127.0.0.1:{port}/2"),
            picker_1=("picker-modbus", f"modbus://127.0.0.1:{port}/3"),
            tote_scan=("scanner-plain", f"tcp://127.0.0.1:{free_port()}"),
            item_scan=("scanner-plain", f"tcp-listen://127.0.0.1:{free_port()}"),
            put_scan=("scanner-plain", f"serial://{tmp_path}/put-scan"),
        )
    )


@asynccontextmanager
async def running(site: Site, profiles: Mapping[str, Profile], ledger: Path) -> AsyncIterator[None]:
    ready, stop = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(
            serve(
                site,
                profiles,
                ledger=ledger,
                faults=(),
                seed=SEED,
                speed=FAST,
                ready=ready.set,
                stop=stop,
            ),
            name="simulators",
        )
        async with asyncio.timeout(DEADLINE_S):
            await ready.wait()
        try:
            yield
        finally:
            stop.set()


async def wait_for(ledger: Path, wanted: Callable[[Entry], bool]) -> None:
    await until(lambda: any(wanted(entry) for entry in read_ledger(ledger)))


async def test_a_tote_travels_from_storage_past_its_scanner_and_the_ledger_tells_it(
    live_site: Site, profiles: dict[str, Profile], tmp_path: Path
) -> None:
    ledger = tmp_path / "world.jsonl"
    stock = build_stock(live_site, SEED)
    tote = stock.totes[0]
    before = asyncio.all_tasks()
    async with running(live_site, profiles, ledger):
        await retrieve(live_site, tote.lpn, tote.location)
        await wait_for(ledger, lambda entry: entry.kind == "command_ended" and entry.facts["command"] == 1)
        await transfer(live_site, tote.lpn)
        await wait_for(ledger, lambda entry: entry.kind == "command_ended" and entry.facts["command"] == 2)
        assert await scan(live_site) == b"]C0" + tote.lpn.encode() + b"\r\n"
    assert asyncio.all_tasks() == before
    assert not (tmp_path / "put-scan").is_symlink()

    entries = list(read_ledger(ledger))
    kinds = [entry.kind for entry in entries]
    assert kinds.count("stock") == len(stock.units)
    story = [kind for kind in kinds if kind not in ("load", "stock", "stock_end")]
    journey = ["command", "load_moved", "load_moved", "command_ended"]
    assert story == [*journey, *journey, "scanned"]
    ends = [entry.facts for entry in entries if entry.kind == "stock_end"]
    assert len(ends) == len(stock.units) + len(stock.totes)
    assert {"load": tote.lpn, "place": "tote"} in ends


async def retrieve(site: Site, load: str, location: str) -> None:
    async with Client(site.devices["asrs-1"].address) as client:
        index = await client.get_namespace_index("urn:edge-agent:asrs")
        device = await client.nodes.objects.get_child(f"{index}:Asrs")
        command = ua.Variant(1, ua.VariantType.UInt32)
        assert await device.call_method(f"{index}:Retrieve", command, load, location, "out") == [0, ""]


async def transfer(site: Site, load: str) -> None:
    port = int(site.devices["conveyor-1"].address.split(":")[-1].split("/")[0])
    client = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0)
    assert await client.connect()
    words = [word.encode().ljust(16, b"\0") for word in (load, "out", "tote")]
    texts = [word[at] << 8 | word[at + 1] for word in words for at in range(0, 16, 2)]
    assert not (await client.write_registers(0, [1, *texts, 0, 2], device_id=2)).isError()
    client.close()


async def scan(site: Site) -> bytes:
    port = int(site.devices["tote-scan"].address.split(":")[-1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"TRG\r\n")
    async with asyncio.timeout(DEADLINE_S):
        frame = await reader.readuntil(b"\r\n")
    writer.close()
    await writer.wait_closed()
    return frame


async def test_a_ledger_of_another_run_is_not_added_to(
    site: Site, profiles: dict[str, Profile], tmp_path: Path
) -> None:
    ledger = tmp_path / "world.jsonl"
    ledger.write_text("{}\n")
    stop = asyncio.Event()
    with pytest.raises(ConfigurationError, match="this ledger tells of another run"):
        await serve(site, profiles, ledger=ledger, faults=(), seed=1, speed=1.0, stop=stop)
    assert ledger.read_text() == "{}\n"


async def test_a_taken_address_stops_the_start_and_leaves_nothing_behind(
    profiles: dict[str, Profile], tmp_path: Path
) -> None:
    taken = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    devices = addressed(put_scan=("scanner-plain", f"tcp://127.0.0.1:{port}"))
    before = asyncio.all_tasks()
    with pytest.raises(ConfigurationError, match=f"tcp://127.0.0.1:{port}: cannot listen there"):
        await serve(
            small_site(devices=devices),
            profiles,
            ledger=tmp_path / "world.jsonl",
            faults=(),
            seed=1,
            speed=1.0,
            stop=asyncio.Event(),
        )
    assert asyncio.all_tasks() == before
    taken.close()
    await taken.wait_closed()


def build(site: Site, profiles: Mapping[str, Profile], notes: Notes, *armed: AnyFault) -> None:
    build_site(site, profiles, record=notes, faults=armed, seed=SEED, clock=SimClock(), epoch=1)


def test_missing_units_are_in_the_stock_record_and_not_in_the_world(
    site: Site, profiles: dict[str, Profile], notes: Notes
) -> None:
    build(site, profiles, notes, ItemMissing(rate=0.5))
    recorded = {unit.unit_id for unit in build_stock(site, SEED).units}
    missing = {unit for fault in notes.of("fault") for unit in fault["units"]}
    there = {line["unit"] for line in notes.of("stock")}
    assert missing
    assert missing | there == recorded
    assert not missing & there
    assert {fault["device"] for fault in notes.of("fault")} == {"asrs-1"}


@pytest.mark.parametrize(
    ("device", "profile", "address", "complaint"),
    [
        ("spare_scan", "scanner-plain", "tcp://127.0.0.1:1", "devices.spare-scan: nothing in 'stations'"),
        ("spare", "asrs-modbus", "modbus://127.0.0.1:1/1", "devices.spare: nothing in 'storage'"),
        ("spare", "conveyor-modbus", "modbus://127.0.0.1:1/1", "devices.spare: nothing in 'conveyor'"),
        ("spare", "picker-modbus", "modbus://127.0.0.1:1/1", "devices.spare: nothing in 'stations'"),
        ("asrs_1", "asrs-modbus", "opc.tcp://127.0.0.1:1/x", "asrs-modbus needs an address modbus://"),
        ("asrs_1", "asrs-opcua", "modbus://127.0.0.1:1/1", "asrs-opcua needs an address opc.tcp://"),
        ("tote_scan", "scanner-plain", "modbus://127.0.0.1:1/1", "a scanner needs tcp://host:port"),
        ("asrs_1", "asrs-telex", "modbus://127.0.0.1:1/1", "devices.asrs-1: no profile 'asrs-telex'"),
    ],
)
def test_a_site_that_cannot_be_simulated_is_an_error_that_says_why(
    profiles: dict[str, Profile], notes: Notes, device: str, profile: str, address: str, complaint: str
) -> None:
    site = small_site(devices=addressed(**{device: (profile, address)}))
    with pytest.raises(ConfigurationError, match=complaint):
        build(site, profiles, notes)


def test_a_family_that_the_simulators_do_not_have_is_an_error(
    site: Site, profiles: dict[str, Profile], notes: Notes
) -> None:
    shuttle = profiles["asrs-modbus"].model_copy(update={"family": "shuttle"})
    with pytest.raises(ConfigurationError, match="the simulators have no family 'shuttle'"):
        build(site, {**profiles, "asrs-modbus": shuttle}, notes)
