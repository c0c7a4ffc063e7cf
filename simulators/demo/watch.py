"""Watches a scene from outside: one MQTT client that only listens."""

import json
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

_ENDINGS = ("task_completed", "task_cancelled", "task_rejected")
RATE_WINDOW_S = 10.0


@dataclass
class Picture:
    """What has been seen so far. paho's thread writes it, the view reads it: each field stands for itself."""

    agent: str = "starting"
    devices: dict[str, str] = field(default_factory=dict)
    tasks: Counter[str] = field(default_factory=Counter)
    ended: set[str] = field(default_factory=set)
    held: dict[str, str] = field(default_factory=dict)
    units: int = 0
    exceptions: Counter[str] = field(default_factory=Counter)
    rejected_scans: Counter[str] = field(default_factory=Counter)
    events: int = 0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=4096))
    """When the last units were placed, on the monotonic clock."""

    def units_a_minute(self) -> float:
        """Units placed a real minute, over the last seconds."""
        since = time.monotonic() - RATE_WINDOW_S
        return sum(1 for moment in list(self.recent) if moment >= since) * 60 / RATE_WINDOW_S


class Watch:
    """Subscribes to everything that the agent tells and keeps the picture."""

    def __init__(self, root: str, port: int, protocol: str) -> None:
        self.picture = Picture()
        self._root = root
        self._seen: set[str] = set()
        version = mqtt.MQTTv5 if protocol == "5" else mqtt.MQTTv311
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, "edge-agent-demo-watch", protocol=version)
        self._client.on_connect = lambda client, *_: client.subscribe(f"{root}/#", qos=1)
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 2)
        self._client.connect_async("127.0.0.1", port)

    def start(self) -> None:
        self._client.loop_start()

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        path = message.topic.removeprefix(f"{self._root}/").split("/")
        try:
            content = json.loads(message.payload) if message.payload else None
        except ValueError:
            return
        if not isinstance(content, dict):
            return
        match path:
            case ["events", name]:
                self._on_event(name, content)
            case ["devices", device, "state"]:
                self.picture.devices[device] = str(content.get("state"))
            case ["agent", "state"]:
                self.picture.agent = str(content.get("state"))
            case ["tasks", task_id, "state"]:
                self._on_task(task_id, content)

    def _on_event(self, name: str, event: dict[str, Any]) -> None:
        if event["id"] in self._seen:
            return
        self._seen.add(event["id"])
        picture, data = self.picture, event["data"]
        picture.events += 1
        picture.tasks[name] += 1
        if name in _ENDINGS and event.get("subject"):
            picture.ended.add(event["subject"])
            picture.held.pop(event["subject"], None)
        elif name == "inventory_changed" and data["reason"] == "picked":
            picture.units += 1
            picture.recent.append(time.monotonic())
        elif name == "exception_raised":
            picture.exceptions[data["kind"]] += 1
        elif name == "unit_rejected":
            picture.rejected_scans[f"{data['rule']} {data['name']}"] += 1

    def _on_task(self, task_id: str, state: dict[str, Any]) -> None:
        held = state.get("held")
        if held and task_id not in self.picture.ended:
            self.picture.held[task_id] = held["detail"]
        else:
            self.picture.held.pop(task_id, None)
