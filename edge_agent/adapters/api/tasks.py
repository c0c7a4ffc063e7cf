"""Tasks: submit, list, show, cancel, and why one does not move."""

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from edge_agent.adapters.api import models
from edge_agent.adapters.api.parts import Parts
from edge_agent.adapters.api.problems import Problem, documented, not_found
from edge_agent.adapters.api.requests import Form, actor, body_of, invalid, read_body, read_form
from edge_agent.adapters.api.timeline import Timeline
from edge_agent.adapters.api.why import why_shown
from edge_agent.adapters.pick_task import Refused, content_digest, parse_submit
from edge_agent.adapters.pick_task_models import Reason, Revision, SubmitIn
from edge_agent.core.lifecycle import TaskStatus
from edge_agent.core.listing import OPEN, ended_view, task_page
from edge_agent.core.state import State
from edge_agent.core.view import task_view
from edge_agent.domain.decision import Actor
from edge_agent.domain.events import Event, TaskAccepted, TaskRejected, TaskReplaced
from edge_agent.domain.ids import TaskId
from edge_agent.domain.inputs import CancelSubmitted, TaskSubmitted
from edge_agent.domain.task import CancelRequest
from edge_agent.domain.time import Instant

_NOT_NOW = frozenset({"disk_reserve", "too_many_open_tasks"})
_WRONG = frozenset({"unknown_to_site"})
_FOUND_ENDED = MappingProxyType(
    {"TaskCompleted": "completed", "TaskCancelled": "cancelled", "TaskRejected": "rejected"}
)

By = Annotated[Actor, Depends(actor)]
TaskKey = Annotated[TaskId, Path(description="The task's id.")]


class CancelForm(Form):
    """Stop a task."""

    reason: Reason
    """Why; kept in the journal and told to the OMS."""
    revision: Revision | None = None
    """The latest revision that the sender knows; without it the one that is here."""


class Tasks:
    """The endpoints under `/v1/tasks`."""

    def __init__(self, parts: Parts) -> None:
        self._bridge = parts.bridge
        self._history = parts.history
        self._limits = parts.site.limits

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/tasks", tags=["tasks"])
        orders = documented(
            HTTPStatus.FORBIDDEN,
            HTTPStatus.CONFLICT,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.SERVICE_UNAVAILABLE,
        )
        missing = documented(HTTPStatus.NOT_FOUND)
        add = router.add_api_route
        add(
            "",
            self.submit,
            name="submit_task",
            methods=["POST"],
            status_code=HTTPStatus.CREATED,
            response_model=models.Submitted,
            responses={**orders, HTTPStatus.OK.value: {"model": models.Submitted}},
            openapi_extra=body_of(SubmitIn),
        )
        add(
            "", self.page, name="list_tasks", response_model=models.TaskPage, response_model_exclude_none=True
        )
        add("/{task_id}", self.show, name="show_task", response_model=models.TaskShown, responses=missing)
        add("/{task_id}/why", self.why, name="why_task", response_model=models.Why, responses=missing)
        add(
            "/{task_id}/cancel",
            self.cancel,
            name="cancel_task",
            methods=["POST"],
            response_model=models.Cancelled,
            responses=orders | missing,
            openapi_extra=body_of(CancelForm),
        )
        return router

    async def submit(self, request: Request, response: Response, _by: By) -> dict[str, Any]:
        """Hand in a pick task. Answered when it is on disk. The same again has no effect."""
        task = parse_submit(await read_body(request, self._limits.message_bytes), self._limits)
        if isinstance(task, Refused):
            raise invalid(task.code, task.message, task.fields)
        events = await self._bridge.ask(TaskSubmitted(task, content_digest(task)))
        outcome = _outcome(events)
        if outcome != "accepted":
            response.status_code = HTTPStatus.OK
        return {"task_id": task.task_id, "revision": task.revision, "outcome": outcome}

    async def page(
        self,
        status: Annotated[list[TaskStatus] | None, Query(description="Without it the open ones.")] = None,
        after: Annotated[str, Query(description="The `next` of the page before.", max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> dict[str, Any]:
        """Tasks in the order of their ids."""
        statuses = frozenset(status) if status else OPEN
        rows = await self._bridge.read(lambda state, _: task_page(state, statuses, after, limit))
        return {"tasks": rows, "next": rows[-1]["task_id"] if len(rows) == limit else None}

    async def show(
        self,
        task_id: TaskKey,
        after: Annotated[int, Query(ge=0, description="Events behind this sequence number.")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> dict[str, Any]:
        """A task as it stands, with the journal's events about it."""
        view = await self._bridge.read(partial(_standing, task_id=task_id))
        timeline = await self._history.of_task(task_id, after, limit)
        if view is None:
            view = _from_history(task_id, timeline)
        return view | {"timeline": timeline}

    async def why(self, task_id: TaskKey) -> dict[str, Any]:
        """What a task waits for, since when, and what would move it."""
        return await why_shown(self._bridge, self._history, task_id)

    async def cancel(self, request: Request, task_id: TaskKey, _by: By) -> dict[str, Any]:
        """Stop a task: what is in hand is finished safely, the rest is cancelled."""
        form = await read_form(request, CancelForm, self._limits.message_bytes)
        revision = form.revision
        if revision is None:
            view = await self._bridge.read(partial(_standing, task_id=task_id))
            revision = view["revision"] if view is not None else 1
        events = await self._bridge.ask(CancelSubmitted(CancelRequest(task_id, revision, form.reason)))
        _raise_rejection(events)
        return {"task_id": task_id, "outcome": "requested" if events else "repeated"}


def _standing(state: State, now: Instant, *, task_id: TaskId) -> dict[str, Any] | None:
    return task_view(state, task_id, now) or ended_view(state, task_id)


def _from_history(task_id: TaskId, timeline: Timeline) -> dict[str, Any]:
    """Of a task that is neither open nor remembered. Raises `Problem` where nothing is known of it."""
    if not timeline.events:
        raise not_found(f"task {task_id}")
    ends = (_FOUND_ENDED[entry.event] for entry in reversed(timeline.events) if entry.event in _FOUND_ENDED)
    return {"task_id": task_id, "status": next(ends, "unknown")}


def _outcome(events: Sequence[Event]) -> str:
    _raise_rejection(events)
    if any(isinstance(event, TaskAccepted) for event in events):
        return "accepted"
    return "replaced" if any(isinstance(event, TaskReplaced) for event in events) else "repeated"


def _raise_rejection(events: Sequence[Event]) -> None:
    for event in events:
        if isinstance(event, TaskRejected):
            raise _rejection(event)


def _rejection(event: TaskRejected) -> Problem:
    if event.code == "unknown_task":
        return Problem(HTTPStatus.NOT_FOUND, event.code, event.message, "look at the list")
    if event.code in _NOT_NOW:
        advice = "send it again later"
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, event.code, event.message, advice)
    if event.code in _WRONG:
        return invalid(event.code, event.message, event.fields)
    advice = "look at the task that is here, and send what fits it"
    return Problem(HTTPStatus.CONFLICT, event.code, event.message, advice, event.fields)
