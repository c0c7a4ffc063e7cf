"""A document against a model, with each error in our words: what is wrong there, and what to do."""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edge_agent.domain.paths import KeyPath
from edge_agent.settings.document import Document, Problem
from edge_agent.settings.schema import as_model, did_you_mean, type_at

_KINDS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a section",
    "model_type": "a section",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}

_QUOTED = re.compile(r"'([^']*)'")

Model = TypeVar("Model", bound=BaseModel)


def validated(document: Document, model: type[Model]) -> tuple[Model | None, list[Problem]]:
    """The document as the model, or everything that keeps it from being one."""
    # Through JSON, where strict still takes a list for a tuple, but no text for a number.
    try:
        return model.model_validate_json(json.dumps(document.data), strict=True), []
    except ValidationError as error:
        return None, [_problem(details, model) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails, root: type[BaseModel]) -> Problem:
    path, kind, context = details["loc"], details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        model = as_model(type_at(root, path[:-1]))
        known = model.model_fields if model else ()
        return Problem(path, f"unknown key; {did_you_mean(str(path[-1]), known)}")
    if kind == "enum" and path[-1] == "[key]":
        known = tuple(_QUOTED.findall(context["expected"]))
        return Problem(path[:-1], f"unknown key; {did_you_mean(str(details['input']), known)}")
    if kind == "missing":
        return Problem(path, "is missing; add it")
    if kind == "too_short":
        return Problem(path, "must have at least one entry")
    if kind == "string_pattern_mismatch":
        return Problem(
            path, f"{_shown(details['input'])} has the wrong form; expected: {_form(root, path, context)}"
        )
    if kind == "value_error":
        return _of_inner_key(root, path, str(context["error"]))
    if kind == "string_type" and isinstance(details["input"], int | float):
        return Problem(path, f"must be a text, not {_shown(details['input'])}; put it in quotes")
    if kind not in _KINDS:
        return Problem(path, details["msg"])
    return Problem(path, f"must be {_KINDS[kind].format_map(context)}, not {_shown(details['input'])}")


def _of_inner_key(root: type[BaseModel], path: KeyPath, text: str) -> Problem:
    """A section's own check names the key first; the key belongs into the path."""
    key, separator, rest = text.partition(": ")
    model = as_model(type_at(root, path))
    return (
        Problem((*path, key), rest)
        if separator and model and key in model.model_fields
        else Problem(path, text)
    )


def _form(root: type[BaseModel], path: KeyPath, context: Mapping[str, Any]) -> str:
    """What to write: the setting's own description where it has one."""
    model = as_model(type_at(root, path[:-1]))
    field = model.model_fields.get(str(path[-1])) if model else None
    if field and field.description:
        return " ".join(field.description.split()).replace("`", "").rstrip(".")
    return str(context["pattern"])


def _shown(value: object) -> str:
    match value:
        case None:
            return "empty"
        case dict():
            return "a section"
        case list():
            return "a list"
        case bool():
            return str(value).lower()
        case _:
            return repr(value)
