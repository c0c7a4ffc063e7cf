"""Who may connect, with what, and what is said when it is refused."""

import asyncio
import base64
import hashlib
import ssl
import subprocess
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_agent.errors import BrokerRefusedError, ConfigurationError
from tests.adapters.mqtt_rig import Agent, both_protocols, running, running_oms, scripted
from tests.broker import Mosquitto
from tests.drivers.waiting import until

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
