"""The exceptions campaign: every kind of exception is provoked, and settled by the machine or by a person.

Rounds are played on virtual time, as in the accuracy campaign. A simulated person settles what waits for one,
by the answers that the exception lists and by how things really lie. The audit judges every round.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge_agent.domain.decision import HoldSubject, LaneHold, StationHold
from edge_agent.domain.events import ExceptionKind
from edge_agent.domain.site import Site
from simulators.audit import Audit, audit
from simulators.campaigns.accuracy import (
    START,
    Agent,
    BrokenRoundError,
    Oms,
    Person,
    Rehearsal,
    rehearse,
)
from simulators.faults import AnyFault
from simulators.faults.catalogue import (
    Busy,
    CodeCut,
    CraneFault,
    EStop,
    ItemMissing,
    MemoryLost,
    NoRead,
)
from simulators.faults.conveyors import LaneBlocked, LoadLost, WrongPoint
from simulators.faults.mistakes import SwappedLabel, WrongItem, WrongTote
from simulators.faults.scales import ScaleOffset
from simulators.foreman import Foreman
from simulators.settler import Settler
from simulators.site import SimulatedSite
from simulators.tasks import Task, build_tasks

LITTLE = {"totes": 8, "skus": 6, "units_per_sku_in_tote": 8}
SOON_S = 20.0
REFUSALS = 3
"""So many in a row are held for a person: the demo's many would keep every round busy."""


def _as_it_is(site: Site) -> Site:
    return site


def _with_lanes_that_stand_in(site: Site) -> Site:
    """Each lane has all others instead of it, soon."""
    lanes = {
        name: lane.model_copy(update={"instead": tuple(other for other in site.lanes if other != name)})
        for name, lane in site.lanes.items()
    }
    return _impatient(site.model_copy(update={"lanes": lanes}))


def _without_scales_at_grippers(site: Site) -> Site:
    """What a unit weighs is seen in the container only."""
    stations = {name: station.model_copy(update={"scale": None}) for name, station in site.stations.items()}
    scales = {station.scale for station in site.stations.values()}
    devices = {name: device for name, device in site.devices.items() if name not in scales}
    return site.model_copy(update={"stations": stations, "devices": devices})


def _impatient(site: Site) -> Site:
    """Nothing waits long for what is down or held."""
    policy = site.exceptions
    names = ("device_down", "lane_blocked", "station_down")
    soon = {name: getattr(policy, name).model_copy(update={"wait_s": SOON_S}) for name in names}
    return site.model_copy(update={"exceptions": policy.model_copy(update=soon)})


def _first_lane(site: Site) -> HoldSubject:
    return LaneHold(next(iter(site.lanes)))


def _first_station(site: Site) -> HoldSubject:
    return StationHold(next(iter(site.stations)))


@dataclass(frozen=True)
class Case:
    """How exceptions of a kind are provoked: by simulated faults, or by a person who holds something."""

    how: str
    faults: Sequence[AnyFault] = ()
    tasks: int = 12
    at: str = "demo"
    """The site, by its file's name in `config`."""
    changed: Callable[[Site], Site] = _as_it_is
    """The site as the case needs it."""
    held: Callable[[Site], HoldSubject] | None = None
    """What a person stops now and again."""


CASES: Mapping[ExceptionKind, Case] = {
    ExceptionKind.NO_READ: Case("half of all readings fail", (NoRead(rate=0.5),)),
    ExceptionKind.WRONG_ITEM: Case(
        "every other unit that is gripped is another item", (WrongItem(rate=0.5),)
    ),
    ExceptionKind.SHORT: Case("items are not in their totes", (ItemMissing(rate=0.3),)),
    ExceptionKind.TOTE_MISSING: Case(
        "loads are taken off the conveyor; later tasks ask for them", (LoadLost(count=8),), tasks=20
    ),
    ExceptionKind.TOTE_UNIDENTIFIED: Case("totes wear the label of another one", (WrongTote(count=3),)),
    ExceptionKind.WRONG_CONTAINER: Case(
        "of a container's label a part is read", (CodeCut(rate=0.7, device="st2-put-*"),)
    ),
    ExceptionKind.WEIGHT_DISAGREES: Case(
        "somebody leans on the scales below containers; units wear other items' labels",
        (ScaleOffset(rate=0.4, device="put-*", offset_g=5000), SwappedLabel(rate=0.15)),
        at="scales",
        changed=_without_scales_at_grippers,
    ),
    ExceptionKind.COMMAND_FAILED: Case(
        "cranes take loads back, pickers give up",
        (CraneFault(count=3, then="goes_back"), EStop(count=3, then="fails")),
    ),
    ExceptionKind.COMMAND_REFUSED: Case("machines say that they are busy", (Busy(rate=0.5),)),
    ExceptionKind.COMMAND_UNKNOWN: Case(
        "controllers lose their memory, loads arrive elsewhere", (MemoryLost(count=2), WrongPoint(count=3))
    ),
    ExceptionKind.PUT_POSITION_TAKEN: Case(
        "filled containers go astray; the next ones wait",
        (WrongPoint(rate=0.15), LoadLost(rate=0.05)),
        tasks=20,
    ),
    ExceptionKind.E_STOP: Case("pickers are stopped at their panels", (EStop(count=4),)),
    ExceptionKind.DEVICE_DOWN: Case(
        "cranes stand still for minutes", (CraneFault(count=3, reset_after_s=200),), changed=_impatient
    ),
    ExceptionKind.LANE_BLOCKED: Case(
        "lanes are full or jammed; a person holds one",
        (LaneBlocked(count=3, duration_s=20), LaneBlocked(count=3, reason="jam", duration_s=20)),
        tasks=20,
        changed=_with_lanes_that_stand_in,
        held=_first_lane,
    ),
    ExceptionKind.STATION_DOWN: Case(
        "a person holds a station", tasks=20, changed=_impatient, held=_first_station
    ),
}
"""Every kind has one; a test says so for a new kind."""
SITES = frozenset(case.at for case in CASES.values())
"""Where they are played, by the names of the site files in `config`."""


