"""What tells who or where a person is, is not taken in: dropped from fields that nobody has asked for.

The agent moves goods; it has no need of names, addresses or e-mails, so it keeps none that could leak.
"""

import re
from typing import Any

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_EMAIL = re.compile(r"[^\s@]@[^\s@]{1,190}\.[^\s@]")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_PERSONAL_WORD = re.compile(
    "customer|consumer|buyer|recipient|consignee|receiver|addressee|contact|person|attention"
    "|firstname|lastname|fullname|surname|forename|username|salutation|birthday|birthdate"
    "|address|addresses|addr|street|house|city|town|zip|zipcode|postcode|postal"
    "|email|emails|mail|phone|telephone|tel|mobile|cell|fax"
)
"""A key that has one of these words is dropped, whatever it holds."""

_NAME_WORD = re.compile("names?|first|last|full|given|family|middle|user|display|nick|ship|bill|sold|to")
"""A key with the word name is dropped when it has none but these: `first_name`, but not `product_name`."""


def has_email(text: str) -> bool:
    """Whether something in the text looks like an e-mail address."""
    return _EMAIL.search(text) is not None


def names_a_person(key: str) -> bool:
    """Whether a field of this name holds what tells who or where a person is."""
    words = [word.lower() for word in _WORD.findall(key)]
    if has_email(key) or any(_PERSONAL_WORD.fullmatch(word) for word in (*words, "".join(words))):
        return True
    return not {"name", "names"}.isdisjoint(words) and all(_NAME_WORD.fullmatch(word) for word in words)


def scrub_fields(fields: dict[str, Any], path: str) -> tuple[dict[str, Any], list[str]]:
    """The fields of an object without what is personal in them, at any depth, and the paths of what was
    left out.

    `path` is where the object stands. Values are what JSON gives; the reader has bounded their depth.
    """
    dropped: list[str] = []
    return _scrubbed_fields(fields, path, dropped), dropped


def _scrubbed(value: Any, path: str, dropped: list[str]) -> Any:
    if isinstance(value, dict):
        return _scrubbed_fields(value, path, dropped)
    if isinstance(value, list):
        kept = []
        for index, entry in enumerate(value):
            here = f"{path}[{index}]"
            if isinstance(entry, str) and has_email(entry):
                dropped.append(here)
            else:
                kept.append(_scrubbed(entry, here, dropped))
        return kept
    return value


def _scrubbed_fields(fields: dict[str, Any], path: str, dropped: list[str]) -> dict[str, Any]:
    kept = {}
    for key, value in fields.items():
        # The key may be personal itself; then it must not come back in the path either.
        shown = key if _PLAIN_KEY.fullmatch(key) else "?"
        here = f"{path}.{shown}" if path else shown
        if names_a_person(key) or (isinstance(value, str) and has_email(value)):
            dropped.append(here)
        else:
            kept[key] = _scrubbed(value, here, dropped)
    return kept
