"""One connection to an MQTT broker, from CONNECT to its end.

A connection is never used again: each has a paho client of its own, so that packet ids, waiting publishes
and acknowledgements of one connection cannot meet those of another, and nothing that paho keeps is sent a
second time. paho works on the event loop's own thread through its socket callbacks; only name lookup, TCP
and TLS set-up happen in a worker thread.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.errors import BrokerRefusedError, LinkLostError

log = structlog.get_logger(__name__)

OnMessage = Callable[[str, bytes, Callable[[], None]], None]
"""Takes topic, payload and the function that acknowledges the message (PUBACK)."""

_OPEN_TIMEOUT_S = 10.0
_UPKEEP_S = 1.0
_ACKNOWLEDGE_TIMEOUT_S = 60.0
_SESSION_TAKEN_OVER = 0x8E
_QOS_1 = 1
_NOT_IN_A_TOPIC = frozenset("+#\0")
_LONGEST_TOPIC = 65535


@dataclass(frozen=True, slots=True)
class Options:
    """What a connection is made with. `tls` None: plain TCP."""

    host: str
    port: int
    client_id: str
    protocol: MQTTProtocolVersion
    keepalive_s: int
    session_expiry_s: int
    receive_maximum: int
    publish_window: int
    subscriptions: Sequence[str]
    will_topic: str
    will_payload: bytes
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    transient: bool = False
    """Leave nothing at the broker: no session, no will."""


@dataclass(frozen=True, slots=True)
class _Publish:
    """A message that waits for room in the window."""

    topic: str
    payload: bytes
    retain: bool
    properties: Properties | None
    done: asyncio.Future[None]


class Connection:
    """Use once: `open`, then `publish` at will while awaiting `ended`, then `close`."""

    def __init__(self, options: Options, on_message: OnMessage, on_end: Callable[[], None]) -> None:
        """`on_end` is called before anybody who waits learns that the connection has ended."""
        self._options = options
        self._on_message = on_message
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._opened.add_done_callback(_retrieve)
        self._ended: asyncio.Future[str] = self._loop.create_future()
        self._queue: deque[_Publish] = deque()
        self._waiting: dict[int, tuple[asyncio.Future[None], float]] = {}
        self._window = options.publish_window
        self._descriptor: int | None = None
        self._client = self._make_client()
        self.taken_over = False
        """True once the broker has given this session to another client with our id."""

    def _make_client(self) -> Client:
        options = self._options
        v5 = options.protocol is MQTTProtocolVersion.MQTTv5
        client = Client(
            CallbackAPIVersion.VERSION2,
            options.client_id,
            clean_session=None if v5 else options.transient,
            protocol=options.protocol,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.username = options.username
        client.password = options.password
        if not options.transient:
            client.will_set(options.will_topic, options.will_payload, qos=_QOS_1, retain=True)
        if options.tls is not None:
            client.tls_set_context(options.tls)
        client.max_inflight_messages = 0  # no limit: `_send_queued` keeps to the one that counts
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_publish = self._acknowledged
        client.on_message = self._received
        client.on_disconnect = self._disconnected
        return client

    # ---- for the owner -----------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and subscribe. Returns when the broker has granted all subscriptions.

        Raises OSError (TLS errors included) when it cannot be reached, `BrokerRefusedError` when it says no,
        `LinkLostError` when the connection ends or ten seconds pass first.
        """
        await asyncio.to_thread(self._connect)
        self._attach()
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                await self._opened
        except TimeoutError:
            raise LinkLostError("broker", "no answer to CONNECT or SUBSCRIBE") from None

    async def ended(self) -> str:
        """Keep the connection alive until it ends; the reason why it did."""
        while not self._ended.done():
            await asyncio.wait({self._ended}, timeout=_UPKEEP_S)
            self._upkeep()
        return self._ended.result()

    def publish(
        self, topic: str, payload: bytes, retain: bool, expiry_s: int | None, content_type: str | None
    ) -> asyncio.Future[None]:
        """See `edge_agent.ports.BrokerLink.publish`. Raises ValueError for what is no topic name."""
        if not topic or _NOT_IN_A_TOPIC & set(topic) or len(topic.encode()) > _LONGEST_TOPIC:
            raise ValueError(f"not a topic to publish on: {topic[:80]!r}")
        if self._ended.done():
            raise LinkLostError("broker", self._ended.result())
        done: asyncio.Future[None] = self._loop.create_future()
        done.add_done_callback(_retrieve)
        properties = self._publish_properties(expiry_s, content_type)
        self._queue.append(_Publish(topic, payload, retain, properties, done))
        self._send_queued()
        return done

    async def close(self, polite: bool) -> None:
        """End the connection; does nothing when it has ended.

        `polite` says goodbye, and the broker drops the will. Otherwise the connection is cut, and the broker
        publishes the will, as after a power failure.
        """
        if polite and self._descriptor is not None and not self._ended.done():
            self._client.disconnect()
            await asyncio.wait({self._ended}, timeout=_UPKEEP_S)
        self._end("closed by us")

    # ---- the socket on the event loop --------------------------------------------------------------

    def _connect(self) -> None:
        options = self._options
        if options.protocol is not MQTTProtocolVersion.MQTTv5:
            self._client.connect(options.host, options.port, options.keepalive_s)
            return
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 0 if options.transient else options.session_expiry_s
        properties.ReceiveMaximum = options.receive_maximum
        self._client.connect(
            options.host,
            options.port,
            options.keepalive_s,
            clean_start=options.transient,
            properties=properties,
        )

    def _attach(self) -> None:
        socket = self._client.socket()
        if socket is None:
            self._end("the connection was lost at once")
            return
        self._descriptor = socket.fileno()
        self._client.on_socket_register_write = lambda *_: self._start_writing()
        self._client.on_socket_unregister_write = lambda *_: self._stop_writing()
        self._client.on_socket_close = lambda *_: self._detach()
        self._loop.add_reader(self._descriptor, self._guard, self._read)
        self._flush()

    def _read(self) -> None:
        self._client.loop_read()
        # TLS may hold decrypted bytes that the socket will not announce again.
        while isinstance(socket := self._client.socket(), ssl.SSLSocket) and socket.pending():
            self._client.loop_read()

    def _start_writing(self) -> None:
        # Once for all that is published in this turn of the loop.
        self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write what is queued now; leave the rest to the moment when the socket takes more."""
        self._guard(self._client.loop_write)
        if self._descriptor is not None and self._client.want_write():
            self._loop.add_writer(self._descriptor, self._guard, self._client.loop_write)

    def _stop_writing(self) -> None:
        if self._descriptor is not None:
            self._loop.remove_writer(self._descriptor)

    def _detach(self) -> None:
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
            self._descriptor = None

    def _guard(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as error:
            # A packet that the decoder stumbles over ends this connection, not the agent.
            log.exception("broker_connection_failed")
            self._end(f"{type(error).__name__}: {error}")

    def _upkeep(self) -> None:
        self._guard(self._client.loop_misc)
        oldest = next(iter(self._waiting.values()), None)
        if oldest is not None and time.monotonic() - oldest[1] > _ACKNOWLEDGE_TIMEOUT_S:
            self._end(f"no acknowledgement for {_ACKNOWLEDGE_TIMEOUT_S:.0f} s")

    def _end(self, reason: str) -> None:
        if self._ended.done():
            return
        self._on_end()
        self._ended.set_result(reason)
        socket = self._client.socket()
        self._detach()
        if socket is not None:
            socket.close()
        unsent = (publish.done for publish in self._queue)
        unacknowledged = (done for done, _ in self._waiting.values())
        for waiting in (self._opened, *unsent, *unacknowledged):
            if not waiting.done():
                waiting.set_exception(LinkLostError("broker", reason))
        self._queue.clear()
        self._waiting.clear()

    def _send_queued(self) -> None:
        while self._queue and len(self._waiting) < self._window:
            publish = self._queue.popleft()
            info = self._client.publish(
                publish.topic, publish.payload, _QOS_1, publish.retain, publish.properties
            )
            self._waiting[info.mid] = (publish.done, time.monotonic())
            if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._end(f"publish: {info.rc.name}")

    # ---- what paho reports -------------------------------------------------------------------------

    def _connected(
        self, client: Client, _: Any, __: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._refuse(str(reason))
            return
        # What the broker takes at a time; paho does not look at it.
        self._window = min(self._window, getattr(properties, "ReceiveMaximum", self._window))
        if self._options.subscriptions:
            client.subscribe([(topic, _QOS_1) for topic in self._options.subscriptions])
        else:
            self._granted()

    def _subscribed(
        self, _: Client, __: Any, ___: int, reasons: list[ReasonCode], ____: Properties | None
    ) -> None:
        for topic, reason in zip(self._options.subscriptions, reasons, strict=True):
            if reason.value != _QOS_1:
                self._refuse(f"subscription to {topic}: {reason}")
                return
        self._granted()

    def _granted(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def _refuse(self, reason: str) -> None:
        if not self._opened.done():
            self._opened.set_exception(BrokerRefusedError(reason))

    def _acknowledged(self, _: Client, __: Any, mid: int, reason: ReasonCode, ___: Properties | None) -> None:
        done, _sent_at = self._waiting.pop(mid, (None, 0.0))
        self._send_queued()
        if done is None or done.done():
            return
        if reason.is_failure:
            done.set_exception(BrokerRefusedError(f"message refused: {reason}"))
        else:
            done.set_result(None)

    def _received(self, _: Client, __: Any, message: MQTTMessage) -> None:
        acknowledge = partial(self._acknowledge, message.mid, message.qos)
        self._on_message(message.topic, bytes(message.payload), acknowledge)

    def _acknowledge(self, mid: int, qos: int) -> None:
        if not self._ended.done():
            self._client.ack(mid, qos)

    def _disconnected(
        self, _: Client, __: Any, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        self.taken_over = reason.value == _SESSION_TAKEN_OVER
        client_id = self._options.client_id
        given_away = f"session taken over by another client that calls itself {client_id!r}"
        self._end(given_away if self.taken_over else str(reason))

    def _publish_properties(self, expiry_s: int | None, content_type: str | None) -> Properties | None:
        if self._options.protocol is not MQTTProtocolVersion.MQTTv5:
            return None
        properties = Properties(PacketTypes.PUBLISH)
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        if content_type is not None:
            properties.ContentType = content_type
        return properties


def _retrieve(done: asyncio.Future[None]) -> None:
    """Nobody need wait for a publish: without this, asyncio would warn of its failure."""
    if not done.cancelled():
        done.exception()
