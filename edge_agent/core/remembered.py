"""What the state keeps of tasks, exceptions and holds beside what is open."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from edge_agent.core.lifecycle import TaskStatus
from edge_agent.domain.decision import HoldSubject
from edge_agent.domain.tagged import Tagged


@dataclass(frozen=True, slots=True)
class EndedTask:
    """What is kept of a task that has ended: enough to know a repeat from a conflict."""

    revision: int
    digest: str
    status: TaskStatus


@dataclass(frozen=True, slots=True)
class PersonHold:
    """What a person has stopped, and why."""

    subject: Annotated[HoldSubject, Tagged()]
    actor: str
    reason: str
    since: datetime
    since_s: float = 0.0
    """The same on the agent's clock."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What is kept of an exception that a person was asked to settle: enough to tell a late answer so."""

    action: str
    actor: str
    approver: str | None
    settled_s: float
    """On the agent's clock."""
