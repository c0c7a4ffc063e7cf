"""The simulated OMS on a broker, and what a scripted peer in the agent's place tells it."""

import asyncio
from pathlib import Path
from typing import Any

from edge_agent.domain.site import Site
from simulators.ledger import Entry, read_ledger
from simulators.oms import OmsResult, run_oms
from tests.broker import Mosquitto
from tests.simulators.floor import small_site
from tests.simulators.peer import Json, Peer

ROOT = "warehouse/test/gw1"
QUIET_S = 0.2
DEADLINE_S = 30.0


def complete(peer: Peer, topic: str, message: Json) -> None:
    """Pick the whole task at once."""
    if topic == "submit":
        peer.tell("task_accepted", task_id=message["task_id"])
        finish(peer, message)


def finish(peer: Peer, task: Json, *, short: int = 0) -> None:
    for _ in range(2 - short):
        peer.tell("inventory_changed", task_id=task["task_id"], delta=-1, reason="picked")
    lines = [{"line_id": "1", "ordered": 2, "picked": 2 - short, "short": short, "cancelled": 0}]
    peer.tell("task_completed", task_id=task["task_id"], lines=lines)


def accept(peer: Peer, topic: str, message: Json) -> None:
    if topic == "submit":
        peer.tell("task_accepted", task_id=message["task_id"])


def site_at(broker: Mosquitto, **settings: Any) -> Site:
    return small_site(broker={"url": broker.url, **settings})


async def run(site: Site, tasks: list[Json], ledger: Path, **options: Any) -> OmsResult:
    options = {"stop": asyncio.Event(), "quiet_s": QUIET_S, **options}
    async with asyncio.timeout(DEADLINE_S):
        return await run_oms(site, tasks, ledger=ledger, **options)


def written(ledger: Path, kind: str) -> list[Entry]:
    return [entry for entry in read_ledger(ledger) if entry.kind == kind]
