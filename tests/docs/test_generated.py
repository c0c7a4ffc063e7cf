"""The generated documents are fresh, and nothing in them is left unexplained."""

from pathlib import Path

import pytest

from docs.generate import GENERATED, ROOT, stale

REFERENCES = [name for name in GENERATED if name.endswith(".md") and "commands" not in name]


def test_every_generated_document_is_fresh() -> None:
    assert stale() == [], "run `make docs`"


@pytest.mark.parametrize("name", REFERENCES)
def test_every_key_state_and_event_says_what_it_means(name: str) -> None:
    rows = [line for line in Path(ROOT / name).read_text().splitlines() if line.startswith("| `")]
    assert len(rows) > (5 if name.endswith(("rules.md", "catalogue.md")) else 20)
    unexplained = [row for row in rows if row.endswith("|  |") or "` |  (" in row]
    assert unexplained == []