@dataclass
class KindCounts:
    """One kind over all rounds. The rest of `raised` was ended by a cancel."""

    raised: int = 0
    by_machine: int = 0
    by_person: int = 0

    @property
    def share_with_no_person(self) -> float | None:
        """None where none was raised."""
        return round(self.by_machine / self.raised, 4) if self.raised else None


@dataclass
class ExceptionsReport:
    """Figures as they grow."""

    seed: int
    rounds: int = 0
    kinds: defaultdict[str, KindCounts] = field(default_factory=lambda: defaultdict(KindCounts))
    totals: Counter[str] = field(default_factory=Counter)
    """Figures of all audits, added up; keys as in the demo's JSON, `group.figure`."""
    problems: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[str]:
        """Kinds that never came up."""
        return sorted(kind.value for kind in ExceptionKind if not self.kinds[kind].raised)

    @property
    def consistent(self) -> bool:
        """Every kind came up, all were settled, and every audit was consistent."""
        return not self.problems and not self.missing

    def add(self, name: str, result: Audit) -> None:
        """Take in a round that has come to its end."""
        self.rounds += 1
        for kind, counts in result.exceptions.items():
            known = self.kinds[kind]
            known.raised += counts.raised
            known.by_machine += counts.by_machine
            known.by_person += counts.by_person
        figures = result.to_json()
        for group in ("tasks", "units", "moves"):
            self.totals.update({f"{group}.{figure}": count for figure, count in figures[group].items()})
        self.problems += [f"{name}: {problem}" for problem in result.problems]

    def broke_off(self, name: str, error: Exception) -> None:
        """A round did not come to its end."""
        self.rounds += 1
        self.problems.append(f"{name}: {error}")

    def to_json(self) -> dict[str, Any]:
        return {
            "campaign": "exceptions",
            "seed": self.seed,
            "rounds": self.rounds,
            "exceptions": {
                kind.value: {
                    "armed": CASES[kind].how,
                    **vars(self.kinds[kind]),
                    "share_with_no_person": self.kinds[kind].share_with_no_person,
                }
                for kind in ExceptionKind
            },
            "totals": dict(self.totals),
            "problems": self.problems,
            "missing": self.missing,
            "consistent": self.consistent,
        }


def provoked(rehearsal: Rehearsal, case: Case) -> Rehearsal:
    """The same site with a little stock, where people are asked early, and with the faults of a case."""
    site = rehearsal.site
    changed: dict[str, object] = {
        "simulation": site.simulation.model_copy(update=LITTLE),
        "policies": site.policies.model_copy(update={"refusals": REFUSALS}),
        "exceptions": site.exceptions.model_copy(
            update={"e_stop": site.exceptions.e_stop.model_copy(update={"acknowledge": "agent"})}
        ),
    }
    armed = case.changed(site.model_copy(update=changed))
    return replace(rehearsal, site=armed, faults=case.faults)


def play_case(rehearsal: Rehearsal, case: Case, seed: int) -> Audit:
    """One round: all tasks end, for somebody settles what is held. Raises `BrokenRoundError`."""
    armed = provoked(rehearsal, case)
    with TemporaryDirectory(prefix="edge-agent-exceptions-") as folder:
        ordered = _tasks(armed.site, seed, case.tasks)

        def hire(agent: Agent, simulated: SimulatedSite) -> Person:
            settler = Settler(
                armed.site, simulated.world, simulated.controllers, agent.exceptions, agent.answer
            )
            agent.watch = settler.see
            return Foreman(settler, case.held(armed.site), agent.put) if case.held else settler

        oms, world = rehearse(armed, seed, Path(folder), lambda ledger: Oms(ledger, ordered), hire)
        return audit(oms, world)


def run_exceptions(
    sites: Mapping[str, Rehearsal],
    rounds: int,
    report: ExceptionsReport,
    on_change: Callable[[], None],
    *,
    pool: Executor,
) -> None:
    """Play every case so many times in the pool, at its site by that one's name, each time with another seed.

    They are taken in by their order, so that the same seed gives the same report.
    """
    seeds = range(report.seed, report.seed + rounds)
    playing = [
        (f"{kind.value}, seed {seed}", pool.submit(play_case, sites[case.at], case, seed))
        for kind, case in CASES.items()
        for seed in seeds
    ]
    for name, played in playing:
        try:
            report.add(name, played.result())
        except BrokenRoundError as error:
            report.broke_off(name, error)
        on_change()


def _tasks(site: Site, seed: int, count: int) -> list[Task]:
    """Every other one wants all or nothing of a line, so that a person is asked before it is short."""
    tasks = build_tasks(site, seed, count, now=START)
    for task in tasks[::2]:
        task["policy"] = {**task["policy"], "allow_partial": False}
    return tasks
