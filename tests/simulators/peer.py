"""A scripted peer that plays the agent on a real broker."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.drivers.waiting import until

Json = dict[str, Any]


class Peer:
    """Plays the agent: hands every task and cancel to `answer`, which says what to tell."""

    def __init__(self, port: int, root: str, answer: Callable[["Peer", str, Json], None]) -> None:
        self._root = root
        self._answer = answer
        self._sequence = 0
        self.received: list[tuple[str, Json]] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, "peer", protocol=mqtt.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(
            [(f"{root}/tasks/+", 1), (f"{root}/replay", 1)]
        )
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 3600
        self._client.connect_async("127.0.0.1", port, clean_start=False, properties=session)
        self._client.loop_start()

    def event(self, name: str, **data: Any) -> Json:
        self._sequence += 1
        number = self._sequence
        return {
            "specversion": "1.0",
            "id": f"gw1-{number}",
            "type": f"warehouse.pick.{name}.v1",
            "time": "2026-11-22T10:00:00+00:00",
            "sequence": number,
            "data": data,
        }

    def tell(self, name: str, **data: Any) -> None:
        self.publish(f"events/{name}", json.dumps(self.event(name, **data)))

    def show(self, task_id: str, state: Json | None) -> None:
        payload = "" if state is None else json.dumps(state)
        self.publish(f"tasks/{task_id}/state", payload, retain=True)

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        self._client.publish(f"{self._root}/{topic}", payload, qos=1, retain=retain)

    def count(self, topic: str) -> int:
        return sum(kind == topic for kind, _ in self.received)

    async def connected(self) -> None:
        await until(self._client.is_connected)

    async def close(self) -> None:
        self._client.disconnect()
        with suppress(AttributeError):  # paho forgets its thread when that ends, perhaps just now
            await asyncio.to_thread(self._client.loop_stop)

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        topic = message.topic.rsplit("/", 1)[1]
        content = json.loads(message.payload)
        self.received.append((topic, content))
        self._answer(self, topic, content)
