"""A bounded stream of observations that ends with a lost link."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from edge_agent.errors import LinkLostError

T = TypeVar("T")


class Feed(Generic[T]):
    """What a device reports, from the task that hears it to the one that iterates it. One connection long.

    When nobody fetches, it ends instead of dropping anything: the next connection asks the device.
    """

    def __init__(self, device: str, limit: int = 10_000) -> None:
        self._device = device
        self._limit = limit
        self._items: deque[T] = deque()
        self._lost: str | None = None
        self._changed = asyncio.Event()

    def put(self, item: T) -> None:
        """Add an observation; without effect after the end."""
        if self._lost is not None:
            return
        if len(self._items) >= self._limit:
            self.end(f"{self._limit} observations were not fetched")
            return
        self._items.append(item)
        self._changed.set()

    def end(self, detail: str) -> None:
        """No more will come. The first reason counts."""
        if self._lost is None:
            self._lost = detail
            self._changed.set()

    async def items(self) -> AsyncIterator[T]:
        """The observations in order; raises `LinkLostError` after the last one."""
        while True:
            while self._items:
                yield self._items.popleft()
            if self._lost is not None:
                raise LinkLostError(self._device, self._lost)
            self._changed.clear()
            await self._changed.wait()
