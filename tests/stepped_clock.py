"""A wall clock that a test sets while the agent runs."""

from datetime import UTC, datetime, timedelta


class SteppedWall:
    """The machine's wall clock, plus what it was set by."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def step(self, by: timedelta) -> None:
        self._offset += by
