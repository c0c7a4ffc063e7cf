"""JSON from outside, read strictly: what two readers could understand differently is refused.

Source: RFC 8259; its sections 4 (names), 6 (numbers), 8.1 (encoding) and 8.2 (characters) say where
readers differ.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from edge_agent.errors import EdgeAgentError

MAX_DEPTH = 32
MAX_DIGITS = 64

# Possessive, and with an optional closing quote: no text can make the search go over it twice.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


class JsonRefusedError(EdgeAgentError):
    """The bytes are not taken as JSON. `code` is not_json, too_large or too_deep; the text says why."""

    def __init__(self, code: str, problem: str) -> None:
        super().__init__(problem)
        self.code = code


def decode_object(payload: bytes, longest: int) -> dict[str, Any]:
    """One JSON object of at most `longest` bytes.

    Raises `JsonRefusedError` and nothing else: too many bytes, no UTF-8, a byte order mark, no JSON, nested
    deeper than `MAX_DEPTH`, a name twice in one object, NaN, infinity or a number out of range, half of a
    surrogate pair, anything but an object.
    """
    if len(payload) > longest:
        raise JsonRefusedError("too_large", f"the message has {len(payload)} bytes, {longest} are allowed")
    text = _text(payload)
    _check_depth(text)
    try:
        document = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise JsonRefusedError("not_json", f"not JSON: {error.msg}, {where}") from None
    if not isinstance(document, dict):
        raise JsonRefusedError("not_json", "the message must be a JSON object")
    _check_characters(document)
    return document


def _text(payload: bytes) -> str:
    if payload.startswith(b"\xef\xbb\xbf"):
        raise JsonRefusedError("not_json", "the message starts with a byte order mark; send it without one")
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = payload[error.start]
        raise JsonRefusedError("not_json", f"byte 0x{byte:02X} at {error.start} is not UTF-8") from None


def _check_depth(text: str) -> None:
    """Counted before parsing, because the parser recurses."""
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_DEPTH:
            raise JsonRefusedError("too_deep", f"nested deeper than {MAX_DEPTH} levels")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise JsonRefusedError("not_json", f"the name {name[:64]!a} stands twice in one object")
        found[name] = value
    return found


def _constant(name: str) -> NoReturn:
    raise JsonRefusedError("not_json", f"{name} is not a JSON number")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise JsonRefusedError("not_json", f"the number {digits[:32]} is out of range")
    return value


def _int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise JsonRefusedError("not_json", f"a number has {len(digits)} digits, {MAX_DIGITS} are allowed")
    return int(digits)


def _check_characters(document: dict[str, Any]) -> None:
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise JsonRefusedError("not_json", "a text holds half of a surrogate pair") from None
