"""What type stands where in the site file, as the typed configuration says."""

import difflib
import types
from collections.abc import Iterable
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from edge_agent.domain.paths import KeyPath


def bare(annotation: Any) -> Any:
    """The type itself: without `None`, and for a `NewType` what it is made of."""
    if get_origin(annotation) in (Union, types.UnionType):
        return bare(next(kind for kind in get_args(annotation) if kind is not types.NoneType))
    return bare(annotation.__supertype__) if hasattr(annotation, "__supertype__") else annotation


def as_model(annotation: Any) -> type[BaseModel] | None:
    """The section that stands there; None for a plain value, a list or a table."""
    kind = bare(annotation)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def type_below(annotation: Any, part: str | int) -> Any:
    """The type of the setting `part` of a section, a table or a list; None where there is none."""
    kind = bare(annotation)
    if model := as_model(kind):
        field = model.model_fields.get(str(part))
        return field.annotation if field else None
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    if get_origin(kind) is tuple:
        return get_args(kind)[0]
    return None


def type_at(root: type[BaseModel], path: KeyPath) -> Any:
    """The type of the setting at `path`; None where there is none."""
    kind: Any = root
    for part in path:
        kind = type_below(kind, part)
    return kind


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Advice for a name that does not exist: the nearest one, or those that there are."""
    names = sorted(known)
    if near := difflib.get_close_matches(wrong, names, n=1):
        return f"did you mean '{near[0]}'?"
    return f"known are: {', '.join(names)}" if names else "there are none"
