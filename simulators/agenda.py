"""Things that the simulators have to do later."""

import heapq
from collections.abc import Callable
from itertools import count
from typing import TypeAlias

Action: TypeAlias = Callable[[], None]


class Agenda:
    """Actions by the time at which they are due, on whatever clock its owner hands in."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Action]] = []
        self._number = count()

    def at(self, due_s: float, action: Action) -> None:
        heapq.heappush(self._entries, (due_s, next(self._number), action))

    def run(self, now_s: float) -> None:
        """Do everything that is due by now, in order."""
        while self._entries and self._entries[0][0] <= now_s:
            heapq.heappop(self._entries)[2]()
