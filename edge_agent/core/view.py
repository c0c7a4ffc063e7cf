"""Frozen views of the state for the outside: the retained task and device states (contract, "MQTT")."""

from typing import Any

from edge_agent.core.state import State, TaskState
from edge_agent.core.why import why
from edge_agent.domain.ids import DeviceId, TaskId
from edge_agent.domain.time import Instant

View = dict[str, Any]


def task_view(state: State, task_id: TaskId, now: Instant) -> View | None:
    """An open task as it stands; None where it is not open."""
    task = state.tasks.get(task_id)
    if task is None:
        return None
    return {
        "task_id": task_id,
        "revision": task.task.revision,
        "order_id": task.task.order_id,
        "status": task.status.value,
        "station": task.station_id,
        "container": task.task.destination.container_id,
        "lane": task.task.destination.lane,
        "eta": task.eta.isoformat() if task.eta else None,
        "held": _held(state, task),
        "waits": [
            {"code": wait.code.value, "about": wait.about, "text": wait.text}
            for wait in why(state, task_id, now)
        ],
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


def _held(state: State, task: TaskState) -> View | None:
    """The exception that keeps the task from ending: its own, its line's or its station's."""
    exception_id = task.held or next((line.held for line in task.open_lines if line.held), None)
    if exception_id is None and task.station_id is not None:
        hand = state.stations[task.station_id].hand
        exception_id = hand.held if hand is not None else None
    raised = state.exceptions.get(exception_id) if exception_id else None
    if raised is None:
        return None
    return {"exception_id": raised.exception_id, "kind": raised.kind.value, "detail": raised.detail}


def device_view(state: State, device_id: DeviceId) -> View:
    """A device's state as it is published."""
    device = state.devices[device_id]
    return {
        "device": device_id,
        "state": device.status.mode.value,
        "since": device.since.isoformat() if device.since else None,
        "fault": device.status.fault,
        "epoch": device.status.epoch,
    }
