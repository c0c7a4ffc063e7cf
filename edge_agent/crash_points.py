"""Named moments at which a test can have the process killed, as a power cut would.

`EDGE_AGENT_CRASH_AT=after_commit:17` kills the process with SIGKILL when it passes that point for the 17th
time: nothing is flushed, closed or said. Unarmed, a point costs one comparison.
"""

import os
import signal
from collections.abc import Mapping
from enum import StrEnum

from edge_agent.errors import ConfigurationError

VARIABLE = "EDGE_AGENT_CRASH_AT"


class CrashPoint(StrEnum):
    """Where a crash leaves a question open. What must then hold: `docs/explanation/crash-safety.md`."""

    BEFORE_COMMIT = "before_commit"
    """Decided, not durable: nothing has happened."""
    AFTER_COMMIT = "after_commit"
    """Durable, nothing done about it yet."""
    BEFORE_WIRE_WRITE = "before_wire_write"
    """A command is durable and has not left."""
    AFTER_WIRE_WRITE = "after_wire_write"
    """A command has left; no answer has been seen."""
    AFTER_ANSWER = "after_answer"
    """The device has answered; the answer is not durable."""
    BEFORE_DEVICE_ACK = "before_device_ack"
    """A device's report is durable and not acknowledged to it."""
    AFTER_DEVICE_ACK = "after_device_ack"
    BEFORE_PUBACK = "before_puback"
    """A task is durable and not acknowledged to the broker."""
    AFTER_PUBACK = "after_puback"
    BEFORE_PUBLISH = "before_publish"
    AFTER_PUBLISH = "after_publish"
    """A confirmation has left; its PUBACK has not been seen."""
    BEFORE_CURSOR_MOVE = "before_cursor_move"
    """A confirmation is acknowledged; the cursor still stands before it."""
    AFTER_CURSOR_MOVE = "after_cursor_move"


class _Armed:
    point: CrashPoint | None = None
    left = 0


def arm(environ: Mapping[str, str]) -> None:
    """Arm the point that the environment names, if any. Raises `ConfigurationError` for an unknown one."""
    text = environ.get(VARIABLE, "")
    if not text:
        return
    name, _, number = text.partition(":")
    try:
        _Armed.point, _Armed.left = CrashPoint(name), int(number or 1)
    except ValueError:
        points = ", ".join(CrashPoint)
        raise ConfigurationError(f"{VARIABLE}={text}: write POINT:NUMBER, with a point of {points}") from None


def reached(point: CrashPoint) -> None:
    """The process is at this point; it ends here, at once, if a test has armed it."""
    if _Armed.point is not point:
        return
    _Armed.left -= 1
    if _Armed.left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
