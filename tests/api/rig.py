"""The agent's loop with a journal on disk, and the real API before it on a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.adapters.api.bridge import Bridge
from edge_agent.adapters.api.parts import Parts
from edge_agent.adapters.api.server import ApiServer
from edge_agent.adapters.api.timeline import History
from edge_agent.adapters.api_client import AgentRefusedError, ApiClient
from edge_agent.adapters.clock import SystemClock
from edge_agent.adapters.journal import SqlJournal
from edge_agent.core.plant import Plant
from edge_agent.core.state import State
from edge_agent.core.view import device_view
from edge_agent.domain.site import Api, Site
from edge_agent.runtime.loop import Loop
from tests.core.agent import demo_site

T = TypeVar("T")


@dataclass
class ApiRig:
    """A loop without devices: tasks are taken in and wait."""

    loop: Loop
    server: ApiServer
    client: ApiClient
    journal: SqlJournal
    bridge: Bridge

    async def get(self, *where: str, **query: Any) -> Any:
        return await asyncio.to_thread(lambda: self.client.get(*where, **query))

    async def post(self, *where: str, body: bytes | dict[str, Any]) -> Any:
        return await asyncio.to_thread(lambda: self.client.post(*where, body=body))

    async def delete(self, *where: str, **query: Any) -> Any:
        return await asyncio.to_thread(lambda: self.client.delete(*where, **query))

    async def submit(self, number: int, **changes: Any) -> Any:
        return await self.post("tasks", body=message(number, **changes))

    async def refused(self, asking: Any) -> dict[str, Any]:
        """The problem details that the request is answered with."""
        try:
            answer = await asking
        except AgentRefusedError as error:
            return error.problem
        raise AssertionError(f"it was taken: {answer}")


def message(number: int, **changes: Any) -> dict[str, Any]:
    """A task as it comes, with a container of its own."""
    source = {"location": "A01-03-02", "container_id": "TOTE-0042", "quantity_available": 8, "rank": 1}
    line = {"line_id": "1", "sku": "MUG", "gtin": "04006381333931", "quantity": 2, "sources": [source]}
    return {
        "task_id": f"T-{number}",
        "revision": 1,
        "order_id": f"SO-{number}",
        "destination": {"container_id": f"OC-{number:04}", "lane": "ship-1"},
        "lines": [line],
    } | changes


def with_api(folder: Path, **settings: Any) -> Site:
    """The demo's site with a socket in the folder."""
    api = Api(socket=str(folder / "api.sock"), **settings)
    journal = demo_site().journal.model_copy(update={"url": f"sqlite:///{folder}/journal.db"})
    return demo_site().model_copy(update={"api": api, "journal": journal})


@asynccontextmanager
async def api_rig(
    site: Site, change: Callable[[State], None] | None = None, state: State | None = None
) -> AsyncIterator[ApiRig]:
    """`change` prepares the state before anything is asked; `state` is one to begin with."""
    journal = await SqlJournal.open(site.journal.url)
    state, clock = state or State(Plant(site, {})), SystemClock()
    if change is not None:
        change(state)
    loop = Loop(state, journal, clock, lambda records: None)
    bridge, history = Bridge(loop, clock), History(site.journal.url)
    server = ApiServer(Parts(site, bridge, history, lambda device_id: device_view(state, device_id)))
    turning = asyncio.create_task(loop.run(), name="loop")
    server.start()
    try:
        yield ApiRig(loop, server, ApiClient(server.path), journal, bridge)
    finally:
        await server.stop()
        loop.stop()
        await turning
        await journal.close()


def raw(method: str, target: str, body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()
