"""ETAs: how far the ends that the OMS was told were from the ends that came."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from simulators.audit_findings import FindingKind, Findings
from simulators.audit_oms import OmsLedger, TaskStory, Told


@dataclass(frozen=True, slots=True)
class EtaError:
    """Percentiles of the absolute error in seconds, by nearest rank; None without samples."""

    p50: float | None
    p90: float | None
    samples: int

    @staticmethod
    def of(errors_s: Iterable[float]) -> "EtaError":
        ordered = sorted(map(abs, errors_s))
        return EtaError(_percentile(ordered, 50), _percentile(ordered, 90), len(ordered))


@dataclass(frozen=True, slots=True)
class EtaErrors:
    """Of the tasks that were completed."""

    at_start: EtaError
    """Of what `task_started` told."""
    last: EtaError
    """Of what was told last: by the last `eta_changed`, where there was one."""
    changes: int
    """How many `eta_changed` there were, of all tasks."""


def check_etas(oms: OmsLedger, findings: Findings) -> EtaErrors:
    """Compare what was told with when the tasks ended, and each `eta_changed` with what was told before."""
    at_start, last, changes = [], [], 0
    for story in oms.stories.values():
        told = list(_in_order(story, findings))
        changes += len(story.told.get("eta_changed", ()))
        if told and (end := story.first("task_completed")) is not None:
            at_start.append(end.decided_t - told[0])
            last.append(end.decided_t - told[-1])
    return EtaErrors(EtaError.of(at_start), EtaError.of(last), changes)


def _in_order(story: TaskStory, findings: Findings) -> Iterator[float]:
    """The ETAs of a task, Unix seconds, as they were told one after the other."""
    started = story.first("task_started")
    if started is None or started.data.get("eta") is None:
        return
    before = _eta(started)
    yield before
    for changed in story.told.get("eta_changed", ()):
        earlier = datetime.fromisoformat(changed.data["earlier_eta"]).timestamp()
        if earlier != before:
            text = f"{changed} of task {story.task_id} says that another ETA was told before it than was"
            findings.add(FindingKind.WRONG, text)
        before = _eta(changed)
        yield before


def _eta(told: Told) -> float:
    return datetime.fromisoformat(told.data["eta"]).timestamp()


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    return round(ordered[math.ceil(len(ordered) * percent / 100) - 1], 3) if ordered else None
