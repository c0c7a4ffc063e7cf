"""How long the agent's loop waits for its turn while hostile clients are at the local API.

    python -m benchmarks.hostile_clients [--seconds 5] [--json FILE]

The loop and the API run here as they do in the agent, the clients are processes of their own. A turn is an
input that is decided, with nothing to write. `idle`: nobody asks. `flood`: connections without end, bodies of
10 MB, requests that stop in the middle. `tasks`: tasks of 100 KB with one wrong field. `lists`: the longest
page of 25,000 tasks.
"""

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge_agent.adapters.api.bridge import Bridge
from edge_agent.adapters.api.parts import Parts
from edge_agent.adapters.api.server import ApiServer
from edge_agent.adapters.api.timeline import History
from edge_agent.adapters.api_client import ApiClient
from edge_agent.adapters.clock import SystemClock
from edge_agent.adapters.memory_journal import MemoryJournal
from edge_agent.core.lifecycle import TaskStatus
from edge_agent.core.plant import Plant
from edge_agent.core.state import EndedTask, State
from edge_agent.core.view import device_view
from edge_agent.domain.ids import TaskId
from edge_agent.domain.inputs import Tick
from edge_agent.domain.site import Api, Site
from edge_agent.errors import EdgeAgentError
from edge_agent.resources import config_directory
from edge_agent.runtime.loop import Loop
from edge_agent.site_file import load

CLIENTS = 2
ENDED_TASKS = 25_000
CONNECTIONS = 100
REQUEST = b"POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n"


# ---- the clients -------------------------------------------------------------------------------------


def flood(path: str) -> None:
    """Open many connections, send a lot on some of them and half a request on the others, hang up."""
    body = b"[" * 10_000_000
    open_ones = []
    for number in range(CONNECTIONS):
        client = socket.socket(socket.AF_UNIX)
        open_ones.append(client)
        with suppress(OSError):
            client.connect(path)
            client.sendall(REQUEST + (body if number % 20 == 0 else b"["))
    for client in open_ones:
        client.close()


def tasks(path: str) -> None:
    """Hand in a task that is wrong only at the end of all its work."""
    source = {"location": "A01-01-01", "container_id": "TOTE-0001", "quantity_available": 1, "rank": 1}
    line = {"sku": "S", "gtin": "04006381333931", "quantity": 1, "sources": [source]}
    lines = [line | {"line_id": str(number)} for number in range(480)]
    ApiClient(Path(path)).post("tasks", body={"task_id": "T", "revision": 0, "lines": lines})


def lists(path: str) -> None:
    """Ask for the longest page."""
    ApiClient(Path(path)).get("tasks", status=[status.value for status in TaskStatus], limit=500)


KINDS: dict[str, Callable[[str], None]] = {"flood": flood, "tasks": tasks, "lists": lists}


def be_hostile(kind: str, path: str) -> None:
    """Until killed."""
    while True:
        with suppress(EdgeAgentError):
            KINDS[kind](path)


# ---- the agent's loop --------------------------------------------------------------------------------


async def measure(seconds: float) -> dict[str, dict[str, float]]:
    """Milliseconds that a turn is waited for, by what the clients do."""
    with tempfile.TemporaryDirectory() as folder:
        site = _site(Path(folder))
        state, clock = State(Plant(site, {})), SystemClock()
        for number in range(ENDED_TASKS):
            state.ended[TaskId(f"T-{number}")] = EndedTask(1, "", TaskStatus.COMPLETED)
        loop = Loop(state, MemoryJournal(), clock, lambda _: None)
        history = History(site.journal.url)
        server = ApiServer(
            Parts(site, Bridge(loop, clock), history, lambda device: device_view(state, device))
        )
        turning = asyncio.create_task(loop.run(), name="loop")
        server.start()
        await asyncio.to_thread(ApiClient(server.path).get, "agent")
        found = {"idle": await _waits(loop, seconds)}
        for kind in KINDS:
            found[kind] = await _beside(kind, server.path, loop, seconds)
        await server.stop()
        loop.stop()
        await turning
    return found


def _site(folder: Path) -> Site:
    site, _ = load(config_directory() / "demo.yaml", {})
    return site.model_copy(update={"api": Api(socket=str(folder / "api.sock"))})


async def _beside(kind: str, path: Path, loop: Loop, seconds: float) -> dict[str, float]:
    command = (sys.executable, "-m", "benchmarks.hostile_clients", "--client", kind, str(path))
    clients = [subprocess.Popen(command) for _ in range(CLIENTS)]  # noqa: ASYNC220 - in a moment when nothing else runs
    try:
        await asyncio.sleep(2)  # they have to load
        return await _waits(loop, seconds)
    finally:
        for client in clients:
            client.kill()
            client.wait()


async def _waits(loop: Loop, seconds: float) -> dict[str, float]:
    waits: list[float] = []
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        asked_s = time.monotonic()
        await loop.ask(Tick())
        waits.append((time.monotonic() - asked_s) * 1000)
        await asyncio.sleep(0.001)
    waits.sort()
    last = len(waits) - 1
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {name: round(waits[int(last * share)], 2) for name, share in shares.items()} | {
        "turns": len(waits)
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--client", nargs=2, help=argparse.SUPPRESS)
    options: Any = parser.parse_args()
    if options.client:
        be_hostile(*options.client)
    found = asyncio.run(measure(options.seconds))
    for name, figures in found.items():
        print(f"{name:6}", "  ".join(f"{key} {value}" for key, value in figures.items()))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
