"""Faults armed by scenario and by hand while a scene runs: the work goes on and the ledgers agree."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_agent.cli import app
from edge_agent.site_file import load
from simulators.control import ControlClient
from simulators.demo.addresses import relocate
from simulators.demo.scene import Scene
from simulators.faults import Fault
from simulators.serve import serve
from tests.e2e.conftest import Play
from tests.e2e.scenes import CONFIG, DEMO, DEMO_MODBUS, consistent_end, told, until
from tests.e2e.test_command_line import edge_agent

SCENARIOS = CONFIG / "scenarios"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Path]:
    """The control socket of the demo site, which stands still."""
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    site, profiles = load(DEMO, relocate(load(DEMO, {})[0], tmp_path, 0))
    work = serve(
        site, profiles, ledger=tmp_path / "world.jsonl", faults=(), seed=1, speed=1.0,
        control=tmp_path / "control", ready=ready.set, stop=stop,
    )  # fmt: skip
    thread = threading.Thread(target=loop.run_until_complete, args=(work,))
    thread.start()
    assert ready.wait(30)
    yield tmp_path / "control"
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


def struck(scene: Scene) -> set[str]:
    """The faults that have struck so far."""
    lines = scene.world_ledger.read_bytes().split(b"\n")[:-1]
    return {line["fault"] for line in map(json.loads, lines) if line["kind"] == "fault"}


async def test_links_that_break_in_every_way_do_nothing_twice(play: Play) -> None:
    async with play(DEMO_MODBUS, tasks=2, seed=3, scenario=SCENARIOS / "bad-links.yaml") as scene:
        result = await consistent_end(scene)
        assert await asyncio.to_thread(struck, scene)
    assert result.moves.repeated == result.moves.lost == 0
    assert result.tasks.held == 0


async def test_machines_that_lose_and_misplace_loads_end_consistent_with_their_tasks_held(play: Play) -> None:
    async with play(tasks=3, seed=3) as scene:
        async with ControlClient(scene.control) as control:
            await control.arm("load_lost", count=1)
            await control.arm("wrong_point", count=1)
        result = await consistent_end(scene)
        assert {"load_lost", "wrong_point"} <= await asyncio.to_thread(struck, scene)
    assert result.moves.repeated == result.moves.lost == 0


async def test_a_crane_that_nobody_resets_waits_and_goes_on_when_somebody_does(play: Play) -> None:
    async with play(tasks=2, seed=2) as scene, ControlClient(scene.control) as control:
        for crane in ("asrs-1", "asrs-2"):
            await control.arm("crane_fault", device=crane, reset_after_s=None)
        await until(lambda: "crane_fault" in struck(scene), "a crane stops")
        assert [fault["fault"] for fault in await control.armed()] in (["crane_fault"], [])
        await control.reset("asrs-1")
        await control.reset("asrs-2")
        for fault in await control.armed():
            await control.disarm(fault["number"])
        await control.reset("asrs-1")
        await control.reset("asrs-2")
        result = await consistent_end(scene)
    assert result.tasks.held == 0


async def test_a_device_that_is_switched_off_and_on_takes_up_its_work_again(play: Play) -> None:
    async with play(tasks=2, seed=2) as scene:
        await until(lambda: told(scene)["tote_retrieved"] > 0, "the work has begun")
        async with ControlClient(scene.control) as control:
            for device in ("asrs-1", "conveyor-1", "picker-1", "st1-item-scan"):
                await control.restart(device, down_s=0.5)
        result = await consistent_end(scene)
    assert result.moves.repeated == result.moves.lost == 0
    assert result.tasks.held == 0


def fault(control: Path, *arguments: str) -> tuple[int, str]:
    """`edge-agent fault` with these arguments: its exit code and what it printed."""
    done = CliRunner().invoke(app, ["fault", *arguments, "--control", str(control)])
    error = "" if done.exception is None or isinstance(done.exception, SystemExit) else str(done.exception)
    return done.exit_code, done.output + error


@pytest.mark.any_broker
def test_the_commands_arm_list_reset_and_ask_a_running_site(desk: Path) -> None:
    settings = ("device=asrs-2", "time_s=1e6", "duration_s=2")
    assert fault(desk, "arm", "hung", *settings) == (0, "armed as number 1\n")
    code, listed = fault(desk, "list")
    assert code == 0
    assert "1 hung device=asrs-2 time_s=1000000.0 duration_s=2.0" in listed
    assert fault(desk, "disarm", "1") == (0, "")
    assert fault(desk, "list") == (0, "")
    assert fault(desk, "reset", "asrs-1") == (0, "")
    assert fault(desk, "restart", "st1-item-scan", "--down-s", "0.1") == (0, "")
    assert "A0" in fault(desk, "where", "TOTE-0080")[1]
    assert fault(desk, "where", "TOTE-9999")[0] == 1
    code, said = fault(desk, "arm", "hang")
    assert code == 1
    assert "there is no fault 'hang': did you mean 'hung'?" in said
    assert "not key=value" in fault(desk, "arm", "busy", "count")[1]


@pytest.mark.any_broker
def test_the_catalogue_names_every_fault_in_a_line() -> None:
    done = edge_agent("fault", "catalogue")
    assert done.returncode == 0
    assert "half_open          The device vanishes without a word" in done.stdout
    assert len(done.stdout.splitlines()) == len(Fault)


@pytest.mark.any_broker
@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_a_scenario_that_is_wrong_is_told_with_its_line(command: str, tmp_path: Path) -> None:
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text("name: wrong\ndescription: x\nfaults:\n  - {fault: crane_falt}\n")
    arguments = ["--config", str(DEMO)] if command == "simulate" else []
    done = edge_agent(command, *arguments, "--scenario", str(scenario))
    assert done.returncode == 2
    assert f"{scenario}:4: faults.0: there is no fault 'crane_falt'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.any_broker
def test_a_control_socket_that_nobody_answers_on_is_named(tmp_path: Path) -> None:
    done = edge_agent("fault", "list", "--control", str(tmp_path / "none"))
    assert done.returncode == 1
    assert "no simulators answer there" in done.stderr
