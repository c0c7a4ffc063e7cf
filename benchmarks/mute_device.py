"""Does one mute device slow the others? Command latency of five devices, with the sixth healthy and mute.

    python -m benchmarks.mute_device [--seconds 2] [--rounds 10] [--json FILE]

Six simulated devices, three on Modbus and three on OPC UA, on real sockets in a process of their own; drivers
and supervisors as in the agent, on one event loop. Windows in which all are healthy and windows in which one
hangs (it accepts connections and answers nothing) take turns in one run, so that whatever else the machine
does meets both alike. Measured is the time from `submit` to the device's acceptance, of the other five; each
sends its next command when the last one has ended. `spread` is how far the percentile of single healthy
windows strays from that of all of them: the noise.
"""

import argparse
import asyncio
import itertools
import json
import math
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

from drivers.profile import Handshake, Profile
from drivers.registry import build_device, load_profile
from edge_agent import logs
from edge_agent.domain.command import Command, Done, ForTrip, Order, Refusal, Retrieve
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import CommandId, DeviceId, LocationId, Lpn, PointId, TripId
from edge_agent.domain.inputs import CommandAnswered, CommandResolved, DeviceReported, Input
from edge_agent.domain.site import DeviceSettings
from edge_agent.resources import config_directory
from edge_agent.runtime.supervisor import DeviceSupervisor
from simulators.clock import SimClock
from simulators.device_memory import DeviceMemory
from simulators.gate import Gate
from simulators.gated import BEHIND, Gated
from simulators.machine import End, Seen, Sighting
from simulators.mailbox import RegisterImage
from simulators.modbus_server import ModbusServer
from simulators.opcua_server import OpcUaServer

PROFILES = ("asrs-modbus", "asrs-opcua") * 3
MUTE = (0, 1)
"""The devices that hang, one after the other: one of each kind."""
MOTION_S = 0.01
TICK_S = 0.002
READY_LIMIT_S = 60.0
COLUMNS = ("mute", "percentile", "healthy_ms", "one_mute_ms", "ratio", "spread")


# ---- the devices, in a process of their own ----------------------------------------------------------


class QuickMachine:
    """Takes every order and has done it a moment later; nothing is ever where one could look for it."""

    def __init__(self) -> None:
        self._due: dict[CommandId, float] = {}

    def start(self, command_id: CommandId, order: Order, now_s: float) -> Refusal | None:  # noqa: ARG002  any
        self._due[command_id] = now_s + MOTION_S
        return None

    def step(self, now_s: float) -> Sequence[End]:
        ended = [command for command, due_s in self._due.items() if due_s <= now_s]
        for command in ended:
            del self._due[command]
        return [End(command, Done()) for command in ended]

    def middle_s(self, command_id: CommandId) -> float:  # noqa: ARG002  no fault is armed for it
        return math.inf

    def sight(self, load: str) -> Sighting:  # noqa: ARG002  every load alike
        return Sighting(Seen.NOT_HERE)

    def forget(self) -> None:
        """It remembers nothing that a controller could lose."""


def simulated(number: int, profile: Profile, clock: SimClock) -> tuple[Gated, Gate]:
    """A device on a free port, behind a gate that can hang."""
    gate = Gate(f"device {number}", "127.0.0.1", 0, clock)
    name = DeviceId(f"asrs-{number}")
    memory = DeviceMemory(name, profile, QuickMachine(), lambda *_: None, epoch=1)
    if profile.handshake is Handshake.MAILBOX:
        return Gated(ModbusServer(*BEHIND, {1: RegisterImage(memory)}, clock), gate), gate
    return Gated(OpcUaServer("opc.tcp://127.0.0.1/asrs", memory, clock, bind=BEHIND), gate), gate


async def serve() -> None:
    """Say the ports on standard output; then a number on standard input makes that device hang, `-` none."""
    clock = SimClock()
    made = [simulated(number, profile_of(name), clock) for number, name in enumerate(PROFILES)]
    for server, _ in made:
        await server.start()
    print(json.dumps([gate.port for _, gate in made]), flush=True)
    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    async with asyncio.TaskGroup() as tasks:
        ticking = tasks.create_task(_tick([server for server, _ in made]), name="tick")
        while order := (await orders.readline()).decode().strip():
            for number, (_, gate) in enumerate(made):
                gate.hang() if order == str(number) else gate.thaw()
        ticking.cancel()  # whoever measures has gone


async def _tick(servers: Sequence[Gated]) -> None:
    while True:
        for server in servers:
            await server.step()
        await asyncio.sleep(TICK_S)


# ---- the agent's side --------------------------------------------------------------------------------


