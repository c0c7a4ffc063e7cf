"""One warehouse cell in one process: the agent's core, loop, supervisors and drivers, on real sockets against
the simulated devices of the small site. No broker; tasks go straight into the inbox.

Every machine has a socket of its own, so that a fault on a wire hits one of them. What the tests look at:
what was said to each device (`Witness`), what the world's ledger has (`notes`), what the journal has
(`events`), and how each device has stood (`modes`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from drivers.profile import Profile
from drivers.registry import build_device, build_scanner
from edge_agent.adapters.api.bridge import Bridge
from edge_agent.adapters.api.parts import Parts
from edge_agent.adapters.api.server import ApiServer
from edge_agent.adapters.api.timeline import History
from edge_agent.adapters.api_client import ApiClient
from edge_agent.adapters.clock import SystemClock
from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.memory_journal import MemoryJournal
from edge_agent.app import plant
from edge_agent.core.state import State
from edge_agent.core.view import device_view
from edge_agent.core.wait import WaitCode
from edge_agent.core.why import why
from edge_agent.domain import events as ev
from edge_agent.domain.command import Accepted, Command, Reconciled, Refusal
from edge_agent.domain.decision import HoldSubject
from edge_agent.domain.device import DeviceStatus, Mode
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import CommandId, DeviceId, Lpn, TaskId
from edge_agent.domain.inputs import (
    CatalogueOffered,
    DeviceReported,
    ExceptionAnswered,
    HoldPlaced,
    Input,
    Started,
    TaskSubmitted,
)
from edge_agent.domain.task import PickTask
from edge_agent.ports import Device, Journal
from edge_agent.runtime.backoff import Backoff
from edge_agent.runtime.effects import Effects
from edge_agent.runtime.loop import Loop
from edge_agent.runtime.scanner_supervisor import ScannerSupervisor
from edge_agent.runtime.supervisor import DeviceSupervisor
from edge_agent.site_file import catalogue_of
from simulators.catalogue import build_stock
from simulators.clock import SimClock
from simulators.faults import AnyFault
from simulators.item_master import write_catalogue
from simulators.site import build_site
from tests.core.agent import SUE, a_line, a_task, digest
from tests.faults.layouts import cell_site, hasty, operated
from tests.simulators.floor import SITE, Notes
from tests.virtual.warehouse import Told

SEED = 1
FAST = 200.0
"""Simulated seconds in a real one: a retrieval takes 45 ms."""
TICK_S = 0.002
DEADLINE_S = 15.0
REQUEST_TIMEOUT_S = 2.0
"""Longer than a busy machine stops a test for."""
VERB_TIMEOUT_S = 20.0
E = TypeVar("E", bound=ev.Event)


class Witness:
    """A device, and what was said to it and asked of it."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.connected = 0
        """How often a connection came about."""
        self.sent: list[CommandId] = []
        self.told: list[tuple[CommandId, Reconciled]] = []
        """What the device said became of a command, in order."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)

    async def connect(self) -> DeviceStatus:
        status = await self._device.connect()
        self.connected += 1
        return status

    async def send(self, command: Command) -> Accepted | Refusal:
        self.sent.append(command.command_id)
        return await self._device.send(command)

    async def reconcile(self, command: Command) -> Reconciled:
        answer = await self._device.reconcile(command)
        self.told.append((command.command_id, answer))
        return answer

    def answers(self, command_id: CommandId | int) -> list[type[Reconciled]]:
        """The kinds of answer that the device gave when it was asked about a command."""
        return [type(answer) for number, answer in self.told if number == command_id]


class Cell:
    """The warehouse with its agent; an async context manager. At its end the laws must hold."""

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        *armed: AnyFault,
        opcua: Sequence[str] = (),
        scales: Sequence[str] = (),
        verb_timeout_s: float = VERB_TIMEOUT_S,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
        seed: int = SEED,
        catalogue: Path | None = None,
        layout: Mapping[str, Any] | None = None,
        operator: Path | None = None,
        **policies: object,
    ) -> None:
        """`opcua`: the machines that speak OPC UA; the others speak Modbus. `catalogue`: a file that the
        item master of the stock is written to, and read from. `scales`: `item-scale` weighs each unit,
        `put-scale` the containers on the first put position. `layout`: sections in place of the small
        site's. `operator`: a person picks, with a handheld; the local API's socket and the journal lie in
        this folder."""
        self.profiles = {
            name: hasty(profile, verb_timeout_s, request_timeout_s) for name, profile in profiles.items()
        }
        sections = {**SITE, **(layout or {}), **(operated(operator) if operator else {})}
        self.site = cell_site(sections, opcua, policies, catalogue, scales)
        self.stock = build_stock(self.site, seed)
        if catalogue is not None:
            write_catalogue(self.stock, catalogue)
        self.notes = Notes()
        self.clock = SimClock(FAST)
        self.simulated = build_site(
            self.site, self.profiles, record=self.notes, faults=armed, seed=seed, clock=self.clock, epoch=7
        )
        self.state = State(plant(self.site, self.profiles))
        self.inputs: list[tuple[float, Input]] = []
        self.events: list[ev.Event] = []
        self.witness: dict[str, Witness] = {}
        self._system = SystemClock()
        self._tasks = asyncio.TaskGroup()
        self._running: list[asyncio.Task[None]] = []
        self._has_api = operator is not None
        self._closing = AsyncExitStack()

    # ---- life ----------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        for server in self.simulated.servers:
            await server.start()
        self._run(self._tick(), "simulators")
        devices, scanners = self._supervisors()
        effects = Effects(devices, scanners, Told())

        def act(records: Sequence[Recorded]) -> None:
            self.events += [recorded.event for recorded in records]
            effects(records)

        self._loop = Loop(self.state, await self._journal(), self._system, act)
        self._run(self._loop.run(), "loop")
        if self._has_api:
            await self._serve_api()
        for one in self.simulated.operators:
            self._run(one.run(), "operator")
        for name, one in {**devices, **scanners}.items():
            self._run(one.run(), name)
        self._put(Started("test"))
        self._put(CatalogueOffered(catalogue_of(Path(), self.site)))
        await self.until(lambda: all(d.status.mode is Mode.READY for d in self.state.devices.values()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._running:
            task.cancel()
        try:
            await self._tasks.__aexit__(kind, error, trace)
        finally:
            await self._closing.aclose()
            for server in self.simulated.servers:
                await server.stop()
        if error is None:
            self._laws_hold()

    async def _journal(self) -> Journal:
        if not self._has_api:
            return MemoryJournal()
        journal = await SqlJournal.open(self.site.journal.url)
        self._closing.push_async_callback(journal.close)
        return journal

    async def _serve_api(self) -> None:
        bridge, history = Bridge(self._loop, self._system), History(self.site.journal.url)
        server = ApiServer(Parts(self.site, bridge, history, lambda name: device_view(self.state, name)))
        self._closing.push_async_callback(server.stop)
        server.start()
        self.api = ApiClient(server.path)

    def _run(self, work: Any, name: str) -> None:
        self._running.append(self._tasks.create_task(work, name=name))

    def _supervisors(self) -> tuple[dict[DeviceId, DeviceSupervisor], dict[DeviceId, ScannerSupervisor]]:
        devices, scanners = {}, {}
        for name, settings in self.site.devices.items():
            profile, backoff = self.profiles[settings.profile], Backoff(0.02, 0.1)
            if profile.is_scanner:
                scanners[name] = ScannerSupervisor(build_scanner(name, settings, profile), self._put, backoff)
            else:
                self.witness[name] = Witness(build_device(name, settings, profile))
                devices[name] = DeviceSupervisor(self.witness[name], self._put, backoff)
        return devices, scanners

    async def _tick(self) -> None:
        while True:
            self.simulated.faults.step()
            for server in self.simulated.servers:
                await server.step()
            await asyncio.sleep(TICK_S)

    def _put(self, what: Input, on_durable: Callable[[], None] | None = None) -> None:
        self.inputs.append((asyncio.get_running_loop().time(), what))
        self._loop.put(what, on_durable)

    # ---- what a test does ----------------------------------------------------------------------------

    def submit(
        self, quantity: int = 1, number: int = 1, not_before: datetime | None = None, box: int | None = None
    ) -> PickTask:
        """A task for some units of the so many-th item; every item lies in two totes at least. `box` names
        the task and its container where the item is asked for a second time."""
        name, totes = list(self.stock.totes_with.items())[number - 1]
        sku = self.stock.by_sku[name]
        asked = sku.demands
        line = replace(
            a_line("1", sku.gtin, quantity),
            lot=asked.lot,
            expiry_min=asked.expiry_min,
            serial_capture=asked.serial,
        )
        sources = tuple(
            replace(line.sources[0], location=self.stock.by_tote[lpn].location, container_id=lpn, rank=rank)
            for rank, lpn in enumerate(totes, 1)
        )
        task = a_task(
            f"T-{box or number}",
            replace(line, sources=sources),
            box=box or number,
            lane="ship",
            not_before=not_before,
        )
        self._put(TaskSubmitted(task, digest(task)))
        return task

    def arm(self, fault: str, **details: object) -> None:
        self.simulated.faults.arm({"fault": fault, **details})

    def reset(self, device: str) -> None:
        """Be the operator at a machine."""
        self.simulated.faults.injector(device).reset()

    def answer(self, action: str) -> None:
        """Settle the one open exception."""
        (exception_id,) = self.state.exceptions
        self._put(ExceptionAnswered(exception_id, action, SUE))

    def hold(self, subject: HoldSubject) -> None:
        """A person stops it."""
        self._put(HoldPlaced(subject, SUE, "out of service"))

    async def until(self, condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
        async with asyncio.timeout(deadline_s):
            while not condition():
                await asyncio.sleep(TICK_S)

    async def complete(self, quantity: int = 1, number: int = 1) -> None:
        """Submit a task and wait until all of it is picked."""
        self.submit(quantity, number)
        await self.until(lambda: self.of(ev.TaskCompleted))
        (line,) = self.of(ev.TaskCompleted)[0].lines
        assert line.picked == quantity
        assert len(self.notes.of("unit_placed")) == quantity
        assert self.state.exceptions == {}

    async def struck(self, fault: str) -> dict[str, Any]:
        """What the ledger says of the fault, once it has struck."""
        await self.until(lambda: self.strikes(fault))
        return self.strikes(fault)[0]

    # ---- what can be seen ----------------------------------------------------------------------------

    def strikes(self, fault: str) -> list[dict[str, Any]]:
        return [line for line in self.notes.of("fault") if line["fault"] == fault]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def modes(self, device: str) -> list[Mode]:
        """How the device has stood, one after the other."""
        reports = (what for _, what in self.inputs if isinstance(what, DeviceReported))
        return [report.status.mode for report in reports if report.device_id == device]

    def lost(self, device: str) -> int:
        """How often the link to a device was lost."""
        return self.modes(device).count(Mode.DISCONNECTED)

    def started(self, command_id: CommandId | int) -> int:
        """How often the device began to carry a command out, by its own ledger."""
        return sum(line["command"] == command_id for line in self.notes.of("command"))

    def why(self, number: int = 1) -> list[WaitCode]:
        """What a task waits for."""
        return [wait.code for wait in why(self.state, TaskId(f"T-{number}"), self._system.now())]

    def held(self) -> list[ev.ExceptionRaised]:
        return [one for one in self.state.exceptions.values() if one.held is not None]

    def where(self, load: Lpn | str) -> str | None:
        return self.simulated.faults.where(load)

    # ---- what always holds ---------------------------------------------------------------------------

    def _laws_hold(self) -> None:
        assert self.notes.rules_broken == []
        for device, witness in self.witness.items():
            for number in set(witness.sent):
                assert self.started(number) <= 1, f"{device} carried command {number} out twice"
                never_seen = [kind.__name__ for kind in witness.answers(number)].count("NotStarted")
                assert witness.sent.count(number) <= 1 + never_seen, f"{device}: {number} was sent again"
        placed = {line["unit"] for line in self.notes.of("unit_placed")}
        assert len(placed) == len(self.notes.of("unit_placed"))
        assert len(self.of(ev.UnitPlaced)) <= len(placed), "confirmed and not done"
