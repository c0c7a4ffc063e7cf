"""The simulators' one clock."""

import time
from collections.abc import Callable


class SimClock:
    """Simulated time: real time since the start, multiplied by the speed factor.

    Machines live on `now_s`; what the agent has to keep up with (heartbeats, acknowledgement limits) is
    measured on `wall_s`, because the agent runs at real speed whatever the machines do. Both in seconds.
    """

    def __init__(self, speed: float = 1.0, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        if speed <= 0:
            raise ValueError(f"speed is {speed}: it must be greater than 0")
        self.speed = speed
        self._monotonic = monotonic
        self._started = monotonic()

    def wall_s(self) -> float:
        return self._monotonic() - self._started

    def now_s(self) -> float:
        return self.wall_s() * self.speed
