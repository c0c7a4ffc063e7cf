"""Confirmations as CloudEvents.

Source: CloudEvents 1.0.2, sections 3 (context attributes) and its JSON format, structured mode.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from edge_agent.core.confirmations import confirmation
from edge_agent.domain.events import Recorded

CONTENT_TYPE = "application/cloudevents+json"


def event_encoder(site: str, gateway: str) -> Callable[[Recorded], bytes]:
    """A function that gives the message for one recorded event of this gateway.

    The message depends on nothing but the record: sent again, it is the same byte for byte. The function
    raises ValueError for a record that has no confirmation number.
    """
    source = f"/sites/{site}/gateways/{gateway}"

    def encode(recorded: Recorded) -> bytes:
        if recorded.confirmation is None:
            raise ValueError(f"event {recorded.sequence} is not one that the OMS is told")
        told = confirmation(recorded.event)
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"{gateway}-{recorded.confirmation}",
            "source": source,
            "type": f"warehouse.pick.{told.name}.v1",
            "time": rfc3339(recorded.at),
            "sequence": recorded.confirmation,
            "datacontenttype": "application/json",
            "data": told.data,
        }
        if told.task_id is not None:
            envelope["subject"] = told.task_id
        return json.dumps(envelope, separators=(",", ":")).encode()

    return encode


def rfc3339(at: datetime) -> str:
    """A zone-aware time in UTC, for example `2026-11-22T15:00:00.000000Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
