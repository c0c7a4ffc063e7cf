"""The threads that wait for the disk, so that the event loop does not."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import structlog

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


class Threads:
    """One thread that writes and one that reads; each does its work in the order in which it came."""

    def __init__(self) -> None:
        self._writing = ThreadPoolExecutor(1, "journal-writer")
        self._reading = ThreadPoolExecutor(1, "journal-reader")

    async def write(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._writing, work)

    async def read(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, work)

    def write_later(self, work: Callable[[], None]) -> None:
        """As `write`, for what nobody waits for; a failure is logged."""
        self._writing.submit(work).add_done_callback(_log_failure)

    def stop(self) -> None:
        self._writing.shutdown(wait=False)
        self._reading.shutdown(wait=False)


def _log_failure(done: Future[None]) -> None:
    if error := done.exception():
        log.error("cursor positions not written", reason=str(error))
