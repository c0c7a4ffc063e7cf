"""The main job on real wires, with things pulled out from under it."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.conftest import Play
from tests.e2e.scenes import CONFIG, DEMO, DEMO_MODBUS, DEMO_OPERATOR, consistent_end, told, until


@pytest.mark.parametrize("site_file", [DEMO, DEMO_MODBUS], ids=lambda path: path.stem)
async def test_typical_faults_end_consistent_on_either_handshake(play: Play, site_file: Path) -> None:
    async with play(site_file, tasks=8, faults="typical", seed=3) as scene:
        result = await consistent_end(scene)
    assert result.moves.repeated == result.moves.lost == 0
    assert result.verification.escaped == 0
    assert result.latency_ms.scan_to_confirmation.samples > 0


async def test_a_person_with_a_handheld_beside_two_robots_ends_consistent(play: Play) -> None:
    slips = CONFIG / "scenarios" / "operator.yaml"
    async with play(DEMO_OPERATOR, tasks=3, seed=2, scenario=slips) as scene:
        result = await consistent_end(scene)
    world = scene.world_ledger.read_text().splitlines()
    assert any('"unit_placed"' in line and '"picker-3"' in line for line in world)
    assert result.verification.escaped == 0
    assert result.verification.caught == result.verification.injected


async def test_every_kind_of_fault_at_ten_percent_ends_consistent(play: Play) -> None:
    async with play(tasks=8, faults="harsh", seed=5) as scene:
        result = await consistent_end(scene)
    assert result.verification.injected > 0
    assert result.verification.caught == result.verification.injected


async def test_an_agent_killed_and_started_again_ends_consistent(play: Play) -> None:
    async with play(tasks=8, faults="typical", seed=11) as scene:
        await until(lambda: told(scene)["inventory_changed"] >= 6, "some units are placed")
        await scene.agent.kill()
        assert (await asyncio.to_thread(told, scene))["task_completed"] < 8, (
            "it was killed too late to prove anything"
        )
        await scene.agent.start()
        result = await consistent_end(scene)
    assert result.moves.repeated == result.moves.lost == 0
    assert result.confirmations.missing == result.confirmations.wrong == 0


async def test_an_agent_killed_again_and_again_ends_consistent(play: Play) -> None:
    async with play(tasks=6, seed=12) as scene:
        for round_ in range(1, 3):
            await until(lambda n=round_: told(scene)["inventory_changed"] >= 4 * n, "more units are placed")
            await scene.agent.kill()
            await scene.agent.start()
        await consistent_end(scene)


async def test_a_broker_that_stops_in_mid_work_loses_nothing(play: Play) -> None:
    async with play(tasks=8, seed=13) as scene:
        await until(lambda: told(scene)["inventory_changed"] >= 5, "some units are placed")
        await scene.broker.stop()
        await asyncio.sleep(2.0)  # the outage itself: the agent goes on with the work in hand
        await scene.broker.start()
        await consistent_end(scene)


async def test_mqtt_3_1_1_carries_the_same_work(play: Play) -> None:
    env = {"EDGE_AGENT__BROKER__PROTOCOL": "3.1.1"}
    async with play(tasks=4, extra_env=env) as scene:
        await consistent_end(scene)
