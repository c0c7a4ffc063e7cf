"""What can be done to a running scene beside killing the agent, and the plan of a mixed campaign by seed."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import Site
from simulators.control import ControlClient
from simulators.demo.processes import ChildFailedError
from simulators.demo.scene import Scene
from simulators.faults import Fault

LINK_FAULTS: Sequence[tuple[Fault, Mapping[str, Any]]] = (
    (Fault.CONNECTION_RESET, {}),
    (Fault.CONNECTION_RESET, {"moment": "arrives"}),
    (Fault.CONNECTION_RESET, {"moment": "half_way"}),
    (Fault.HALF_OPEN, {"silent_s": 2.0}),
    (Fault.HUNG, {"duration_s": 3.0}),
    (Fault.REPLY_TRUNCATED, {}),
    (Fault.REPLY_GARBLED, {}),
    (Fault.ACK_LOST, {}),
    (Fault.ACK_LATE, {"delay_s": 3.0}),
    (Fault.ACK_DUPLICATED, {}),
    (Fault.END_DUPLICATED, {}),
    (Fault.BUSY, {"count": 3}),
    (Fault.HEARTBEAT_FROZEN, {"duration_s": 4.0}),
    (Fault.STUCK_REGISTER, {"duration_s": 2.0}),
    (Fault.UNPLUGGED, {"duration_s": 1.0}),
)
"""Armed for whatever device comes next. Lost ends are left out: they take a verb's whole time-out to find."""
Life: TypeAlias = Callable[[Scene], Awaitable[object]]
"""Starts the agent and kills it."""
OUTAGES_S = (0.2, 3.0)
"""Between which a broker or a device stays away."""


class Disturbance(Protocol):
    """One thing that is done to a scene. It leaves everything running, if perhaps not yet ready."""

    @property
    def name(self) -> str:
        """As tables and reports count it."""
        ...

    async def strike(self, scene: Scene) -> None: ...


@dataclass(frozen=True, slots=True)
class AgentKilled:
    """The agent is killed, once more in the life that follows, and started."""

    life: Life
    name: str = "agent killed"

    async def strike(self, scene: Scene) -> None:
        await scene.agent.kill()
        await self.life(scene)
        await scene.agent.start(wait_ready=False)


@dataclass(frozen=True, slots=True)
class AgentStopped:
    """The agent is asked to end, as a service manager does, and started again."""

    name: str = "agent stopped and started"

    async def strike(self, scene: Scene) -> None:
        code = await scene.agent.stop()
        if code not in (0, -signal.SIGTERM):  # the latter where it had only just begun to start
            raise ChildFailedError(f"agent ended with code {code} on SIGTERM{scene.agent.tail()}")
        await scene.agent.start(wait_ready=False)


@dataclass(frozen=True, slots=True)
class BrokerKilled:
    """The broker is killed and comes back, with its store of some seconds ago or with none."""

    wipe: bool
    down_s: float

    @property
    def name(self) -> str:
        return "broker killed, memory lost" if self.wipe else "broker killed"

    async def strike(self, scene: Scene) -> None:
        await scene.broker.kill(wipe=self.wipe)
        await asyncio.sleep(self.down_s)
        await scene.broker.start()


@dataclass(frozen=True, slots=True)
class BrokerStopped:
    """The broker is away for a while and comes back as it was."""

    down_s: float
    name: str = "broker stopped and started"

    async def strike(self, scene: Scene) -> None:
        await scene.broker.stop()
        await asyncio.sleep(self.down_s)
        await scene.broker.start()


@dataclass(frozen=True, slots=True)
class DeviceRestarted:
    """A device is switched off and on; a scanner is unplugged."""

    device: DeviceId
    keep_memory: bool
    down_s: float

    @property
    def name(self) -> str:
        return "device restarted" if self.keep_memory else "device restarted, memory lost"

    async def strike(self, scene: Scene) -> None:
        async with ControlClient(scene.control) as control:
            await control.restart(self.device, down_s=self.down_s, keep_memory=self.keep_memory)
        await asyncio.sleep(self.down_s)


@dataclass(frozen=True, slots=True)
class FaultArmed:
    """A fault is armed; it strikes on the next occasion that any device gives."""

    fault: Fault
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"fault armed: {self.fault}"

    async def strike(self, scene: Scene) -> None:
        async with ControlClient(scene.control) as control:
            await control.arm(self.fault, **self.details)


def plan(site: Site, seed: int, life: Life) -> Iterator[Disturbance]:
    """Disturbances without an end: shuffled decks that hold every kind. The same seed, the same plan."""
    chance = random.Random(f"{seed}/disturbances")
    while True:
        deck = _deck(site, chance, life)
        chance.shuffle(deck)
        yield from deck


def _deck(site: Site, chance: random.Random, life: Life) -> list[Disturbance]:
    machines = [*site.storage, site.conveyor, *(station.picker for station in site.stations.values())]

    def outage_s() -> float:
        return round(chance.uniform(*OUTAGES_S), 1)

    return [
        *(AgentKilled(life) for _ in range(4)),
        AgentStopped(),
        *(BrokerKilled(wipe, outage_s()) for wipe in (False, True)),
        BrokerStopped(outage_s()),
        *(DeviceRestarted(chance.choice(machines), keep, outage_s()) for keep in (True, True, False)),
        *(FaultArmed(fault, details) for fault, details in chance.sample(LINK_FAULTS, len(LINK_FAULTS) // 2)),
    ]
