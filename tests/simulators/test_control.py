"""The control socket: what can be asked, what is answered, and what is refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.profile import Profile
from edge_agent.domain.device import Mode
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from simulators.catalogue import Stock
from simulators.clock import SimClock
from simulators.control import LONGEST_PATH, ControlClient, ControlError, ControlServer
from simulators.fault_desk import FaultDesk
from simulators.injector import MachineInjector
from simulators.site import build_site
from tests.simulators.floor import Notes


@pytest.fixture
def desk(site: Site, profiles: dict[str, Profile], notes: Notes) -> FaultDesk:
    return build_site(site, profiles, record=notes, faults=(), seed=1, clock=SimClock(), epoch=1).faults


@pytest.fixture
async def path(desk: FaultDesk, tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "control"
    server = ControlServer(path, desk)
    await server.start()
    yield path
    await server.stop()
    await server.stop()
    assert not path.exists()


async def test_a_fault_is_armed_listed_and_disarmed(path: Path, desk: FaultDesk) -> None:
    async with ControlClient(path) as client:
        number = await client.arm("ack_late", device="asrs-1", count=3, delay_s=2.0)
        assert await client.armed() == [
            {
                "number": number,
                "left": 3,
                "fault": "ack_late",
                "device": "asrs-1",
                "count": 3,
                "delay_s": 2.0,
            }
        ]
        await client.disarm(number)
        assert await client.armed() == []
        assert desk.source.armed == {}


async def test_a_stopped_device_is_reset_by_its_operator(path: Path, desk: FaultDesk, notes: Notes) -> None:
    injector = desk.injector("asrs-1")
    assert isinstance(injector, MachineInjector)
    async with ControlClient(path) as client:
        await client.arm("crane_fault", time_s=0.0, reset_after_s=None)
        desk.step()
        assert injector._memory.mode is Mode.FAULTED
        await client.reset("asrs-1")
        assert injector._memory.mode is Mode.READY
    assert notes.of("operator_reset") == [{"device": "asrs-1"}]


async def test_a_device_is_restarted_with_its_memory_or_without(path: Path, desk: FaultDesk) -> None:
    injector = desk.injector("conveyor-1")
    assert isinstance(injector, MachineInjector)
    async with ControlClient(path) as client:
        await client.restart("conveyor-1", down_s=0.1)
        assert injector._memory.epoch == 1
        await client.restart("conveyor-1", down_s=0.1, keep_memory=False)
        assert injector._memory.epoch == 2
        await client.restart("tote-scan", down_s=0.1)


async def test_the_truth_about_a_load_and_a_unit_can_be_asked(path: Path, stock: Stock) -> None:
    tote, unit = stock.totes[0], stock.units[0]
    async with ControlClient(path) as client:
        assert await client.where(tote.lpn) == tote.location
        assert await client.where(unit.unit_id) == unit.tote
        assert await client.where("TOTE-9999") is None


async def test_what_cannot_be_done_is_refused_with_the_reason(path: Path) -> None:
    async with ControlClient(path) as client:
        with pytest.raises(ControlError, match="did you mean 'crane_fault'"):
            await client.arm("crane_falt")
        with pytest.raises(ControlError, match="delay_s: Input should be less than or equal to 10"):
            await client.arm("ack_late", delay_s=20)
        with pytest.raises(ControlError, match="jam: device 'asrs-1': it cannot happen there"):
            await client.arm("jam", device="asrs-1")
        with pytest.raises(ControlError, match="no fault 7 is armed"):
            await client.disarm(7)
        with pytest.raises(ControlError, match="no device 'crane': the devices are asrs-1, conveyor-1"):
            await client.reset("crane")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"not JSON\n", "not understood"),
        (b"[]\n", "no request; 'do' is one of arm, disarm"),
        (b"{}\n", "no request"),
        (b'{"do": "explode"}\n', "no request"),
        (b'{"do": "reset"}\n', "'device' is missing"),
        (b'{"do": "disarm", "number": "x"}\n', "not understood"),
    ],
)
async def test_a_line_that_is_no_request_is_answered_with_what_is_wrong(
    path: Path, line: bytes, complaint: str
) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line + b'{"do": "list"}\n')
    answers = [json.loads(await reader.readline()) for _ in range(2)]
    writer.close()
    await writer.wait_closed()
    assert answers[0]["ok"] is False
    assert complaint in answers[0]["error"]
    assert answers[1] == {"ok": True, "armed": []}


async def test_a_client_without_simulators_says_so(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="no simulators answer there"):
        async with ControlClient(tmp_path / "nothing"):
            pass
    with pytest.raises(ControlError, match="not connected"):
        await ControlClient(tmp_path / "nothing").armed()


async def test_a_socket_that_a_killed_run_left_is_replaced_and_a_file_is_not(
    desk: FaultDesk, tmp_path: Path
) -> None:
    left = tmp_path / "left"
    killed = await asyncio.start_unix_server(lambda _reader, _writer: None, left)
    killed.close()
    await killed.wait_closed()
    server = ControlServer(left, desk)
    await server.start()
    await server.stop()
    file = tmp_path / "file"
    file.write_text("keep me")
    with pytest.raises(ConfigurationError, match="no control socket can be made there"):
        await ControlServer(file, desk).start()
    assert file.read_text() == "keep me"
    with pytest.raises(ConfigurationError, match=f"longer than {LONGEST_PATH} bytes"):
        await ControlServer(tmp_path / ("x" * LONGEST_PATH), desk).start()
