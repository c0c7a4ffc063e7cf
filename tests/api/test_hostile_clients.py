"""Whatever a client does, the agent's loop turns, and others are answered."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from edge_agent.adapters.api import connection
from edge_agent.adapters.api_client import AgentUnreachableError
from edge_agent.domain.inputs import Tick
from tests.api.rig import ApiRig, api_rig, raw, with_api

LONGEST_TURN_S = 0.1
SOON_S = 10.0


def connected(rig: ApiRig) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(SOON_S)
    client.connect(str(rig.server.path))
    return client


def said(client: socket.socket) -> bytes:
    """What comes until the other end hangs up."""
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@contextmanager
def watched(rig: ApiRig) -> Iterator[list[float]]:
    """How long each turn of the agent's loop was waited for, in seconds, while the block runs."""
    home, waits, over = asyncio.get_running_loop(), [], threading.Event()

    async def turn() -> None:
        rig.loop.put(Tick())
        await rig.loop.turned()

    def watch() -> None:
        while not over.is_set():
            asked_s = time.monotonic()
            asyncio.run_coroutine_threadsafe(turn(), home).result(SOON_S)
            waits.append(time.monotonic() - asked_s)

    watcher = threading.Thread(target=watch, name="watcher")
    watcher.start()
    try:
        yield waits
    finally:
        over.set()


async def test_ten_megabytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    def send(rig: ApiRig) -> bytes:
        with connected(rig) as client:
            with suppress(BrokenPipeError, ConnectionResetError):  # it may hang up in the middle
                client.sendall(raw("POST", "/v1/tasks", b"x" * 10_000_000))
            return said(client)

    async with api_rig(with_api(tmp_path)) as rig:
        answer = await asyncio.to_thread(send, rig)
        assert answer == b"" or b"413" in answer.splitlines()[0]
        too_large = await rig.refused(rig.post("tasks", body=b"x" * 270_000))
        assert (too_large["status"], too_large["code"]) == (413, "too_large")
        assert (await rig.submit(1))["outcome"] == "accepted"


async def test_a_client_that_stops_in_the_middle_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LAST_REQUEST_S", 0.2)
    monkeypatch.setattr(connection, "LONGEST_S", 0.4)
    async with api_rig(with_api(tmp_path)) as rig:
        for unfinished in (b"", b"GET /v1/ag", raw("POST", "/v1/tasks", b"xx")[:-1]):
            with connected(rig) as client:
                client.sendall(unfinished)
                assert await asyncio.to_thread(said, client) == b""
        assert (await rig.get("agent"))["state"] == "online"


async def test_one_user_cannot_keep_connections_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PER_USER", 3)
    async with api_rig(with_api(tmp_path)) as rig:
        await rig.get("agent")
        held = [connected(rig) for _ in range(3)]
        with pytest.raises(AgentUnreachableError):
            await rig.get("agent")
        for client in held:
            client.close()
        async with asyncio.timeout(SOON_S):
            while not await _answers(rig):
                await asyncio.sleep(0.01)


async def _answers(rig: ApiRig) -> bool:
    try:
        await rig.get("agent")
    except AgentUnreachableError:
        return False
    return True


@pytest.mark.parametrize(
    "nonsense",
    [b"\x00" * 64, b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 70_000, b"POST /v1/tasks HTTP/1.1\r\n\r\n"],
    ids=["no text", "no version", "a long line", "no body"],
)
async def test_nonsense_is_answered_as_such(tmp_path: Path, nonsense: bytes) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        with connected(rig) as client:
            client.sendall(nonsense)
            client.shutdown(socket.SHUT_WR)
            answer = await asyncio.to_thread(said, client)
            assert answer.startswith(b"HTTP/1.1 4") or answer == b""
        assert (await rig.get("agent"))["state"] == "online"


async def test_no_hostile_client_delays_the_turns_of_the_loop(tmp_path: Path) -> None:
    """A flood of everything at once: large bodies, requests that stop, more connections than there may be."""

    def flood(rig: ApiRig) -> None:
        clients = [connected(rig) for _ in range(200)]
        for number, client in enumerate(clients):
            big = number % 10 == 0
            with suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(
                    raw("POST", "/v1/tasks", b"[" * (5_000_000 if big else 2_000))[: None if big else -1]
                )
        for client in clients:
            client.close()

    async with api_rig(with_api(tmp_path)) as rig:
        await rig.get("agent")
        with watched(rig) as waits:
            await asyncio.to_thread(flood, rig)
        assert len(waits) > 10
        assert sorted(waits)[int(len(waits) * 0.99)] < LONGEST_TURN_S
