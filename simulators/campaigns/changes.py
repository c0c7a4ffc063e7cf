"""Cancels and replacements at every moment: a story is played once, and then again for each of its commits
with a change of mind that arrives right after it.

Events that were decided together are durable together, and what arrives meanwhile is decided after them: a
commit is the finest moment there is. Rounds are played on virtual time, as in the accuracy campaign, and
judged by the two ledgers and their audit; beside it the journal must show that nothing new has begun for a
task after its cancel.
"""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from copy import deepcopy
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge_agent.domain import events as ev
from edge_agent.domain.events import Event, Recorded
from edge_agent.domain.ids import TaskId
from simulators.audit import Audit, audit
from simulators.campaigns.accuracy import START, Agent, BrokenRoundError, Oms, Rehearsal, rehearse
from simulators.faults.catalogue import ItemMissing, NoRead
from simulators.faults.mistakes import WrongItem
from simulators.ledger import Ledger
from simulators.oms_book import TaskStatus, event_name
from simulators.tasks import Task, build_tasks

TASKS = 3
"""The first two begin at a station each; the third stands beside the first."""
CHANGED = TaskId("T-00001")
MISHAPS = (ItemMissing(rate=0.25), WrongItem(rate=0.2), NoRead(rate=0.1))
"""What makes a story out of the work: lines that end short or need another tote, units that go back."""
TAKEN = "taken"
LITTLE = {"totes": 8, "skus": 6, "units_per_sku_in_tote": 4}


class Change(StrEnum):
    """What the OMS does in the middle of the work."""

    CANCEL = "cancel"
    REPLACE = "replace"


@dataclass(frozen=True)
class Story:
    """A round with a change at one moment, or with none, at its end."""

    change: Change | None
    moment: int
    """After how many commits the change arrived."""
    audit: Audit
    events: Sequence[Event]
    commits: int
    status: TaskStatus
    """What became of the task that was changed."""
    answer: str
    """What the OMS was told of its change: taken, or the code of the refusal; empty without a change."""

    @property
    def problems(self) -> list[str]:
        """What is not as it must be, in sentences; none where all is well."""
        found = [*self.audit.problems, *_begun_after_cancel(self.events)]
        open_tasks = self.audit.tasks.submitted - sum(
            (self.audit.tasks.completed, self.audit.tasks.short, self.audit.tasks.cancelled)
        )
        if open_tasks:
            found.append(f"{open_tasks} tasks have not ended")
        cancelled = self.change is Change.CANCEL and self.answer == TAKEN
        if (self.status is TaskStatus.CANCELLED) != cancelled:
            found.append(f"{CHANGED} ended {self.status}; the {self.change} was answered {self.answer}")
        return [f"{self.change} after commit {self.moment}: {problem}" for problem in found]


