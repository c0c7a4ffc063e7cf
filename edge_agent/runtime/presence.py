"""Keeping one device connected, and the loop told of how it stands. Shared by both kinds of supervisors."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

import structlog

from edge_agent.domain.device import DeviceStatus, Mode
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.inputs import DeviceReported, Input
from edge_agent.errors import DeviceMismatchError, LinkLostError
from edge_agent.runtime.backoff import Backoff
from edge_agent.runtime.cancellation import raise_if_cancelled
from edge_agent.runtime.remarks import Remarks

log = structlog.get_logger(__name__)


Step: TypeAlias = Callable[[], Awaitable[None]]


class Put(Protocol):
    """Hands an input to the loop (`Loop.put`)."""

    def __call__(self, what: Input, on_durable: Callable[[], None] | None = None) -> None: ...


class Presence:
    """One device's connection over its whole life: connected again for ever, its status reported."""

    def __init__(
        self, device_id: DeviceId, put: Put, backoff: Backoff, remarked: Callable[[], None] = lambda: None
    ) -> None:
        """`remarked` is called when the trouble with the device has changed."""
        self._device_id = device_id
        self._put = put
        self._backoff = backoff
        self._remarked = remarked
        self._status = DeviceStatus(Mode.DISCONNECTED)
        self.remarks = Remarks()
        self.settled = asyncio.Event()
        """Set once the device was synchronised, or the first try to reach it has failed."""

    async def keep(
        self, connection: Callable[[], Awaitable[None]], close: Callable[[], Awaitable[None]]
    ) -> None:
        """Run `connection` again and again; a failure of this device stays in here (invariant 10)."""
        while True:
            told = self.remarks.trouble
            try:
                try:
                    await connection()
                finally:
                    await close()
            except* (LinkLostError, DeviceMismatchError) as group:
                self._lost(_first(group))
            except* Exception as group:  # a driver's bug must not stop the other devices
                log.exception("driver_failed", device=self._device_id, exc_info=group)
                self.remarks.trouble = "the driver failed: see the log"
            raise_if_cancelled()
            self.report(DeviceStatus(Mode.DISCONNECTED, self._status.epoch))
            if self.remarks.trouble != told:
                self._remarked()
            self.settled.set()
            await asyncio.sleep(self._backoff.next_s())

    def ready(self, status: DeviceStatus) -> None:
        """Connected and synchronised."""
        self.report(status)
        self.settled.set()
        self._backoff.reset()
        self.remarks.trouble = ""
        log.info("device_connected", device=self._device_id, mode=status.mode.value, epoch=status.epoch)

    def report(self, status: DeviceStatus) -> None:
        """Tell the loop where the status has changed."""
        if status != self._status:
            self._status = status
            self._put(DeviceReported(self._device_id, status))

    def _lost(self, trouble: str) -> None:
        if trouble != self.remarks.trouble:  # the same trouble at every try is said once
            log.warning("device_lost", device=self._device_id, detail=trouble)
        self.remarks.trouble = trouble


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    """The text of the first error in a group, however deep."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
