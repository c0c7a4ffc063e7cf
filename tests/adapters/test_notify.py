"""What systemd is told, on a real socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_agent.adapters.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (
        str(tmp_path / "notify") if request.param == "path" else f"@edge-agent-{os.getpid()}-{tmp_path.name}"
    )


@pytest.fixture
def systemd(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + address[1:] if address.startswith("@") else address)
        receiver.settimeout(5)
        yield receiver


def test_every_message_reaches_systemd_in_its_own_words(address: str, systemd: socket.socket) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address})
    notifier.status("replaying the journal")
    notifier.ready("demo/gw1: working")
    notifier.ready()
    notifier.watchdog()
    notifier.stopping()
    assert [systemd.recv(1000).decode() for _ in range(5)] == [
        "STATUS=replaying the journal",
        "READY=1\nSTATUS=demo/gw1: working",
        "READY=1",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


def test_a_line_break_in_the_status_cannot_say_something_else(address: str, systemd: socket.socket) -> None:
    Notifier(address).status("first\nSTOPPING=1")
    assert systemd.recv(1000) == b"STATUS=first STOPPING=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}], ids=["unset", "empty"])
def test_without_systemd_nothing_happens(environment: dict[str, str]) -> None:
    with capture_logs() as logs:
        Notifier.from_environment(environment).ready()
    assert logs == []


def test_a_socket_that_is_gone_is_logged_and_stops_nothing(tmp_path: Path) -> None:
    with capture_logs() as logs:
        Notifier(str(tmp_path / "gone")).ready()
    assert [entry["event"] for entry in logs] == ["systemd_not_notified"]


@pytest.mark.parametrize(
    ("environment", "interval_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_interval_is_what_systemd_says_to_this_process(
    environment: dict[str, str], interval_s: float | None
) -> None:
    assert Notifier.from_environment(environment).watchdog_interval_s == interval_s
