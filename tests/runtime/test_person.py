"""An operator's station with the real loop, supervisors, driver and journal, through restarts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from drivers.fake import FakeDevice
from drivers.person import PersonDevice, PersonScanner
from edge_agent.adapters.clock import SystemClock
from edge_agent.adapters.journal import SqlJournal
from edge_agent.core.moves import moving, open_commands
from edge_agent.core.plant import Plant
from edge_agent.core.prompts import Prompt, PromptCode, prompt
from edge_agent.core.state import State
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import DeviceId, Lpn, StationId
from edge_agent.rehearsal import NoOutlet
from edge_agent.runtime.effects import Effects
from edge_agent.runtime.loop import Loop
from edge_agent.runtime.scanner_supervisor import ScannerSupervisor
from edge_agent.runtime.supervisor import DeviceSupervisor
from tests.core.agent import ANNA, MUG, a_line, a_site, a_task, digest, ean, label
from tests.runtime.inbox import SOON_S

ST1 = StationId("st1")
SITE = a_site("st1")
PICKER = SITE.stations[ST1].picker
SCANNERS = frozenset({SITE.stations[ST1].tote_scanner, SITE.stations[ST1].item_scanner})
MACHINES = (DeviceId("asrs-1"), DeviceId("asrs-2"), DeviceId("conveyor-1"))


@dataclass
class Cell:
    """One life of the agent; its machines live on."""

    loop: Loop
    person: DeviceSupervisor
    clock: SystemClock

    @property
    def prompt(self) -> Prompt | None:
        return prompt(self.loop.state, ST1, self.clock.now())

    async def until(self, code: PromptCode | None) -> None:
        """Wait until that is asked; None: nothing at all."""
        async with asyncio.timeout(SOON_S):
            while (self.prompt.code if self.prompt else None) is not code:
                await self.loop.turned()

    async def scan(self, data: bytes) -> None:
        asked = self.prompt
        assert asked is not None
        assert asked.scanner is not None
        self.clock.resume(self.clock.now().clock_s + 1.0)  # so quick that it is a re-read is nobody
        await self.loop.ask(inp.Scanned(asked.scanner, data))

    async def answer(self, answer: str) -> None:
        events = await self.loop.ask(inp.StationAnswered(ST1, answer, ANNA))
        assert isinstance(events[0], ev.AnswerTaken)


@asynccontextmanager
async def living(folder: Path, machines: list[FakeDevice]) -> AsyncIterator[Cell]:
    """Start the agent on its journal; leaving ends it at once."""
    journal = await SqlJournal.open(f"sqlite:///{folder}/journal.db")
    limits = dict.fromkeys(SITE.devices, 15)
    state = State(Plant(SITE, limits, persons=frozenset({PICKER, *SCANNERS})))
    devices = {one.device_id: DeviceSupervisor(one, lambda *what: loop.put(*what)) for one in machines}
    devices[PICKER] = DeviceSupervisor(PersonDevice(PICKER), lambda *what: loop.put(*what))
    scanners = {
        name: ScannerSupervisor(PersonScanner(name), lambda *what: loop.put(*what)) for name in SCANNERS
    }
    clock = SystemClock()
    loop = Loop(state, journal, clock, Effects(devices, scanners, NoOutlet()))
    clock.resume(await loop.replay())
    for command, accepted in list(open_commands(state)):
        devices[command.device_id].recover(command, accepted=accepted)
    loop.put(inp.Started("test"))
    async with asyncio.TaskGroup() as tasks:
        parts = [loop, *devices.values(), *scanners.values()]
        running = [tasks.create_task(part.run(), name="part") for part in parts]
        yield Cell(loop, devices[PICKER], clock)
        for task in running:
            task.cancel()
    await journal.close()


async def test_a_person_picks_through_restarts_at_every_prompt(tmp_path: Path) -> None:
    machines = [FakeDevice(name, max_open=15) for name in MACHINES]
    task = a_task("T-1", a_line(quantity=2))
    async with living(tmp_path, machines) as cell:
        cell.loop.put(inp.TaskSubmitted(task, digest(task)))
        await cell.until(PromptCode.SCAN_TOTE)
    async with living(tmp_path, machines) as cell:
        await cell.until(PromptCode.SCAN_TOTE)
        await cell.scan(label(Lpn("TOTE-0001")))
        await cell.until(PromptCode.PICK)
        assert moving(cell.loop.state) == []
    async with living(tmp_path, machines) as cell:
        await cell.until(PromptCode.PICK)
        await cell.scan(ean(MUG))
        await cell.until(PromptCode.PLACE)
    async with living(tmp_path, machines) as cell:
        await cell.until(PromptCode.PLACE)
        await cell.answer("placed")
        await cell.until(PromptCode.PICK)
        await cell.scan(ean(MUG))
        await cell.until(PromptCode.PLACE)
        await cell.answer("placed")
        await cell.until(None)
        assert cell.person._open == {}, "a command that the person has ended is still kept"
    recorded = [one.event for one in await written(tmp_path)]
    (picked,) = (event for event in recorded if isinstance(event, ev.LinePicked))
    assert picked.picked == 2
    orders = [event.command for event in recorded if isinstance(event, ev.CommandOrdered)]
    by_person = [type(order.order).__name__ for order in orders if order.device_id == PICKER]
    assert by_person == ["Pick", "Place"] * 2


async def written(folder: Path) -> list[Recorded]:
    """The whole journal."""
    journal = await SqlJournal.open(f"sqlite:///{folder}/journal.db")
    records = await journal.read(0, 10_000)
    await journal.close()
    return records
