"""An event loop on virtual time: when everything waits, the clock jumps to the next moment that matters."""

import asyncio
import selectors


class _TimeTravel(selectors.SelectSelector):
    """Waits by turning the clock on. Nothing is selected: no sockets, no threads."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits for ever")
        self.now_s += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`asyncio.sleep(3600)` returns at once, an hour later."""

    def __init__(self) -> None:
        self._travel = _TimeTravel()
        super().__init__(self._travel)

    def time(self) -> float:
        return self._travel.now_s
