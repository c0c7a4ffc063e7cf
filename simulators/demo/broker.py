"""The broker of a scene: mosquitto where it is installed, else amqtt inside this process."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from edge_agent.errors import ConfigurationError
from simulators.demo.processes import Child, ChildFailedError

START_TIMEOUT_S = 10.0
SAVED_EVERY_S = 2
_SBIN = "/usr/sbin:/usr/local/sbin"
"""Debian puts mosquitto where the PATH of a plain user does not look."""


class SceneBroker(Protocol):
    """A broker on the loopback that can be stopped and started again."""

    @property
    def name(self) -> str: ...

    @property
    def protocol(self) -> str:
        """The newest MQTT version that it speaks."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def kill(self, *, wipe: bool) -> None:
        """End it as a power failure does; with `wipe` its disk is lost too: sessions, messages, all."""
        ...


def find_mosquitto() -> str | None:
    """The path of the mosquitto program, or None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_SBIN)


def broker_for(port: int, folder: Path, wanted: str = "auto") -> SceneBroker:
    """The broker that is wanted, or the best one that this machine has (`auto`).

    Raises `ConfigurationError` where there is none.
    """
    program = find_mosquitto()
    if program is not None and wanted != "amqtt":
        return Mosquitto(program, port, folder)
    if wanted == "mosquitto":
        raise ConfigurationError("mosquitto is not installed: apt install mosquitto, or use --broker amqtt")
    try:
        import amqtt  # noqa: F401 - only the demo's extra has it
    except ImportError:
        raise ConfigurationError(
            "no MQTT broker: install mosquitto (apt install mosquitto), or the demo extra "
            "(pip install 'edge-agent[demo]')"
        ) from None
    return Amqtt(port)


class Mosquitto:
    """mosquitto as a process of its own. It keeps sessions and messages over a restart.

    It writes them down when it is stopped and every few seconds: after a kill it comes back with those of
    then.
    """

    name = "mosquitto"
    protocol = "5"

    def __init__(self, program: str, port: int, folder: Path) -> None:
        self.listener: Sequence[str] = ()
        """Lines of the configuration for a second listener, as they are to be at the next start."""
        self._store = folder / "mosquitto"
        self._config = folder / "mosquitto.conf"
        self._port = port
        self._child = Child("mosquitto", (program, "-c", str(self._config)), folder, {})

    async def start(self) -> None:
        self._store.mkdir(exist_ok=True)
        lines = (
            "per_listener_settings true",
            *(
                "persistence true",
                f"persistence_location {self._store}/",
                f"autosave_interval {SAVED_EVERY_S}",
            ),
            *("max_queued_messages 0", "max_inflight_messages 100", "user root"),
            *(f"listener {self._port} 127.0.0.1", "allow_anonymous true"),
            *self.listener,
        )
        self._config.write_text("\n".join(lines) + "\n")
        await self._child.start(wait_ready=False)
        await _listening(self._port, self._child)

    async def stop(self) -> None:
        await self._child.stop()

    async def kill(self, *, wipe: bool) -> None:
        await self._child.kill()
        if wipe:
            shutil.rmtree(self._store, ignore_errors=True)


async def _listening(port: int, child: Child) -> None:
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while child.running:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                await writer.wait_closed()
                return
    except TimeoutError:
        pass
    raise ChildFailedError(f"mosquitto does not listen on port {port}{child.tail()}")


class Amqtt:
    """amqtt in this process: MQTT 3.1.1 only, and it forgets offline messages. Good enough to show."""

    name = "amqtt (in process)"
    protocol = "3.1.1"

    def __init__(self, port: int) -> None:
        from amqtt.broker import Broker

        self._broker = Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            }
        )

        self._running = False

    async def start(self) -> None:
        await self._broker.start()
        self._running = True

    async def stop(self) -> None:
        if self._running:
            self._running = False
            await self._broker.shutdown()

    async def kill(self, *, wipe: bool) -> None:  # noqa: ARG002  it keeps nothing, ever
        await self.stop()
