"""How long to wait before the next try."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Doubling waits with jitter and a bound: `first_s`, twice that ... up to `limit_s`.

    Jitter takes off up to half, so that many agents do not come back in step after a common outage.
    """

    first_s: float = 0.2
    limit_s: float = 10.0
    random: Callable[[], float] = random.random
    _next_s: float = field(init=False, default=0.0)

    def next_s(self) -> float:
        """The wait before the next try; each call doubles the one after it."""
        self._next_s = min(self._next_s * 2 or self.first_s, self.limit_s)
        return self._next_s * (1 - 0.5 * self.random())

    def reset(self) -> None:
        """The last try worked."""
        self._next_s = 0.0
