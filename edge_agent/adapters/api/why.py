"""Why a task does not move, with since when and what would move it."""

from datetime import datetime
from typing import Any

from edge_agent.adapters.api.bridge import Bridge
from edge_agent.adapters.api.problems import not_found
from edge_agent.adapters.api.timeline import History
from edge_agent.core.remedy import remedy
from edge_agent.core.state import State
from edge_agent.core.wait import Wait, WaitCode
from edge_agent.core.why import why
from edge_agent.domain.decision import subject_name
from edge_agent.domain.ids import DeviceId, ExceptionId, TaskId
from edge_agent.domain.time import Instant


async def why_shown(bridge: Bridge, history: History, task_id: TaskId) -> dict[str, Any]:
    """Raises `Problem` for a task that is not open."""

    def standing(state: State, now: Instant) -> tuple[str, list[tuple[Wait, datetime | None, str]]] | None:
        task = state.tasks.get(task_id)
        if task is None:
            return None
        return task.status.value, [
            (wait, _since(state, wait), remedy(state, wait)) for wait in why(state, task_id, now)
        ]

    found = await bridge.read(standing)
    if found is None:
        raise not_found(f"open task {task_id}")
    status, waits = found
    last = await history.last_of_task(task_id) if waits else None
    return {
        "task_id": task_id,
        "status": status,
        "waits": [
            {
                "code": wait.code.value,
                "about": wait.about,
                "text": wait.text,
                "since": since or await _raised(history, wait) or last,
                "moves": moves,
            }
            for wait, since, moves in waits
        ],
    }


def _since(state: State, wait: Wait) -> datetime | None:
    """Where the state knows it."""
    if wait.code is WaitCode.DEVICE_NOT_READY:
        device = state.devices.get(DeviceId(wait.about))
        return device.since if device is not None else None
    if wait.code is WaitCode.HELD_BY_PERSON:
        named = (
            hold for hold in state.holds.values() if subject_name(hold.subject).endswith(f" {wait.about}")
        )
        return next((hold.since for hold in named), None)
    return None


async def _raised(history: History, wait: Wait) -> datetime | None:
    if wait.code is not WaitCode.HELD:
        return None
    raised = await history.raised(ExceptionId(wait.about))
    return raised.at if raised is not None else None
