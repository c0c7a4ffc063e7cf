"""What the loop would get from a supervisor; a test says when something is durable."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from edge_agent.domain.command import Done, Failed, Unknown
from edge_agent.domain.device import Mode
from edge_agent.domain.inputs import CommandResolved, DeviceReported, Input

SOON_S = 5.0
What = TypeVar("What")


class Inbox:
    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.not_durable: list[Callable[[], None]] = []
        self.arrived = asyncio.Event()

    def put(self, what: Input, on_durable: Callable[[], None] | None = None) -> None:
        self.inputs.append(what)
        if on_durable is not None:
            self.not_durable.append(on_durable)
        self.arrived.set()

    def of(self, kind: type[What]) -> list[What]:
        return [what for what in self.inputs if isinstance(what, kind)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON_S):
            while not condition():
                self.arrived.clear()
                with suppress(TimeoutError):  # what is waited for may show elsewhere than in the inbox
                    async with asyncio.timeout(0.01):
                        await self.arrived.wait()

    async def resolved(self, number: int = 1) -> Done | Failed | Unknown:
        await self.until(lambda: bool(self._ends(number)))
        return self._ends(number)[-1].outcome

    def _ends(self, number: int) -> list[CommandResolved]:
        ends = (what for what in self.inputs if isinstance(what, CommandResolved))
        return [end for end in ends if end.command_id == number]

    async def ready(self, times: int = 1) -> None:
        def is_ready() -> bool:
            reports = self.of(DeviceReported)
            return sum(r.status.mode is Mode.READY for r in reports) >= times

        await self.until(is_ready)
