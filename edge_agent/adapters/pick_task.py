"""Messages of the OMS: bytes in, a pick task or a cancel out, or a refusal that names all that is wrong.

Whether lanes, locations and labels exist at this site is not known here; the core checks that.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from typing import Any, TypeVar

from pydantic import ValidationError

from edge_agent.adapters.field_errors import field_errors, shown
from edge_agent.adapters.personal_data import scrub_fields
from edge_agent.adapters.pick_task_models import (
    CancelIn,
    DestinationIn,
    LineIn,
    Message,
    OrderSourceIn,
    PolicyIn,
    ReplayIn,
    SourceIn,
    SubmitIn,
    unknown_fields,
)
from edge_agent.adapters.strict_json import JsonRefusedError, decode_object
from edge_agent.domain.events.common import FieldError
from edge_agent.domain.ids import Gtin, LaneId, LineId, LocationId, Lpn, TaskId
from edge_agent.domain.site import Limits
from edge_agent.domain.task import (
    CancelRequest,
    Destination,
    Line,
    OrderSource,
    PickTask,
    Source,
    TaskPolicy,
    Verify,
)

EXCERPT_BYTES = 4096
_NAMED_IN_MESSAGE = 5

Model = TypeVar("Model", bound=Message)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is not taken; nothing of it is used.

    `code` is not_json, too_large, too_deep, other_topic or invalid_fields; `fields` names every wrong field
    then.
    `excerpt` is the first 4 KiB of the message, whatever it was.
    """

    code: str
    message: str
    fields: tuple[FieldError, ...]
    task_id: TaskId | None
    excerpt: str


def parse_submit(payload: bytes, limits: Limits) -> PickTask | Refused:
    """A pick task as it came over the wire. Raises nothing, whatever the bytes."""
    try:
        document = decode_object(payload, limits.message_bytes)
    except JsonRefusedError as error:
        return _unreadable(error, payload)
    checked, errors = _validated(SubmitIn, document, limits)
    errors += _contradictions(document, limits)
    if checked is None or errors:
        return _invalid(errors, document, payload)
    return _task(checked, document)


def parse_cancel(payload: bytes, limits: Limits) -> CancelRequest | Refused:
    """A cancel as it came over the wire. Raises nothing, whatever the bytes."""
    try:
        document = decode_object(payload, limits.message_bytes)
    except JsonRefusedError as error:
        return _unreadable(error, payload)
    checked, errors = _validated(CancelIn, document, limits)
    if checked is None:
        return _invalid(errors, document, payload)
    return CancelRequest(TaskId(checked.task_id), checked.revision, checked.reason)


def parse_replay(payload: bytes, limits: Limits) -> int | Refused:
    """The last confirmation that a receiver has without a gap; 0 for none. Raises nothing."""
    try:
        document = decode_object(payload, limits.message_bytes)
    except JsonRefusedError as error:
        return _unreadable(error, payload)
    checked, errors = _validated(ReplayIn, document, limits)
    return _invalid(errors, document, payload) if checked is None else checked.after


def content_digest(task: PickTask) -> str:
    """SHA-256 (hex) of what the task asks for: equal for equal content, however it was written down.

    What was dropped at intake does not count: it is not part of the task.
    """
    content = asdict(task)
    del content["dropped"]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_canonical)
    return sha256(text.encode("ascii")).hexdigest()


def _canonical(value: date) -> str:
    return value.isoformat()


# ---- refusals ----------------------------------------------------------------------------------------


def misdirected(topic: str, payload: bytes) -> Refused:
    """A message on a topic that is none of ours.

    A broker keeps what a session of our name once subscribed to, also after the configuration has changed.
    """
    message = f"came on {topic}, which is no topic of this gateway any more: send it to the present one"
    return Refused("other_topic", message, (), None, _excerpt(payload))


def _excerpt(payload: bytes) -> str:
    return payload[:EXCERPT_BYTES].decode("utf-8", "replace")


def _unreadable(error: JsonRefusedError, payload: bytes) -> Refused:
    return Refused(error.code, str(error), (), None, _excerpt(payload))


def _invalid(errors: list[FieldError], document: Json, payload: bytes) -> Refused:
    paths = [error.path for error in errors]
    more = f" and {len(paths) - _NAMED_IN_MESSAGE} more" if len(paths) > _NAMED_IN_MESSAGE else ""
    message = f"missing or wrong: {', '.join(paths[:_NAMED_IN_MESSAGE])}{more}"
    task_id = None if "task_id" in paths else document.get("task_id")
    named = TaskId(task_id) if isinstance(task_id, str) else None
    return Refused("invalid_fields", message, tuple(errors), named, _excerpt(payload))


# ---- fields, each for itself -------------------------------------------------------------------------


