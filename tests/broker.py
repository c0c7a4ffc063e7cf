"""A real mosquitto broker, and somebody who listens at it."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.drivers.waiting import until
from tests.ports import free_port

START_S = 10.0


def mosquitto_binary() -> str | None:
    """Where mosquitto is. Debian puts it into /usr/sbin, which is on no user's PATH."""
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")


class Mosquitto:
    """One broker on a port of its own. It keeps its sessions over `stop`, and loses them by `kill`."""

    def __init__(self, binary: str, folder: Path) -> None:
        self._binary = binary
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.settings = ["allow_anonymous true"]
        """Further lines of its configuration."""
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Returns once the broker takes connections."""
        process = self._process = self._spawn()
        async with asyncio.timeout(START_S):
            while not await self._answers():
                assert process.poll() is None, (self._folder / "output").read_text()
                await asyncio.sleep(0.01)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._folder.mkdir(exist_ok=True)
        file = self._folder / "mosquitto.conf"
        file.write_text(
            "\n".join(
                [
                    f"listener {self.port} 127.0.0.1",
                    f"log_type all\nlog_dest file {self._folder}/mosquitto.log",
                    f"persistence true\npersistence_location {self._folder}/",
                    *(["user root"] if os.geteuid() == 0 else []),
                    *self.settings,
                    "",
                ]
            )
        )
        with (self._folder / "output").open("ab") as output:
            return subprocess.Popen([self._binary, "-c", file], stdout=output, stderr=output)

    async def stop(self) -> None:
        """End it as a service manager does: it writes its sessions and messages down."""
        await self._end(kill=False)

    async def kill(self) -> None:
        """End it as a power failure does."""
        await self._end(kill=True)

    async def _end(self, kill: bool) -> None:
        if self._process is not None:
            (self._process.kill if kill else self._process.terminate)()
            await asyncio.to_thread(self._process.wait)
            self._process = None

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: bytes
    retain: bool
    expiry_s: int | None
    content_type: str | None

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


class Listener:
    """A client with a persistent session that writes down whatever comes."""

    def __init__(self, port: int, topics: str, name: str) -> None:
        self.messages: list[Message] = []
        self._loop = asyncio.get_running_loop()
        self._topics = topics
        self._subscribed = asyncio.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTProtocolVersion.MQTTv5
        )
        self._client.on_connect = lambda *_: self._client.subscribe(topics, 1)
        self._client.on_subscribe = lambda *_: self._loop.call_soon_threadsafe(self._subscribed.set)
        self._client.on_disconnect = lambda *_: self._loop.call_soon_threadsafe(self._subscribed.clear)
        self._client.on_message = lambda _, __, message: self._loop.call_soon_threadsafe(
            self.messages.append, _copy(message)
        )
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 3600
        self._client.connect_async("127.0.0.1", port, clean_start=False, properties=session)

    async def subscribed(self) -> None:
        await until(self._subscribed.is_set)

    def on(self, topic: str) -> list[Message]:
        return [message for message in self.messages if message.topic == topic]

    def last(self, topic: str) -> Any:
        """The newest JSON on a topic; None before the first message and after an empty one."""
        messages = self.on(topic)
        return messages[-1].json if messages and messages[-1].payload else None

    async def open(self) -> None:
        self._client.loop_start()
        await self.subscribed()

    async def close(self) -> None:
        self._client.disconnect()
        with suppress(AttributeError):  # paho forgets its thread when that ends, perhaps just now
            await asyncio.to_thread(self._client.loop_stop)


def _copy(message: mqtt.MQTTMessage) -> Message:
    properties = message.properties
    return Message(
        message.topic,
        bytes(message.payload),
        message.retain,
        getattr(properties, "MessageExpiryInterval", None),
        getattr(properties, "ContentType", None),
    )


@asynccontextmanager
async def listening(port: int, topics: str = "#", name: str = "listener") -> AsyncIterator[Listener]:
    """A listener that is subscribed on entry and gone on exit."""
    listener = Listener(port, topics, name)
    try:
        await listener.open()
        yield listener
    finally:
        await listener.close()
