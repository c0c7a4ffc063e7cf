"""The journal's disk fills up under a running agent, and is freed again."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.adapters.journal_verify import verify
from tests.e2e.conftest import Play
from tests.e2e.scenes import audited, over, told, until
from tests.small_disk import small_disk

SIZE_BYTES = 8 * 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", SIZE_BYTES) as folder:
        yield folder


def fill(ballast: Path) -> None:
    """Take every byte that is left."""
    with ballast.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


async def test_a_full_disk_stops_the_agent_and_after_space_is_freed_the_work_ends_well(
    play: Play, disk: Path
) -> None:
    ballast = disk / "ballast"
    env = {
        "EDGE_AGENT__JOURNAL__URL": f"sqlite:///{disk}/journal.db",
        "EDGE_AGENT__LIMITS__DISK_RESERVE_MB": "1",
    }
    async with play(tasks=4, seed=5, extra_env=env) as scene:
        await until(lambda: told(scene)["inventory_changed"] >= 3, "some units are placed")
        await asyncio.to_thread(fill, ballast)
        assert await scene.agent.wait() == 1
        last = scene.agent.log.read_text().splitlines()[-1]
        assert last.startswith(f"edge-agent: {disk}/journal.db: a write failed, nothing more is taken: ")
        assert "Traceback" not in scene.agent.log.read_text()
        await asyncio.to_thread(ballast.unlink)
        assert (await asyncio.to_thread(verify, disk / "journal.db")).problems == ()
        await scene.agent.start()
        await over(scene)
        result = await audited(scene)
    assert result.problems == ()
    assert result.tasks.held == 0
    assert (await asyncio.to_thread(verify, disk / "journal.db")).problems == ()


async def test_below_the_reserve_new_tasks_are_refused_and_the_others_end(play: Play, disk: Path) -> None:
    env = {
        "EDGE_AGENT__JOURNAL__URL": f"sqlite:///{disk}/journal.db",
        "EDGE_AGENT__LIMITS__DISK_RESERVE_MB": "100",  # more than the disk has
    }
    async with play(tasks=3, extra_env=env) as scene:
        await until(lambda: told(scene)["task_rejected"] == 3, "every task is refused")
        result = await audited(scene)
    assert result.problems == ()
    assert result.tasks.rejected == 3
