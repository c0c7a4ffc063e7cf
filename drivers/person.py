"""A person instead of a machine: told what to do by prompts, heard by scans and answers over the local API.

There is no wire here. A command to a person is a prompt, and a prompt moves nothing by itself: asking again
after a restart repeats no motion.
"""

import asyncio
import math
from collections.abc import AsyncIterator

from edge_agent.domain.command import Accepted, Command, Running
from edge_agent.domain.device import CommandEnded, DeviceStatus, Mode, Observation
from edge_agent.domain.ids import DeviceId

_READY = DeviceStatus(Mode.READY)


class PersonDevice:
    """The picker of an operator's station. Implements `edge_agent.ports.Device`.

    It takes every command and never ends one: what the person scans and answers ends it, in the core. Whether
    a person stands there nobody can see; to stop the station a person holds it.
    """

    def __init__(self, device_id: DeviceId) -> None:
        self._device_id = device_id

    @property
    def device_id(self) -> DeviceId:
        return self._device_id

    async def connect(self) -> DeviceStatus:
        return _READY

    async def send(self, command: Command) -> Accepted:  # noqa: ARG002 - whatever it is, the person is asked
        return Accepted()

    async def reconcile(self, command: Command) -> Running:  # noqa: ARG002 - the prompt is still open
        return Running()

    async def look(self, command: Command) -> None:  # noqa: ARG002 - nobody looks but the person
        return None

    def timeout_s(self, command: Command) -> float:  # noqa: ARG002 - a person takes as long as it takes
        return math.inf

    async def observations(self) -> AsyncIterator[Observation]:
        yield await _nothing()

    async def acknowledge(self, report: CommandEnded) -> None:
        pass

    async def close(self) -> None:
        pass


class PersonScanner:
    """A scanner of an operator's station whose codes come over the local API. Implements
    `edge_agent.ports.Scanner`."""

    def __init__(self, device_id: DeviceId) -> None:
        self._device_id = device_id

    @property
    def device_id(self) -> DeviceId:
        return self._device_id

    async def connect(self) -> DeviceStatus:
        return _READY

    async def trigger(self) -> None:
        """Nothing to trigger: the prompt asks for the scan."""

    async def feedback(self, good: bool) -> None:
        """Nothing to show it on: the prompt says it."""

    async def observations(self) -> AsyncIterator[Observation]:
        yield await _nothing()

    async def close(self) -> None:
        pass


async def _nothing() -> Observation:
    """It never comes."""
    never: asyncio.Future[Observation] = asyncio.get_running_loop().create_future()
    return await never
