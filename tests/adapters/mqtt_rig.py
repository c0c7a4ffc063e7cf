"""A link with its task, and the other ends that it may meet."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from edge_agent.adapters.mqtt import MqttLink
from edge_agent.domain.site import Broker
from tests.drivers.plc import talking

Received = tuple[str, bytes, Callable[[], None]]

both_protocols = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


class Agent:
    """A link that takes the messages of `in` unless told otherwise, and its task."""

    def __init__(self, url: str, subscriptions: Sequence[str] = ("in",), **settings: Any) -> None:
        self.received: list[Received] = []
        self.link = MqttLink(
            Broker(url=url, **{"reconnect_max_s": 0.2, **settings}),
            client_id="agent",
            subscriptions=subscriptions,
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
