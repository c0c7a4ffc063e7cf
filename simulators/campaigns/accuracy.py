"""The accuracy campaign: many units with every kind of mistake injected; does any escape the agent?

Rounds are played in one process on virtual time: the agent's own core, loop and supervisors against the
simulated warehouse without its wires, judged by the same two ledgers and the same audit as every other run.
"""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeAlias

from drivers.profile import Profile
from edge_agent.domain.decision import Option
from edge_agent.domain.events import ExceptionRaised, Recorded
from edge_agent.domain.inputs import ExceptionAnswered, Input
from edge_agent.domain.site import CatalogueSettings, Site
from edge_agent.domain.time import Instant
from edge_agent.errors import EdgeAgentError
from simulators.audit import Audit, audit
from simulators.campaigns.accuracy_report import AccuracyReport, stops_in
from simulators.catalogue import build_stock
from simulators.clock import SimClock
from simulators.direct import DirectDevice, DirectScanner
from simulators.faults import AnyFault
from simulators.item_master import write_catalogue
from simulators.ledger import Ledger
from simulators.oms_book import OmsBook, TaskStatus
from simulators.site import SimulatedSite, build_site
from simulators.tasks import Task, build_tasks
from simulators.virtual import VirtualLoop

START = datetime(2026, 11, 22, 8, tzinfo=UTC)
TICK_S = 0.2
LOOK_S = 5.0
"""So often the OMS looks which tasks are held and orders what there is room for."""
OPEN_TASKS = 8
TASKS_A_ROUND = 300
ROUND_LIMIT_S = 200_000.0
"""Simulated seconds after which a round counts as stuck."""


class Agent(Protocol):
    """What is judged: `edge_agent.rehearsal.RehearsedAgent`."""

    watch: Callable[[Sequence[Recorded]], None]
    """Called with every commit."""

    async def run(self) -> None: ...

    def submit(self, payload: bytes) -> None: ...

    def cancel(self, payload: bytes) -> None: ...

    def answer(self, answer: ExceptionAnswered) -> None: ...

    def put(self, what: Input) -> None: ...

    def exceptions(self) -> Sequence[tuple[ExceptionRaised, Sequence[Option]]]: ...

    def held(self) -> Sequence[str]: ...


MakeAgent: TypeAlias = Callable[..., Agent]
"""Called with site, profiles, devices, scanners, clock and the function that hears the confirmations."""


