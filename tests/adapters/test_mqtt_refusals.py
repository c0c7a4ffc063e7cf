"""Who may connect, with what, and what is said when it is refused."""

import asyncio
import base64
import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from structlog.testing import capture_logs

from edge_agent.adapters.broker_certificate import explain
from edge_agent.adapters.mqtt import reach
from edge_agent.domain.site import Broker
from edge_agent.errors import BrokerRefusedError, ConfigurationError, LinkLostError
from tests.adapters.mqtt_rig import Agent, both_protocols, running, running_oms, scripted
from tests.broker import Mosquitto
from tests.drivers.waiting import until

NOW, DAY = datetime.now(UTC), timedelta(days=1)

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


async def test_a_password_that_is_corrected_in_its_file_is_taken_without_a_restart(
    guarded: Mosquitto, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("outdated")
    with capture_logs() as logs:
        async with running(guarded.url, connected=False, username="agent", password_file=str(file)) as agent:
            await until(lambda: logs)
            file.unlink()
            await until(lambda: logs[-1]["event"] == "broker_settings_unusable")
            file.write_text("secret")
            await agent.link.wait_connected()
    assert [entry["event"] for entry in logs] == [
        "broker_refused",
        "broker_settings_unusable",
        "broker_connected",
    ]


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


async def test_two_gateways_of_one_name_do_not_throw_each_other_out_in_a_tight_loop(
    mosquitto: Mosquitto,
) -> None:
    with capture_logs() as logs:
        async with (
            running(mosquitto.url, reconnect_max_s=30.0),
            running(mosquitto.url, reconnect_max_s=30.0),
        ):
            await asyncio.sleep(1.5)
    connects = [entry for entry in logs if entry["event"] == "broker_connected"]
    assert 2 <= len(connects) <= 14, "waits that double: 0.1 s, 0.2 s, 0.4 s ..."


async def test_what_was_under_way_when_the_session_was_taken_over_fails_and_says_so() -> None:
    answers = (CONNACK, SUBACK_GRANTED, DISCONNECT_SESSION_TAKEN_OVER)
    async with scripted(*answers) as url, running(url) as agent:
        with pytest.raises(LinkLostError, match="taken over by another client that calls itself 'agent'"):
            await agent.link.publish("out", b"")


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
    assert logs[1]["detail"] == "session taken over by another client that calls itself 'agent'"


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
    return certify(tmp_path, NOW - DAY, NOW + DAY)


@pytest.fixture
async def secure(mosquitto: Mosquitto, certificate: tuple[Path, Path]) -> Mosquitto:
    await mosquitto.stop()
    mosquitto.settings += [f"certfile {certificate[0]}", f"keyfile {certificate[1]}"]
    await mosquitto.start()
    return mosquitto


def certify(folder: Path, begin: datetime, end: datetime) -> tuple[Path, Path]:
    """Write a certificate for 127.0.0.1 that signs itself and is valid at that time, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begin, end)
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


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


@pytest.mark.parametrize(
    ("begin", "end", "detail"),
    [
        (
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
            "expired on 2026-03-04 05:06:07 UTC",
        ),
        (
            datetime(2199, 1, 1, tzinfo=UTC),
            datetime(2199, 2, 1, tzinfo=UTC),
            "not valid before 2199-01-01 00:00:00 UTC",
        ),
    ],
    ids=["expired", "not yet valid"],
)
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket")
async def test_a_certificate_out_of_its_time_is_named_with_its_date_and_a_renewed_one_heals(
    mosquitto: Mosquitto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    begin: datetime,
    end: datetime,
    detail: str,
) -> None:
    await mosquitto.stop()
    file, key = certify(tmp_path, begin, end)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))  # what this machine trusts
    mosquitto.settings += [f"certfile {file}", f"keyfile {key}"]
    await mosquitto.start()
    with capture_logs() as logs:
        async with running(_mqtts(mosquitto), connected=False) as agent:
            await until(lambda: logs)
            await asyncio.sleep(0.3)  # several tries
            assert not agent.link.connected
            assert len(logs) == 1, "it is said once"
            await mosquitto.stop()
            certify(tmp_path, NOW - DAY, NOW + DAY)
            await mosquitto.start()
            await agent.link.wait_connected()
    assert (logs[0]["event"], logs[0]["detail"]) == (
        "broker_certificate_not_valid",
        f"the broker's certificate {'is ' if begin > NOW else ''}{detail}",
    )
    assert "renew the certificate, or set this gateway's clock, which says 20" in logs[0]["advice"]


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket")
async def test_a_probe_names_the_date_too(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mosquitto.stop()
    file, key = certify(tmp_path, NOW - 2 * DAY, NOW - DAY)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    mosquitto.settings += [f"certfile {file}", f"keyfile {key}"]
    await mosquitto.start()
    with pytest.raises(LinkLostError, match="the broker's certificate expired on 20"):
        await reach(Broker(url=_mqtts(mosquitto)), "probe")


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket")
async def test_asking_for_the_dates_of_a_certificate_trusts_nobody_more(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """An expired certificate that nobody vouches for stays unknown: nothing is said of it."""
    await mosquitto.stop()
    file, key = certify(tmp_path, NOW - 2 * DAY, NOW - DAY)
    mosquitto.settings += [f"certfile {file}", f"keyfile {key}"]
    await mosquitto.start()
    error = ssl.SSLCertVerificationError(1, "certificate has expired")
    assert await asyncio.to_thread(explain, error, "127.0.0.1", mosquitto.port) == str(error)


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket")
async def test_a_broker_without_tls_is_not_spoken_to_where_tls_is_asked_for(mosquitto: Mosquitto) -> None:
    with capture_logs() as logs:
        async with running(_mqtts(mosquitto), connected=False) as agent:
            await until(lambda: logs)
            assert not agent.link.connected
    assert logs[0]["event"] == "broker_unreachable"
