"""The crash campaign: kills the agent at random moments and at every named crash point, again and again.

A cycle is one life of the agent: started, killed, and so on until the tasks of a round are done; then the
round's ledgers are audited and the next round begins with a fresh world. The judge is the audit of the
world's and the OMS's own ledgers, never the agent's word.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.crash_points import VARIABLE, CrashPoint
from edge_agent.domain.site import Site
from simulators.audit import Audit
from simulators.demo.processes import ChildFailedError
from simulators.demo.scene import Scene, SceneOptions

TASKS_A_ROUND = 60
LONGEST_LIFE_S = 4.0
"""An agent whose crash point has not come by then is killed all the same."""
ROUND_END_TIMEOUT_S = 300.0

PASSES = {
    CrashPoint.BEFORE_PUBACK: 3,
    CrashPoint.AFTER_PUBACK: 3,
}
"""At which pass at the latest a point kills; points on every turn are passed often, tasks come seldom."""
PASSES_ELSEWHERE = 25


@dataclass(frozen=True)
class ChaosOptions:
    site_file: Path
    cycles: int
    seed: int
    speed: float = 30.0
    faults: str = "typical"
    tasks: int = TASKS_A_ROUND


@dataclass
class ChaosReport:
    """What the campaign did and what the audits found."""

    seed: int
    cycles: int = 0
    rounds: int = 0
    random_kills: int = 0
    crash_points: Counter[str] = field(default_factory=Counter)
    """How often each point has killed the agent."""
    reconciled: Counter[str] = field(default_factory=Counter)
    """What the devices answered about the commands that were in doubt."""
    totals: Counter[str] = field(default_factory=Counter)
    """Figures of all audits, added up; keys as in the demo's JSON, `group.figure`."""
    problems: list[str] = field(default_factory=list)

    @property
    def consistent(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        plain = {name: dict(f) if isinstance(f, Counter) else f for name, f in vars(self).items()}
        return plain | {"consistent": self.consistent}

    def add(self, round_: int, audit: Audit, log: Path) -> None:
        """Take in the end of a round."""
        self.rounds += 1
        result = audit.to_json()
        for group in ("tasks", "units", "moves", "verification", "confirmations"):
            self.totals.update({f"{group}.{name}": value for name, value in result[group].items()})
        self.problems += [f"round {round_}: {problem}" for problem in audit.problems]
        self.reconciled.update(_reconciled(log))


def _reconciled(log: Path) -> Counter[str]:
    answers: Counter[str] = Counter()
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if '"command_reconciled"' in line:
                answers[json.loads(line)["answer"]] += 1
    return answers


class Chaos:
    """Runs the campaign in a folder, a subfolder for each round."""

    def __init__(
        self, site: Site, options: ChaosOptions, folder: Path, on_cycle: Callable[[ChaosReport], None]
    ) -> None:
        self._site = site
        self._options = options
        self._folder = folder
        self._on_cycle = on_cycle
        self._chance = random.Random(f"{options.seed}/chaos")
        self.report = ChaosReport(options.seed)

    async def run(self) -> ChaosReport:
        """All cycles. Raises `ChildFailedError` when a round does not come to its end."""
        while self.report.cycles < self._options.cycles:
            await self._round(self.report.rounds + 1)
        return self.report

    async def _round(self, number: int) -> None:
        folder = self._folder / f"round-{number}"
        folder.mkdir(parents=True)
        options = self._options
        scene = Scene(
            self._site,
            SceneOptions(
                options.site_file, options.tasks, options.seed + number, options.speed, options.faults
            ),
            folder,
        )
        try:
            await scene.broker.start()
            await scene.simulators.start()
            await scene.oms.start()
            while scene.oms.running and self.report.cycles < options.cycles:
                await self._cycle(scene)
            await self._to_the_end(scene)
        finally:
            await scene.stop()
        self.report.add(number, await asyncio.to_thread(scene.audit), scene.agent.log)
        self._on_cycle(self.report)

    async def _cycle(self, scene: Scene) -> None:
        point = self._next_point()
        life_s = self._chance.uniform(0.3, LONGEST_LIFE_S)
        if point is not None:
            number = self._chance.randint(1, PASSES.get(point, PASSES_ELSEWHERE))
            scene.agent.set_env(VARIABLE, f"{point.value}:{number}")
            life_s = LONGEST_LIFE_S
        await scene.agent.start(wait_ready=False)
        ended = await scene.agent.ended_within(life_s)
        await scene.agent.kill()
        scene.agent.set_env(VARIABLE, "")
        if ended and scene.agent.returncode != -9:
            raise ChildFailedError(f"agent ended with code {scene.agent.returncode}{scene.agent.tail()}")
        self.report.cycles += 1
        if ended and point is not None:
            self.report.crash_points[point.value] += 1
        else:
            self.report.random_kills += 1
        self._on_cycle(self.report)

    def _next_point(self) -> CrashPoint | None:
        """A third of the kills come at random; the others at the point that was hit least."""
        if self._chance.random() < 1 / 3:
            return None
        fewest = min(self.report.crash_points[point.value] for point in CrashPoint)
        return self._chance.choice([p for p in CrashPoint if self.report.crash_points[p.value] <= fewest + 1])

    async def _to_the_end(self, scene: Scene) -> None:
        await scene.agent.start()
        try:
            async with asyncio.timeout(ROUND_END_TIMEOUT_S):
                code = await scene.oms.wait()
        except TimeoutError:
            raise ChildFailedError(
                f"{scene.folder}: tasks neither ended nor held after {ROUND_END_TIMEOUT_S:.0f} s"
            ) from None
        if code != 0:
            raise ChildFailedError(f"oms ended with code {code}{scene.oms.tail()}")
