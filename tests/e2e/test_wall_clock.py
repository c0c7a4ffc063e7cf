"""The whole agent at real devices and a real broker, while its wall clock is set."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_agent.adapters.clock import SystemClock
from edge_agent.adapters.journal_reader import JournalReader
from edge_agent.adapters.time_sync import kernel_clock_sync
from edge_agent.app import Agent, Signals
from edge_agent.domain import events as ev
from edge_agent.runtime import clock_watch
from edge_agent.site_file import load
from simulators.audit import audit
from simulators.demo.broker import broker_for
from simulators.demo.scene import Scene, SceneOptions
from tests.broker import listening
from tests.e2e.scenes import DEMO_MODBUS, events, over, told, until
from tests.stepped_clock import SteppedWall

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TASKS = 2


@asynccontextmanager
async def agent_in_here(scene: Scene, wall: SteppedWall) -> AsyncIterator[None]:
    """The scene's agent as a task of this process, so that its clock can be set."""
    site, profiles = await asyncio.to_thread(load, scene.options.site_file, scene.env)
    agent, signals = Agent(site, profiles, SystemClock(wall)), Signals()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(agent.run(signals), name="agent")
        try:
            yield
        finally:
            signals.stop.set()
            signals.hurry.set()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    site, _ = await asyncio.to_thread(load, DEMO_MODBUS, {})
    scene = Scene(site, SceneOptions(DEMO_MODBUS, tasks=TASKS, speed=200.0), tmp_path, broker_for)
    try:
        await scene.broker.start()
        await scene.simulators.start()
        yield scene
    finally:
        await scene.stop()


def steps_taken_out(ledger: Path) -> Path:
    """The OMS's ledger with the time stamps that an agent whose clock nobody sets would have given."""
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    for line in lines:
        if line["kind"] == "event":
            event = line["event"]
            time = datetime.fromisoformat(event["time"])
            off_h = round((time.timestamp() - line["t"]) / 3600)
            event["time"] = (time - timedelta(hours=off_h)).isoformat()
    corrected = ledger.with_name("oms-corrected.jsonl")
    corrected.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return corrected


async def test_work_goes_on_through_a_clock_that_is_set_and_the_steps_are_told(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_watch, "CHECK_S", 0.05)
    wall = SteppedWall()
    with capture_logs() as logs:
        async with listening(scene.port, "warehouse/#") as listener, agent_in_here(scene, wall):
            await scene.oms.start()
            await until(lambda: told(scene)["inventory_changed"] >= 1, "a unit is placed")
            wall.step(HOUR)
            await until(lambda: told(scene)["inventory_changed"] >= 3, "more units are placed")
            wall.step(-DAY)
            await over(scene)
            states = [m.json for m in listener.messages if m.topic.endswith("/agent/state")]
        await scene.stop()
    result = await asyncio.to_thread(audit, steps_taken_out(scene.oms_ledger), scene.world_ledger)
    assert result.problems == ()
    assert result.tasks.completed + result.tasks.short == TASKS
    assert states[-1]["clock"] == kernel_clock_sync().value
    times = [datetime.fromisoformat(event["time"]) for event in events(scene)]
    gaps_s = [(after - before).total_seconds() for before, after in pairwise(times)]
    assert max(gaps_s) == pytest.approx(HOUR.total_seconds(), abs=60)
    assert min(gaps_s) == pytest.approx(-DAY.total_seconds(), abs=60)
    steps_s = [entry["step_s"] for entry in logs if entry["event"] == "clock_stepped"]
    assert steps_s == [pytest.approx(3600, abs=1), pytest.approx(-86_400, abs=1)]
    with JournalReader(f"sqlite:///{tmp_path}/journal.db") as reader:
        recorded = [record.event for record in reader.records()]
    assert [e.step_s for e in recorded if isinstance(e, ev.ClockStepped)] == [
        pytest.approx(3600, abs=1),
        pytest.approx(-86_400, abs=1),
    ]
