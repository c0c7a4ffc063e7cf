"""A simulated person at the agent's local API: sees the prompt there, and says there what is no scan."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from edge_agent.domain.ids import StationId
from simulators.clock import SimClock
from simulators.handheld import ThroughApi
from simulators.local_api import ApiAwayError, LocalApi
from simulators.operator import Asked, Deed, Operator, Said, Settling

WAIT_S = 2.0
"""How long the agent may keep a question until the prompt changes."""
AWAY_S = 0.2
"""Real seconds between two tries to reach an agent that does not answer."""


class OperatorDesk:
    """One operator and their terminal. `run` talks to the agent, `step` lets the person go on."""

    def __init__(
        self,
        operator: Operator,
        station_id: StationId,
        socket: Path,
        clock: SimClock,
        typing: Sequence[ThroughApi] = (),
    ) -> None:
        """`typing`: scanners whose codes go over the local API."""
        self._operator = operator
        self._where = f"stations/{station_id}"
        self._api = LocalApi(socket)
        self._clock = clock
        self._typing = typing
        self._deeds: asyncio.Queue[Deed | bytes] = asyncio.Queue()

    async def start(self) -> None:
        """Nothing to open: the agent may not be there yet."""

    async def stop(self) -> None:
        """Nothing to close; `run` is cancelled."""

    async def step(self) -> None:
        for deed in self._operator.step(self._clock.now_s()):
            self._deeds.put_nowait(deed)
        for code in (code for handheld in self._typing for code in handheld.take()):
            self._deeds.put_nowait(code)

    async def run(self) -> None:
        """Look at the prompt and say what is to be said, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch(), name="operator's eyes")
            tasks.create_task(self._speak(), name="operator's voice")

    async def _watch(self) -> None:
        seen = ""
        while True:
            try:
                shown = await self._api.get(self._where + seen)
                self._operator.see(Asked.of(shown), self._clock.now_s())
                seen = f"?seen={shown['step']}&wait_s={WAIT_S:g}"
            except ApiAwayError:
                self._operator.see(None, self._clock.now_s())
                seen = ""
                await asyncio.sleep(AWAY_S)

    async def _speak(self) -> None:
        while True:
            deed = await self._deeds.get()
            try:
                await self._say(deed)
            except ApiAwayError:
                await asyncio.sleep(AWAY_S)  # it is done again when nothing comes of it

    async def _say(self, deed: Deed | bytes) -> None:
        match deed:
            case bytes():
                await self._api.post(f"{self._where}/scans", {"data": deed.decode("latin-1")})
            case Said(answer, step, arguments):
                body = {"answer": answer, "step": step, "arguments": arguments}
                await self._api.post(f"{self._where}/answers", body)
            case Settling(exception_id):
                shown = await self._api.get(f"exceptions/{exception_id}")
                settlement = self._operator.settlement(shown.get("options", ()))
                if settlement is not None:
                    await self._api.post(f"exceptions/{exception_id}/resolve", settlement)
            case _:
                assert_never(deed)
