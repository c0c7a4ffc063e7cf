"""One supervisor a scanner or scale: keeps it connected, asks it, shows verdicts, hands on what it says."""

import asyncio
from collections.abc import Callable

import structlog

from edge_agent.domain.device import ScanFailed, ScanRead, StatusChanged, WeightFailed, WeightRead
from edge_agent.domain.inputs import Scanned, Weighed
from edge_agent.ports import Scanner
from edge_agent.runtime.backoff import Backoff
from edge_agent.runtime.presence import Presence, Put
from edge_agent.runtime.remarks import Remarks

log = structlog.get_logger(__name__)


class ScannerSupervisor:
    """Owns one scanner's connection. What cannot be sent is dropped: the core triggers anew when the
    scanner is back, and a late beep helps nobody."""

    def __init__(
        self,
        scanner: Scanner,
        put: Put,
        backoff: Backoff | None = None,
        remarked: Callable[[], None] = lambda: None,
    ) -> None:
        """`remarked` is called when `remarks` have changed."""
        self._scanner = scanner
        self._put = put
        self._presence = Presence(scanner.device_id, put, backoff or Backoff(), remarked)
        self._work: asyncio.Queue[bool | None] = asyncio.Queue()
        """True or False: show the verdict. None: trigger."""

    @property
    def remarks(self) -> Remarks:
        """What is to be told of the scanner beside its status."""
        return self._presence.remarks

    @property
    def settled(self) -> asyncio.Event:
        """Set once the scanner was connected, or the first try to reach it has failed."""
        return self._presence.settled

    def trigger(self) -> None:
        """Ask for one read."""
        self._work.put_nowait(None)

    def feedback(self, good: bool) -> None:
        """Show the verdict at the scanner."""
        self._work.put_nowait(good)

    async def run(self) -> None:
        """Keep the scanner connected for ever."""
        await self._presence.keep(self._connection, self._scanner.close)

    async def _connection(self) -> None:
        status = await self._scanner.connect()
        while not self._work.empty():
            self._work.get_nowait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._observe(), name=f"{self._scanner.device_id}-observe")
            self._presence.ready(status)
            await self._do_work()

    async def _do_work(self) -> None:
        while True:
            what = await self._work.get()
            if what is None:
                await self._scanner.trigger()
            else:
                await self._scanner.feedback(what)

    async def _observe(self) -> None:
        async for observation in self._scanner.observations():
            match observation:
                case ScanRead(data, more):
                    self._put(Scanned(self._scanner.device_id, data, more))
                case ScanFailed():
                    self._put(Scanned(self._scanner.device_id, None))
                case WeightRead(answer) | WeightFailed(answer):
                    self._put(Weighed(self._scanner.device_id, answer))
                case StatusChanged(status):
                    self._presence.report(status)
                case _:
                    log.warning("unexpected_observation", device=self._scanner.device_id, what=observation)
