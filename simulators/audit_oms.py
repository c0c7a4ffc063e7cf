"""The OMS ledger, read: what was asked for and what was told, in the order in which it came."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from simulators.audit_findings import FindingKind, Findings, Identity, gtin14
from simulators.ledger import Entry, read_ledger
from simulators.oms_book import EventError, Json, OmsBook, TaskStatus, event_name

ENDS = {
    TaskStatus.COMPLETED: "task_completed",
    TaskStatus.SHORT: "task_completed",
    TaskStatus.CANCELLED: "task_cancelled",
}
"""The event that tells of each end."""

FIELDS = {
    "unit_verified": {"task_id", "line_id", "scanner", "gtin", "lot", "serial", "expiry"},
    "unit_rejected": {"task_id", "line_id", "scanner", "target", "rule"},
    "inventory_changed": {"container", "to_container", "location", "gtin", "lot", "delta", "reason"},
    "eta_changed": {"task_id", "eta", "earlier_eta"},
    "rule_overridden": {"task_id", "gtin", "name", "value", "actor", "approver"},
    "tote_retrieved": {"task_id", "container", "location"},
    "line_picked": {"task_id", "line_id", "sku", "gtin", "ordered", "picked", "units"},
    "line_short": {"task_id", "line_id", "sku", "gtin", "ordered", "picked", "short", "units"},
    "task_completed": {"task_id", "lines"},
    "task_cancelled": {"task_id", "lines"},
}
"""What the audit needs in the data of an event."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it first arrived."""

    t: float
    """When the OMS wrote it down, Unix seconds."""
    decided_t: float
    """When the agent decided it, by its own clock, Unix seconds."""
    sequence: int
    name: str
    data: Json

    def __str__(self) -> str:
        return f"event {self.sequence} ({self.name})"


@dataclass(frozen=True, slots=True)
class LetPass:
    """A value that a rule rejects and two persons let pass for one task and item."""

    gtin: str
    name: str
    """The rule's name."""
    value: str

    def covers(self, unit: Identity) -> bool:
        """Whether it is about such a unit."""
        return self.gtin == unit.gtin and self.value in (unit.lot, unit.expiry, unit.serial)


@dataclass(slots=True)
class TaskStory:
    """Everything that was told of one submitted task."""

    task_id: str
    submitted_t: float
    revisions: dict[int, Json] = field(default_factory=dict)
    """Everything that was submitted of it."""
    is_cancelled: bool = False
    """The OMS has asked for its end."""
    told: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    """By the event's name, in the order of their numbers."""

    def first(self, name: str) -> Told | None:
        return next(iter(self.told.get(name, ())), None)


