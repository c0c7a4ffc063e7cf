"""The watch over the journal's disk."""

import pytest
import structlog

from edge_agent.domain.inputs import DiskReported
from edge_agent.runtime.disk import DiskWatch

MB = 10**6


class Disk:
    """A disk whose free space is set by hand."""

    def __init__(self, free_mb: int) -> None:
        self.free_mb = free_mb
        self.failure: OSError | None = None
        self.told: list[DiskReported] = []
        self.watch = DiskWatch(self._free_bytes, 200, self.told.append)

    def _free_bytes(self) -> int:
        if self.failure:
            raise self.failure
        return self.free_mb * MB

    async def at(self, free_mb: int) -> DiskReported | None:
        """What is told when so much is free."""
        self.free_mb, self.told[:] = free_mb, []
        await self.watch.look()
        return self.told[0] if self.told else None


@pytest.fixture
def disk() -> Disk:
    return Disk(1000)


async def test_the_first_look_is_always_told(disk: Disk) -> None:
    assert await disk.at(1000) == DiskReported(False, 1000)
    assert await disk.at(900) is None


async def test_only_a_change_is_told_and_it_takes_a_little_more_to_be_enough_again(disk: Disk) -> None:
    await disk.at(1000)
    assert await disk.at(200) is None
    with structlog.testing.capture_logs() as logs:
        assert await disk.at(199) == DiskReported(True, 199)
    assert logs[0]["event"] == "disk_low"
    assert await disk.at(150) is None
    assert await disk.at(210) is None
    assert await disk.at(220) == DiskReported(False, 220)


async def test_a_disk_that_cannot_be_asked_changes_nothing(disk: Disk) -> None:
    await disk.at(100)
    disk.failure = OSError("stale file handle")
    with structlog.testing.capture_logs() as logs:
        assert await disk.at(1000) is None
    assert logs[0]["event"] == "disk_not_readable"