class VirtualClock:
    """The agent's clock on a virtual loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> Instant:
        now_s = self._loop.time()
        return Instant(START + timedelta(seconds=now_s), now_s)

    def unix_time(self) -> float:
        return self.now().utc.timestamp()


class BrokenRoundError(EdgeAgentError):
    """A round did not come to its end: the agent failed, or tasks neither ended nor were held."""


@dataclass(frozen=True)
class Rehearsal:
    """The site, its profiles, what goes wrong there, and how an agent is made."""

    site: Site
    profiles: Mapping[str, Profile]
    faults: Sequence[AnyFault]
    make_agent: MakeAgent


@dataclass(frozen=True)
class Played:
    """A round that has come to its end."""

    seed: int
    audit: Audit
    stops: Counter[str]


def run_accuracy(
    rehearsal: Rehearsal,
    units: int,
    report: AccuracyReport,
    on_change: Callable[[], None],
    *,
    pool: Executor,
    at_once: int,
    tasks: int = TASKS_A_ROUND,
) -> None:
    """Play rounds in the pool, so many at once, until so many units have been picked.

    They are taken in by their seeds, so that the same seed and number of units give the same report. A round
    that breaks off is a problem and the last.
    """
    seeds = count(report.seed)
    playing = deque(pool.submit(play_round, rehearsal, next(seeds), tasks) for _ in range(at_once))
    while report.units < units and not report.broken:
        try:
            played = playing.popleft().result()
            report.add(played.seed, played.audit, played.stops)
        except EdgeAgentError as error:
            report.broke_off(report.seed + report.rounds, error)
        playing.append(pool.submit(play_round, rehearsal, next(seeds), tasks))
        on_change()
    for round_ahead in playing:
        round_ahead.cancel()


def play_round(rehearsal: Rehearsal, seed: int, tasks: int = TASKS_A_ROUND) -> Played:
    """One round with a fresh world and a fresh agent. Raises `BrokenRoundError`."""
    with TemporaryDirectory(prefix="edge-agent-accuracy-") as folder:
        ordered = build_tasks(rehearsal.site, seed, tasks, now=START)
        oms, world = rehearse(rehearsal, seed, Path(folder), lambda ledger: Oms(ledger, ordered))
        return Played(seed, audit(oms, world), stops_in(oms))


def rehearse(
    rehearsal: Rehearsal,
    seed: int,
    folder: Path,
    make_oms: Callable[[Ledger], "Oms"],
    hire: Callable[[Agent, SimulatedSite], "Person"] | None = None,
) -> tuple[Path, Path]:
    """Play one round in a folder to its end; the ledgers of the OMS and of the world.

    `hire` gives the person who settles exceptions; without one they stay open. Raises `BrokenRoundError`.
    """
    loop = VirtualLoop()
    clock = VirtualClock(loop)
    world, oms = folder / "world.jsonl", folder / "oms.jsonl"
    with (
        closing(loop),
        Ledger(world, unix_time=clock.unix_time) as world_ledger,
        Ledger(oms, unix_time=clock.unix_time) as oms_ledger,
    ):
        weighed = _with_item_master(rehearsal, seed, folder / "catalogue.yaml")
        played = _Round(weighed, seed, loop, clock, world_ledger, make_oms(oms_ledger), hire)
        try:
            loop.run_until_complete(played.run())
        except ExceptionGroup as failed:
            raise BrokenRoundError(f"the agent failed: {failed.exceptions[0]!r}") from failed
    return oms, world


def _with_item_master(rehearsal: Rehearsal, seed: int, file: Path) -> Rehearsal:
    """The agent's site names this catalogue file, with the items of the round's stock."""
    write_catalogue(build_stock(rehearsal.site, seed), file)
    site = rehearsal.site.model_copy(update={"catalogue": CatalogueSettings(file=str(file))})
    return replace(rehearsal, site=site)


class Oms:
    """Orders tasks, a few at a time, and writes down what it is told."""

    def __init__(self, ledger: Ledger, tasks: Sequence[Task]) -> None:
        self._ledger = ledger
        self._waiting = deque(tasks)
        self._held: set[str] = set()
        self.book = OmsBook()

    @property
    def is_done(self) -> bool:
        return not self._waiting and not self.book.under_way()

    @property
    def has_ended(self) -> bool:
        """No task is left, held or not."""
        return not self._waiting and not self.book.count(TaskStatus.OPEN)

    def hear(self, payload: bytes) -> None:
        event: dict[str, Any] = json.loads(payload)
        self._ledger.write("event", {"event": event})
        self.book.told(event)

    def meet(self, agent: Agent) -> None:
        """Called once, before anything is ordered."""

    def look(self, agent: Agent) -> None:
        held, shown = set(agent.held()), self._held
        for task_id in sorted(held ^ shown):
            stop = {"reason": "shown as held"} if task_id in held else None
            if self.book.state_shown(task_id, {"held": stop}):
                self._ledger.write("task_held", {"task_id": task_id, "held": stop})
        self._held = held
        while self._waiting and self.book.under_way() < OPEN_TASKS:
            task = self._waiting.popleft()
            self.book.submitted(task)
            self._ledger.write("submitted", {"task": task})
            agent.submit(json.dumps(task).encode())


class Person(Protocol):
    """Somebody on the floor who settles exceptions."""

    def look(self) -> None:
        """See what there is to do, now and then."""
        ...


class _Round:
    """The simulated site, the agent and the OMS on one virtual loop."""

    def __init__(
        self,
        rehearsal: Rehearsal,
        seed: int,
        loop: VirtualLoop,
        clock: VirtualClock,
        ledger: Ledger,
        oms: Oms,
        hire: Callable[[Agent, SimulatedSite], "Person"] | None,
    ) -> None:
        site, profiles = rehearsal.site, rehearsal.profiles
        sim_clock = SimClock(monotonic=loop.time)
        self._loop = loop
        self._oms = oms
        self._site: SimulatedSite = build_site(
            site,
            profiles,
            record=ledger.write,
            faults=rehearsal.faults,
            seed=seed,
            clock=sim_clock,
            epoch=1,
        )
        self._devices = [DirectDevice(memory, sim_clock) for memory in self._site.controllers]
        self._scanners = []
        for server in self._site.scanners:
            wire = profiles[site.devices[server.scanner.device_id].profile].scanner
            assert wire is not None  # it was built as a scanner
            self._scanners.append(DirectScanner(server.scanner, wire, sim_clock))
        self._agent = rehearsal.make_agent(site, profiles, self._devices, self._scanners, clock, oms.hear)
        oms.meet(self._agent)
        self._person = hire(self._agent, self._site) if hire is not None else None

    async def run(self) -> None:
        """Until every task has ended or is held. Raises `BrokenRoundError` where that does not come."""
        async with asyncio.TaskGroup() as tasks:
            agent = tasks.create_task(self._agent.run(), name="agent")
            next_look_s = 0.0
            while not self._is_over and self._loop.time() < ROUND_LIMIT_S:
                if self._loop.time() >= next_look_s:
                    next_look_s = self._loop.time() + LOOK_S
                    if self._person is not None:
                        self._person.look()
                    self._oms.look(self._agent)
                self._step()
                await asyncio.sleep(TICK_S)
            agent.cancel()
        if not self._is_over:
            raise BrokenRoundError(f"{self._oms.book.under_way()} tasks neither ended nor are held")
        self._site.world.write_end()

    @property
    def _is_over(self) -> bool:
        """What waits for a person is no end where there is one."""
        return self._oms.is_done if self._person is None else self._oms.has_ended

    def _step(self) -> None:
        self._site.faults.step()
        for device in self._devices:
            device.step()
        for scanner in self._scanners:
            scanner.step()
