"""The simulated OMS's connection to the broker: paho-mqtt behind a small asyncio face.

What arrives is acknowledged only after it stands in the ledger, and what is published is waited for until
the broker has it. The session is persistent: while the link or the broker is away nothing is lost.
"""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.domain.site import Broker, Site
from edge_agent.errors import ConfigurationError

SESSION_EXPIRY_S = 3600
NOBODY_S = 0.5
"""A message that nobody was subscribed to is published again after this time (MQTT 5 tells)."""
NO_MATCHING_SUBSCRIBERS = 0x10
REFUSED_FOR_GOOD = frozenset({0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C})
"""CONNACK reasons that another attempt does not cure: version, client id, credentials (MQTT 5, 3.2.2.2);
paho gives those of 3.1.1 the same numbers."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message. `connection` counts connections: a packet id means nothing on a later one."""

    connection: int
    message: mqtt.MQTTMessage


@dataclass(frozen=True, slots=True)
class Connected:
    """The link is up. Without the old session the broker may have dropped what it held for us."""

    session_present: bool


class OmsLink:
    """One session at the broker. Everything that arrives waits in `inbox`, in order."""

    def __init__(self, site: Site, topics: list[str]) -> None:
        """Raises `ConfigurationError` when the password file cannot be read."""
        self._loop = asyncio.get_running_loop()
        self._broker = site.broker
        self._topics = topics
        self._connection = 0
        self._acknowledged: dict[int, asyncio.Future[ReasonCode]] = {}
        self.inbox: asyncio.Queue[Arrival | Connected | ConfigurationError] = asyncio.Queue()
        self.up = asyncio.Event()
        self._is_v5 = site.broker.protocol == "5"
        # A name of its own for every run: what an earlier run left at the broker must not reach this one.
        self._client = self._new_client(f"oms-{site.site}-{site.gateway}-{uuid.uuid4().hex[:8]}")

    def start(self) -> None:
        """Connect, and connect again whenever the link is lost, until `close`."""
        parts = urlsplit(self._broker.url)
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        session: dict[str, Any] = {}
        if self._is_v5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
            session = {"clean_start": False, "properties": properties}
        self._client.connect_async(parts.hostname or "", port, self._broker.keepalive_s, **session)
        self._client.loop_start()

    async def publish(self, topic: str, payload: str) -> None:
        """Publish with QoS 1; returns once the broker has acknowledged it and somebody gets it.

        When the link is lost meanwhile, paho sends the same message again: a receiver may see it twice.
        Raises `ConfigurationError` when the broker does not allow it.
        """
        while True:
            reason = await self._acknowledgement(topic, payload)
            if reason.is_failure:
                raise ConfigurationError(f"{self._broker.url}: {topic}: the broker refuses it: {reason}")
            if reason.value != NO_MATCHING_SUBSCRIBERS:
                return
            await asyncio.sleep(NOBODY_S)

    def acknowledge(self, arrival: Arrival) -> None:
        """Tell the broker that the message is safe with us."""
        if arrival.connection == self._connection:
            self._client.ack(arrival.message.mid, arrival.message.qos)

    async def close(self) -> None:
        """End the session for good; may be called more than once."""
        if self.up.is_set():
            # MQTT 3.1.1 has no other way to stop the broker from keeping messages for us.
            self._client.unsubscribe(self._topics)
        self._client.disconnect()
        with suppress(AttributeError):  # paho forgets its thread when that ends, perhaps just now
            await asyncio.to_thread(self._client.loop_stop)

    def _acknowledgement(self, topic: str, payload: str) -> asyncio.Future[ReasonCode]:
        info = self._client.publish(topic, payload, qos=1)
        # In time: `_on_publish` for this message can only run once we give the loop back.
        future = self._acknowledged[info.mid] = self._loop.create_future()
        return future

    def _new_client(self, client_id: str) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=None if self._is_v5 else False,
            protocol=mqtt.MQTTv5 if self._is_v5 else mqtt.MQTTv311,
            manual_ack=True,
        )
        if self._broker.username:
            client.username_pw_set(self._broker.username, _password(self._broker))
        if self._broker.url.startswith("mqtts://"):
            client.tls_set()
        client.reconnect_delay_set(min_delay=1, max_delay=1)
        client.on_connect = self._on_connect
        client.on_disconnect = lambda *_: self._call(self.up.clear)
        client.on_message = lambda _client, _userdata, message: self._call(
            self.inbox.put_nowait, Arrival(self._connection, message)
        )
        client.on_publish = lambda _client, _userdata, mid, reason, _properties: self._call(
            self._on_publish, mid, reason
        )
        return client

    # ---- on paho's thread: an exception here would end it ---------------------------------------------

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(function, *arguments)

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            if reason.value in REFUSED_FOR_GOOD:
                error = ConfigurationError(f"{self._broker.url}: the broker refuses us: {reason}")
                self._call(self.inbox.put_nowait, error)
            return
        self._connection += 1
        client.subscribe([(topic, 1) for topic in self._topics])
        # In this order: whoever takes the news from the inbox finds the link up.
        self._call(self.up.set)
        self._call(self.inbox.put_nowait, Connected(flags.session_present))

    # ---- on the asyncio loop -------------------------------------------------------------------------

    def _on_publish(self, mid: int, reason: ReasonCode) -> None:
        future = self._acknowledged.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(reason)


def _password(broker: Broker) -> str | None:
    if broker.password_file is None:
        return None
    try:
        return Path(broker.password_file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigurationError(
            f"broker.password_file: {broker.password_file}: {error.strerror}; name a file that can be read"
        ) from error
