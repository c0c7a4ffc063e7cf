"""Every shipped scanner profile, end to end against the simulated scanner."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from drivers.profile import Profile
from drivers.registry import build_scanner
from drivers.scanner_wire import ScannerWire
from edge_agent.domain.device import Observation, ScanFailed, ScanRead
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import DeviceSettings
from edge_agent.ports import Scanner
from simulators.clock import SimClock
from simulators.lines import line_for
from simulators.machine import Pace
from simulators.scanner import Scanner as SimulatedScanner
from simulators.scanner import Seen
from simulators.stream_server import ScannerServer
from tests.drivers.rigs import PROFILES, shipped
from tests.drivers.waiting import following, until
from tests.ports import free_port
from tests.simulators.floor import Notes

NAME = DeviceId("scan-1")
LABEL = Seen(b"]d2010400638133393110Lot-a7\x1d21Ser-B9", {"unit": "U-1"})
SCANNERS = sorted({path.stem for path in PROFILES.glob("scanner-*.yaml")} - {"scanner-person"})
TYPES = "scanner-hid"
"""A keyboard is nothing that the simulators have: tests/drivers/test_hid.py."""


def wire_of(profile: Profile) -> ScannerWire:
    assert profile.scanner is not None
    return profile.scanner


@dataclass
class Stage:
    """A scanner, and what is held in front of it."""

    scanner: Scanner
    wire: ScannerWire
    notes: Notes
    held: list[Seen | None] = field(default_factory=lambda: [None])

    def show(self, seen: Seen | None) -> None:
        self.held[0] = seen

    async def read(self) -> Observation:
        """What a trigger brings; a scanner that is not triggered looks for itself."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.scanner.trigger(), name="trigger")
            return await following(self.scanner.observations())

    async def shown(self, good: bool) -> list[object]:
        """What has come of showing a verdict."""
        await self.scanner.feedback(good)
        if self.wire.good if good else self.wire.bad:
            await until(lambda: self.notes.of("feedback")[-1:] == [{"scanner": NAME, "good": good}])
        return [note["good"] for note in self.notes.of("feedback")]


@asynccontextmanager
async def on_stage(name: str) -> AsyncIterator[Stage]:
    profile = shipped(name)
    scheme = "opc.tcp" if wire_of(profile).autoid else "tcp"
    address = f"{scheme}://127.0.0.1:{free_port()}"
    notes, held = Notes(), [None]
    simulated = SimulatedScanner(NAME, profile, lambda: held[0], 0.001, Pace(1, NAME), record=notes)
    server = ScannerServer(simulated, line_for(address, profile), SimClock())
    await server.start()
    scanner = build_scanner(NAME, DeviceSettings(profile=name, address=address), profile)

    async def tick() -> None:
        while True:
            await server.step()
            await asyncio.sleep(0.001)

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(server.run(), name="line"), tasks.create_task(tick(), name="ticks")]
        await scanner.connect()
        try:
            yield Stage(scanner, wire_of(profile), notes, held)
        finally:
            await scanner.close()
            for task in running:
                task.cancel()
            await server.stop()


@pytest.mark.parametrize("name", [name for name in SCANNERS if name != TYPES])
async def test_a_scanner_of_this_profile_reads_is_shown_the_verdict_and_tells_when_it_cannot_read(
    name: str,
) -> None:
    async with on_stage(name) as stage:
        stage.show(LABEL)
        assert await stage.read() == ScanRead(LABEL.label)
        signals = [good for good, text in ((True, stage.wire.good), (False, stage.wire.bad)) if text]
        assert await stage.shown(True) == signals[:1]
        assert await stage.shown(False) == signals
        if stage.wire.trigger:
            stage.show(None)
            assert await stage.read() == ScanFailed()


@pytest.mark.parametrize("name", SCANNERS)
def test_a_profile_says_where_it_was_read_and_what_is_to_be_set_at_the_scanner(name: str) -> None:
    profile = shipped(name)
    assert len(profile.source) > 40
    assert name == "scanner-plain" or wire_of(profile).setup