@dataclass
class ChangesReport:
    """The campaign's figures as they grow."""

    seed: int
    stories: int = 0
    moments: int = 0
    """Rounds with a change: a story's commits, each for every kind of change."""
    answers: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """What the changes were answered, by kind."""
    problems: list[str] = field(default_factory=list)

    @property
    def consistent(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        answers = {change: dict(counts) for change, counts in self.answers.items()}
        return {"campaign": "changes", **vars(self), "answers": answers, "consistent": self.consistent}


def story_of(rehearsal: Rehearsal) -> Rehearsal:
    """The same site with a little stock, and mishaps that make a story."""
    simulation = rehearsal.site.simulation.model_copy(update=LITTLE)
    site = rehearsal.site.model_copy(update={"simulation": simulation})
    return replace(rehearsal, site=site, faults=MISHAPS)


def run_changes(
    rehearsal: Rehearsal,
    report: ChangesReport,
    stories: int,
    on_change: Callable[[int], None],
    *,
    pool: Executor,
    at_once: int,
) -> None:
    """Play so many stories, each with every change after every commit. `on_change` is told of the rounds that
    are still to come of the present story. One that breaks off is a problem."""
    for seed in range(report.seed, report.seed + stories):
        told = pool.submit(play_story, rehearsal, seed).result()
        report.stories += 1
        report.problems += told.problems
        waiting = deque((change, moment) for change in Change for moment in range(1, told.commits + 1))
        playing: deque[Future[Story]] = deque()
        while waiting or playing:
            while waiting and len(playing) < 2 * at_once:
                playing.append(pool.submit(play_story, rehearsal, seed, *waiting.popleft()))
            _take(report, seed, playing.popleft())
            on_change(len(waiting) + len(playing))


def _take(report: ChangesReport, seed: int, playing: "Future[Story]") -> None:
    try:
        story = playing.result()
    except BrokenRoundError as error:
        report.problems.append(f"seed {seed}: {error}")
        return
    report.problems += [f"seed {seed}: {problem}" for problem in story.problems]
    if story.change is not None and story.answer:
        report.moments += 1
        report.answers[story.change][story.answer] += 1


def play_story(rehearsal: Rehearsal, seed: int, change: Change | None = None, moment: int = 0) -> Story:
    """One round; the change arrives right after so many commits. Raises `BrokenRoundError`."""
    with TemporaryDirectory(prefix="edge-agent-changes-") as folder:
        made: list[_ChangingOms] = []

        def make_oms(ledger: Ledger) -> Oms:
            made.append(_ChangingOms(ledger, rehearsal, seed, change, moment))
            return made[0]

        oms, world = rehearse(rehearsal, seed, Path(folder), make_oms)
        (played,) = made
        return Story(
            change,
            moment,
            audit(oms, world),
            played.events,
            played.commits,
            played.book.tasks[CHANGED].status,
            played.answer,
        )


class _ChangingOms(Oms):
    """Changes its mind about one task at one moment."""

    def __init__(
        self, ledger: Ledger, rehearsal: Rehearsal, seed: int, change: Change | None, moment: int
    ) -> None:
        super().__init__(ledger, build_tasks(rehearsal.site, seed, TASKS, now=START))
        self._change = change
        self._moment = moment
        self._agent: Agent | None = None
        self._sent: Task | None = None
        self.events: list[Event] = []
        self.commits = 0
        self.answer = ""

    def meet(self, agent: Agent) -> None:
        self._agent = agent
        agent.watch = self._see

    def _see(self, records: Sequence[Recorded]) -> None:
        self.events += (recorded.event for recorded in records)
        self.commits += 1
        if self.commits == self._moment and CHANGED in self.book.tasks:
            match self._change:
                case Change.CANCEL:
                    self._cancel()
                case Change.REPLACE:
                    self._send(_otherwise(self.book.tasks[CHANGED].task))

    def _cancel(self) -> None:
        assert self._agent is not None  # it has reported a commit
        self._ledger.write("cancelled", {"task_id": CHANGED})
        request = {"task_id": CHANGED, "revision": 1, "reason": "the customer changed their mind"}
        self._agent.cancel(json.dumps(request).encode())

    def _send(self, task: Task) -> None:
        assert self._agent is not None  # it has reported a commit
        self._sent = task
        self.book.submitted(task)
        self._ledger.write("submitted", {"task": task})
        self._agent.submit(json.dumps(task).encode())

    def hear(self, payload: bytes) -> None:
        super().hear(payload)
        event: dict[str, Any] = json.loads(payload)
        name, data = event_name(event), event["data"]
        if data.get("task_id") != CHANGED:
            return
        if name == "task_cancelled" or (name == "task_accepted" and data.get("replaced")):
            self.answer = TAKEN
        elif name == "task_rejected":
            self.answer = data["code"]
            if data["code"] == "line_started" and self._sent is not None:
                self._send(_as_they_were(self._sent, self.book.tasks[CHANGED].task, data["fields"]))


def _otherwise(task: Mapping[str, Any]) -> Task:
    """A higher revision that asks for one unit more of every line but the last, and not for that."""
    new = deepcopy(dict(task))
    new["revision"] += 1
    new["lines"] = [line | {"quantity": line["quantity"] + 1} for line in new["lines"]]
    if len(new["lines"]) > 1:
        del new["lines"][-1]
    return new


def _as_they_were(sent: Task, held: Mapping[str, Any], fields: Sequence[Mapping[str, str]]) -> Task:
    """The revision again, with the lines as they were that the agent says have started."""
    started = {field["path"].removeprefix("lines[").removesuffix("]") for field in fields}
    kept = [line for line in held["lines"] if line["line_id"] in started]
    changed = [line for line in sent["lines"] if line["line_id"] not in started]
    lines = sorted((*kept, *changed), key=lambda line: str(line["line_id"]))
    return {**sent, "revision": sent["revision"] + 1, "lines": lines}


def _begun_after_cancel(events: Sequence[Event]) -> list[str]:
    """What began for a task after its cancel: nothing may, and the unit in hand is the last one."""
    found, placed = [], dict[TaskId, int]()
    for event in events:
        match event:
            case ev.CancelRequested(task_id):
                placed[task_id] = 0
            case ev.UnitStarted(task_id=task_id) | ev.TaskStarted(task_id) if task_id in placed:
                found.append(f"{type(event).__name__} for {task_id} after its cancel")
            case ev.TripPlanned(lines=lines) if any(ref.task_id in placed for ref in lines):
                found.append(f"{event.trip_id} was planned for a cancelled task")
            case ev.TripJoined(line=ref) if ref.task_id in placed:
                found.append(f"{ref.task_id} joined {event.trip_id} after its cancel")
            case ev.UnitPlaced(task_id=task_id) if task_id in placed:
                placed[task_id] += 1
    more = (f"{count} units were placed for {key}" for key, count in placed.items() if count > 1)
    return [*found, *(f"{what} after its cancel" for what in more)]
