"""The crash campaign: kills the agent at random moments and at every named crash point, again and again.

A cycle is one life of the agent: it is started, and killed.
"""

import asyncio
import random
import signal

from edge_agent.crash_points import VARIABLE, CrashPoint
from simulators.campaigns.report import Report
from simulators.demo.processes import ChildFailedError
from simulators.demo.scene import Scene

AT_RANDOM = "agent killed at a random moment"
AT_A_POINT = "agent killed at a crash point"
SHORTEST_LIFE_S, LONGEST_LIFE_S = 0.3, 4.0
POINT_COMES_WITHIN_S = 10.0
"""An agent whose crash point has not come by then, or before the work ended, is killed all the same."""

PASSES = {
    CrashPoint.BEFORE_PUBACK: 3,
    CrashPoint.AFTER_PUBACK: 3,
}
"""At which pass at the latest a point kills; points on every turn are passed often, tasks come seldom."""
PASSES_ELSEWHERE = 25


class Kills:
    """Draws moments to kill at by seed, and keeps the points evenly hit."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._chance = random.Random(f"{report.seed}/kills")

    async def one_life(self, scene: Scene) -> bool:
        """Start the agent and kill it. Raises `ChildFailedError` where it ends in any other way."""
        agent, point = scene.agent, self._next_point()
        life_s = self._chance.uniform(SHORTEST_LIFE_S, LONGEST_LIFE_S)
        if point is not None:
            number = self._chance.randint(1, PASSES.get(point, PASSES_ELSEWHERE))
            agent.set_env(VARIABLE, f"{point.value}:{number}")
            life_s = POINT_COMES_WITHIN_S
        await agent.start(wait_ready=False)
        ended = await _ended_within(scene, life_s)
        await agent.kill()
        agent.set_env(VARIABLE, "")
        if agent.returncode != -signal.SIGKILL:
            raise ChildFailedError(f"agent ended with code {agent.returncode}{agent.tail()}")
        if ended and point is not None:
            self._report.crash_points[point.value] += 1
            self._report.done[AT_A_POINT] += 1
        else:
            self._report.done[AT_RANDOM] += 1
        return True

    def _next_point(self) -> CrashPoint | None:
        """A third of the kills come at random; the others at the point that was hit least."""
        if self._chance.random() < 1 / 3:
            return None
        hits = self._report.crash_points
        fewest = min(hits[point.value] for point in CrashPoint)
        return self._chance.choice([point for point in CrashPoint if hits[point.value] <= fewest + 1])


async def _ended_within(scene: Scene, seconds: float) -> bool:
    """Wait for the agent's end, no longer than that and than the OMS has work; whether it came."""
    ends = [asyncio.create_task(child.wait(), name=child.name) for child in (scene.agent, scene.oms)]
    await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    await asyncio.wait(ends)
    return not scene.agent.running
