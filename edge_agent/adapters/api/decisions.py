"""A decision of the core about what a person wants, as an answer or as problem details."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType

from edge_agent.adapters.api.problems import Problem
from edge_agent.domain.decision import DecisionCode
from edge_agent.domain.events import DecisionRefused, Event

STATUSES: Mapping[DecisionCode, HTTPStatus] = MappingProxyType(
    {
        DecisionCode.UNKNOWN_EXCEPTION: HTTPStatus.NOT_FOUND,
        DecisionCode.UNKNOWN_SUBJECT: HTTPStatus.NOT_FOUND,
        DecisionCode.UNKNOWN_STATION: HTTPStatus.NOT_FOUND,
        DecisionCode.ALREADY_RESOLVED: HTTPStatus.CONFLICT,
        DecisionCode.ALREADY_HELD: HTTPStatus.CONFLICT,
        DecisionCode.ALREADY_ANSWERED: HTTPStatus.CONFLICT,
        DecisionCode.NOT_ASKED: HTTPStatus.CONFLICT,
        DecisionCode.NOT_HELD: HTTPStatus.CONFLICT,
        DecisionCode.NOT_POSSIBLE_NOW: HTTPStatus.CONFLICT,
        DecisionCode.UNKNOWN_ACTION: HTTPStatus.UNPROCESSABLE_ENTITY,
        DecisionCode.MISSING_ARGUMENT: HTTPStatus.UNPROCESSABLE_ENTITY,
        DecisionCode.BAD_ARGUMENT: HTTPStatus.UNPROCESSABLE_ENTITY,
        DecisionCode.REASON_NEEDED: HTTPStatus.UNPROCESSABLE_ENTITY,
        DecisionCode.NOT_ALLOWED: HTTPStatus.FORBIDDEN,
        DecisionCode.APPROVAL_NEEDED: HTTPStatus.FORBIDDEN,
        DecisionCode.APPROVER_IS_ACTOR: HTTPStatus.FORBIDDEN,
    }
)
"""With which status each refusal is answered."""

_ADVICE: Mapping[HTTPStatus, str] = MappingProxyType(
    {
        HTTPStatus.NOT_FOUND: "look at the list",
        HTTPStatus.CONFLICT: "look at how it stands now",
        HTTPStatus.UNPROCESSABLE_ENTITY: "look at what the exception allows, and what that needs",
        HTTPStatus.FORBIDDEN: "have somebody do or approve it who may: api.supervisors of the site file",
    }
)


def refused(events: Sequence[Event]) -> DecisionRefused | None:
    """The refusal among what was decided; None where it was taken."""
    return next((event for event in events if isinstance(event, DecisionRefused)), None)


def problem(refusal: DecisionRefused) -> Problem:
    """Why it was refused."""
    status = STATUSES[refusal.code]
    return Problem(status, refusal.code.value, refusal.text, _ADVICE[status])
