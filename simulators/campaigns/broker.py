"""The broker campaign: everything that a broker can do to the agent, a small scene for each.

The agent comes in through a listener of its own, its *door*; the OMS has another one. So a door can be shut,
slow or badly certified while the OMS goes on, and what it orders meanwhile waits.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.domain.site import Site
from edge_agent.errors import EdgeAgentError
from simulators.campaigns.certificates import DAY, Authority, ServerFiles
from simulators.campaigns.report import Report
from simulators.campaigns.rounds import CampaignOptions, to_the_end
from simulators.clock import SimClock
from simulators.demo.addresses import free_port
from simulators.demo.broker import Mosquitto, broker_for
from simulators.demo.processes import ChildFailedError
from simulators.demo.scene import Scene, SceneOptions
from simulators.gate import Gate

TROUBLE_S = 3.0
SLOWNESS_S = 0.4
"""So long what the broker says is kept back, again and again."""
UNITS_BEFORE = 2
"""So many units are picked before the trouble begins: it hits work in hand."""
WORK_BEGINS_S = 60.0
RELAY_TICK_S = 0.005
URL = "EDGE_AGENT__BROKER__URL"


class Door:
    """The listener at the broker that the agent alone uses."""

    def __init__(self, scene: Scene, broker: Mosquitto, folder: Path) -> None:
        self.scene = scene
        self.broker = broker
        self.port = free_port(skip=1 + len(scene.site.devices))
        self.authority = Authority(folder)
        self.wire: Gate | None = None
        """What the agent's connection runs through, where the case is a relayed one."""
        self.open()
        self.lead(self.port)

    def lead(self, port: int, scheme: str = "mqtt") -> None:
        """Have the agent come in by this port, from its next start on."""
        self.scene.agent.set_env(URL, f"{scheme}://127.0.0.1:{port}")

    def open(self) -> None:
        self._set("allow_anonymous true")

    def shut(self) -> None:
        """The agent is not authorised any more."""
        self._set("allow_anonymous false")

    def secure(self, files: ServerFiles) -> None:
        """Only TLS, with this certificate."""
        self._set("allow_anonymous true", f"certfile {files.certificate}", f"keyfile {files.key}")

    async def again(self) -> None:
        """Have the broker take up what the door has become: it is stopped and started."""
        await self.broker.stop()
        await self.broker.start()

    def _set(self, *lines: str) -> None:
        self.broker.listener = (f"listener {self.port} 127.0.0.1", *lines)


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that a broker does. `says` must stand in what the agent logs about its broker."""

    name: str
    strike: Callable[[Door], Awaitable[None]]
    says: str | None
    before: Callable[[Door], None] = lambda _: None
    """Prepares the door before anything is started."""
    relayed: bool = False


# ---- the cases ---------------------------------------------------------------------------------------


async def _killed(door: Door, *, wipe: bool) -> None:
    await door.broker.kill(wipe=wipe)
    await asyncio.sleep(TROUBLE_S / 3)
    await door.broker.start()


async def _away(door: Door) -> None:
    await door.broker.stop()
    await asyncio.sleep(TROUBLE_S)
    await door.broker.start()


async def _refusing(door: Door) -> None:
    door.shut()
    await door.again()
    await asyncio.sleep(TROUBLE_S)
    door.open()
    await door.again()


def _certified(door: Door) -> None:
    door.secure(door.authority.server("valid", expires=datetime.now(UTC) + DAY))
    door.scene.agent.set_env("SSL_CERT_FILE", str(door.authority.file))
    door.lead(door.port, "mqtts")


async def _expired(door: Door) -> None:
    door.secure(door.authority.server("expired", expires=datetime.now(UTC) - DAY))
    await door.again()
    await asyncio.sleep(TROUBLE_S)
    door.secure(door.authority.server("renewed", expires=datetime.now(UTC) + DAY))
    await door.again()


async def _taken_over(door: Door) -> None:
    """A second gateway that was given the same name comes again and again."""
    site = door.scene.site
    name = site.broker.client_id or f"edge-agent-{site.site}-{site.gateway}"
    rival = mqtt.Client(CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5)
    rival.reconnect_delay_set(min_delay=1, max_delay=1)
    rival.connect_async("127.0.0.1", door.port)
    rival.loop_start()
    await asyncio.sleep(TROUBLE_S)
    rival.disconnect()
    await asyncio.to_thread(rival.loop_stop)


async def _slow(door: Door) -> None:
    assert door.wire is not None  # the case is relayed
    until_s = asyncio.get_running_loop().time() + 2 * TROUBLE_S
    while asyncio.get_running_loop().time() < until_s:
        door.wire.delay(SLOWNESS_S)
        await asyncio.sleep(SLOWNESS_S * 1.1)


CASES: Sequence[Case] = (
    Case("killed", partial(_killed, wipe=False), "broker_lost"),
    Case("killed, memory lost", partial(_killed, wipe=True), "broker_lost"),
    Case("away", _away, "broker_unreachable"),
    Case("refusing", _refusing, "broker_refused"),
    Case("slow", _slow, None, relayed=True),
    Case("certificate expired", _expired, "expired", before=_certified),
    Case("session taken over", _taken_over, "broker_session_contested"),
)


@asynccontextmanager
async def _relay(door: Door) -> AsyncIterator[None]:
    """Put a wire before the door on which things can go wrong."""
    door.wire = wire = Gate("relay", "127.0.0.1", 0, SimClock())
    await wire.open("127.0.0.1", door.port)
    door.lead(wire.port)

    async def tick() -> None:
        while True:
            await wire.step()
            await asyncio.sleep(RELAY_TICK_S)

    try:
        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(tick(), name="relay")
            yield
            ticking.cancel()
    finally:
        await wire.close()


# ---- the campaign ------------------------------------------------------------------------------------


class BrokerCampaign:
    """Plays the cases one after another, each in a folder of its own."""

    def __init__(
        self,
        site: Site,
        options: CampaignOptions,
        folder: Path,
        report: Report,
        on_change: Callable[[], None],
    ) -> None:
        """Of the options `cycles` is not used: every case is played once."""
        self._site = site
        self._options = options
        self._folder = folder
        self._report = report
        self._on_change = on_change

    async def run(self, cases: Sequence[Case] = CASES) -> None:
        """All cases. One that does not come to its end, or is not named by the agent, is a problem."""
        for case in cases:
            try:
                await self._play(case)
            except (EdgeAgentError, OSError) as error:
                self._report.broke_off(case.name, error)
            self._report.cycles += 1
            self._report.done[case.name] += 1
            self._on_change()

    async def _play(self, case: Case) -> None:
        folder = self._folder / case.name.replace(",", "").replace(" ", "-")
        folder.mkdir(parents=True)
        options = self._options
        played = SceneOptions(options.site_file, options.tasks, options.seed, options.speed, options.faults)
        scene = Scene(self._site, played, folder, partial(broker_for, wanted="mosquitto"))
        assert isinstance(scene.broker, Mosquitto)  # it was asked for by name
        door = Door(scene, scene.broker, folder)
        case.before(door)
        async with AsyncExitStack() as running:
            if case.relayed:
                await running.enter_async_context(_relay(door))
            running.push_async_callback(scene.stop)
            await scene.start()
            await _work_begun(scene)
            await case.strike(door)
            await to_the_end(scene)
        self._report.add(case.name, scene, await asyncio.to_thread(scene.audit))
        if case.says is not None and not _said(scene.agent.log, case.says):
            self._report.problems.append(f"{case.name}: the agent's log does not say {case.says!r}")


async def _work_begun(scene: Scene) -> None:
    """Wait until the OMS has heard of the first units. Raises `ChildFailedError` where that does not come."""
    try:
        async with asyncio.timeout(WORK_BEGINS_S):
            while _units_told(scene.oms_ledger) < UNITS_BEFORE:
                await scene.oms.ended_within(0.05)
    except TimeoutError:
        raise ChildFailedError(f"no unit was picked in {WORK_BEGINS_S:.0f} s{scene.agent.tail()}") from None


def _units_told(ledger: Path) -> int:
    return ledger.read_text("utf-8").count("inventory_changed") if ledger.exists() else 0


def _said(log: Path, words: str) -> bool:
    """The agent has said this about its broker."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return any('"broker_' in line and words in line for line in lines)
