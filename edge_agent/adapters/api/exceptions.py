"""Exceptions: what a person must settle, what may be answered, and the answer."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from edge_agent.adapters.api import models
from edge_agent.adapters.api.decisions import problem, refused
from edge_agent.adapters.api.parts import Parts
from edge_agent.adapters.api.problems import Problem, documented, not_found
from edge_agent.adapters.api.requests import Form, actor, approver, body_of, read_form
from edge_agent.adapters.pick_task_models import OptionalReason
from edge_agent.core.view import exception_view, exceptions_view
from edge_agent.domain.decision import Actor, DecisionCode
from edge_agent.domain.events import DecisionRefused, ExceptionResolved
from edge_agent.domain.ids import ExceptionId
from edge_agent.domain.inputs import ExceptionAnswered

By = Annotated[Actor, Depends(actor)]
Key = Annotated[ExceptionId, Path(description="The exception's id, for example `X-7`.")]


class ResolveForm(Form):
    """A person's answer to an exception."""

    action: Annotated[str, Field(min_length=1, max_length=64)]
    """One of the options that the exception shows."""
    arguments: Annotated[dict[str, Annotated[str, Field(max_length=64)]], Field(max_length=8)] = Field(
        default_factory=dict
    )
    """What the action needs, by name."""
    approver: Annotated[str, Field(max_length=64)] | None = None
    """The user's name of the supervisor who stands behind it, where the action needs one."""
    reason: OptionalReason = ""
    """Why; kept in the journal and told to the OMS."""


class Exceptions:
    """The endpoints under `/v1/exceptions`."""

    def __init__(self, parts: Parts) -> None:
        self._bridge = parts.bridge
        self._history = parts.history
        self._site = parts.site

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/exceptions", tags=["exceptions"])
        missing = documented(HTTPStatus.NOT_FOUND)
        refusals = documented(HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
        add = router.add_api_route
        add("", self.page, name="list_exceptions", response_model=models.ExceptionPage)
        add(
            "/{exception_id}",
            self.show,
            name="show_exception",
            response_model=models.ExceptionShown,
            responses=missing,
        )
        add(
            "/{exception_id}/resolve",
            self.resolve,
            name="resolve_exception",
            methods=["POST"],
            response_model=models.Resolved,
            responses=refusals | missing,
            openapi_extra=body_of(ResolveForm),
        )
        return router

    async def page(self) -> dict[str, Any]:
        """The open exceptions, each with the actions that it allows."""
        return {"exceptions": await self._bridge.read(lambda state, _: exceptions_view(state))}

    async def show(self, exception_id: Key) -> dict[str, Any]:
        """An open exception with the actions that it allows, and when it was raised."""
        view = await self._bridge.read(lambda state, _: exception_view(state, exception_id))
        if view is None:
            raise await self._settled(exception_id) or not_found(f"exception {exception_id}")
        raised = await self._history.raised(exception_id)
        return view | {"raised": raised.at if raised is not None else None}

    async def resolve(self, request: Request, exception_id: Key, by: By) -> dict[str, Any]:
        """Settle an exception. One that was settled before is left as it is, and the answer says by whom."""
        form = await read_form(request, ResolveForm, self._site.limits.message_bytes)
        second = approver(form.approver, self._site.api)
        what = ExceptionAnswered(exception_id, form.action, by, form.arguments, second, form.reason)
        events = await self._bridge.ask(what)
        if (refusal := refused(events)) is not None:
            raise await self._refusal(refusal, exception_id)
        return {
            "exception_id": exception_id,
            "action": form.action,
            "actor": by.name,
            "approver": form.approver,
            "reason": form.reason,
        }

    async def _refusal(self, refusal: DecisionRefused, exception_id: ExceptionId) -> Problem:
        late = refusal.code is DecisionCode.ALREADY_RESOLVED
        settled = await self._settled(exception_id) if late else None
        return settled or problem(refusal)

    async def _settled(self, exception_id: ExceptionId) -> Problem | None:
        """By whom and how, as the journal tells; None where it does not."""
        recorded = await self._history.resolved(exception_id)
        if recorded is None or not isinstance(recorded.event, ExceptionResolved):
            return None
        resolved = recorded.event
        approved = f", approved by {resolved.approver}" if resolved.approver else ""
        return Problem(
            HTTPStatus.CONFLICT,
            DecisionCode.ALREADY_RESOLVED,
            f"exception {exception_id} was settled as {resolved.action} by {resolved.actor}{approved} "
            f"at {recorded.at.isoformat(timespec='seconds')}",
            "nothing is left to do",
        )
