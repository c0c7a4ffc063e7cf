"""Journals that released versions have written, from real runs, still replay to where they were."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.journal_reader import JournalReader
from edge_agent.core.evolve import evolve
from edge_agent.core.image import image_of
from edge_agent.core.state import State
from edge_agent.reports import replay_report

DATA = Path(__file__).parents[1] / "data"
JOURNALS = sorted(DATA.glob("journal_v*.db"))
"""One for each version of the events; its `.expected.json` says where things stood after some of them."""


@pytest.mark.parametrize("stored", JOURNALS, ids=lambda path: path.stem)
def test_a_stored_journal_replays_to_where_it_was(stored: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(stored, tmp_path / "journal.db"))
    asyncio.run(_brought_up_to_date(file))
    with JournalReader(f"sqlite:///{file}") as reader:
        records = list(reader.records())
    expected = json.loads(stored.with_suffix(".expected.json").read_text())
    assert str(len(records)) in expected, "the whole journal is one of them"
    for events, lines in expected.items():
        assert list(replay_report(records[: int(events)])) == lines


async def _brought_up_to_date(file: Path) -> None:
    await (await SqlJournal.open(f"sqlite:///{file}")).close()


@pytest.mark.parametrize("stored", JOURNALS, ids=lambda path: path.stem)
def test_replaying_it_twice_gives_the_same_state(stored: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(stored, tmp_path / "journal.db"))
    asyncio.run(_brought_up_to_date(file))
    with JournalReader(f"sqlite:///{file}") as reader:
        first, second = (replayed(reader) for _ in range(2))
    assert first == second
    assert image_of(first) == image_of(second)


def replayed(reader: JournalReader) -> State:
    state = State.of_any_site()
    for recorded in reader.records():
        evolve(state, recorded.event, recorded.clock_s)
    return state
