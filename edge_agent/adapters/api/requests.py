"""What comes with a request: who sends it, and its JSON, read as strictly as a message of the OMS."""

import asyncio
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent.adapters.api.peer import Peer, person
from edge_agent.adapters.api.problems import Problem
from edge_agent.adapters.field_errors import field_errors
from edge_agent.adapters.strict_json import JsonRefusedError, decode_object
from edge_agent.domain.decision import Actor
from edge_agent.domain.events import FieldError
from edge_agent.domain.site import Api

log = structlog.get_logger(__name__)

BODY_LIMIT_S = 5.0

Model = TypeVar("Model", bound=BaseModel)


class Form(BaseModel):
    """A body with a few fields. An unknown one is an error: it would be an order that nobody heeds."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", use_attribute_docstrings=True)


async def actor(request: Request) -> Actor:
    """Who gives an order. Raises `Problem` for a peer who may only look."""
    peer: Peer = request.state.peer
    if peer.actor is None:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "not_allowed",
            f"{peer.name} may look and give no orders",
            "ask for a place in api.operators of the site file",
        )
    log.info("api_order", actor=peer.name, method=request.method, path=request.url.path)
    return peer.actor


def approver(name: str | None, settings: Api) -> Actor | None:
    """The second person who stands behind an answer. Raises `Problem` for one whom nobody knows."""
    found = person(name, settings) if name is not None else None
    if name is not None and found is None:
        wrong = FieldError("approver", f"no user {name!r} of this machine may decide anything here")
        raise invalid("unknown_approver", "the approver is not known", (wrong,))
    return found


async def read_body(request: Request, longest: int) -> bytes:
    """The body, of at most `longest` bytes. Raises `Problem`; no more than that is ever kept."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_LIMIT_S):
            async for part in request.stream():
                body += part
                if len(body) > longest:
                    raise Problem(
                        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                        "too_large",
                        f"the body has more than {longest} bytes",
                        "send less; limits.message_bytes of the site file is the limit",
                    )
    except TimeoutError:
        raise Problem(
            HTTPStatus.REQUEST_TIMEOUT,
            "too_slow",
            f"the body was not there within {BODY_LIMIT_S:g} s",
            "send it at once, with the Content-Length that it has",
        ) from None
    return bytes(body)


async def read_form(request: Request, form: type[Model], longest: int) -> Model:
    """The body as a form. Raises `Problem` that names every wrong field."""
    try:
        return form.model_validate(decode_object(await read_body(request, longest), longest))
    except JsonRefusedError as error:
        raise invalid(error.code, str(error), ()) from None
    except ValidationError as error:
        fields = tuple(field_errors(error))
        raise invalid("invalid_fields", "fields are missing or wrong", fields) from None


def invalid(code: str, detail: str, fields: tuple[FieldError, ...]) -> Problem:
    """What was sent cannot be taken as it is."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, code, detail, "correct it and send it again", fields)


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """A body for the OpenAPI document: FastAPI does not read it, so it cannot describe it."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
