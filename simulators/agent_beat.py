"""The heartbeat that an agent counts up at a device, as the device sees it."""

AGENT_LIMIT_S = 3.0
"""Real seconds after which an agent's heartbeat that stands still counts as stale."""


class AgentBeat:
    """The heartbeat that the agent counts up. An agent that never did has none, and is never stale."""

    def __init__(self) -> None:
        self._count = 0
        self._changed_at_s: float | None = None

    def beats(self, count: int, wall_s: float) -> None:
        if count != self._count:
            self._count, self._changed_at_s = count, wall_s

    def is_stale(self, wall_s: float) -> bool:
        return self._changed_at_s is not None and wall_s - self._changed_at_s > AGENT_LIMIT_S
