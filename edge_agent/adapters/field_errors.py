"""What a model refuses, as the errors of fields that a sender can act on."""

import json

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_agent.domain.events.common import FieldError
from edge_agent.domain.paths import KeyPath, dotted

_SHOWN = 40
_KINDS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "model_type": "an object",
    "literal_error": "{expected}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}


def shown(value: object) -> str:
    """A JSON value as an error message shows it: short, and objects and lists by their kind only."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            text = json.dumps(value)
            return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def field_errors(error: ValidationError, where: KeyPath = ()) -> list[FieldError]:
    """Every field that the model refused; `where` the model stands in its document."""
    return [
        FieldError(dotted((*where, *details["loc"])), _problem(details))
        for details in error.errors(include_url=False)
    ]


def _problem(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is unknown"
    if kind == "too_short":
        return "must have at least one entry"
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        return f"must have the form {context['pattern']}, not {shown(details['input'])}"
    if kind not in _KINDS:
        return details["msg"]
    return f"must be {_KINDS[kind].format_map(context)}, not {shown(details['input'])}"
