"""A damaged write-ahead log, as a failing disk leaves it when the agent was killed."""

import os
import random
import shutil
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from edge_agent.adapters import journal_pages as pages
from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.journal_export import export
from edge_agent.adapters.journal_verify import verify
from edge_agent.errors import JournalError
from tests.adapters.test_journal import _CHILD, url_of

SEED, PLACES = 5, 12


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal whose writer was killed while events stood in the log alone."""
    file = tmp_path_factory.mktemp("killed") / "journal.db"
    with Popen([sys.executable, "-c", _CHILD, url_of(file)], stdout=PIPE) as child:
        assert child.stdout is not None
        for _ in range(20):
            child.stdout.readline()
        child.kill()
    assert pages.log_bytes(file)
    return file


async def test_a_damaged_write_ahead_log_is_refused_and_what_it_still_holds_is_saved(
    killed: Path, tmp_path: Path
) -> None:
    """SQLite alone would open it without a word, and without the events behind the damage."""
    chance = random.Random(SEED)
    size = pages.log_bytes(killed)
    for place in range(PLACES):
        file = copied(killed, tmp_path / str(place))
        log = pages.log_of(file)
        at = chance.randrange(size * 9 // 10)
        content = change_byte(log, at)
        with pytest.raises(JournalError, match=r"damaged: its write-ahead log was changed .* left as it is"):
            await SqlJournal.open(url_of(file))
        assert log.read_bytes() == content
        assert any("write-ahead log" in problem for problem in verify(file).problems)
        saved = export(file, file.parent / "saved.jsonl")
        (missing,) = saved.missing
        assert missing.first == saved.last + 1


async def test_a_commit_that_a_power_cut_cut_short_is_no_damage(killed: Path, tmp_path: Path) -> None:
    """The last commit may be torn anywhere: it was never acknowledged."""
    chance = random.Random(SEED)
    whole = verify(killed).events
    for place in range(PLACES):
        file = copied(killed, tmp_path / str(place))
        os.truncate(pages.log_of(file), chance.randrange(pages.log_bytes(killed)))
        journal = await SqlJournal.open(url_of(file))
        events = await journal.read(0, whole + 1)
        await journal.close()
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))


def copied(journal: Path, folder: Path) -> Path:
    shutil.copytree(journal.parent, folder)
    return folder / journal.name


def change_byte(file: Path, at: int) -> bytes:
    content = bytearray(file.read_bytes())
    content[at] ^= 0xFF
    file.write_bytes(content)
    return bytes(content)
