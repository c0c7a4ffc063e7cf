"""A cancellation arrives as one, even in the very moment in which the library's answer comes."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from asyncua.common.utils import wait_for

from drivers.links.cancellation import heeding_cancellation

Waiting = Callable[[asyncio.Future[int]], Awaitable[int]]


async def outcome(waiting: Waiting) -> BaseException | int:
    """What comes of a request whose answer arrives in the moment in which its task is cancelled."""
    loop = asyncio.get_running_loop()
    answer = loop.create_future()

    async def request() -> int:
        return await waiting(answer)

    task = asyncio.create_task(request(), name="request")
    await asyncio.sleep(0)
    answer.set_result(1)
    loop.call_soon(task.cancel)
    try:
        return await task
    except asyncio.CancelledError as error:
        return error


async def as_asyncua_waits(answer: asyncio.Future[int]) -> int:
    return await wait_for(answer, 5.0)


async def as_pymodbus_waits(answer: asyncio.Future[int]) -> int:
    return await asyncio.wait_for(answer, 5.0)


@pytest.mark.parametrize("waiting", [as_asyncua_waits, as_pymodbus_waits])
async def test_a_cancellation_in_the_moment_of_the_answer_arrives_plainly(waiting: Waiting) -> None:
    async def heeded(answer: asyncio.Future[int]) -> int:
        with heeding_cancellation():
            return await waiting(answer)

    assert type(await outcome(heeded)) is asyncio.CancelledError


async def test_without_it_the_cancellation_would_be_of_another_kind() -> None:
    assert type(await outcome(as_asyncua_waits)) is not asyncio.CancelledError


async def test_an_answer_without_a_cancellation_passes() -> None:
    with heeding_cancellation():
        assert await asyncio.wait_for(asyncio.sleep(0, 7), 1.0) == 7


async def test_a_time_limit_around_it_stays_a_time_limit() -> None:
    async def too_slow() -> None:
        async with asyncio.timeout(0.01):
            with heeding_cancellation():
                await asyncio.wait_for(asyncio.Event().wait(), 5.0)

    with pytest.raises(TimeoutError):
        await too_slow()


async def test_who_closes_because_of_a_cancellation_can_still_wait() -> None:
    closed: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            with heeding_cancellation():
                await asyncio.sleep(0)
            closed.append("the session")

    task = asyncio.create_task(work(), name="work")
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed == ["the session"]
