"""From the API's thread to the agent's loop and back: inputs go over, answers and frozen views come.

Nothing of the agent's state is ever touched in the API's thread. What crosses is immutable, or was made for
the asker.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

import structlog

from edge_agent.adapters.api.problems import Problem
from edge_agent.core.state import State
from edge_agent.domain.events import Event
from edge_agent.domain.inputs import Input
from edge_agent.domain.time import Instant
from edge_agent.ports import Clock

log = structlog.get_logger(__name__)

T = TypeVar("T")
ANSWER_LIMIT_S = 10.0


class AgentLoop(Protocol):
    """What the API needs of the agent's loop; all of it in the loop's own thread."""

    @property
    def state(self) -> State: ...

    def ask(self, what: Input) -> asyncio.Future[Sequence[Event]]: ...

    def when_durable(self, read: Callable[[], None]) -> None: ...

    def turned(self) -> Coroutine[Any, Any, None]: ...


class Bridge:
    """Made in the agent's event loop; `ask` and `read` are awaited in the API's."""

    def __init__(self, loop: AgentLoop, clock: Clock) -> None:
        self._loop = loop
        self._clock = clock
        self._home = asyncio.get_running_loop()
        self._reading = asyncio.Lock()
        """One view at a time: however many ask, a turn of the loop waits for one of them at most."""

    async def ask(self, what: Input) -> Sequence[Event]:
        """Hand an input to the loop; the events that it led to, once they are on disk."""

        def begin(answer: Future[Sequence[Event]]) -> None:
            asked = self._loop.ask(what)
            asked.add_done_callback(lambda done: _hand_over(answer, done.result))

        return await self._cross(begin)

    async def read(self, view: Callable[[State, Instant], T]) -> T:
        """What `view` makes of the state while it shows nothing that is not on disk.

        It runs in the agent's loop: it has to be quick, and to return nothing that the state still holds.
        """

        def begin(answer: Future[T]) -> None:
            self._loop.when_durable(
                lambda: _hand_over(answer, lambda: view(self._loop.state, self._clock.now()))
            )

        async with self._reading:
            return await self._cross(begin)

    async def turned(self, limit_s: float) -> None:
        """Wait for the next turn of the agent's loop, and no longer than `limit_s`."""
        turned = self._loop.turned()
        try:
            turn = asyncio.run_coroutine_threadsafe(turned, self._home)
        except RuntimeError:  # the agent's loop has been closed: whoever asks it next is told
            turned.close()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await asyncio.wrap_future(turn)

    async def _cross(self, begin: Callable[[Future[T]], None]) -> T:
        answer: Future[T] = Future()
        try:
            self._home.call_soon_threadsafe(begin, answer)
            async with asyncio.timeout(ANSWER_LIMIT_S):
                return await asyncio.wrap_future(answer)
        except (TimeoutError, RuntimeError) as error:  # RuntimeError: the agent's loop has been closed
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "no_answer",
                f"the agent did not answer within {ANSWER_LIMIT_S:g} s; it may still do what was asked",
                "ask again: the same again has no further effect",
            ) from error


def _hand_over(answer: Future[T], make: Callable[[], T]) -> None:
    """The result, or the error, to the thread that waits for it: a fault of the API must not end the loop."""
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(make())
    except Exception as error:  # whatever a view raises is the asker's, and never the loop's
        log.exception("api_view_failed")
        answer.set_exception(error)
