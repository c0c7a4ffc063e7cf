"""The MQTT topics of one gateway (contract, "MQTT")."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from edge_agent import __version__
from edge_agent.domain.ids import DeviceId, TaskId
from edge_agent.domain.time import ClockSync

_NOT_IN_A_LEVEL = re.compile(r"[+#/%\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names below a root. A character of an id that a topic level cannot hold stands as `%XX`."""

    root: str

    @property
    def submit(self) -> str:
        return f"{self.root}/tasks/submit"

    @property
    def cancel(self) -> str:
        return f"{self.root}/tasks/cancel"

    @property
    def replay(self) -> str:
        """Where a receiver asks for confirmations that it has missed."""
        return f"{self.root}/replay"

    @property
    def catalogue(self) -> str:
        """Where the item master stands, retained."""
        return f"{self.root}/catalogue"

    @property
    def rejected(self) -> str:
        return f"{self.root}/rejected"

    @property
    def agent_state(self) -> str:
        return f"{self.root}/agent/state"

    def event(self, name: str) -> str:
        return f"{self.root}/events/{name}"

    def task_state(self, task_id: TaskId) -> str:
        return f"{self.root}/tasks/{_level(task_id)}/state"

    def device_state(self, device_id: DeviceId) -> str:
        return f"{self.root}/devices/{_level(device_id)}/state"


def agent_state(
    state: str,
    since: datetime | None,
    refuses: Sequence[str] = (),
    clock: str = ClockSync.UNKNOWN,
    catalogue: int | None = None,
) -> bytes:
    """What stands on `Topics.agent_state`: online, draining or offline, why new tasks are refused, whether a
    time server keeps the wall clock, and the revision of the catalogue (0: none was given).

    In the last will `since` is None: the broker publishes it at a time that we cannot know.
    """
    return json.dumps(
        {
            "state": state,
            "version": __version__,
            "since": since.isoformat() if since else None,
            "refuses": list(refuses),
            "clock": clock,
            "catalogue": catalogue,
        }
    ).encode()


def _level(text: str) -> str:
    return _NOT_IN_A_LEVEL.sub(lambda match: f"%{ord(match[0]):02X}", text)
