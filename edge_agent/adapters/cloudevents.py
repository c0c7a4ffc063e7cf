"""Confirmations as CloudEvents.

Source: CloudEvents 1.0.2, sections 3 (context attributes) and its JSON format, structured mode.
"""

import json
from datetime import UTC, datetime
from typing import Any

from edge_agent.core.confirmations import confirmation
from edge_agent.domain.events import Recorded


class CloudEvents:
    """The `Encoder` port for one gateway."""

    content_type = "application/cloudevents+json"

    def __init__(self, site: str, gateway: str) -> None:
        self._source = f"/sites/{site}/gateways/{gateway}"
        self._gateway = gateway

    def encode(self, recorded: Recorded) -> bytes:
        """One CloudEvent. Raises ValueError for a record that has no confirmation number."""
        if recorded.confirmation is None:
            raise ValueError(f"event {recorded.sequence} is not one that the OMS is told")
        told = confirmation(recorded.event)
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"{self._gateway}-{recorded.confirmation}",
            "source": self._source,
            "type": f"warehouse.pick.{told.name}.v1",
            "time": rfc3339(recorded.at),
            "sequence": recorded.confirmation,
            "datacontenttype": "application/json",
            "data": told.data,
        }
        if told.task_id is not None:
            envelope["subject"] = told.task_id
        return json.dumps(envelope, separators=(",", ":")).encode()


def rfc3339(at: datetime) -> str:
    """A zone-aware time in UTC, for example `2026-11-22T15:00:00.000000Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
