"""Holds: what a person has stopped, stopping it, and letting it go on."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from edge_agent.adapters.api import models
from edge_agent.adapters.api.decisions import problem, refused
from edge_agent.adapters.api.parts import Parts
from edge_agent.adapters.api.problems import documented
from edge_agent.adapters.api.requests import Form, actor, body_of, read_form
from edge_agent.adapters.pick_task_models import Reason
from edge_agent.core.view import View, holds_view
from edge_agent.domain.decision import Actor, DeviceHold, HoldSubject, LaneHold, StationHold, TaskHold
from edge_agent.domain.ids import DeviceId, LaneId, StationId, TaskId
from edge_agent.domain.inputs import HoldPlaced, HoldReleased

By = Annotated[Actor, Depends(actor)]


_ONE_LINE = r"^[^\x00-\x1f\x7f]{0,200}$"


class Kind(StrEnum):
    """What can be held."""

    STATION = "station"
    DEVICE = "device"
    TASK = "task"
    LANE = "lane"


_SUBJECTS: Mapping[Kind, Callable[[str], HoldSubject]] = MappingProxyType(
    {
        Kind.STATION: lambda name: StationHold(StationId(name)),
        Kind.DEVICE: lambda name: DeviceHold(DeviceId(name)),
        Kind.TASK: lambda name: TaskHold(TaskId(name)),
        Kind.LANE: lambda name: LaneHold(LaneId(name)),
    }
)


class HoldForm(Form):
    """Stop something: what is under way there is finished, nothing new begins."""

    kind: Annotated[Kind, Field(strict=False)]
    id: Annotated[str, Field(min_length=1, max_length=64)]
    """The name of the station, device or lane, or the task's id."""
    reason: Reason
    """Why; whoever wonders what stands still is shown it."""


class Holds:
    """The endpoints under `/v1/holds`."""

    def __init__(self, parts: Parts) -> None:
        self._bridge = parts.bridge
        self._limits = parts.site.limits

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/holds", tags=["holds"])
        refusals = documented(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
        add = router.add_api_route
        add("", self.page, name="list_holds", response_model=models.HoldPage)
        add(
            "",
            self.place,
            name="place_hold",
            methods=["POST"],
            status_code=HTTPStatus.CREATED,
            response_model=models.HoldShown,
            responses=refusals | documented(HTTPStatus.UNPROCESSABLE_ENTITY),
            openapi_extra=body_of(HoldForm),
        )
        add(
            "/{kind}/{name}",
            self.release,
            name="release_hold",
            methods=["DELETE"],
            response_model=models.HoldShown,
            responses=refusals,
        )
        return router

    async def page(self) -> dict[str, Any]:
        """Everything that a person has stopped."""
        return {
            "holds": [_shown(hold) for hold in await self._bridge.read(lambda state, _: holds_view(state))]
        }

    async def place(self, request: Request, by: By) -> dict[str, Any]:
        """Stop a station, a device, a task or a lane."""
        form = await read_form(request, HoldForm, self._limits.message_bytes)
        await self._decide(HoldPlaced(_SUBJECTS[form.kind](form.id), by, form.reason))
        return {"kind": form.kind, "id": form.id, "actor": by.name, "reason": form.reason}

    async def release(
        self, kind: Kind, name: str, by: By, reason: Annotated[str, Query(pattern=_ONE_LINE)] = ""
    ) -> dict[str, Any]:
        """Let it go on."""
        await self._decide(HoldReleased(_SUBJECTS[kind](name), by, reason))
        return {"kind": kind, "id": name, "actor": by.name, "reason": reason}

    async def _decide(self, what: HoldPlaced | HoldReleased) -> None:
        if (refusal := refused(await self._bridge.ask(what))) is not None:
            raise problem(refusal)


def _shown(hold: View) -> View:
    """With `id` for whichever kind of thing it is, as it is placed and released."""
    kind: str = hold["kind"]
    return {name: hold[name] for name in ("kind", "actor", "reason", "since")} | {"id": hold[f"{kind}_id"]}
