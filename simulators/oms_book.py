"""What an order management system knows of its tasks, from what it submitted and what it was told.

Pure bookkeeping over CloudEvents: the simulated OMS steers by it while it runs, and the audit makes the
same book again out of the ledger afterwards.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from edge_agent.errors import EdgeAgentError

Json: TypeAlias = Mapping[str, Any]

_PREFIX, _SUFFIX = "warehouse.pick.", ".v1"


class EventError(EdgeAgentError):
    """A message is no CloudEvent of the contract: which one, and what is wrong with it."""


class TaskStatus(StrEnum):
    """What became of a task, as far as the OMS was told. Exactly one holds at any time."""

    OPEN = "open"
    """Submitted; no end has been told."""
    COMPLETED = "completed"
    """Ended with every line picked in full."""
    SHORT = "short"
    """Ended with at least one unit short."""
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    """Refused at intake: it was never accepted."""


@dataclass(slots=True)
class TaskRecord:
    """One submitted task. `task` is the message as it was published, in the revision that holds."""

    task: Json
    status: TaskStatus = TaskStatus.OPEN
    accepted: bool = False
    replacements: dict[int, Json] = field(default_factory=dict)
    """Higher revisions that were submitted; one holds from when it is told to be accepted."""

    @property
    def units(self) -> int:
        return sum(line["quantity"] for line in self.task["lines"])


class OmsBook:
    """Tasks by id, and the exceptions that hold some of them."""

    def __init__(self) -> None:
        self.tasks: dict[str, TaskRecord] = {}
        self.events = 0
        """Different CloudEvents told so far."""
        self.repeats = 0
        self.exceptions = 0
        """Raised so far, settled or not."""
        self.units_ordered = 0
        self.units_picked = 0
        self._counts: Counter[TaskStatus] = Counter()
        self._open: set[str] = set()
        self._seen: set[str] = set()
        self.told_up_to = 0
        """Every event up to this number has been told; one that comes ahead of a gap does not count yet."""
        self._ahead: set[int] = set()
        self._shown_held: set[str] = set()
        self._holding: dict[str, tuple[str, ...]] = {}
        self._settled: set[str] = set()
        """Exceptions that were told to be resolved: what was lost is told late, raising after resolving."""

    def submitted(self, task: Json) -> None:
        """Take note of a task, or a higher revision of it, that is about to be published; a second time has
        no effect."""
        task_id = task["task_id"]
        if (known := self.tasks.get(task_id)) is not None:
            revision = task.get("revision", 1)
            if revision > known.task.get("revision", 1):
                known.replacements[revision] = task
            return
        record = self.tasks[task_id] = TaskRecord(task)
        self._open.add(task_id)
        self._counts[TaskStatus.OPEN] += 1
        self.units_ordered += record.units

    def told(self, event: Json) -> bool:
        """Take in one CloudEvent; False for a repeat (same id), which has no effect.

        Raises `EventError` for one that is not of the contract.
        """
        try:
            if event["id"] in self._seen:
                self.repeats += 1
                return False
            self._apply(event_name(event), event["data"])
        except (KeyError, TypeError, AttributeError) as error:
            raise EventError(f"{event!r:.200}: not an event of the contract: {error!r}") from error
        self._seen.add(event["id"])
        self.events += 1
        self._number(event.get("sequence"))
        return True

    def state_shown(self, task_id: str, state: Json | None) -> bool:
        """Take in a retained task state (None: it was cleared). True where being held has changed."""
        held = bool(state and state.get("held"))
        if task_id not in self.tasks or held == (task_id in self._shown_held):
            return False
        self._shown_held ^= {task_id}
        return True

    def held(self) -> frozenset[str]:
        """Tasks that have not ended and wait for a person."""
        return frozenset(self._open.intersection(self._shown_held.union(*self._holding.values())))

    def under_way(self) -> int:
        """How many tasks have neither ended nor are held."""
        return len(self._open) - len(self.held())

    def count(self, status: TaskStatus) -> int:
        return self._counts[status]

    @property
    def has_gap(self) -> bool:
        """Something was told whose predecessor was not."""
        return bool(self._ahead)

    def unanswered(self) -> list[str]:
        """Tasks that were submitted and neither accepted nor rejected."""
        return sorted(task_id for task_id in self._open if not self.tasks[task_id].accepted)

    def _number(self, sequence: object) -> None:
        if isinstance(sequence, int) and sequence > self.told_up_to:
            self._ahead.add(sequence)
        while self.told_up_to + 1 in self._ahead:
            self.told_up_to += 1
            self._ahead.remove(self.told_up_to)

    def _apply(self, name: str, data: Json) -> None:
        record = self.tasks.get(data.get("task_id") or "")
        match name:
            case "exception_raised":
                self._raised(data)
            case "exception_resolved":
                self._settled.add(data["exception_id"])
                self._holding.pop(data["exception_id"], None)
            case "inventory_changed" if data["reason"] == "picked":
                self.units_picked -= data["delta"]
            case "task_accepted" if record:
                record.accepted = True
                self._replace(record, data.get("revision"))
            case "task_rejected" if record and data["message_type"] == "submit" and not record.accepted:
                self._end(record, TaskStatus.REJECTED)
            case "task_completed" if record:
                short = any(line["short"] for line in data["lines"])
                self._end(record, TaskStatus.SHORT if short else TaskStatus.COMPLETED)
            case "task_cancelled" if record:
                self._end(record, TaskStatus.CANCELLED)

    def _replace(self, record: TaskRecord, revision: Any) -> None:
        task = record.replacements.pop(revision, None)
        if task is not None:
            self.units_ordered -= record.units
            record.task = task
            self.units_ordered += record.units

    def _raised(self, data: Json) -> None:
        self.exceptions += 1
        if data["held"] and data["exception_id"] not in self._settled:
            named = (data.get("task_id"), *data.get("affected_tasks", ()))
            self._holding[data["exception_id"]] = tuple(task_id for task_id in named if task_id)

    def _end(self, record: TaskRecord, status: TaskStatus) -> None:
        self._counts[record.status] -= 1
        record.status = status
        self._counts[status] += 1
        self._open.discard(record.task["task_id"])


def event_name(event: Json) -> str:
    """`line_picked` of `warehouse.pick.line_picked.v1`."""
    return str(event["type"]).removeprefix(_PREFIX).removesuffix(_SUFFIX)
