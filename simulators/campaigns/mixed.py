"""The mixed campaign: kills of the agent among everything else that happens on a warehouse floor."""

import random

from edge_agent.domain.site import Site
from simulators.campaigns.chaos import Kills
from simulators.campaigns.disturbances import plan
from simulators.campaigns.report import Report
from simulators.demo.scene import Scene

QUIET_S = (0.2, 1.5)
"""Between which the scene is left alone before a disturbance, so that now and then two are felt at once."""


class Mixture:
    """Strikes a scene with the disturbances of the plan, one a cycle."""

    def __init__(self, site: Site, report: Report) -> None:
        self._report = report
        self._chance = random.Random(f"{report.seed}/pauses")
        self._plan = plan(site, report.seed, Kills(report).one_life)

    async def strike(self, scene: Scene) -> bool:
        """Strike with the next one; False where the OMS has ended before.

        Raises `ChildFailedError` where a process ends that must not.
        """
        if scene.agent.returncode is None and not scene.agent.running:
            await scene.agent.start()  # the round begins
        if await scene.oms.ended_within(self._chance.uniform(*QUIET_S)):
            return False
        scene.agent.must_run()
        disturbance = next(self._plan)
        await disturbance.strike(scene)
        self._report.done[disturbance.name] += 1
        return True
