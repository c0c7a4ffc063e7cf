"""The stored bodies that must keep decoding. `python -m tests.adapters.golden` adds what is missing.

It never changes a line that is there: a body that stands in somebody's journal cannot be changed either.
"""

import json
from pathlib import Path

from edge_agent.adapters.codec import Encoded, encode
from tests.adapters.examples import EVENT_TYPES, plain

FILE = Path(__file__).parents[1] / "data" / "journal_v1.jsonl"
CHOICES = 6
"""Bodies for a type with unions and enums in it: enough for every member of the largest union."""


def stored() -> list[Encoded]:
    entries = map(json.loads, FILE.read_text(encoding="utf-8").splitlines()) if FILE.exists() else ()
    return [Encoded(entry["type"], entry["version"], json.dumps(entry["body"])) for entry in entries]


def add_missing() -> None:
    have = {encoded.type for encoded in stored()}
    with FILE.open("a", encoding="utf-8") as file:
        for type_ in EVENT_TYPES:
            if type_.__name__ not in have:
                bodies = {encode(plain(type_, choice=choice)): None for choice in range(CHOICES)}
                file.writelines(_line(encoded) for encoded in bodies)


def _line(encoded: Encoded) -> str:
    return (
        json.dumps({"type": encoded.type, "version": encoded.version, "body": json.loads(encoded.body)})
        + "\n"
    )


if __name__ == "__main__":
    add_missing()
