"""Frozen views of the state for the outside: tasks, devices, exceptions, holds, stations."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, timedelta
from itertools import islice
from typing import Any

from edge_agent.core.options import options
from edge_agent.core.prompts import Prompt, prompt
from edge_agent.core.state import State
from edge_agent.core.tasks import station_for
from edge_agent.core.wait import FOR_A_PERSON, Wait, WaitCode
from edge_agent.core.why import why
from edge_agent.domain.decision import HoldSubject, TaskHold
from edge_agent.domain.events import Held
from edge_agent.domain.ids import DeviceId, ExceptionId, StationId, TaskId
from edge_agent.domain.time import Instant

View = dict[str, Any]


def task_view(state: State, task_id: TaskId, now: Instant) -> View | None:
    """An open task as it stands; None where it is not open."""
    task = state.tasks.get(task_id)
    if task is None:
        return None
    waits = why(state, task_id, now)
    return {
        "task_id": task_id,
        "revision": task.task.revision,
        "order_id": task.task.order_id,
        "status": task.status.value,
        "station": task.station_id,
        "container": task.task.destination.container_id,
        "lane": task.lane,
        "eta": task.eta.isoformat() if task.eta else None,
        "held": _held(state, waits),
        "waits": [{"code": wait.code.value, "about": wait.about, "text": wait.text} for wait in waits],
        "lines": [
            {
                "line_id": line.line.line_id,
                "status": line.status.value,
                "ordered": line.line.quantity,
                "picked": line.picked,
                "short": line.short,
                "cancelled": line.cancelled,
            }
            for line in task.lines.values()
        ],
    }


def _held(state: State, waits: list[Wait]) -> View | None:
    """The exception that keeps the task from ending: its own, or that of what it waits for."""
    exception_id = _first_held(waits)
    if exception_id is None:
        return None
    raised = state.exceptions[exception_id]
    return {"exception_id": exception_id, "kind": raised.kind.value, "detail": raised.detail}


def _first_held(waits: Iterable[Wait]) -> ExceptionId | None:
    return next((ExceptionId(wait.about) for wait in waits if wait.code is WaitCode.HELD), None)


def held_tasks(state: State, now: Instant) -> dict[TaskId, str]:
    """The open tasks that wait for a person, each with the exception or the hold that it waits for."""
    if not state.exceptions and not state.holds:
        return {}
    marks = {task_id: _first_stop(why(state, task_id, now)) for task_id in state.active}
    marks |= dict.fromkeys((task_id for _, task_id in state.queue), _of_queue(state, now))
    for subject in state.holds:
        if isinstance(subject, TaskHold) and subject.task_id in state.tasks:
            marks[subject.task_id] = subject.task_id
    return {task_id: mark for task_id, mark in marks.items() if mark is not None}


def _first_stop(waits: Iterable[Wait]) -> str | None:
    return next((wait.about for wait in waits if wait.code in FOR_A_PERSON), None)


def _of_queue(state: State, now: Instant) -> str | None:
    """Tasks that wait for a station all wait for the same."""
    places = (station_for(state, state.tasks[task_id], now) for _, task_id in state.queue)
    waits = (place for place in places if isinstance(place, Wait) and place.code is not WaitCode.NOT_BEFORE)
    return _first_stop(islice(waits, 1))


def exception_view(state: State, exception_id: ExceptionId) -> View | None:
    """An open exception with everything that a person may answer; None where it is not open."""
    raised = state.exceptions.get(exception_id)
    if raised is None:
        return None
    return {
        "exception_id": exception_id,
        "kind": raised.kind.value,
        "where": raised.where,
        "detail": raised.detail,
        "held": _thing(raised.held) if raised.held else None,
        "task_id": raised.task_id,
        "line_id": raised.line_id,
        "affected_tasks": list(raised.affected),
        "options": [
            {
                "action": option.action.value,
                "arguments": list(option.arguments),
                "role": option.role.value,
                "needs_approval": option.needs_approval,
                "needs_reason": option.needs_reason,
            }
            for option in options(state, raised)
        ],
    }


def exceptions_view(state: State) -> list[View]:
    """Every open exception, the oldest first."""
    views = (exception_view(state, exception_id) for exception_id in state.exceptions)
    return [view for view in views if view is not None]


def holds_view(state: State) -> list[View]:
    """What persons have stopped, the oldest first."""
    return [
        _thing(hold.subject) | {"actor": hold.actor, "reason": hold.reason, "since": hold.since.isoformat()}
        for hold in state.holds.values()
    ]


def station_view(state: State, station_id: StationId, now: Instant) -> View:
    """A station with what the person there is asked; nobody is asked anything at a machine's."""
    asked = prompt(state, station_id, now)
    return {
        "station_id": station_id,
        "operator": state.plant.has_operator(station_id),
        "step": state.stations[station_id].step,
        "prompt": _prompt_view(asked, now) if asked is not None else None,
    }


def stations_view(state: State, now: Instant) -> list[View]:
    """Every station, in the order of the site file."""
    return [station_view(state, station_id, now) for station_id in state.stations]


def _prompt_view(asked: Prompt, now: Instant) -> View:
    rejection, wait = asked.rejection, asked.wait
    return {
        "code": asked.code.value,
        "facts": {name: _plain(fact) for name, fact in asdict(asked.facts).items() if fact is not None},
        "target": asked.target.value if asked.target is not None else None,
        "scanner": asked.scanner,
        "answers": [
            {
                "answer": option.answer.value,
                "arguments": list(option.arguments),
                "needs_approval": option.needs_approval,
            }
            for option in asked.answers
        ],
        "rejection": asdict(rejection) if rejection is not None else None,
        "exception_id": asked.exception_id,
        "wait": {"code": wait.code.value, "about": wait.about, "text": wait.text}
        if wait is not None
        else None,
        "since": (now.utc - timedelta(seconds=now.clock_s - asked.since_s)).isoformat(),
    }


def _plain(fact: object) -> object:
    return fact.isoformat() if isinstance(fact, date) else fact


def _thing(thing: Held | HoldSubject) -> View:
    """What is held: its kind (trip, unit, task, line, device, station, lane) and its ids."""
    kind = type(thing).__name__.removeprefix("Held").removesuffix("Hold").lower()
    return {"kind": kind} | asdict(thing)


def refusals(state: State) -> tuple[str, ...]:
    """Why new tasks are refused now, by the code that they are refused with; empty where they are taken."""
    full = len(state.tasks) >= state.plant.site.limits.open_tasks
    reasons = {"disk_reserve": state.disk_low, "too_many_open_tasks": full}
    return tuple(code for code, holds in reasons.items() if holds)


def agent_view(state: State) -> View:
    """What is published of the agent beside online, draining or offline."""
    return {
        "refuses": list(refusals(state)),
        "clock": state.clock.value,
        "catalogue": state.catalogue.revision,
    }


def device_view(state: State, device_id: DeviceId) -> View:
    """A device's state as it is published."""
    device = state.devices[device_id]
    return {
        "device": device_id,
        "state": device.status.mode.value,
        "since": device.since.isoformat() if device.since else None,
        "fault": device.status.fault,
        "epoch": device.status.epoch,
        "rereads": device.rereads,
    }
