"""Reasons for waits on virtual time: each one true by the journal, and ended by what its remedy names."""

import random
from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from edge_agent.app import plant
from edge_agent.core.remedy import REMEDIES
from edge_agent.core.wait import WaitCode
from edge_agent.domain import events as ev
from edge_agent.domain.decision import Actor, DeviceHold, HoldSubject, LaneHold, Role, StationHold, TaskHold
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import DeviceId, LaneId, StationId, TaskId
from edge_agent.domain.inputs import Drain, HoldPlaced, HoldReleased
from edge_agent.rehearsal import RehearsedAgent
from edge_agent.resources import config_directory
from edge_agent.site_file import load
from simulators.campaigns.accuracy import START, Agent, Oms, Rehearsal, rehearse
from simulators.settler import Settler
from simulators.site import SimulatedSite
from simulators.tasks import build_tasks
from tests.simulators.bench import of
from tests.virtual.oracle import Claim, Oracle

ANNA = Actor("anna", Role.SUPERVISOR)
SEEDS = (1, 2, 3)
TASKS = 16
LITTLE = {"totes": 8, "skus": 6, "units_per_sku_in_tote": 8}
TROUBLE = (
    of(fault="item_missing", rate=0.1),
    of(fault="wrong_tote", rate=0.03),
    of(fault="no_read", rate=0.05),
    of(fault="busy", rate=0.1),
    of(fault="wrong_point", rate=0.03),
    of(fault="e_stop", rate=0.02),
    of(fault="crane_fault", rate=0.03),
    of(fault="jam", rate=0.02),
)
SUBJECTS: Sequence[HoldSubject] = (
    StationHold(StationId("st1")),
    DeviceHold(DeviceId("asrs-1")),
    LaneHold(LaneId("ship-1")),
    TaskHold(TaskId("T-00004")),
)
STALE = 40
"""Commits after which a reason is looked at once more: by then most are true no longer."""
NEEDS_ANOTHER_SITE = {WaitCode.NO_ASRS, WaitCode.PERSON_ASKED}
"""Tested in tests/core/test_why.py and tests/core/test_operator_station.py."""


class Doubter:
    """Asks after every commit why each task waits, and believes nothing."""

    def __init__(self, agent: RehearsedAgent, settler: Settler, facts: Oracle, seed: int) -> None:
        self._agent = agent
        self._settler = settler
        self._facts = facts
        self._chance = random.Random(f"{seed}/doubter")
        self._open: set[tuple[TaskId, Claim]] = set()
        self._held: HoldSubject | None = None
        self.untrue: list[str] = []
        self.seen: Counter[WaitCode] = Counter()
        """Reasons that began, by their codes."""
        self.remedied: Counter[WaitCode] = Counter()
        self.overtaken: Counter[WaitCode] = Counter()
        self.unexplained: list[str] = []
        self._recent: deque[set[tuple[TaskId, Claim]]] = deque(maxlen=STALE)
        self.late = 0
        self.outdated: Counter[WaitCode] = Counter()
        agent.watch = self.see

    def see(self, records: Sequence[Recorded]) -> None:
        self._settler.see(records)
        for recorded in records:
            self._facts.see(recorded)
        last = records[-1]
        claims = {
            (task_id, (wait.code, wait.about, wait.text))
            for task_id, waits in self._agent.why().items()
            for wait in waits
        }
        self.seen.update(claim[0] for _, claim in claims - self._open)
        for task_id, claim in claims:
            if not self._facts.is_true(task_id, claim, last.at, last.clock_s):
                self.untrue.append(f"{last.clock_s:.1f} s: {task_id}: {claim}")
        self._judge_ends(claims, [recorded.event for recorded in records], last.at)
        self._open = claims
        self._recent.append(claims)
        for task_id, claim in self._recent[0]:
            if task_id in self._facts.tasks:
                self.late += 1
                if not self._facts.is_true(task_id, claim, last.at, last.clock_s):
                    self.outdated[claim[0]] += 1

    def _judge_ends(self, claims: set[tuple[TaskId, Claim]], events: list[ev.Event], now: datetime) -> None:
        subjects = {(task_id, claim[:2]) for task_id, claim in claims}
        for task_id, claim in self._open:
            if (task_id, claim[:2]) in subjects:
                continue
            if self._facts.remedied(task_id, claim, events):
                self.remedied[claim[0]] += 1
            elif self._facts.overtaken(task_id, claim, events, now):
                self.overtaken[claim[0]] += 1
            else:
                self.unexplained.append(f"{now}: {task_id}: {claim} by {[type(e).__name__ for e in events]}")

    def look(self) -> None:
        """Settles exceptions, and holds something for a while now and then."""
        self._settler.look()
        if self._held is not None:
            self._agent.put(HoldReleased(self._held, ANNA, "checked"))
            self._held = None
        elif self._chance.random() < 0.2:
            self._held = self._chance.choice(SUBJECTS)
            self._agent.put(HoldPlaced(self._held, ANNA, "stock-taking"))
        self._agent.put(Drain(self._chance.random() < 0.05))


def doubted(tmp_path: Path, seed: int) -> Doubter:
    """One round with trouble of every kind, at every commit of which every reason was checked."""
    site, profiles = load(config_directory() / "demo.yaml", {})
    e_stop = site.exceptions.e_stop.model_copy(update={"acknowledge": "agent"})
    little = {
        "simulation": site.simulation.model_copy(update=LITTLE),
        "exceptions": site.exceptions.model_copy(update={"e_stop": e_stop}),
        "stations": {
            name: station.model_copy(update={"queue": 2}) for name, station in site.stations.items()
        },
    }
    site = site.model_copy(update=little)
    tasks = build_tasks(site, seed, TASKS, now=START)
    tasks[5]["not_before"] = (START + timedelta(seconds=200)).isoformat()
    made: list[Doubter] = []

    def hire(agent: Agent, simulated: SimulatedSite) -> Doubter:
        settler = Settler(site, simulated.world, simulated.controllers, agent.exceptions, agent.answer)
        facts = Oracle(site, plant(site, profiles).max_open)
        made.append(Doubter(cast("RehearsedAgent", agent), settler, facts, seed))
        return made[0]

    folder = tmp_path / str(seed)
    folder.mkdir()
    rehearse(
        Rehearsal(site, profiles, TROUBLE, RehearsedAgent),
        seed,
        folder,
        lambda ledger: Oms(ledger, tasks),
        hire,
    )
    return made[0]


def test_every_reason_is_true_and_ends_as_its_remedy_says(tmp_path: Path) -> None:
    doubters = [doubted(tmp_path, seed) for seed in SEEDS]
    assert [untrue for doubter in doubters for untrue in doubter.untrue] == []
    assert [end for doubter in doubters for end in doubter.unexplained] == []
    seen, remedied, overtaken = (
        sum((getattr(doubter, name) for doubter in doubters), Counter[WaitCode]())
        for name in ("seen", "remedied", "overtaken")
    )
    assert set(seen) == set(WaitCode) - NEEDS_ANOTHER_SITE
    assert set(remedied) == set(seen)
    assert remedied.total() > 5 * overtaken.total(), "most waits end as their remedy says"
    outdated = sum((doubter.outdated for doubter in doubters), Counter[WaitCode]())
    assert set(outdated) == set(seen), "of every code the oracle finds some that are true no longer"
    assert outdated.total() > sum(doubter.late for doubter in doubters) / 2


def test_every_code_has_its_remedy() -> None:
    assert set(REMEDIES) == set(WaitCode)
