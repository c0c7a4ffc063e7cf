"""The journal's commands, and an agent that is started on a damaged journal."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.adapters import journal_pages as pages
from edge_agent.adapters.journal import SqlJournal
from tests.adapters.examples import mixed
from tests.e2e.scenes import DEMO
from tests.e2e.test_command_line import edge_agent

pytestmark = pytest.mark.any_broker


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A journal of twenty events."""
    file = tmp_path / "journal.db"

    async def build() -> None:
        journal = await SqlJournal.open(f"sqlite:///{file}")
        await journal.append(mixed(20))
        await journal.close()

    asyncio.run(build())
    return file


def damage(file: Path, sequence: int) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute(f"UPDATE event SET clock_s = 99.5 WHERE sequence = {sequence}")
    pages.seal_all(file)


def test_an_agent_does_not_start_on_a_damaged_journal_and_says_how_to_go_on(file: Path) -> None:
    damage(file, 8)
    before = file.read_bytes()
    done = edge_agent("run", "--config", str(DEMO), EDGE_AGENT__JOURNAL__URL=f"sqlite:///{file}")
    assert done.returncode == 1
    told = done.stderr.splitlines()[-1]
    assert told.startswith(f"edge-agent: {file}: damaged: event 8 does not fit its checksum; events up to 7")
    assert "edge-agent journal export" in told
    assert "docs/how-to/recover-a-journal.md" in told
    assert "Traceback" not in done.stderr
    assert file.read_bytes() == before


def test_a_backup_is_verified_and_never_overwrites(file: Path, tmp_path: Path) -> None:
    done = edge_agent("journal", "backup", str(file), "--to", str(tmp_path / "copy.db"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "20 events, 10 confirmations: sound" in done.stdout
    again = edge_agent("journal", "backup", str(file), "--to", str(tmp_path / "copy.db"))
    assert again.returncode == 1
    assert "is there already, nothing was copied" in again.stderr


def test_the_backup_of_a_damaged_journal_is_called_damaged(file: Path, tmp_path: Path) -> None:
    damage(file, 8)
    done = edge_agent("journal", "backup", str(file), "--to", str(tmp_path / "copy.db"))
    assert done.returncode == 1
    assert "event 8: changed" in done.stderr


def test_an_export_can_be_cut_short_by_a_person_only(file: Path, tmp_path: Path) -> None:
    damage(file, 8)
    out, new = tmp_path / "out.jsonl", tmp_path / "new.db"
    exported = edge_agent("journal", "export", str(file), "--to", str(out))
    assert exported.returncode == 1
    assert "event 8: changed" in exported.stderr
    assert json.loads(out.read_text().splitlines()[-1])["events"] == 19
    refused = edge_agent("journal", "restore", str(out), "--to", str(new))
    assert refused.returncode == 1
    assert "--until 7" in refused.stderr
    restored = edge_agent("journal", "restore", str(out), "--to", str(new), "--until", "7")
    assert restored.returncode == 0, restored.stderr
    assert "7 events, 3 confirmations: sound" in restored.stdout
