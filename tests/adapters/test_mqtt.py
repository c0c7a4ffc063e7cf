"""The link to the broker, against a real mosquitto."""

import asyncio
import base64
import contextlib
import hashlib
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge_agent.adapters.mqtt import MqttLink
from edge_agent.domain.site import Broker
from edge_agent.errors import BrokerRefusedError, ConfigurationError, LinkLostError
from tests.broker import Mosquitto, listening
from tests.drivers.plc import talking
from tests.drivers.proxy import Cable
from tests.drivers.waiting import until

Received = tuple[str, bytes, Callable[[], None]]

both_protocols = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


class Agent:
    """A link that takes the messages of `in`, and its task."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.received: list[Received] = []
        self.link = MqttLink(
            Broker(url=url, reconnect_max_s=0.2, **settings),
            client_id="agent",
            subscriptions=["in"],
            on_message=lambda *message: self.received.append(message),
            will_topic="state",
            will_payload=b"offline",
        )

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, payload, _ in self.received]

    def acknowledge(self) -> None:
        for _, _, acknowledge in self.received:
            acknowledge()
        self.received.clear()


@contextlib.asynccontextmanager
async def running(url: str, *, connected: bool = True, **settings: Any) -> AsyncIterator[Agent]:
    agent = Agent(url, **settings)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(agent.link.run(), name="link")
        if connected:
            async with asyncio.timeout(10):
                await agent.link.wait_connected()
        try:
            yield agent
        finally:
            await agent.link.stop()


# ---- messages ----------------------------------------------------------------------------------------


@both_protocols
async def test_what_is_published_arrives_and_is_acknowledged(mosquitto: Mosquitto, protocol: str) -> None:
    async with running(mosquitto.url, protocol=protocol) as agent, listening(mosquitto.port) as listener:
        await agent.link.publish("out/1", b"one")
        await agent.link.publish("out/2", b"two", retain=True)
        await until(lambda: len(listener.messages) == 2)
    assert [(m.topic, m.payload) for m in listener.messages] == [("out/1", b"one"), ("out/2", b"two")]


async def test_expiry_and_content_type_travel_with_mqtt_5(mosquitto: Mosquitto) -> None:
    async with running(mosquitto.url) as agent, listening(mosquitto.port) as listener:
        await agent.link.publish("out", b"{}", expiry_s=60, content_type="application/json")
        await until(lambda: listener.messages)
    assert listener.messages[0].content_type == "application/json"
    assert listener.messages[0].expiry_s in (59, 60)


async def test_messages_go_out_in_the_order_of_the_calls_and_through_a_small_window(
    mosquitto: Mosquitto,
) -> None:
    async with (
        running(mosquitto.url, publish_window=3) as agent,
        listening(mosquitto.port) as listener,
    ):
        await asyncio.gather(*[agent.link.publish("out", str(n).encode()) for n in range(500)])
        await until(lambda: len(listener.messages) == 500)
    assert [int(m.payload) for m in listener.messages] == list(range(500))


async def test_the_brokers_own_limit_of_messages_under_way_is_kept(mosquitto: Mosquitto) -> None:
    await mosquitto.stop()
    mosquitto.settings.append("max_inflight_messages 2")
    await mosquitto.start()
    async with (
        running(mosquitto.url, publish_window=100) as agent,
        listening(mosquitto.port) as listener,
    ):
        await asyncio.gather(*[agent.link.publish("out", str(n).encode()) for n in range(100)])
        await until(lambda: len(listener.messages) == 100)


async def test_a_large_message_goes_through(mosquitto: Mosquitto) -> None:
    large = b"x" * 2_000_000
    async with running(mosquitto.url) as agent, running_oms(mosquitto.url) as oms:
        await oms.publish("in", large)
        await until(lambda: agent.received)
        assert agent.payloads == [large]


@pytest.mark.parametrize("topic", ["", "a/+/b", "a/#", "a\0b", "x" * 65536])
async def test_what_is_no_topic_is_refused_and_harms_nothing(mosquitto: Mosquitto, topic: str) -> None:
    async with running(mosquitto.url) as agent:
        with pytest.raises(ValueError, match="not a topic"):
            agent.link.publish(topic, b"")
        await agent.link.publish("out", b"still here")


@contextlib.asynccontextmanager
async def running_oms(url: str) -> AsyncIterator[MqttLink]:
    link = MqttLink(
        Broker(url=url),
        client_id="oms",
        subscriptions=[],
        on_message=lambda *_: None,
        will_topic="oms",
        will_payload=b"",
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(link.run(), name="oms")
        await link.wait_connected()
        try:
            yield link
        finally:
            await link.stop()


# ---- acknowledging -----------------------------------------------------------------------------------


@both_protocols
async def test_a_message_that_was_not_acknowledged_comes_again(mosquitto: Mosquitto, protocol: str) -> None:
    async with running_oms(mosquitto.url) as oms:
        async with running(mosquitto.url, protocol=protocol) as agent:
            await oms.publish("in", b"task 1")
            await oms.publish("in", b"task 2")
            await until(lambda: len(agent.received) == 2)
            agent.received[0][2]()
        async with running(mosquitto.url, protocol=protocol) as agent:
            await until(lambda: agent.received)
            assert agent.payloads == [b"task 2"]
            agent.acknowledge()
        async with running(mosquitto.url, protocol=protocol) as agent:
            await oms.publish("in", b"task 3")
            await until(lambda: agent.received)
            assert agent.payloads == [b"task 3"]


async def test_what_was_sent_while_we_were_away_is_there_when_we_come(mosquitto: Mosquitto) -> None:
    async with running(mosquitto.url):
        pass
    async with running_oms(mosquitto.url) as oms:
        await oms.publish("in", b"task 1")
    async with running(mosquitto.url) as agent:
        await until(lambda: agent.payloads == [b"task 1"])


async def test_an_acknowledgement_of_an_earlier_connection_has_no_effect(mosquitto: Mosquitto) -> None:
    async with (
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}") as agent,
        running_oms(mosquitto.url) as oms,
    ):
        await oms.publish("in", b"task 1")
        await until(lambda: agent.received)
        stale = agent.received.pop()[2]
        cable.cut()
        await agent.link.wait_lost()
        await oms.publish("in", b"task 2")
        cable.mend()
        await until(lambda: len(agent.received) == 2)
        await agent.link.wait_connected()
        stale()  # it carries the packet id that task 1 or 2 has now
        await agent.link.publish("out", b"passes after it")
        cable.cut()
        agent.received.clear()
        cable.mend()
        await until(lambda: sorted(agent.payloads) == [b"task 1", b"task 2"])


async def test_no_more_messages_come_than_we_take_unacknowledged(mosquitto: Mosquitto) -> None:
    async with running(mosquitto.url, receive_maximum=3) as agent, running_oms(mosquitto.url) as oms:
        await asyncio.gather(*[oms.publish("in", str(n).encode()) for n in range(10)])
        await agent.link.publish("out", b"a round trip later")
        assert agent.payloads == [b"0", b"1", b"2"]
        agent.acknowledge()
        await until(lambda: agent.payloads[:3] == [b"3", b"4", b"5"])


# ---- losing the connection ---------------------------------------------------------------------------


async def test_without_a_connection_publishing_fails_at_once() -> None:
    agent = Agent("mqtt://127.0.0.1:1")
    with pytest.raises(LinkLostError, match="not connected"):
        agent.link.publish("out", b"")
    await agent.link.wait_lost()


async def test_a_publish_whose_acknowledgement_was_lost_fails_and_is_not_sent_again(
    mosquitto: Mosquitto,
) -> None:
    async with (
        listening(mosquitto.port) as listener,
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}") as agent,
    ):
        cable.replies_pass = False
        lost = [agent.link.publish("out", str(n).encode()) for n in range(5)]
        await until(lambda: len(listener.messages) == 5)
        cable.cut()
        for one in lost:
            with pytest.raises(LinkLostError):
                await one
        cable.mend()
        await agent.link.wait_connected()
        await agent.link.publish("out", b"new")
        await until(lambda: len(listener.messages) == 6)
    assert [m.payload for m in listener.messages] == [b"0", b"1", b"2", b"3", b"4", b"new"]


async def test_what_waited_for_the_window_fails_with_the_connection_too(mosquitto: Mosquitto) -> None:
    async with (
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}", publish_window=1) as agent,
    ):
        cable.replies_pass = False
        under_way = [agent.link.publish("out", b"") for _ in range(3)]
        cable.cut()
        answers = await asyncio.gather(*under_way, return_exceptions=True)
    assert [type(answer) for answer in answers] == [LinkLostError] * 3


@both_protocols
async def test_the_subscriptions_are_renewed_when_the_broker_has_forgotten_them(
    mosquitto: Mosquitto, protocol: str
) -> None:
    async with running(mosquitto.url, protocol=protocol) as agent:
        await mosquitto.kill()
        await agent.link.wait_lost()
        await mosquitto.start()
        await agent.link.wait_connected()
        async with running_oms(mosquitto.url) as oms:
            await oms.publish("in", b"task")
            await until(lambda: agent.payloads == [b"task"])


async def test_a_broker_that_comes_later_is_found_and_its_absence_is_said_once(mosquitto: Mosquitto) -> None:
    await mosquitto.stop()
    with capture_logs() as logs:
        async with running(mosquitto.url, connected=False) as agent:
            await until(lambda: [entry["event"] for entry in logs] == ["broker_unreachable"])
            await asyncio.sleep(0.5)  # several tries
            await mosquitto.start()
            await agent.link.wait_connected()
    assert [entry["event"] for entry in logs] == ["broker_unreachable", "broker_connected"]


async def test_a_broker_that_says_nothing_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.adapters.mqtt_connection._OPEN_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, capture_logs() as logs:
        async with running(f"mqtt://127.0.0.1:{silent.getsockname()[1]}", connected=False):
            await until(lambda: logs)
    assert "no answer to CONNECT" in logs[0]["detail"]


async def test_a_broker_that_stops_acknowledging_is_left_after_a_while(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.adapters.mqtt_connection._ACKNOWLEDGE_TIMEOUT_S", 0.1)
    async with Cable(mosquitto.port) as cable, running(f"mqtt://127.0.0.1:{cable.port}") as agent:
        cable.replies_pass = False
        with pytest.raises(LinkLostError, match="no acknowledgement"):
            await agent.link.publish("out", b"")
        cable.mend()


async def test_a_half_open_connection_is_noticed_by_its_keepalive(mosquitto: Mosquitto) -> None:
    async with (
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}", keepalive_s=1) as agent,
    ):
        cable.replies_pass = cable.requests_pass = False
        await asyncio.wait_for(agent.link.wait_lost(), 10)
        cable.mend()


@pytest.mark.parametrize(
    "garbage", [b"\x20\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x03\x00\x00\xff"]
)
async def test_a_server_that_speaks_something_else_ends_only_the_connection(
    garbage: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.adapters.mqtt_connection._OPEN_TIMEOUT_S", 0.2)
    with capture_logs() as logs:
        async with scripted(garbage) as url, running(url, connected=False):
            await until(lambda: any(entry["event"] == "broker_unreachable" for entry in logs))


# ---- the last will -----------------------------------------------------------------------------------


@both_protocols
async def test_a_clean_stop_leaves_the_retained_state_alone(mosquitto: Mosquitto, protocol: str) -> None:
    async with listening(mosquitto.port, "state") as listener:
        async with running(mosquitto.url, protocol=protocol) as agent:
            await agent.link.publish("state", b"stopped by a person", retain=True)
        async with running_oms(mosquitto.url) as oms:
            await oms.publish("state", b"end")
        await until(lambda: len(listener.messages) == 2)
    assert [m.payload for m in listener.messages] == [b"stopped by a person", b"end"]


@both_protocols
async def test_a_crash_lets_the_broker_say_offline(mosquitto: Mosquitto, protocol: str) -> None:
    agent = Agent(mosquitto.url, protocol=protocol)
    async with listening(mosquitto.port, "state") as listener:
        async with asyncio.TaskGroup() as tasks:
            running_link = tasks.create_task(agent.link.run())
            await agent.link.wait_connected()
            running_link.cancel()
        await until(lambda: [m.payload for m in listener.messages] == [b"offline"])
    async with listening(mosquitto.port, "state", "later") as listener:
        await until(lambda: [(m.payload, m.retain) for m in listener.messages] == [(b"offline", True)])


async def test_stopping_is_prompt_whatever_the_link_is_doing(mosquitto: Mosquitto) -> None:
    await mosquitto.stop()
    async with running(mosquitto.url, connected=False) as agent:
        await asyncio.wait_for(agent.link.stop(), 2)
        await agent.link.stop()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with running(f"mqtt://127.0.0.1:{silent.getsockname()[1]}", connected=False) as agent:
            await asyncio.sleep(0.1)
            await asyncio.wait_for(agent.link.stop(), 2)


# ---- who may do what ---------------------------------------------------------------------------------


@pytest.fixture
async def guarded(mosquitto: Mosquitto, tmp_path: Path) -> Mosquitto:
    """A broker that knows only agent with the password secret, who may not write on `closed`."""
    await mosquitto.stop()
    passwords, rights = tmp_path / "passwords", tmp_path / "rights"
    passwords.write_text(f"agent:{_hashed('secret')}\n")
    rights.write_text("user agent\ntopic readwrite in\ntopic write out\n")
    for file in (passwords, rights):
        file.chmod(0o600)
    mosquitto.settings[:] = [f"password_file {passwords}", f"acl_file {rights}", "allow_anonymous false"]
    await mosquitto.start()
    return mosquitto


def _hashed(password: str) -> str:
    """As `mosquitto_passwd -H sha512` writes it."""
    salt = b"saltsaltsalt"
    digest = hashlib.sha512(password.encode() + salt).digest()
    return f"$6${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


@pytest.fixture
def secret(tmp_path: Path) -> str:
    file = tmp_path / "secret"
    file.write_text("secret\n")
    return str(file)


@both_protocols
async def test_the_password_comes_from_its_file(guarded: Mosquitto, secret: str, protocol: str) -> None:
    async with running(guarded.url, protocol=protocol, username="agent", password_file=secret) as agent:
        await agent.link.publish("out", b"")


@both_protocols
async def test_bad_credentials_are_said_clearly_and_the_password_is_not(
    guarded: Mosquitto, tmp_path: Path, protocol: str
) -> None:
    (tmp_path / "wrong").write_text("Wr0ng-Passw0rd")
    settings = {"username": "agent", "password_file": str(tmp_path / "wrong"), "protocol": protocol}
    with capture_logs() as logs:
        async with running(guarded.url, connected=False, **settings):
            await until(lambda: logs)
            await asyncio.sleep(0.5)  # several tries
    assert [entry["event"] for entry in logs] == ["broker_refused"]
    assert "Not authorized" in logs[0]["detail"]
    assert "check user name" in logs[0]["advice"]
    assert "Passw0rd" not in str(logs)


async def test_a_refused_message_fails_alone(guarded: Mosquitto, secret: str) -> None:
    async with running(guarded.url, username="agent", password_file=secret) as agent:
        with pytest.raises(BrokerRefusedError, match="message refused: Not authorized"):
            await agent.link.publish("closed", b"x")
        await agent.link.publish("out", b"x")


async def test_a_second_client_of_our_name_is_an_error_that_says_so(mosquitto: Mosquitto) -> None:
    with capture_logs() as logs:
        async with running(mosquitto.url), running(mosquitto.url):
            await until(lambda: any(entry["event"] == "broker_session_contested" for entry in logs))
    contested = next(entry for entry in logs if entry["event"] == "broker_session_contested")
    assert contested["log_level"] == "error"
    assert contested["client_id"] == "agent"
    assert "client id" in contested["advice"]


# ---- what mosquitto does not do: a broker by script (MQTT 5, 3.2, 3.9 and 3.14) ------------------------

CONNACK = bytes.fromhex("20 03 00 00 00")
SUBACK_GRANTED = bytes.fromhex("90 04 00 01 00 01")
SUBACK_QOS_0 = bytes.fromhex("90 04 00 01 00 00")
SUBACK_NOT_AUTHORIZED = bytes.fromhex("90 04 00 01 00 87")
DISCONNECT_SESSION_TAKEN_OVER = bytes.fromhex("e0 01 8e")


@contextlib.asynccontextmanager
async def scripted(*answers: bytes) -> AsyncIterator[str]:
    """A broker that gives one answer to each packet it receives, then no more; its URL."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.read(65536)
            writer.write(answer)
        await reader.read()

    async with talking(talk) as port:
        yield f"mqtt://127.0.0.1:{port}"


