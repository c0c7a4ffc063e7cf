"""Journal events as JSON and back, with versions.

Each event type has a version. When the fields of one change so that old bodies cannot be read any more,
its version goes up in `VERSIONS` and `UPCASTERS` gets the step from the older body to the newer; what is in
a journal is never rewritten. `tests/data/journal_v1.jsonl` holds one body of each type and must keep
decoding.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from edge_agent.domain import events as ev
from edge_agent.errors import JournalError

Body = dict[str, Any]
Upcaster = Callable[[Body], Body]

VERSIONS: Mapping[type[ev.Event], int] = MappingProxyType(dict.fromkeys(get_args(ev.Event), 1))
"""The version that each event type is written in."""

UPCASTERS: Mapping[tuple[str, int], Upcaster] = MappingProxyType({})
"""(type name, version) -> the body in the next version."""

_ADAPTERS: Mapping[type[ev.Event], TypeAdapter[ev.Event]] = {type_: TypeAdapter(type_) for type_ in VERSIONS}
_TYPES = {type_.__name__: type_ for type_ in VERSIONS}


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event as the journal keeps it."""

    type: str
    version: int
    body: str


def encode(event: ev.Event) -> Encoded:
    """The event in the current version of its type. Raises `JournalError` for what JSON cannot carry."""
    type_ = type(event)
    try:
        body = _ADAPTERS[type_].dump_json(event).decode()
    except PydanticSerializationError as error:
        raise JournalError(f"{type_.__name__} cannot be written as JSON: {error}") from error
    return Encoded(type_.__name__, VERSIONS[type_], body)


def decode(
    sequence: int, encoded: Encoded, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS
) -> ev.Event:
    """The event of a stored body, brought up to the current version first.

    Raises `JournalError`, which names the sequence, for a type or version that this agent does not know and
    for a body that does not fit its type.
    """
    where = f"journal event {sequence} ({encoded.type} version {encoded.version})"
    type_ = _TYPES.get(encoded.type)
    if type_ is None or encoded.version > VERSIONS[type_]:
        raise JournalError(
            f"{where} is not known to this edge-agent; run the version that wrote it, or a newer one"
        )
    try:
        return _ADAPTERS[type_].validate_json(_current(encoded, VERSIONS[type_], upcasters), strict=True)
    except KeyError as error:
        raise JournalError(f"{where} cannot be read: no step leads on from {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the body"
        raise JournalError(f"{where} cannot be read: {field}: {first['msg']}") from error


def _current(encoded: Encoded, current: int, upcasters: Mapping[tuple[str, int], Upcaster]) -> str:
    if encoded.version == current:
        return encoded.body
    body = json.loads(encoded.body)
    for version in range(encoded.version, current):
        body = upcasters[encoded.type, version](body)
    return json.dumps(body)
