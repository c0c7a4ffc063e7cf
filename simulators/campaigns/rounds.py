"""A campaign's rounds: a scene each, disturbed again and again until its tasks are done, then audited.

The judge is the audit of the world's and the OMS's own ledgers, never the agent's word.
"""

import asyncio
import shutil
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from edge_agent.domain.site import Site
from edge_agent.errors import EdgeAgentError
from simulators.campaigns.report import Report
from simulators.demo.processes import ChildFailedError
from simulators.demo.scene import Scene, SceneOptions

TASKS_A_ROUND = 60
ROUND_END_TIMEOUT_S = 300.0
BROKEN_ROUNDS = 3
"""After so many rounds that did not come to their end the campaign gives up."""

Cycle: TypeAlias = Callable[[Scene], Awaitable[bool]]
"""One disturbance of a scene in which broker, simulators and OMS run; False where the OMS's end came first.
It leaves all three running."""


@dataclass(frozen=True)
class CampaignOptions:
    site_file: Path
    cycles: int
    seed: int
    speed: float = 30.0
    faults: str = "typical"
    tasks: int = TASKS_A_ROUND
    keep: bool = False
    """Keep the folders of consistent rounds too."""


class Campaign:
    """Plays rounds in a folder, a subfolder each, until all cycles are done."""

    def __init__(
        self,
        site: Site,
        options: CampaignOptions,
        folder: Path,
        report: Report,
        cycle: Cycle,
        on_change: Callable[[], None],
    ) -> None:
        """`report` is filled on the way; `on_change` is called after every cycle and round."""
        self._site = site
        self._options = options
        self._folder = folder
        self._report = report
        self._cycle = cycle
        self._on_change = on_change

    async def run(self) -> None:
        """All cycles. A round that does not come to its end is a problem in the report."""
        broken = 0
        while self._report.cycles < self._options.cycles and broken < BROKEN_ROUNDS:
            name = f"round {self._report.rounds + 1}"
            try:
                await self._round(name)
            except (EdgeAgentError, OSError) as error:
                broken += 1
                self._report.broke_off(name, error)
            self._on_change()

    async def _round(self, name: str) -> None:
        scene = self._scene(name)
        try:
            await scene.prepare()
            await scene.broker.start()
            await scene.simulators.start()
            await scene.oms.start()
            while scene.oms.running and self._report.cycles < self._options.cycles:
                self._report.cycles += await self._cycle(scene)
                self._on_change()
            await to_the_end(scene)
        finally:
            await scene.stop()
        audit = await asyncio.to_thread(scene.audit)
        self._report.add(name, scene, audit)
        if audit.consistent and not self._options.keep:
            shutil.rmtree(scene.folder, ignore_errors=True)

    def _scene(self, name: str) -> Scene:
        folder = self._folder / name.replace(" ", "-")
        folder.mkdir(parents=True)
        options = self._options
        seed = options.seed + self._report.rounds + 1
        played = SceneOptions(options.site_file, options.tasks, seed, options.speed, options.faults)
        return Scene(self._site, played, folder)


async def to_the_end(scene: Scene) -> None:
    """Start the agent where it was killed, and wait until every task has ended or is held.

    Raises `ChildFailedError` when that does not come, or a process fails.
    """
    if scene.agent.returncode in (None, -signal.SIGKILL) and not scene.agent.running:
        await scene.agent.start()
    scene.agent.must_run()
    if not await scene.oms.ended_within(ROUND_END_TIMEOUT_S):
        raise ChildFailedError(
            f"{scene.folder}: tasks neither ended nor held after {ROUND_END_TIMEOUT_S:.0f} s"
        )
    if scene.oms.returncode != 0:
        raise ChildFailedError(f"oms ended with code {scene.oms.returncode}{scene.oms.tail()}")
    for child in (scene.agent, scene.simulators):
        child.must_run()
