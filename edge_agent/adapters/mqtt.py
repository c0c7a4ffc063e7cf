"""The link to the MQTT broker: connecting, connecting again, and what is said about it."""

import asyncio
import random
import ssl
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from paho.mqtt.enums import MQTTProtocolVersion

from edge_agent.adapters import broker_certificate as certificate
from edge_agent.adapters.mqtt_connection import Connection, OnMessage, Options
from edge_agent.domain.site import Broker
from edge_agent.errors import BrokerRefusedError, ConfigurationError, LinkLostError

log = structlog.get_logger(__name__)

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_FIRST_DELAY_S = 0.1
_SUSPICIOUSLY_BRIEF = 3
"""So many connections in a row that did not last: brokers that do not say so may have given them away."""
_T = TypeVar("_T")


class MqttLink:
    """The `BrokerLink` port on MQTT 5 or 3.1.1. Run `run` in a task; `stop` ends it.

    `on_message` is called on the event loop for each message of `subscriptions`, with the function that
    acknowledges it. Call that once the message is safe; an unacknowledged one comes again. After the
    connection has ended the function does nothing.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        client_id: str,
        subscriptions: Sequence[str],
        on_message: OnMessage,
        will_topic: str,
        will_payload: bytes,
    ) -> None:
        """Raises `ConfigurationError` for settings that cannot be used: nothing is tried with less."""
        self._options = _options(broker, client_id, subscriptions, will_topic, will_payload)
        self._broker = broker
        self._url = broker.url
        self._longest_delay_s = broker.reconnect_max_s
        self._on_message = on_message
        self._connection: Connection | None = None
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._down.set()
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._stopped.set()
        self._jitter = random.SystemRandom()
        self._complaint = ""
        self._brief = 0

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    async def wait_connected(self) -> None:
        await self._up.wait()

    async def wait_lost(self) -> None:
        await self._down.wait()

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        expiry_s: int | None = None,
        content_type: str | None = None,
    ) -> asyncio.Future[None]:
        if self._connection is None:
            raise LinkLostError("broker", "not connected")
        return self._connection.publish(topic, payload, retain, expiry_s, content_type)

    async def run(self) -> None:
        """Hold a connection, and make a new one whenever it is lost, until `stop`."""
        self._stopped.clear()
        delay_s = _FIRST_DELAY_S
        try:
            while not self._stopping.is_set():
                if await self._one_connection():
                    delay_s = _FIRST_DELAY_S
                await self._pause(delay_s * self._jitter.uniform(0.5, 1.0))
                delay_s = min(delay_s * 2, self._longest_delay_s)
        finally:
            self._stopped.set()

    async def stop(self) -> None:
        """Say goodbye to the broker, which then drops the will, and end `run`."""
        self._stopping.set()
        await self._stopped.wait()

    async def _one_connection(self) -> bool:
        """Connect and stay; whether the connection lasted.

        One that does not is a failure too: two agents of one name would otherwise throw each other out as
        fast as they can.
        """
        options = await self._renewed()
        if options is None:
            return False
        connection = Connection(options, self._on_message, self._set_down)
        try:
            if not await self._unless_stopping(self._open(connection)):
                return False
            since = time.monotonic()
            self._set_up(connection)
            reason = await self._unless_stopping(connection.ended())
            lasted = time.monotonic() - since > self._longest_delay_s
            self._brief = 0 if lasted else self._brief + 1
            if reason is not None:
                self._report_loss(reason, connection.taken_over or self._brief == _SUSPICIOUSLY_BRIEF)
            return lasted
        finally:
            await connection.close(polite=self._stopping.is_set())

    async def _renewed(self) -> Options | None:
        """The options with password and certificates as they are now: they may have been replaced."""
        try:
            return await asyncio.to_thread(_renewed, self._options, self._broker)
        except (ConfigurationError, OSError) as error:
            self._complain("broker_settings_unusable", str(error), "mend it; tried again")
        return None

    async def _open(self, connection: Connection) -> bool:
        try:
            await connection.open()
        except BrokerRefusedError as error:
            self._complain("broker_refused", str(error), "check user name, password and access rights")
        except (OSError, LinkLostError) as error:
            if certificate.is_about_dates(error):
                await self._complain_about_dates(error)
            else:
                self._complain("broker_unreachable", str(error), "trying again")
        else:
            self._complaint = ""
            log.info("broker_connected", url=self._url, client_id=self._options.client_id)
            return True
        return False

    async def _unless_stopping(self, work: Coroutine[Any, Any, _T]) -> _T | None:
        """The result of `work`; None where `stop` came first."""
        async with asyncio.TaskGroup() as tasks:
            working = tasks.create_task(work, name="mqtt connection")
            stopping = tasks.create_task(self._stopping.wait(), name="mqtt stop")
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            working.cancel()
            stopping.cancel()
        return None if working.cancelled() else working.result()

    async def _pause(self, delay_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()

    def _set_up(self, connection: Connection) -> None:
        self._connection = connection
        self._down.clear()
        self._up.set()

    def _set_down(self) -> None:
        self._connection = None
        self._up.clear()
        self._down.set()

    async def _complain_about_dates(self, error: Exception) -> None:
        text = await asyncio.to_thread(certificate.explain, error, self._options.host, self._options.port)
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        advice = f"renew the certificate, or set this gateway's clock, which says {now}; trying again"
        self._complain("broker_certificate_not_valid", text, advice)

    def _complain(self, event: str, detail: str, advice: str) -> None:
        """Say it once for as long as the trouble stays the same."""
        if detail != self._complaint:
            self._complaint = detail
            log.warning(event, url=self._url, client_id=self._options.client_id, detail=detail, advice=advice)

    def _report_loss(self, detail: str, contested: bool) -> None:
        if contested:
            log.error(
                "broker_session_contested",
                url=self._url,
                client_id=self._options.client_id,
                detail=detail,
                advice="another client seems to use this client id; give every gateway its own",
            )
        else:
            log.warning("broker_lost", url=self._url, detail=detail)


async def reach(broker: Broker, client_id: str) -> str:
    """Connect once and go away again, leaving nothing at the broker; says what was reached.

    Raises `ConfigurationError`, `BrokerRefusedError`, `LinkLostError` or OSError.
    """
    options = replace(_options(broker, client_id, (), "", b""), transient=True)
    connection = Connection(options, lambda *_: None, lambda: None)
    try:
        await connection.open()
    except OSError as error:
        if certificate.is_about_dates(error):
            text = await asyncio.to_thread(certificate.explain, error, options.host, options.port)
            raise LinkLostError("broker", text) from error
        raise
    finally:
        await connection.close(polite=True)
    return f"MQTT {broker.protocol} at {broker.url}"


def _options(
    broker: Broker, client_id: str, subscriptions: Sequence[str], will_topic: str, will_payload: bytes
) -> Options:
    url = urlsplit(broker.url)
    if url.username is not None or url.password is not None:
        raise ConfigurationError(
            "broker.url holds a user name or a password; use broker.username and broker.password_file"
        )
    try:
        port = url.port or _PORTS[url.scheme]
    except ValueError as error:
        raise ConfigurationError(f"broker.url {broker.url}: {error}") from error
    if not url.hostname:
        raise ConfigurationError(f"broker.url {broker.url}: no host name")
    v5 = broker.protocol == "5"
    return Options(
        host=url.hostname,
        port=port,
        client_id=client_id,
        protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
        keepalive_s=broker.keepalive_s,
        session_expiry_s=broker.session_expiry_s,
        receive_maximum=broker.receive_maximum,
        publish_window=broker.publish_window,
        subscriptions=tuple(subscriptions),
        will_topic=will_topic,
        will_payload=will_payload,
        username=broker.username,
        password=_password(broker),
        tls=ssl.create_default_context() if url.scheme == "mqtts" else None,
    )


def _renewed(options: Options, broker: Broker) -> Options:
    tls = ssl.create_default_context() if options.tls is not None else None
    return replace(options, password=_password(broker), tls=tls)


def _password(broker: Broker) -> str | None:
    if broker.password_file is None:
        return None
    if broker.username is None:
        raise ConfigurationError("broker.password_file is set without broker.username; set both or neither")
    try:
        password = Path(broker.password_file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"broker.password_file {broker.password_file}: {error}") from error
    if not password:
        raise ConfigurationError(f"broker.password_file {broker.password_file}: the file is empty")
    return password
