"""A person who stops a part of a simulated warehouse again and again, and lets it go on."""

from collections.abc import Callable

from edge_agent.domain.decision import Actor, HoldSubject, Role
from edge_agent.domain.inputs import HoldPlaced, HoldReleased, Input
from simulators.settler import Settler

FREE_LOOKS, HELD_LOOKS = 12, 24
"""So often the person looks around before the next hold, and before it is released."""
FRED = Actor("fred", Role.SUPERVISOR)


class Foreman:
    """Holds one thing, now and then, while the settler beside them settles what comes of it."""

    def __init__(self, settler: Settler, subject: HoldSubject, put: Callable[[Input], None]) -> None:
        self._settler = settler
        self._subject = subject
        self._put = put
        self._looks = 0

    def look(self) -> None:
        """One look around of both."""
        self._settler.look()
        self._looks = (self._looks + 1) % (FREE_LOOKS + HELD_LOOKS)
        if self._looks == FREE_LOOKS:
            self._put(HoldPlaced(self._subject, FRED, "work is done there"))
        elif self._looks == 0:
            self._put(HoldReleased(self._subject, FRED, "the work is done"))
