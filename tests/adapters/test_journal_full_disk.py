"""Disks that are full or failing: what was not told to be durable is not there, what was is."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.adapters import journal_pages as pages
from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.journal_verify import verify
from edge_agent.adapters.journal_writer import Writer
from edge_agent.errors import JournalError
from tests.adapters.examples import mixed, told
from tests.small_disk import small_disk

SIZE_BYTES = 2 * 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", SIZE_BYTES) as folder:
        yield folder


async def until_full(file: Path) -> int:
    """A journal that has filled its disk, closed. Returns the last event that is durable."""
    journal = await SqlJournal.open(f"sqlite:///{file}")
    last, problem = await journal.last_confirmation(), ""
    while not problem:
        try:
            await journal.append(told(last + 1, last + 20))
            last += 20
        except JournalError as error:
            problem = str(error)
    assert "a write failed, nothing more is taken: database or disk is full; free the disk" in problem
    assert "\n" not in problem
    with pytest.raises(JournalError, match="nothing more is taken"):
        await journal.append(told(last + 21, last + 21))
    await journal.close()
    return last


async def test_a_full_disk_loses_nothing_and_keeps_nothing_that_was_refused(disk: Path) -> None:
    file = disk / "journal.db"
    last = await until_full(file)
    found = await asyncio.to_thread(verify, file)
    assert (found.confirmations, found.problems) == (last, ())


async def test_after_space_is_freed_the_journal_goes_on(disk: Path) -> None:
    file, ballast = disk / "journal.db", disk / "ballast"
    await asyncio.to_thread(ballast.write_bytes, bytes(SIZE_BYTES // 2))
    last = await until_full(file)
    await asyncio.to_thread(ballast.unlink)
    journal = await SqlJournal.open(f"sqlite:///{file}")
    assert await journal.last_confirmation() == last
    assert await journal.read_confirmations(last - 3, 10) == told(last - 2, last)
    await journal.append(told(last + 1, last + 20))
    await journal.close()
    assert (await asyncio.to_thread(verify, file)).problems == ()


async def test_a_full_disk_at_the_very_start_is_one_line(disk: Path) -> None:
    await asyncio.to_thread((disk / "ballast").write_bytes, bytes(SIZE_BYTES - 4096))
    with pytest.raises(JournalError, match=r"journal.db: cannot be opened for writing|lock file") as caught:
        await SqlJournal.open(f"sqlite:///{disk}/journal.db")
    assert "\n" not in str(caught.value)


_LIMITED = """
import asyncio, resource, signal, sys
from edge_agent.adapters.journal import SqlJournal
from edge_agent.errors import JournalError
from tests.adapters.examples import told

async def main() -> None:
    journal = await SqlJournal.open(sys.argv[1])
    last = await journal.last_confirmation()
    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        while True:
            await journal.append(told(last + 1, last + 70))
            last += 70
    except JournalError as error:
        print(last, error)
    await journal.close()

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
asyncio.run(main())
"""


@pytest.mark.parametrize("limit_kb", [40, 61, 100, 1000, 5000])
def test_a_write_that_fails_anywhere_ends_cleanly(tmp_path: Path, limit_kb: int) -> None:
    """No file may grow beyond a limit (EFBIG): commits, checkpoints and seals meet it at different places."""
    file = tmp_path / "journal.db"
    arguments = (sys.executable, "-c", _LIMITED, f"sqlite:///{file}", str(limit_kb * 1024))
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    last, _, message = done.stdout.partition(" ")
    assert "a write failed, nothing more is taken" in message
    found = verify(file)
    assert found.problems == ()
    assert found.confirmations >= int(last)
    assert asyncio.run(_goes_on(file)) == found.confirmations + 1
    assert verify(file).problems == ()


async def _goes_on(file: Path) -> int:
    journal = await SqlJournal.open(f"sqlite:///{file}")
    last = await journal.last_confirmation()
    await journal.append(told(last + 1, last + 1))
    await journal.close()
    return last + 1


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
async def test_a_disk_that_fails_while_pages_are_sealed_ends_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    file = tmp_path / "journal.db"
    journal = await SqlJournal.open(f"sqlite:///{file}")
    await journal.append(mixed(10))

    def fails(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(pages.os, call, fails)
        with pytest.raises(JournalError, match=r"a write failed.*Input/output error"):
            await journal.close()
    again = await SqlJournal.open(f"sqlite:///{file}")
    assert await again.read(0, 100) == mixed(10)
    await again.close()
    assert (await asyncio.to_thread(verify, file)).problems == ()


async def test_an_input_output_error_at_a_commit_ends_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite answers EIO of its write or fsync with "disk I/O error"; the commit is then not known to be."""
    file = tmp_path / "journal.db"
    journal = await SqlJournal.open(f"sqlite:///{file}")
    await journal.append(mixed(4))
    monkeypatch.setattr(journal._writer, "_connection", FailingConnection(journal._writer))
    with pytest.raises(JournalError, match="a write failed, nothing more is taken: disk I/O error"):
        await journal.append(mixed(6)[4:])
    monkeypatch.undo()
    with pytest.raises(JournalError, match="nothing more is taken"):
        await journal.append(mixed(7)[6:])
    await journal.close()
    again = await SqlJournal.open(f"sqlite:///{file}")
    assert await again.read(0, 100) == mixed(4)
    await again.close()


class FailingConnection:
    """The writing connection on a disk that fails when the transaction is to be committed."""

    def __init__(self, writer: Writer) -> None:
        self._real = writer._connection

    def begin(self) -> Any:
        transaction = self._real.begin()

        class Failing:
            def __enter__(self) -> None:
                pass

            def __exit__(self, *_: object) -> None:
                transaction.rollback()
                raise OSError("disk I/O error")

        return Failing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