@dataclass(slots=True)
class OmsLedger:
    """What the OMS ledger holds, made by `read_oms`."""

    findings: Findings
    book: OmsBook = field(default_factory=OmsBook)
    stories: dict[str, TaskStory] = field(default_factory=dict)
    container_of: dict[str, str] = field(default_factory=dict)
    """Which task each order container belongs to."""
    told: list[Told] = field(default_factory=list)
    """Every event once, in the order of their numbers."""
    let_pass: dict[str, set[LetPass]] = field(default_factory=lambda: defaultdict(set))
    """By task."""
    first_t: float | None = None
    last_t: float = 0.0
    last_sequence: int = 0
    """The highest number of an event so far."""
    _contents: dict[str, int] = field(default_factory=dict)
    _id_of: dict[int, str] = field(default_factory=dict)
    _previous: int = 0
    """The number of the event that came last, a repeat or not."""
    _replays: list[int] = field(default_factory=list)
    """Behind which numbers the OMS asked for a replay; each explains one step back."""

    @property
    def seconds(self) -> float:
        """From the first line to the last."""
        return self.last_t - self.first_t if self.first_t is not None else 0.0

    @property
    def gaps(self) -> list[int]:
        """The numbers between 1 and the highest that never came."""
        return [number for number in range(1, self.last_sequence + 1) if number not in self._id_of]

    def task(self, task_id: str) -> Json:
        return self.book.tasks[task_id].task

    def lines(self, task_id: str) -> Mapping[str, Json]:
        """The lines that were ordered, by their ids."""
        return {line["line_id"]: line for line in self.task(task_id)["lines"]}

    def take(self, entry: Entry) -> None:
        """Take in one line of the ledger."""
        self.first_t = entry.t if self.first_t is None else self.first_t
        self.last_t = max(self.last_t, entry.t)
        match entry.kind:
            case "submitted":
                self._submitted(entry.t, entry.facts["task"])
            case "cancelled":
                self.stories[entry.facts["task_id"]].is_cancelled = True
            case "event":
                self._event(entry.t, entry.facts["event"])
            case "task_held":
                self.book.state_shown(entry.facts["task_id"], {"held": entry.facts["held"]})
            case "replay_asked":
                self._replays.append(entry.facts["after"])
            case "unreadable":
                self._wrong(f"a message on {entry.facts['topic']} is no JSON object")

    def _submitted(self, t: float, task: Json) -> None:
        task_id, container = task["task_id"], task["destination"]["container_id"]
        story = self.stories.setdefault(task_id, TaskStory(task_id, t))
        story.revisions.setdefault(task.get("revision", 1), task)
        if self.container_of.setdefault(container, task_id) != task_id:
            self.findings.add(
                FindingKind.WORLD,
                f"tasks {self.container_of[container]} and {task_id} both name container {container}: "
                "nobody can tell whose unit is whose; order into containers of their own",
            )
        self.book.submitted(task)

    def _event(self, t: float, event: Json) -> None:
        try:
            is_new = self.book.told(event)
            told = Told(t, _unix(event["time"]), int(event["sequence"]), event_name(event), event["data"])
        except (EventError, KeyError, TypeError, ValueError) as error:
            self._wrong(f"an event that is none of the contract came at {t:.6f}: {error}")
            return
        content = hash(json.dumps(event, sort_keys=True))
        if self._contents.setdefault(event["id"], content) != content:
            self._wrong(f"{told} came again with other content")
        if is_new:
            self._first_time(told, event["id"])
        self._previous = told.sequence

    def _first_time(self, told: Told, event_id: str) -> None:
        if (other := self._id_of.get(told.sequence)) is not None:
            self._wrong(f"{told} has the id {event_id}, and its number belongs to {other}")
        elif not (told.sequence > self.last_sequence or self._is_replay(told.sequence)):
            self.findings.add(FindingKind.ORDER, f"{told} came after event {self.last_sequence}")
        self._id_of[told.sequence] = event_id
        self.last_sequence = max(self.last_sequence, told.sequence)
        if lacking := FIELDS.get(told.name, set()) - told.data.keys():
            self._wrong(f"{told} has no {', '.join(sorted(lacking))}")
        else:
            self._tell(told)

    def _is_replay(self, sequence: int) -> bool:
        """Whether an event that was lost on the way comes in its turn of a replay."""
        if sequence == self._previous + 1:
            return True
        asked = [after for after in self._replays if after < sequence]
        if asked:
            self._replays.remove(max(asked))
        return bool(asked)

    def _tell(self, told: Told) -> None:
        self.told.append(told)
        task_id = told.data.get("task_id")
        if told.name == "rule_overridden":
            self._overridden(told)
        if task_id in self.stories:
            self.stories[task_id].told[told.name].append(told)
        elif task_id is not None and told.name != "task_rejected":
            self._wrong(f"{told} tells of task {task_id}, which was never submitted")

    def _overridden(self, told: Told) -> None:
        data = told.data
        if data["approver"] is None or data["approver"] == data["actor"]:
            self._wrong(f"{told} lets pass what nobody but {data['actor']} stands behind")
            return
        self.let_pass[data["task_id"]].add(LetPass(gtin14(data["gtin"]), data["name"], data["value"]))

    def in_order(self) -> None:
        """Put in its place what was lost on the way and told late."""
        for told in (self.told, *(list_ for story in self.stories.values() for list_ in story.told.values())):
            told.sort(key=lambda one: one.sequence)

    def _wrong(self, text: str) -> None:
        self.findings.add(FindingKind.WRONG, text)


def read_oms(path: Path, findings: Findings) -> OmsLedger:
    """Read an OMS ledger. Raises `LedgerError` for a line that is none, OSError when it cannot be read."""
    ledger = OmsLedger(findings)
    for entry in read_ledger(path):
        ledger.take(entry)
    ledger.in_order()
    for number in ledger.gaps:
        findings.add(FindingKind.GAP, f"event {number} never came; the highest is {ledger.last_sequence}")
    return ledger


def _unix(time: Any) -> float:
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None:
        raise ValueError(f"time {time} has no zone")
    return moment.timestamp()
