"""Operator's stations: what the person there is asked, and what they scan and answer."""

import asyncio
from base64 import b64decode
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field, field_validator, model_validator

from edge_agent.adapters.api import models
from edge_agent.adapters.api.decisions import problem, refused
from edge_agent.adapters.api.parts import Parts
from edge_agent.adapters.api.problems import Problem, documented, not_found
from edge_agent.adapters.api.requests import Form, actor, approver, body_of, read_form
from edge_agent.adapters.pick_task_models import OptionalReason
from edge_agent.core.view import View, station_view, stations_view
from edge_agent.domain.decision import Actor, DecisionCode
from edge_agent.domain.events import (
    ContainerVerified,
    Event,
    ScanIgnored,
    ScanRejected,
    TotePresented,
    UnitVerified,
)
from edge_agent.domain.ids import DeviceId, StationId
from edge_agent.domain.inputs import Scanned, StationAnswered

LONGEST_WAIT_S = 10.0
"""Shorter than what is left to a connection when it takes its last request."""
LONGEST_SCAN = 4096
"""Characters; more than any bar code holds (ISO/IEC 18004: 7,089 digits are 2,953 bytes)."""
_LOOK_EVERY_S = 0.25
"""A turn of the loop between a look and the wait for the next turn is not noticed: look anew after this."""
_REST_S = 0.02
"""Between two looks, so that a busy loop is not asked at each of its turns."""

By = Annotated[Actor, Depends(actor)]
Key = Annotated[StationId, Path(description="The station's name in the site file.")]
Step = Annotated[int, Field(ge=0)]


class ScanForm(Form):
    """What a handheld has read: `data` or `base64`."""

    data: Annotated[str, Field(min_length=1, max_length=LONGEST_SCAN)] | None = None
    """The code as text, as the scanner sends it, AIM identifier and all, without its frame."""
    base64: Annotated[str, Field(min_length=1, max_length=2 * LONGEST_SCAN)] | None = None
    """The same byte for byte, for a code that is no text."""
    step: Step | None = None
    """The `step` of the prompt that was scanned for; of another one the scan is refused as late."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.data is None) == (self.base64 is None):
            raise ValueError("give either data or base64")
        return self

    @field_validator("base64")
    @classmethod
    def _is_base64(cls, text: str | None) -> str | None:
        if text is not None:
            b64decode(text, validate=True)
        return text

    @property
    def code(self) -> bytes:
        """What was read."""
        return b64decode(self.base64) if self.base64 is not None else (self.data or "").encode()


class AnswerForm(Form):
    """What the person says about the step that is open."""

    answer: Annotated[str, Field(min_length=1, max_length=64)]
    """One of those that the prompt shows."""
    arguments: Annotated[dict[str, Annotated[str, Field(max_length=64)]], Field(max_length=8)] = Field(
        default_factory=dict
    )
    """What the answer needs, by name."""
    step: Step | None = None
    """The `step` of the prompt that is answered; an answer to another one is refused as late."""
    approver: Annotated[str, Field(max_length=64)] | None = None
    """The user's name of the supervisor who stands behind it, where the answer needs one."""
    reason: OptionalReason = ""
    """Why; kept in the journal."""


