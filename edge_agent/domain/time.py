"""Time as the core sees it: handed in, never asked for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment on two clocks.

    `utc` is the wall clock (zone-aware, UTC): for time stamps, ship-by and expiry dates. It may jump.
    `clock_s` is the agent's own clock in seconds: it never goes back, and a restart continues it from the
    last journalled event. Every wait and time-out is measured on it, so that replaying the journal gives
    the same state and a stepped wall clock changes no behaviour.
    """

    utc: datetime
    clock_s: float


class ClockSync(StrEnum):
    """Whether the machine's wall clock follows a time server."""

    SYNCHRONISED = "synchronised"
    UNSYNCHRONISED = "unsynchronised"
    """No time server keeps it: its time stamps may be off."""
    UNKNOWN = "unknown"
    """The system does not say."""
