"""From a file and the environment to a checked site."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from edge_agent.settings.checks import FindProfile, check_site
from edge_agent.settings.document import Document, KeyPath, Problem, read_document
from edge_agent.settings.environment import apply_environment
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
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}


def load_site(file: Path, environ: Mapping[str, str], find_profile: FindProfile | None = None) -> Site:
    """The site of a YAML file, with what the environment says above it (`EDGE_AGENT__SECTION__KEY`).

    `find_profile` gives the profile of a name and raises `ConfigurationError` where it cannot; without it
    nothing is checked that needs profiles. Raises `ConfigurationError` with every problem that was found,
    each as `file:line: key: what; what to do`.
    """
    document = read_document(file)
    problems = apply_environment(document, environ)
    site, wrong = _validated(document)
    if site is not None:
        wrong += check_site(site, find_profile)
    problems = document.lines(wrong) + problems
    if site is None or problems:
        raise ConfigurationError(*problems)
    return site


def _validated(document: Document) -> tuple[Site | None, list[Problem]]:
    # Through JSON, where strict still takes a list for a tuple, but no text for a number.
    try:
        return Site.model_validate_json(json.dumps(document.data), strict=True), []
    except ValidationError as error:
        return None, [_problem(details) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails) -> Problem:
    path, kind, context = details["loc"], details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        model = as_model(type_at(Site, path[:-1]))
        known = model.model_fields if model else ()
        return Problem(path, f"unknown key; {did_you_mean(str(path[-1]), known)}")
    if kind == "missing":
        return Problem(path, "is missing; add it")
    if kind == "too_short":
        return Problem(path, "must have at least one entry")
    if kind == "string_pattern_mismatch":
        return Problem(
            path, f"{_shown(details['input'])} has the wrong form; expected: {_form(path, context)}"
        )
    if kind == "value_error":
        return _of_inner_key(path, str(context["error"]))
    if kind == "string_type" and isinstance(details["input"], int | float):
        return Problem(path, f"must be a text, not {_shown(details['input'])}; put it in quotes")
    if kind not in _KINDS:
        return Problem(path, details["msg"])
    return Problem(path, f"must be {_KINDS[kind].format_map(context)}, not {_shown(details['input'])}")


def _of_inner_key(path: KeyPath, text: str) -> Problem:
    """A section's own check names the key first; the key belongs into the path."""
    key, separator, rest = text.partition(": ")
    model = as_model(type_at(Site, path))
    return (
        Problem((*path, key), rest)
        if separator and model and key in model.model_fields
        else Problem(path, text)
    )


def _form(path: KeyPath, context: Mapping[str, Any]) -> str:
    """What to write: the setting's own description where it has one."""
    model = as_model(type_at(Site, path[:-1]))
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
