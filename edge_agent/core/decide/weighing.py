"""What a scale says, and what a person says of a weight that disagrees."""

from collections.abc import Iterator

from edge_agent.core.exceptions import hold_task
from edge_agent.core.lifecycle import TaskStatus
from edge_agent.core.state import ScanStep, State, StationState, TaskState
from edge_agent.core.stations import repeat_scan
from edge_agent.core.verification.rules import Rule
from edge_agent.core.verification.verdicts import NOTHING, Rejected
from edge_agent.core.weighing import (
    WEIGHT_TARGETS,
    confirm_lines,
    container_verdict,
    task_on,
)
from edge_agent.domain import events as ev
from edge_agent.domain.decision import Action
from edge_agent.domain.device import Mode, NoWeight
from edge_agent.domain.events import ExceptionKind, ScanTarget
from edge_agent.domain.ids import DeviceId, LineId, TaskId
from edge_agent.domain.time import Instant


def weighed(state: State, scale: DeviceId, answer: float | NoWeight, now: Instant) -> Iterator[ev.Event]:
    """A scale has answered. What no step waits for has no effect (V20)."""
    station = next((one for one in state.stations.values() if one.scan and one.scan.scanner == scale), None)
    if station is None or station.scan is None:
        if not isinstance(answer, NoWeight):
            yield ev.ScanIgnored(scale, _shown(answer))
    elif isinstance(answer, NoWeight):
        yield from _not_weighed(state, station, station.scan, answer.value, now)
    elif station.scan.target is ScanTarget.WEIGHT:
        yield ev.UnitWeighed(station.station_id, scale, answer)
    else:
        yield from _container_weighed(state, station, station.scan, answer, now)


def expire_weighings(state: State, now: Instant) -> Iterator[ev.Event]:
    """A scale that has not answered in time has no weight to give, as long as it is connected."""
    for station in state.stations.values():
        step = station.scan
        if step is None or step.target not in WEIGHT_TARGETS:
            continue
        if step.deadline_s is None or step.deadline_s > now.clock_s:
            continue
        if state.devices[step.scanner].status.mode is Mode.READY:
            yield from _not_weighed(state, station, step, NOTHING, now)


def _not_weighed(
    state: State, station: StationState, step: ScanStep, reason: str, now: Instant
) -> Iterator[ev.Event]:
    """Ask again; in the end the unit goes back, or the container's task waits for a person. Nothing that was
    to be weighed counts without its weight."""
    if _asks_again(state, step, ExceptionKind.NO_READ):
        yield from repeat_scan(state, station.station_id, step, step.attempt + 1, now)
        return
    weighs_unit = step.target is ScanTarget.WEIGHT
    task = None if weighs_unit else task_on(state, station.station_id, step.scanner)
    yield _rejected(station, step, Rejected(Rule.NO_READ, "a weight", reason), task)
    if task is not None and (task.unweighed or task.status is TaskStatus.STARTED):
        detail = f"{step.scanner} gives no weight: {reason}"
        yield from hold_task(state, ExceptionKind.NO_READ, detail, task.task.task_id)


def _container_weighed(
    state: State, station: StationState, step: ScanStep, weight_g: float, now: Instant
) -> Iterator[ev.Event]:
    task = task_on(state, station.station_id, step.scanner)
    if task is None:  # no container leaves unweighed: the site file has given the scale another place
        yield ev.ScanIgnored(step.scanner, _shown(weight_g))
        return
    verdict = container_verdict(state, task, weight_g)
    if not isinstance(verdict, Rejected):
        yield ev.ContainerWeighed(station.station_id, task.task.task_id, step.scanner, weight_g)
        yield from confirm_lines(state, task)
    elif _asks_again(state, step, ExceptionKind.WEIGHT_DISAGREES):
        yield from repeat_scan(state, station.station_id, step, step.attempt + 1, now)
    else:
        yield _rejected(station, step, verdict, task)
        detail = f"weighs {verdict.scanned} where {verdict.expected} should stand"
        yield from hold_task(state, ExceptionKind.WEIGHT_DISAGREES, detail, task.task.task_id)


def _asks_again(state: State, step: ScanStep, kind: ExceptionKind) -> bool:
    site = state.plant.site
    return "trigger_again" in site.exceptions.steps(kind) and step.attempt <= site.policies.retriggers


def _rejected(
    station: StationState, step: ScanStep, verdict: Rejected, task: TaskState | None
) -> ev.ScanRejected:
    """Of the unit in hand, or of the last one that went into the task's container."""
    task_id: TaskId | None = None
    line_id: LineId | None = None
    if step.target is ScanTarget.WEIGHT and station.hand is not None:
        task_id, line_id = station.hand.task_id, station.hand.line_id
    elif task is not None:
        task_id = task.task.task_id
        line_id = next((line.line.line_id for line, _ in reversed(task.unweighed)), None)
    return ev.ScanRejected(
        station.station_id,
        task_id,
        line_id,
        step.scanner,
        step.target,
        verdict.rule.code,
        verdict.rule.value,
        verdict.expected,
        verdict.scanned,
    )


def _shown(weight_g: float) -> str:
    return f"{weight_g:g} g"


# ---- a person's word ---------------------------------------------------------------------------------


def weight_settled(state: State, task: TaskState, action: Action, reason: str) -> Iterator[ev.Event]:
    """A person has looked into a container whose weight could not be had, or disagreed.

    What is `placed` counts; what is `lost` is not there. The rest of a task is cancelled with what is in
    doubt: it was never confirmed.
    """
    if action is Action.PLACED:
        yield ev.WeightWaived(task.task.task_id)
        yield from confirm_lines(state, task)
    elif action in (Action.LOST, Action.CANCEL_REST):
        container = task.task.destination.container_id
        for line, unit in reversed(task.unweighed):
            yield ev.PlacedUnitLost(task.task.task_id, line.line.line_id, unit, container, reason)
