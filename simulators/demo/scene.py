"""A scene: one site with its broker, simulators, agent and OMS, each a process, in a folder of its own."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from edge_agent.domain.site import Site
from simulators.audit import Audit, audit
from simulators.catalogue import build_stock
from simulators.demo.addresses import PREFIX, free_port, relocate
from simulators.demo.broker import SceneBroker, broker_for
from simulators.demo.processes import EDGE_AGENT, Child
from simulators.item_master import write_catalogue

BrokerFactory: TypeAlias = Callable[[int, Path], SceneBroker]


@dataclass(frozen=True)
class SceneOptions:
    """What is played. `speed` is simulated seconds in a real one."""

    site_file: Path
    tasks: int = 100
    seed: int = 1
    speed: float = 40.0
    faults: str = "none"
    scenario: Path | None = None
    """A file with further faults."""
    rate_per_h: float | None = None
    """Tasks in a real hour; None: as fast as they are picked."""
    cancel_rate: float = 0.0
    """The share of tasks that the OMS cancels, each after a while of its own."""
    extra_env: Mapping[str, str] = field(default_factory=dict)


class Scene:
    """Builds the processes; `start` and `stop` play the whole, the parts can be stopped one by one."""

    def __init__(
        self, site: Site, options: SceneOptions, folder: Path, broker: BrokerFactory = broker_for
    ) -> None:
        self.site = site
        self.options = options
        self.folder = folder
        self.port = free_port()
        self.broker = broker(self.port, folder)
        self.world_ledger = folder / "world.jsonl"
        self.oms_ledger = folder / "oms.jsonl"
        self.control = folder / "control"
        """The simulators' control socket."""
        self.env = relocate(site, folder, self.port) | {"EDGE_AGENT__BROKER__PROTOCOL": self.broker.protocol}
        self.catalogue = folder / "catalogue.yaml"
        self.env |= {f"{PREFIX}CATALOGUE__FILE": str(self.catalogue)} | dict(options.extra_env)
        config = ("--config", str(options.site_file))
        faults: tuple[str, ...] = (
            *("--faults", options.faults, "--seed", str(options.seed), "--speed", str(options.speed)),
            *("--control", str(self.control)),
        )
        if options.scenario is not None:
            faults += ("--scenario", str(options.scenario))
        self.simulators = self._child(
            "simulators", "simulate", *config, "--ledger", str(self.world_ledger), *faults
        )
        self.agent = self._child("agent", "run", *config, env=_as_fast(site, options.speed))
        self.oms = self._child(
            "oms",
            "oms",
            *config,
            *("--tasks", str(options.tasks), "--seed", str(options.seed)),
            *("--ledger", str(self.oms_ledger), "--cancel-rate", str(options.cancel_rate)),
            *(() if options.rate_per_h is None else ("--rate", str(options.rate_per_h))),
        )

    def _child(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> Child:
        return Child(name, (*EDGE_AGENT, *arguments), self.folder, {**(env or {}), **self.env})

    @property
    def processes(self) -> Sequence[Child]:
        return (self.oms, self.agent, self.simulators)

    async def start(self) -> None:
        """Broker first, the OMS last: by then everything that it talks to is ready."""
        await self.prepare()
        await self.broker.start()
        await self.simulators.start()
        await self.agent.start()
        await self.oms.start()

    async def prepare(self) -> None:
        """Write what the agent reads at its start: the item master of the stock."""

        def write() -> None:
            write_catalogue(build_stock(self.site, self.options.seed), self.catalogue)

        await asyncio.to_thread(write)

    async def stop(self) -> None:
        """Stop everything in the order in which nothing is lost. May be called more than once."""
        for child in self.processes:
            await child.stop()
        await self.broker.stop()

    def audit(self) -> Audit:
        """Compare what the OMS was told with what the world did."""
        return audit(self.oms_ledger, self.world_ledger)


def _as_fast(site: Site, speed: float) -> dict[str, str]:
    """The agent lives in real seconds: for it the machines are as fast as they are played."""
    times = {f"CYCLE_TIMES__{key}": value for key, value in site.cycle_times.model_dump().items()}
    policies = site.policies
    etas = {"eta_change_s": policies.eta_change_s, "eta_interval_s": policies.eta_interval_s}
    times |= {f"POLICIES__{key}": value for key, value in etas.items()}
    return {f"{PREFIX}{key.upper()}": str(value / speed) for key, value in times.items()}
