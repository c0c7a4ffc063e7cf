"""The FastAPI application: its endpoints, its errors, its OpenAPI document."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from edge_agent import __version__
from edge_agent.adapters.api.exceptions import Exceptions, ResolveForm
from edge_agent.adapters.api.holds import HoldForm, Holds
from edge_agent.adapters.api.parts import Parts
from edge_agent.adapters.api.problems import MEDIA_TYPE, Problem, ProblemDetails
from edge_agent.adapters.api.requests import invalid
from edge_agent.adapters.api.site import SiteState
from edge_agent.adapters.api.stations import AnswerForm, ScanForm, Stations
from edge_agent.adapters.api.tasks import CancelForm, Tasks
from edge_agent.adapters.pick_task_models import SubmitIn
from edge_agent.domain.events import FieldError
from edge_agent.domain.paths import dotted
from edge_agent.errors import JournalError

PREFIX = "/v1"
_BODIES: tuple[type[BaseModel], ...] = (
    SubmitIn,
    CancelForm,
    ResolveForm,
    HoldForm,
    ScanForm,
    AnswerForm,
    ProblemDetails,
)
_UNREAD = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT})
_REF = "#/components/schemas/{model}"


def application(parts: Parts) -> FastAPI:
    """Everything under `/v1`."""
    api = FastAPI(
        title="Warehouse edge agent: local API",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    version_1 = APIRouter(prefix=PREFIX)
    for group in (Tasks(parts), Exceptions(parts), Holds(parts), Stations(parts), SiteState(parts)):
        version_1.include_router(group.router())
    api.include_router(version_1)
    api.add_exception_handler(Problem, _answer_problem)
    api.add_exception_handler(RequestValidationError, _answer_wrong_parameter)
    api.add_exception_handler(HTTPException, _answer_http_error)
    api.add_exception_handler(Exception, _answer_fault)
    api.add_exception_handler(ClientDisconnect, _answer_nobody)
    api.add_exception_handler(JournalError, _answer_unreadable_journal)
    api.openapi = lambda: document(api)  # type: ignore[method-assign]  # FastAPI's documented way
    return api


def document(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the bodies that are read here and not by FastAPI."""
    if api.openapi_schema is None:
        made = get_openapi(
            title=api.title,
            version="1",  # of the API: the agent's own version would make every release another document
            description="HTTP on the Unix socket `api.socket`. Errors are problem details (RFC 9457).",
            routes=api.routes,
        )
        schemas = made["components"]["schemas"]
        for model in _BODIES:
            schema = model.model_json_schema(ref_template=_REF)
            schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
        for operation in _operations(made):
            # FastAPI's own answer to a wrong parameter, which is a problem like any other here.
            operation["responses"]["422"] = _problem_response(HTTPStatus.UNPROCESSABLE_ENTITY)
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        api.openapi_schema = made
    return api.openapi_schema


def _operations(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in made["paths"].values():
        yield from (operation for operation in path.values() if "422" in operation["responses"])


def _problem_response(status: HTTPStatus) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model=ProblemDetails.__name__)}
    return {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": schema}}}


def _response(problem: Problem) -> JSONResponse:
    # What is left of the body is not waited for.
    headers = {"Connection": "close"} if problem.status in _UNREAD else None
    return JSONResponse(problem.details.model_dump(), problem.status, headers, media_type=MEDIA_TYPE)


async def _answer_problem(_request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)  # registered for nothing else
    return _response(problem)


async def _answer_wrong_parameter(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # registered for nothing else
    fields = tuple(FieldError(dotted(wrong["loc"]), wrong["msg"]) for wrong in error.errors())
    return _response(invalid("invalid_parameters", "parameters are missing or wrong", fields))


async def _answer_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # registered for nothing else
    status = HTTPStatus(error.status_code)
    detail = f"{request.method} {request.url.path}: {error.detail}"
    return _response(Problem(status, "no_such_endpoint", detail, f"see {PREFIX}/openapi.json"))


async def _answer_fault(request: Request, _error: Exception) -> JSONResponse:
    """A bug of ours; the server logs it."""
    detail = f"{request.method} {request.url.path}: the agent made a mistake and cannot answer this"
    advice = "look at how things stand, then at the agent's log"
    return _response(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", detail, advice))


async def _answer_nobody(_request: Request, _error: Exception) -> Response:
    """The client went away before its body had come. Nothing was done, and nobody is there to be told."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _answer_unreadable_journal(_request: Request, error: Exception) -> JSONResponse:
    advice = "ask again; if it stays so, run edge-agent journal verify"
    return _response(Problem(HTTPStatus.SERVICE_UNAVAILABLE, "journal_unreadable", str(error), advice))
