"""What the endpoints answer. Fields may be added to any of these; none is renamed."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """Passed on as it comes, with what a newer agent adds to it."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)


class Submitted(Answer):
    """What became of a task that was sent."""

    task_id: str
    revision: int
    outcome: str
    """`accepted`; `replaced`: it took the place of a lower revision; `repeated`: it was here already."""


class TaskRow(Answer):
    """A task in a list. What is only known of an open task is missing for one that has ended."""

    task_id: str
    revision: int
    status: str
    order_id: str | None = None
    station: str | None = None
    eta: str | None = None
    ordered: int | None = None
    """Units of all lines."""
    picked: int | None = None


class TaskPage(Answer):
    """A page of the list."""

    tasks: list[TaskRow]
    next: str | None
    """The `after` of the next page; null at the end."""


class WaitShown(Answer):
    """Something that a task waits for."""

    code: str
    about: str
    """What has to change: a device, a point, a task, an exception."""
    text: str
    since: datetime | None
    """Since when; for a wait that has no beginning of its own, the last event of the task."""
    moves: str
    """What would end it."""


class Why(Answer):
    """Why a task does not move. No waits: it moves."""

    task_id: str
    status: str
    waits: list[WaitShown]


class TimelineEntry(Answer):
    """One journal event that names the task."""

    sequence: int
    at: datetime
    event: str
    data: dict[str, Any]


class TimelinePage(Answer):
    """A page of the journal's events about the task, the oldest first."""

    events: list[TimelineEntry]
    next: int | None
    """The `after` of the next page; null at the end."""


class TaskShown(Answer):
    """A task as it stands, and how it came there."""

    task_id: str
    status: str
    """Of an open or ended task; `rejected` for one that was only ever refused; `unknown` for one of whose
    end this file of the journal tells nothing."""
    timeline: TimelinePage


class Cancelled(Answer):
    """A cancel was taken."""

    task_id: str
    outcome: str
    """`requested`: what is in hand is finished, the rest is cancelled; `repeated`: it was so before."""


class DeviceShown(Answer):
    """A device as it stands, as it is published."""

    device: str
    state: str
    since: str | None
    fault: int


class AgentShown(Answer):
    """The agent as it stands."""

    site: str
    gateway: str
    version: str
    state: str
    """`online` or `draining`."""
    refuses: list[str]
    """Why new tasks are refused now."""
    clock: str
    open_tasks: int
    open_exceptions: int


class ExceptionPage(Answer):
    """The open exceptions."""

    exceptions: list["ExceptionShown"]


class OptionShown(Answer):
    """An action that the exception allows, and what it needs."""

    action: str
    arguments: list[str] = Field(default_factory=list)
    role: str
    needs_approval: bool
    needs_reason: bool


class ExceptionShown(Answer):
    """An open exception."""

    exception_id: str
    kind: str
    where: str
    detail: str
    options: list[OptionShown]


class Resolved(Answer):
    """An exception was settled."""

    exception_id: str
    action: str
    actor: str
    approver: str | None
    reason: str
    at: datetime | None = None
    """When; of one that was settled before."""


class HoldShown(Answer):
    """What a person has stopped."""

    kind: str
    """station, device, task or lane."""
    id: str
    actor: str
    reason: str


class HoldPage(Answer):
    """Everything that a person has stopped."""

    holds: list[HoldShown]


class AnswerShown(Answer):
    """An answer that a prompt takes beside a scan, and what it needs."""

    answer: str
    arguments: list[str]
    needs_approval: bool


class RejectionShown(Answer):
    """Why the last scan of the step did not count."""

    target: str
    """What was to be scanned: tote, item or container."""
    rule: str
    """V1 to V20."""
    name: str
    """The rule's name: some numbers have several."""
    expected: str
    scanned: str
    data_hex: str
    """What was scanned, byte for byte."""
    attempt: int
    """Rejections in a row at this step."""


class PromptWait(Answer):
    """What the station waits for while there is nothing for the person to do."""

    code: str
    about: str
    text: str


class PromptShown(Answer):
    """What the person is asked: values without prose, for a page to put into words of its own."""

    code: str
    """`scan_tote`, `pick`, `scan_item`, `give_value`, `put_back`, `scan_container`, `place`, `settle` or
    `wait`."""
    facts: dict[str, Any]
    """What it is about; what has nothing to do with it is left out."""
    target: str | None
    """What is to be scanned: tote, item, container; null: nothing."""
    scanner: str | None
    """The scanner that a scan counts as coming from."""
    answers: list[AnswerShown]
    rejection: RejectionShown | None
    exception_id: str | None
    wait: PromptWait | None
    since: datetime


class StationShown(Answer):
    """A station as it stands."""

    station_id: str
    operator: bool
    """A person works there; at a machine's station nobody is asked anything."""
    step: int
    """Counts the prompts of the station: an answer names the one that it is to."""
    prompt: PromptShown | None
    """Null: there is no work for the person."""


class StationPage(Answer):
    """Every station."""

    stations: list[StationShown]


class ScanJudged(Answer):
    """What became of a scan."""

    verdict: str
    """`passed`; `rejected`: no quantity changes, the step stays open; `ignored`: nothing waited for it."""
    rule: str | None = None
    """The rule that rejected it, V1 to V20."""
    name: str | None = None
    expected: str | None = None
    scanned: str | None = None
    next: StationShown
    """What is asked now."""


class Answered(Answer):
    """An answer was taken."""

    answer: str
    actor: str
    approver: str | None
    next: StationShown
    """What is asked now."""