@pytest.mark.parametrize("suback", [SUBACK_NOT_AUTHORIZED, SUBACK_QOS_0], ids=["refused", "granted less"])
async def test_a_refused_subscription_is_no_connection(suback: bytes) -> None:
    with capture_logs() as logs:
        async with scripted(CONNACK, suback) as url, running(url, connected=False) as agent:
            await until(lambda: logs)
            assert not agent.link.connected
    assert logs[0]["event"] == "broker_refused"
    assert logs[0]["detail"].startswith("subscription to in: ")


async def test_a_session_that_the_broker_gives_away_is_an_error_that_says_so() -> None:
    answers = (CONNACK, SUBACK_GRANTED + DISCONNECT_SESSION_TAKEN_OVER)
    with capture_logs() as logs:
        async with scripted(*answers) as url, running(url, connected=False):
            await until(lambda: any(entry["event"] == "broker_session_contested" for entry in logs))
    assert logs[1]["detail"] == "Session taken over"


# ---- settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"url": "mqtt://user:secret@host"}, r"broker\.url holds a user name or a password"),
        ({"url": "mqtt://host:port"}, r"broker\.url mqtt://host:port: Port could not be cast"),
        ({"url": "mqtt://host:99999"}, r"broker\.url mqtt://host:99999: Port out of range"),
        ({"url": "mqtt://:1883"}, "no host name"),
        ({"password_file": "/etc/hostname"}, r"broker\.password_file is set without broker\.username"),
        ({"username": "agent", "password_file": "/nowhere/secret"}, "/nowhere/secret: .*No such file"),
        ({"username": "agent", "password_file": "/dev/null"}, "/dev/null: the file is empty"),
    ],
)
async def test_settings_that_cannot_be_used_are_refused(settings: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        Agent(**{"url": "mqtt://host", **settings})
    assert "secret@" not in str(caught.value)


# ---- TLS ---------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture
async def secure(mosquitto: Mosquitto, certificate: tuple[Path, Path]) -> Mosquitto:
    await mosquitto.stop()
    mosquitto.settings += [f"certfile {certificate[0]}", f"keyfile {certificate[1]}"]
    await mosquitto.start()
    return mosquitto


def _mqtts(broker: Mosquitto) -> str:
    return broker.url.replace("mqtt:", "mqtts:")


async def test_a_trusted_broker_is_spoken_to_over_tls(
    secure: Mosquitto, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = ssl.create_default_context(cafile=certificate[0])
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusted)
    async with running(_mqtts(secure)) as agent, running_oms(_mqtts(secure)) as oms:
        answers = [oms.publish("in", b"x" * 5000) for _ in range(50)]
        await asyncio.gather(*answers, agent.link.publish("out", b"y" * 1_000_000))
        await until(lambda: len(agent.received) == 50)


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket")  # paho drops a socket whose handshake failed
async def test_a_broker_that_nobody_vouches_for_is_not_spoken_to(secure: Mosquitto) -> None:
    with capture_logs() as logs:
        async with running(_mqtts(secure), connected=False) as agent:
            await until(lambda: logs)
            assert not agent.link.connected
    assert "certificate verify failed" in logs[0]["detail"]


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket")
async def test_a_broker_without_tls_is_not_spoken_to_where_tls_is_asked_for(mosquitto: Mosquitto) -> None:
    with capture_logs() as logs:
        async with running(_mqtts(mosquitto), connected=False) as agent:
            await until(lambda: logs)
            assert not agent.link.connected
    assert logs[0]["event"] == "broker_unreachable"
