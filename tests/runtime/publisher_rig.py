"""A publisher at work: a real journal, a link to a real broker, and states to show."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from edge_agent.adapters.clock import SystemClock
from edge_agent.adapters.cloudevents import CloudEvents
from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.mqtt import MqttLink
from edge_agent.domain import events as ev
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import DeviceId, LineId, TaskId
from edge_agent.domain.site import Site
from edge_agent.domain.topics import Topics, agent_state
from edge_agent.runtime.publisher import CURSOR, Publisher
from edge_agent.runtime.retained import Views
from tests.adapters.examples import line_cancelled
from tests.broker import Listener
from tests.drivers.waiting import until

ROOT = "warehouse/demo/gw1"


def site_of(url: str, **broker: Any) -> Site:
    """A site with one device, at a broker."""
    station = {"picker": "p", "tote_point": "a", "tote_scanner": "s", "item_scanner": "s"}
    return Site.model_validate(
        {
            "site": "demo",
            "gateway": "gw1",
            "broker": {"url": url, "reconnect_max_s": 0.2, **broker},
            "devices": {"asrs-1": {"profile": "asrs-opcua", "address": "opc.tcp://127.0.0.1:1/asrs"}},
            "points": {"a": {}},
            "storage": {"asrs-1": {"locations": ["A01-*"], "outfeed": "a", "infeed": "a"}},
            "conveyor": "c",
            "stations": {"st1": station | {"put_positions": [{"point": "a"}]}},
            "lanes": {"ship": {"point": "a"}},
            "supply": "a",
            "reject": "a",
        }
    )


class Floor:
    """What the states show; a test changes it."""

    def __init__(self) -> None:
        self.tasks: dict[TaskId, dict[str, Any]] = {}
        self.device: dict[str, Any] = {"state": "ready"}
        self.agent: dict[str, Any] = {"refuses": [], "clock": "synchronised"}
        self.reads: list[Callable[[], None]] | None = None
        """Who waits for a commit that is under way; None: none is."""
        self.held: dict[TaskId, str] = {}

    @property
    def views(self) -> Views:
        return Views(
            self.tasks.get,
            lambda _: self.device,
            lambda: list(self.tasks),
            lambda: dict(self.agent),
            self._when_durable,
            lambda: dict(self.held),
        )

    def _when_durable(self, read: Callable[[], None]) -> None:
        if self.reads is None:
            read()
        else:
            self.reads.append(read)

    def committed(self) -> None:
        """The commit under way has ended."""
        reads, self.reads = self.reads or [], None
        for read in reads:
            read()


class Rig:
    """A publisher over one journal, with its link. Made by `running`."""

    def __init__(self, site: Site, journal: SqlJournal, floor: Floor) -> None:
        topics = Topics(site.topic_root)
        self.journal = journal
        self.floor = floor
        self.link = MqttLink(
            site.broker,
            client_id="agent",
            subscriptions=[],
            on_message=lambda *_: None,
            will_topic=topics.agent_state,
            will_payload=agent_state("offline", None),
        )
        encoder = CloudEvents(site.site, site.gateway)
        self.clock = SystemClock()
        self.publisher = Publisher(self.link, journal, self.clock, site, encoder, floor.views)

    async def tell(self, *events: ev.Event, ago_s: float = 0.0) -> None:
        """Journal events that the OMS is told, and wake the publisher."""
        first = await self.journal.last_confirmation() + 1
        now = self.clock.now()
        at, clock_s = now.utc - timedelta(seconds=ago_s), now.clock_s - ago_s
        await self.journal.append(
            [Recorded(n, at, clock_s, event, n) for n, event in enumerate(events, first)]
        )
        self.publisher.wake()

    async def tell_many(self, count: int) -> None:
        await self.tell(*[line_cancelled(n) for n in range(count)])

    async def told(self, last: int) -> None:
        """Returns once the cursor stands at `last`."""
        async with asyncio.timeout(20):
            while await self.journal.cursor(CURSOR) < last:
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running(
    url: str, folder: Path, *, connected: bool = True, floor: Floor | None = None, **broker: Any
) -> AsyncIterator[Rig]:
    journal = await SqlJournal.open(f"sqlite:///{folder}/journal.db")
    try:
        rig = Rig(site_of(url, **broker), journal, floor or Floor())
        if last := await journal.last():
            rig.clock.resume(last.clock_s)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(rig.link.run(), name="link")
            publishing = tasks.create_task(rig.publisher.run(), name="publisher")
            if connected:
                await rig.link.wait_connected()
            yield rig
            publishing.cancel()
            await rig.link.stop()
    finally:
        await journal.close()


def sequences(listener: Listener) -> list[int]:
    """The confirmation numbers in the order in which they came, repeats included."""
    return [m.json["sequence"] for m in listener.messages if m.topic.startswith(f"{ROOT}/events/")]


async def all_came(listener: Listener, last: int, first: int = 1) -> None:
    await until(lambda: set(sequences(listener)) >= set(range(first, last + 1)), deadline_s=20)


def assert_in_order_without_gap(listener: Listener, last: int) -> None:
    """What a receiver that drops repeats sees is 1, 2, 3 ... to `last`; a repeat is what it was before."""
    seen = list(dict.fromkeys(sequences(listener)))
    assert seen == list(range(1, last + 1))
    bodies: dict[str, bytes] = {}
    for message in listener.messages:
        if message.topic.startswith(f"{ROOT}/events/"):
            assert bodies.setdefault(message.json["id"], message.payload) == message.payload


def completed(number: int) -> ev.TaskCompleted:
    line = ev.LineResult(LineId("1"), ordered=2, picked=1, short=1, cancelled=0)
    return ev.TaskCompleted(TaskId(f"T-{number}"), 1, "SO-77", (line,))


def cancelled(number: int) -> ev.TaskCancelled:
    line = ev.LineResult(LineId("1"), ordered=2, picked=0, short=0, cancelled=2)
    return ev.TaskCancelled(TaskId(f"T-{number}"), 1, "SO-77", "not wanted", (line,))


ASRS = DeviceId("asrs-1")