@dataclass
class Driven:
    """One device with its supervisor, given one command after the other."""

    number: int
    port: int
    numbers: "itertools.count[int]"
    latencies_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        profile = profile_of(PROFILES[self.number])
        scheme = "modbus" if profile.handshake is Handshake.MAILBOX else "opc.tcp"
        path = "1" if scheme == "modbus" else "asrs"
        address = f"{scheme}://127.0.0.1:{self.port}/{path}"
        settings = DeviceSettings(profile=profile.name, address=address)
        self.device_id = DeviceId(f"asrs-{self.number}")
        self.supervisor = DeviceSupervisor(build_device(self.device_id, settings, profile), self._put)
        self.ready = asyncio.Event()
        self._ended = asyncio.Event()
        self._submitted_s = 0.0
        self._epoch = 0

    def _put(self, what: Input, on_durable: Callable[[], None] | None = None) -> None:
        match what:
            case DeviceReported(status=status):
                self._epoch = status.epoch
                (self.ready.set if status.mode is Mode.READY else self.ready.clear)()
            case CommandAnswered():
                self.latencies_s.append(time.perf_counter() - self._submitted_s)
            case CommandResolved():
                self._ended.set()
        if on_durable is not None:
            on_durable()

    async def work(self) -> None:
        """Order, wait for the end, order again."""
        while True:
            await self.ready.wait()
            self._ended.clear()
            self._submitted_s = time.perf_counter()
            self.supervisor.submit(self._command())
            await self._ended.wait()

    def _command(self) -> Command:
        order = Retrieve(Lpn("TOTE-0001"), LocationId("A01-01-01"), PointId("out"))
        number = CommandId(next(self.numbers))
        return Command(number, self.device_id, order, ForTrip(TripId("bench")), self._epoch)


@asynccontextmanager
async def devices() -> AsyncIterator[tuple[list[Driven], Callable[[str], None]]]:
    """The devices at work, and the function that makes one of them hang."""
    command = (sys.executable, "-m", "benchmarks.mute_device", "--serve")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None  # they are pipes
    assert process.stdout is not None
    ports = json.loads(await process.stdout.readline())
    numbers = itertools.count(1)
    driven = [Driven(number, port, numbers) for number, port in enumerate(ports)]
    writer = process.stdin
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(one.supervisor.run(), name=one.device_id) for one in driven]
        running += [tasks.create_task(one.work(), name=f"{one.device_id}-work") for one in driven]
        yield driven, lambda order: writer.write(f"{order}\n".encode())
        for task in running:
            task.cancel()
    writer.close()
    await process.wait()


# ---- the measurement ---------------------------------------------------------------------------------


async def measure(seconds: float, rounds: int) -> list[dict[str, Any]]:
    """For each mute device and percentile: healthy, with one mute, and their ratio."""
    rows = []
    async with devices() as (driven, hang):
        for mute in MUTE:
            others = [one for one in driven if one.number != mute]
            healthy: list[list[float]] = []
            muted: list[list[float]] = []
            for _ in range(rounds):
                hang("-")
                await _all_ready(driven)
                healthy.append(await _window(others, seconds))
                hang(str(mute))
                muted.append(await _window(others, seconds))
            hang("-")
            rows += [_row(PROFILES[mute], percent, healthy, muted) for percent in (50, 99)]
    return rows


async def _all_ready(driven: Sequence[Driven]) -> None:
    async with asyncio.timeout(READY_LIMIT_S):
        for one in driven:
            await one.ready.wait()


async def _window(driven: Sequence[Driven], seconds: float) -> list[float]:
    """What is measured on these devices in the next seconds."""
    for one in driven:
        one.latencies_s.clear()
    await asyncio.sleep(seconds)
    return [latency for one in driven for latency in one.latencies_s]


def _row(
    mute: str, percent: int, healthy: Sequence[Sequence[float]], muted: Sequence[Sequence[float]]
) -> dict[str, Any]:
    both = [_percentile(list(itertools.chain(*windows)), percent) for windows in (healthy, muted)]
    single = [_percentile(window, percent) for window in healthy]
    return {
        "mute": mute,
        "percentile": percent,
        "healthy_ms": both[0] * 1000,
        "one_mute_ms": both[1] * 1000,
        "ratio": both[1] / both[0],
        "spread": max(abs(one / both[0] - 1) for one in single),
        "samples": [sum(map(len, healthy)), sum(map(len, muted))],
    }


def _percentile(seconds: Sequence[float], percent: int) -> float:
    return quantiles(seconds, n=100)[percent - 1]


def profile_of(name: str) -> Profile:
    return load_profile(config_directory() / "profiles" / f"{name}.yaml")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a window is")
    parser.add_argument("--rounds", type=int, default=10, help="windows of each kind")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    logs.configure("ERROR")
    if options.serve:
        asyncio.run(serve())
        return
    rows = asyncio.run(measure(options.seconds, options.rounds))
    print(" ".join(f"{name:>12}" for name in COLUMNS))
    for row in rows:
        figures = (f"{row[name]:>12.2f}" for name in COLUMNS[2:])
        print(f"{row['mute']:>12} {row['percentile']:>12}", *figures)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
