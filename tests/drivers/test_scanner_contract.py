"""What every scanner promises to the runtime, over each transport to a real far end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from edge_agent.domain.device import DeviceStatus, Mode, ScanFailed, ScanRead
from edge_agent.errors import LinkLostError
from tests.drivers.scanner_rigs import TRANSPORTS, ScannerRig, make_rig
from tests.drivers.waiting import following, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

GS1_CODE = b"]d2010400638133393110Lot-a7\x1d21Ser-B9"


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=TRANSPORTS)
async def standing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ScannerRig]:
    """One device for the whole module: an OPC UA server takes its time to start."""
    folder: Path = tmp_path_factory.mktemp("scanner")
    rig = make_rig(request.param, folder)
    await rig.plug_in()
    yield rig
    await rig.close()


@pytest_asyncio.fixture(loop_scope="module")
async def rig(standing: ScannerRig) -> AsyncIterator[ScannerRig]:
    standing.told.clear()
    yield standing
    await standing.scanner.close()


async def test_connecting_tells_that_the_link_is_up(rig: ScannerRig) -> None:
    assert await rig.scanner.connect() == DeviceStatus(Mode.READY)


async def test_a_code_comes_as_it_was_read_with_its_aim_identifier_and_its_separators(
    rig: ScannerRig,
) -> None:
    await rig.scanner.connect()
    await rig.send(GS1_CODE)
    assert await following(rig.scanner.observations()) == ScanRead(GS1_CODE)


async def test_a_scanner_that_could_not_read_says_so(rig: ScannerRig) -> None:
    await rig.scanner.connect()
    await rig.send(None)
    await rig.send(b"]C0TOTE-0001")
    observations = rig.scanner.observations()
    assert await following(observations) == ScanFailed()
    assert await following(observations) == ScanRead(b"]C0TOTE-0001")


async def test_a_hundred_scans_in_a_row_all_arrive_in_their_order(rig: ScannerRig) -> None:
    await rig.scanner.connect()
    codes = [b"]C0TOTE-%04d" % number for number in range(100)]

    async def scan() -> None:
        for code in codes:
            await rig.send(code)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(scan())
        observations = rig.scanner.observations()
        assert [await following(observations) for _ in codes] == [ScanRead(code) for code in codes]


async def test_triggers_and_verdicts_reach_a_scanner_that_takes_commands(rig: ScannerRig) -> None:
    await rig.scanner.connect()
    await rig.scanner.trigger()
    await rig.scanner.feedback(True)
    await rig.scanner.feedback(False)
    if rig.takes_commands:

        def triggered() -> bool:
            rig.listen()
            return rig.told.startswith(b"TRG\r\n")

        await until(triggered)


async def test_pulling_the_device_out_ends_the_observations_and_it_may_come_again(rig: ScannerRig) -> None:
    await rig.scanner.connect()
    waiting = asyncio.ensure_future(following(rig.scanner.observations()))
    await asyncio.sleep(0)
    await rig.pull_out()
    with pytest.raises(LinkLostError, match="scan-1"):
        await waiting
    await rig.plug_in()
    await rig.scanner.connect()
    await rig.send(b"]C0TOTE-0002")
    assert await following(rig.scanner.observations()) == ScanRead(b"]C0TOTE-0002")


async def test_half_a_code_is_not_joined_to_the_next_connections(rig: ScannerRig) -> None:
    if not rig.cuts_frames:
        pytest.skip("its codes come whole")
    await rig.scanner.connect()
    observations = rig.scanner.observations()
    await rig.send(b"]C0TOTE-0001")
    await rig.send_part(b"]C0TOTE-00")
    assert await following(observations) == ScanRead(b"]C0TOTE-0001")
    waiting = asyncio.ensure_future(following(observations))
    await asyncio.sleep(0.01)
    await rig.pull_out()
    with pytest.raises(LinkLostError):
        await waiting
    await rig.plug_in()
    await rig.scanner.connect()
    await rig.send(b"]C0TOTE-0003")
    assert await following(rig.scanner.observations()) == ScanRead(b"]C0TOTE-0003")


async def test_a_device_that_is_not_there_is_a_lost_link(
    rig: ScannerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.links.stream.LISTEN_LIMIT_S", 0.1)
    await rig.pull_out()
    with pytest.raises(LinkLostError, match="scan-1"):
        await rig.scanner.connect()
    await rig.plug_in()


async def test_closing_ends_the_observations_and_may_be_repeated(rig: ScannerRig) -> None:
    await rig.scanner.connect()
    waiting = asyncio.ensure_future(following(rig.scanner.observations()))
    await asyncio.sleep(0.01)
    await rig.scanner.close()
    with pytest.raises(LinkLostError):
        await waiting
    await rig.scanner.close()
    if rig.takes_commands:
        with pytest.raises(LinkLostError):
            await rig.scanner.trigger()
