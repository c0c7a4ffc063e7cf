"""The pick task and the cancel as they stand in JSON (contract, "Pick task", version 1).

Strict: no number is made out of a text, no text out of a number. The limits of the site are handed in as
the validation context. What one field alone cannot tell is checked in `pick_task`.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from edge_agent.adapters.field_errors import shown
from edge_agent.adapters.personal_data import has_email
from edge_agent.core.verification.gtin import to_gtin_14
from edge_agent.domain.site import Limits

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_NAIVE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _text(pattern: str, rule: str) -> AfterValidator:
    """A text that matches wholly. `rule` completes "must be ..."."""
    compiled = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if has_email(text):
            raise ValueError("must not hold an e-mail address")
        if not compiled.fullmatch(text):
            raise ValueError(f"must be {rule}, not {shown(text)}")
        return text

    return AfterValidator(check)


def _time(value: object) -> datetime:
    if isinstance(value, str) and _NAIVE_TIME.fullmatch(value):
        raise ValueError(f"needs a zone, as in 2026-11-22T16:00:00+01:00, not {shown(value)}")
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"must be an RFC 3339 time such as 2026-11-22T16:00:00+01:00, not {shown(value)}")


def _day(value: object) -> date:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError(f"must be a date such as 2026-11-22, not {shown(value)}")


def _limits(info: ValidationInfo) -> Limits:
    if not isinstance(info.context, Limits):
        raise TypeError("the limits of the site are the validation context")
    return info.context


def _no_more_lines_than_allowed(value: object, info: ValidationInfo) -> object:
    # Before the lines are looked at, so that a flood of them is not worth an answer for each.
    limits = _limits(info)
    if isinstance(value, list) and len(value) > limits.lines_per_task:
        raise ValueError(f"has {len(value)} lines, {limits.lines_per_task} are allowed")
    return value


def _no_more_units_than_allowed(value: int, info: ValidationInfo) -> int:
    limits = _limits(info)
    if value > limits.quantity_per_line:
        raise ValueError(f"must be {limits.quantity_per_line} or less, not {shown(value)}")
    return value


_PRINTABLE = r"(?! )[ -~]{1,64}(?<! )"
_CSET_82 = r"[!%-?A-Z_a-z\x22]{1,20}"

TaskKey = Annotated[
    str,
    _text(rf"(?![^+#/]*[+#/]){_PRINTABLE}", "1 to 64 printable ASCII characters without + # /"),
]
Key = Annotated[str, _text(_PRINTABLE, "1 to 64 printable ASCII characters")]
Label = Annotated[str, _text(r"[!-~]{1,16}", "1 to 16 printable ASCII characters without spaces")]
"""What goes to a device: its text fields hold 16 characters (docs/reference/handshakes.md)."""
LotOrSerial = Annotated[str, _text(_CSET_82, "1 to 20 characters that GS1 allows in lots and serial numbers")]
OptionalKey = Annotated[str, _text(rf"|{_PRINTABLE}", "up to 64 printable ASCII characters")]
Reason = Annotated[str, _text(r"[^\x00-\x1f\x7f]{1,200}", "1 to 200 characters without control characters")]
OptionalReason = Annotated[
    str, _text(r"[^\x00-\x1f\x7f]{0,200}", "up to 200 characters, no control characters")
]
Gtin14 = Annotated[str, AfterValidator(to_gtin_14)]
Time = Annotated[datetime, BeforeValidator(_time)]
Day = Annotated[date, BeforeValidator(_day)]
Revision = Annotated[int, Field(ge=1, le=2**31 - 1)]
Quantity = Annotated[int, Field(ge=1), AfterValidator(_no_more_units_than_allowed)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Message(BaseModel):
    """A part of a message. Unknown fields are not its business: they are passed through beside it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class SourceIn(Message):
    location: Label
    container_id: Label
    quantity_available: Count
    rank: Count


class LineIn(Message):
    line_id: Key
    sku: Key
    gtin: Gtin14
    quantity: Quantity
    uom: Literal["each"] = "each"
    lot: LotOrSerial | None = None
    expiry_min: Day | None = None
    serials: list[LotOrSerial] | None = None
    serial_capture: bool = False
    sources: list[SourceIn] = Field(min_length=1)


class DestinationIn(Message):
    container_id: Label
    lane: Key


class PolicyIn(Message):
    allow_partial: bool = True
    verify: Literal["each"] = "each"


class OrderSourceIn(Message):
    platform: Key = "generic"
    account: OptionalKey = ""


class SubmitIn(Message):
    task_id: TaskKey
    revision: Revision
    order_id: Key
    source: OrderSourceIn = OrderSourceIn()
    priority: Annotated[int, Field(ge=0, le=100)] = 50
    ship_by: Time | None = None
    not_before: Time | None = None
    destination: DestinationIn
    policy: PolicyIn = PolicyIn()
    lines: Annotated[list[LineIn], Field(min_length=1), BeforeValidator(_no_more_lines_than_allowed)]


class CancelIn(Message):
    task_id: TaskKey
    revision: Revision
    reason: Reason


class ReplayIn(Message):
    after: Annotated[int, Field(ge=0)]


def unknown_fields(model: type[Message], fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of an object that the contract does not name."""
    return {key: value for key, value in fields.items() if key not in model.model_fields}
