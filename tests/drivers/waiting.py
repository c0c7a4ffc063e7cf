"""Waiting for a condition on real sockets, with a deadline instead of a fixed sleep."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_S = 10.0


async def until(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    deadline = asyncio.get_running_loop().time() + deadline_s
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "waited in vain"
        await asyncio.sleep(0.002)


async def following(observations: AsyncIterator[T], deadline_s: float = DEADLINE_S) -> T:
    """The next observation."""
    async with asyncio.timeout(deadline_s):
        return await anext(observations)
