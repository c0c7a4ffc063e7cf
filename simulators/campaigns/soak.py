"""The soak campaign: hours at a steady rate, to see whether anything grows.

One scene, one life of the agent. The simulators run many times faster than machines do, so an hour holds days
of warehouse work. The journal keeps minutes instead of weeks, and few ended tasks are remembered: what is
bounded by a setting has to reach its bound within the warm-up.
"""

import asyncio
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.domain.site import Site
from edge_agent.errors import EdgeAgentError
from simulators.audit import Audit, Lags, Latency, audit_with_lags
from simulators.audit_scans import Lag
from simulators.campaigns.rounds import ROUND_END_TIMEOUT_S
from simulators.campaigns.samples import OmsTail, Probe, Sample
from simulators.campaigns.trend import Trend, trend
from simulators.demo.processes import ChildFailedError
from simulators.demo.scene import Scene, SceneOptions

ENDED_TASKS = 500
"""So many ended tasks the agent remembers (`limits.ended_tasks`)."""
KEPT_DAYS = 0.002
"""So long events stay in the journal: three minutes (`journal.archive_after_days`)."""
SNAPSHOT_EVERY_EVENTS = 2000
WARM_UP_SHARE = 0.25
"""This much of the time is not judged, and no less than the agent needs to have `ENDED_TASKS` behind it."""
GROWTH_LIMITS: Mapping[str, float] = {
    "rss_mb": 4.0,
    "descriptors": 2.0,
    "threads": 1.0,
    "journal_mb": 2.0,
    "wal_mb": 2.0,
    "open_tasks": 20.0,
}
"""By how much a figure may grow in an hour, by the line through its samples after the warm-up."""
UNITS_A_TASK = 4.5
"""What a task asks for, on average and a little more."""
ITEMS_A_TOTE = 2


@dataclass(frozen=True)
class SoakOptions:
    site_file: Path
    hours: float
    rate_per_h: float
    """Tasks in a real hour."""
    seed: int = 1
    speed: float = 60.0
    faults: str = "typical"
    every_s: float = 10.0
    """Real seconds between two samples."""

    @property
    def tasks(self) -> int:
        return math.ceil(self.hours * self.rate_per_h)

    @property
    def warm_up_s(self) -> float:
        remembered_s = ENDED_TASKS / self.rate_per_h * 3600
        return max(self.hours * 3600 * WARM_UP_SHARE, remembered_s)


@dataclass
class SoakReport:
    """What was seen of the agent, and what the audit found."""

    seed: int
    hours: float
    rate_per_h: float
    speed: float
    warm_up_s: float
    samples: list[Sample] = field(default_factory=list)
    audit: Audit | None = None
    """None where the run broke off."""
    problems: list[str] = field(default_factory=list)

    @property
    def trends(self) -> list[Trend]:
        """How each limited figure went after the warm-up; none without samples from then."""
        judged = [sample for sample in self.samples if sample.t_s >= self.warm_up_s]
        return [
            trend(figure, [(sample.t_s, getattr(sample, figure)) for sample in judged], limit)
            for figure, limit in GROWTH_LIMITS.items()
            if judged
        ]

    @property
    def holds(self) -> bool:
        """Everything that is judged is as it must be."""
        trends = self.trends
        return not self.problems and bool(trends) and all(one.holds for one in trends)

    def to_json(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in ("seed", "hours", "rate_per_h", "speed", "warm_up_s")}
        trends = [one.to_json() for one in self.trends]
        audit = self.audit.to_json() if self.audit else None
        return plain | {"trends": trends, "audit": audit, "problems": self.problems, "holds": self.holds}


class Soak:
    """Runs the campaign in a folder; `samples.jsonl` in it grows on the way."""

    def __init__(
        self,
        site: Site,
        options: SoakOptions,
        folder: Path,
        report: SoakReport,
        on_sample: Callable[[], None],
    ) -> None:
        self._options = options
        self._report = report
        self._on_sample = on_sample
        self._file = folder / "samples.jsonl"
        self._scene = Scene(site, _scene_options(site, options), folder)

    async def run(self) -> None:
        """Play it. What breaks off is a problem in the report, and what was seen until then stays."""
        scene = self._scene
        try:
            await scene.start()
            await self._watch()
        except (EdgeAgentError, OSError) as error:
            self._report.problems.append(str(error))
        finally:
            await scene.stop()
        if not self._report.problems:
            audit, lags = await asyncio.to_thread(audit_with_lags, scene.oms_ledger, scene.world_ledger)
            self._report.audit = audit
            self._report.problems += audit.problems
            self._report.samples = with_latencies(self._report.samples, lags)
            _write(self._file, self._report.samples)

    async def _watch(self) -> None:
        scene = self._scene
        probe, tail = Probe(scene.agent.pid, scene.folder / "journal.db"), OmsTail(scene.oms_ledger)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        last_s = began_s + self._options.hours * 3600 + ROUND_END_TIMEOUT_S
        while not await scene.oms.ended_within(self._options.every_s):
            scene.agent.must_run()
            sample = await asyncio.to_thread(probe.sample, tail, loop.time() - began_s)
            self._report.samples.append(sample)
            _write(self._file, [sample], "a")
            self._on_sample()
            if loop.time() > last_s:
                raise ChildFailedError(f"{scene.folder}: the work did not end in time: the cell is too slow")
        if scene.oms.returncode != 0:
            raise ChildFailedError(f"oms ended with code {scene.oms.returncode}{scene.oms.tail()}")


def _scene_options(site: Site, options: SoakOptions) -> SceneOptions:
    units = math.ceil(options.tasks * UNITS_A_TASK / (site.simulation.totes * ITEMS_A_TOTE))
    env = {
        "EDGE_AGENT__SIMULATION__UNITS_PER_SKU_IN_TOTE": max(units, site.simulation.units_per_sku_in_tote),
        "EDGE_AGENT__LIMITS__ENDED_TASKS": ENDED_TASKS,
        "EDGE_AGENT__JOURNAL__ARCHIVE_AFTER_DAYS": KEPT_DAYS,
        "EDGE_AGENT__JOURNAL__SNAPSHOT_EVERY_EVENTS": SNAPSHOT_EVERY_EVENTS,
    }
    return SceneOptions(
        options.site_file,
        options.tasks,
        options.seed,
        options.speed,
        options.faults,
        rate_per_h=options.rate_per_h,
        extra_env={name: str(value) for name, value in env.items()},
    )


def with_latencies(samples: Sequence[Sample], lags: Lags) -> list[Sample]:
    """The samples, each with the latencies of the time since the one before it."""
    ends_t = [sample.t for sample in samples]
    commands = _by_time(ends_t, lags.task_to_first_command)
    scans = _by_time(ends_t, lags.scan_to_confirmation)
    return [
        sample.with_latencies(Latency.of(commands[number]).p99, Latency.of(scans[number]).p99)
        for number, sample in enumerate(samples)
    ]


def _by_time(ends_t: Sequence[float], lags: Iterable[Lag]) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in ends_t]
    ordered = iter(sorted(lags))
    lag = next(ordered, None)
    for number, end_t in enumerate(ends_t):
        while lag is not None and lag.t <= end_t:
            found[number].append(lag.seconds)
            lag = next(ordered, None)
    return found


def _write(file: Path, samples: Iterable[Sample], mode: str = "w") -> None:
    with file.open(mode, encoding="utf-8") as lines:
        lines.writelines(json.dumps(sample.to_json()) + "\n" for sample in samples)
