"""An agent that is stopped, hurried and drained while real machines move."""

import asyncio
import os
import signal
from collections import Counter

from simulators.demo.scene import Scene
from tests.e2e.conftest import Play
from tests.e2e.scenes import audited, consistent_end, over, told, until


async def test_a_stopped_agent_says_offline_ends_with_code_0_and_goes_on_later(play: Play) -> None:
    async with play(tasks=6, seed=14) as scene:
        await until(lambda: told(scene)["inventory_changed"] >= 4, "some units are placed")
        assert await scene.agent.stop() == 0
        await scene.agent.start()
        await over(scene)
        result = await audited(scene)
    assert result.problems == ()


async def test_a_stop_waits_for_the_moves_under_way_and_orders_nothing_new(play: Play) -> None:
    async with play(tasks=6, seed=15, speed=20.0) as scene:
        await until(lambda: told(scene)["inventory_changed"] >= 1, "a unit is placed")
        assert await scene.agent.stop() == 0
        log = scene.agent.log.read_text()
        assert "stopped_while_moving" not in log
        await scene.agent.start()
        await consistent_end(scene)


async def test_a_second_signal_hurries_and_what_was_open_is_reconciled_later(play: Play) -> None:
    async with play(tasks=4, seed=16, speed=5.0) as scene:
        await until(lambda: told(scene)["task_started"] >= 2, "tasks have started")
        os.kill(scene.agent.pid, signal.SIGTERM)
        await until(lambda: '"stopping"' in scene.agent.log.read_text(), "it has begun to stop")
        os.kill(scene.agent.pid, signal.SIGTERM)
        assert await scene.agent.wait() == 0
        assert "stopped_while_moving" in scene.agent.log.read_text()


def told_of_work(scene: Scene) -> Counter[str]:
    """What was told, without the ETAs: they move while work waits."""
    return Counter({name: count for name, count in told(scene).items() if name != "eta_changed"})


async def test_draining_on_request_orders_nothing_until_it_is_ended(play: Play) -> None:
    async with play(tasks=5, seed=17) as scene:
        await until(lambda: told(scene)["inventory_changed"] >= 2, "units are placed")
        os.kill(scene.agent.pid, signal.SIGUSR1)
        await asyncio.sleep(2.0)  # what was under way ends meanwhile
        before = await asyncio.to_thread(told_of_work, scene)
        await asyncio.sleep(1.0)
        assert (await asyncio.to_thread(told_of_work, scene)) == before
        os.kill(scene.agent.pid, signal.SIGUSR1)
        await consistent_end(scene)
