"""An event loop on virtual time: when everything waits, the clock jumps to the next moment that matters."""

import asyncio
import selectors
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from edge_agent.domain.time import Instant

T0 = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class _TimeTravel(selectors.BaseSelector):
    """Waits by turning the clock on. There is nothing to select: no sockets, no threads."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._inner = selectors.SelectSelector()

    def register(self, fileobj, events, data=None):  # type: ignore[no-untyped-def]
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj):  # type: ignore[no-untyped-def]
        return self._inner.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits for ever")
        self.now_s += max(timeout, 0.0)
        return []

    def get_map(self) -> Mapping[object, selectors.SelectorKey]:  # type: ignore[override]
        return self._inner.get_map()  # type: ignore[return-value]

    def close(self) -> None:
        self._inner.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """`asyncio.sleep(3600)` returns at once, an hour later."""

    def __init__(self) -> None:
        self._travel = _TimeTravel()
        super().__init__(self._travel)

    def time(self) -> float:
        return self._travel.now_s


class VirtualClock:
    """`ports.Clock` on the virtual loop, which goes on over every restart."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.step = timedelta()
        """What the wall clock was set by."""

    def now(self) -> Instant:
        now_s = self._loop.time()
        return Instant(T0 + self.step + timedelta(seconds=now_s), now_s)
