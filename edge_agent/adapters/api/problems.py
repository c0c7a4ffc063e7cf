"""Errors of the API as problem details: what, where, what to do.

Source: RFC 9457, section 3; `code`, `advice` and `fields` are extension members (section 3.2).
"""

from collections.abc import Sequence
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field

from edge_agent.domain.events import FieldError

MEDIA_TYPE = "application/problem+json"


class WrongField(BaseModel):
    """A field that is not taken."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    path: str
    """Where it stands, for example `lines[0].quantity`."""
    problem: str


class ProblemDetails(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str = "about:blank"
    title: str
    """The status in words."""
    status: int
    detail: str
    """What is wrong, and where."""
    code: str
    """The kind of problem, for a program."""
    advice: str
    """What to do."""
    fields: list[WrongField] = Field(default_factory=list)
    """Every field that is wrong."""


class Problem(Exception):  # noqa: N818 - the name that RFC 9457 gives it
    """A request that is answered with problem details."""

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, advice: str, fields: Sequence[FieldError] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.details = ProblemDetails(
            title=status.phrase,
            status=status,
            detail=detail,
            code=code,
            advice=advice,
            fields=[WrongField(path=field.path, problem=field.problem) for field in fields],
        )


def not_found(what: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"there is no {what} here", "look at the list")


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, object]]:
    """The problems that an endpoint may answer with, for its OpenAPI document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {status.value: {"description": status.phrase, "content": content} for status in statuses}