def _validated(model: type[Model], document: Json, limits: Limits) -> tuple[Model | None, list[FieldError]]:
    try:
        return model.model_validate(document, context=limits), []
    except ValidationError as error:
        return None, field_errors(error)


# ---- fields against each other -----------------------------------------------------------------------


def _contradictions(document: Json, limits: Limits) -> list[FieldError]:
    """On the message itself, so that they are named together with fields that are wrong for themselves."""
    lines = _objects(document.get("lines"))
    if len(lines) > limits.lines_per_task:
        return []
    errors = _repeated(lines, "lines", "line_id")
    container = _object(document.get("destination")).get("container_id")
    for index, line in enumerate(lines):
        sources = _objects(line.get("sources"))
        errors += _repeated(sources, f"lines[{index}].sources", "container_id")
        errors += _serial_errors(line, f"lines[{index}].serials")
        if container is not None and any(source.get("container_id") == container for source in sources):
            errors.append(FieldError("destination.container_id", f"is also a source of lines[{index}]"))
    return errors


def _repeated(objects: list[Json], path: str, key: str) -> list[FieldError]:
    first: dict[str, int] = {}
    errors = []
    for index, fields in enumerate(objects):
        value = fields.get(key)
        if isinstance(value, str) and first.setdefault(value, index) != index:
            errors.append(FieldError(f"{path}[{index}].{key}", f"is the same as in {path}[{first[value]}]"))
    return errors


def _serial_errors(line: Json, path: str) -> list[FieldError]:
    serials, quantity = line.get("serials"), line.get("quantity")
    if not isinstance(serials, list):
        return []
    errors = []
    if type(quantity) is int and len(serials) != quantity:
        errors.append(FieldError(path, f"must have one serial number a unit: {quantity}, not {len(serials)}"))
    counts = Counter(serial for serial in serials if isinstance(serial, str))
    if twice := [serial for serial, count in counts.items() if count > 1]:
        errors.append(FieldError(path, f"has {shown(twice[0])} more than once"))
    return errors


def _objects(value: object) -> list[Json]:
    """The list's entries, what is no object as an empty one: their places stay right."""
    return [_object(entry) for entry in value] if isinstance(value, list) else []


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


# ---- into the domain ---------------------------------------------------------------------------------


def _task(task: SubmitIn, document: Json) -> PickTask:
    attributes, dropped = _task_attributes(document)
    lines = []
    for index, (line, fields) in enumerate(zip(task.lines, document["lines"], strict=True)):
        kept, left_out = _line_attributes(fields, f"lines[{index}]")
        lines.append(_line(line, kept))
        dropped += left_out
    return PickTask(
        task_id=TaskId(task.task_id),
        revision=task.revision,
        order_id=task.order_id,
        destination=Destination(Lpn(task.destination.container_id), LaneId(task.destination.lane)),
        lines=tuple(lines),
        source=OrderSource(task.source.platform, task.source.account),
        priority=task.priority,
        ship_by=task.ship_by,
        not_before=task.not_before,
        policy=TaskPolicy(task.policy.allow_partial, Verify(task.policy.verify)),
        attributes=attributes,
        dropped=tuple(dropped),
    )


def _task_attributes(document: Json) -> tuple[Json, list[str]]:
    """The task's unknown fields, those of its known objects under the objects' names."""
    unknown = unknown_fields(SubmitIn, document)
    for key, model in (("destination", DestinationIn), ("policy", PolicyIn), ("source", OrderSourceIn)):
        if inner := unknown_fields(model, document.get(key, {})):
            unknown[key] = inner
    return scrub_fields(unknown, "")


def _line_attributes(fields: Json, path: str) -> tuple[Json, list[str]]:
    """A line's unknown fields, those of its sources under `sources` by container."""
    attributes, dropped = scrub_fields(unknown_fields(LineIn, fields), path)
    of_sources = {}
    for index, source in enumerate(fields["sources"]):
        kept, left_out = scrub_fields(unknown_fields(SourceIn, source), f"{path}.sources[{index}]")
        dropped += left_out
        if kept:
            of_sources[source["container_id"]] = kept
    return attributes | ({"sources": of_sources} if of_sources else {}), dropped


def _line(line: LineIn, attributes: Json) -> Line:
    return Line(
        line_id=LineId(line.line_id),
        sku=line.sku,
        gtin=Gtin(line.gtin),
        quantity=line.quantity,
        sources=tuple(_source(source) for source in line.sources),
        uom=line.uom,
        lot=line.lot,
        expiry_min=line.expiry_min,
        serials=None if line.serials is None else tuple(line.serials),
        serial_capture=line.serial_capture,
        attributes=attributes,
    )


def _source(source: SourceIn) -> Source:
    return Source(
        LocationId(source.location),
        Lpn(source.container_id),
        source.quantity_available,
        source.rank,
    )