class Stations:
    """The endpoints under `/v1/stations`."""

    def __init__(self, parts: Parts) -> None:
        self._bridge = parts.bridge
        self._stopping = parts.stopping
        self._site = parts.site

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/stations", tags=["stations"])
        missing = documented(HTTPStatus.NOT_FOUND)
        refusals = missing | documented(
            HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY
        )
        add = router.add_api_route
        add("", self.page, name="list_stations", response_model=models.StationPage)
        add(
            "/{station_id}",
            self.show,
            name="show_station",
            response_model=models.StationShown,
            responses=missing,
        )
        add(
            "/{station_id}/scans",
            self.scan,
            name="scan_at_station",
            methods=["POST"],
            response_model=models.ScanJudged,
            responses=refusals,
            openapi_extra=body_of(ScanForm),
        )
        add(
            "/{station_id}/answers",
            self.answer,
            name="answer_at_station",
            methods=["POST"],
            response_model=models.Answered,
            responses=refusals,
            openapi_extra=body_of(AnswerForm),
        )
        return router

    async def page(self) -> dict[str, Any]:
        """Every station, and what the person there is asked where one works there."""
        return {"stations": await self._bridge.read(stations_view)}

    async def show(
        self,
        station_id: Key,
        seen: Annotated[int | None, Query(ge=0, description="The `step` that the asker knows.")] = None,
        wait_s: Annotated[
            float, Query(ge=0, le=LONGEST_WAIT_S, description="With `seen`: wait so long for a change.")
        ] = 0.0,
    ) -> dict[str, Any]:
        """What the person at a station is asked now. With `seen` and `wait_s` as soon as it is another."""
        shown = await self._shown(station_id)
        first = _asked(shown)
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while shown["step"] == seen and _asked(shown) == first and not self._stopping.is_set():
            if (left_s := until - loop.time()) <= 0:
                break
            await self._bridge.turned(min(left_s, _LOOK_EVERY_S))
            await asyncio.sleep(_REST_S)
            shown = await self._shown(station_id)
        return shown

    async def scan(self, request: Request, station_id: Key, _by: By) -> dict[str, Any]:
        """A scan of the person at a station, as if it came from the scanner that the open step names.

        One that is rejected is no error: the answer says which rule, and what is asked now.
        """
        form = await read_form(request, ScanForm, self._site.limits.message_bytes)
        before = await self._of_operator(station_id)
        if form.step is not None and form.step != before["step"]:
            raise Problem(
                HTTPStatus.CONFLICT,
                DecisionCode.ALREADY_ANSWERED,
                f"prompt {form.step} of {station_id} is no longer open: the scan came late, or twice",
                "look at how it stands now",
            )
        prompt = before["prompt"]
        named = prompt["scanner"] if prompt is not None else None
        scanner = named or self._site.stations[station_id].item_scanner
        events = await self._bridge.ask(Scanned(DeviceId(scanner), form.code))
        return _verdict(events) | {"next": await self._shown(station_id)}

    async def answer(self, request: Request, station_id: Key, by: By) -> dict[str, Any]:
        """An answer of the person at a station. One that comes late or twice is refused, without effect."""
        form = await read_form(request, AnswerForm, self._site.limits.message_bytes)
        second = approver(form.approver, self._site.api)
        await self._of_operator(station_id)
        said = StationAnswered(station_id, form.answer, by, form.arguments, second, form.reason, form.step)
        if (refusal := refused(await self._bridge.ask(said))) is not None:
            raise problem(refusal)
        return {
            "answer": form.answer,
            "actor": by.name,
            "approver": form.approver,
            "next": await self._shown(station_id),
        }

    async def _shown(self, station_id: StationId) -> View:
        if station_id not in self._site.stations:
            raise not_found(f"station {station_id}")
        return await self._bridge.read(lambda state, now: station_view(state, station_id, now))

    async def _of_operator(self, station_id: StationId) -> View:
        shown = await self._shown(station_id)
        if not shown["operator"]:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                DecisionCode.UNKNOWN_STATION,
                f"a machine works at station {station_id}: nobody is asked anything there",
                "name an operator's station; the list shows which they are",
            )
        return shown


def _asked(shown: View) -> tuple[object, ...]:
    """What makes it another prompt: the step does not count the reasons to wait."""
    prompt = shown["prompt"] or {}
    return shown["step"], prompt.get("code"), prompt.get("wait")


def _verdict(events: Sequence[Event]) -> dict[str, Any]:
    """What became of a scan."""
    for event in events:
        match event:
            case ScanRejected():
                return {
                    "verdict": "rejected",
                    "rule": event.rule,
                    "name": event.name,
                    "expected": event.expected,
                    "scanned": event.scanned,
                }
            case UnitVerified() | TotePresented() | ContainerVerified():
                return {"verdict": "passed"}
            case ScanIgnored():
                return {
                    "verdict": "ignored",
                    "rule": event.rule,
                    "name": event.name,
                    "scanned": event.scanned,
                }
    return {"verdict": "ignored"}
