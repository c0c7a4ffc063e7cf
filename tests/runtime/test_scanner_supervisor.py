"""A scanner's supervisor: hands codes on as they came, and never triggers for what is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from drivers.fake import FakeScanner
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.inputs import DeviceReported, Scanned
from edge_agent.runtime.backoff import Backoff
from edge_agent.runtime.scanner_supervisor import ScannerSupervisor
from tests.runtime.inbox import SOON_S, Inbox

SCANNER = DeviceId("st1-item-scan")


@asynccontextmanager
async def running(scanner: FakeScanner) -> AsyncIterator[tuple[ScannerSupervisor, Inbox]]:
    inbox = Inbox()
    supervisor = ScannerSupervisor(scanner, inbox.put, Backoff(0.001, 0.002))
    task = asyncio.create_task(supervisor.run(), name="supervisor")
    try:
        yield supervisor, inbox
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_code_is_handed_on_exactly_as_it_came() -> None:
    scanner = FakeScanner(SCANNER)
    async with running(scanner) as (_, inbox):
        await inbox.ready()
        scanner.read(b"]C1010400638133393110LOT\x1d21S \x00\xff")
        await inbox.until(lambda: inbox.of(Scanned) != [])
    assert inbox.of(Scanned) == [Scanned(SCANNER, b"]C1010400638133393110LOT\x1d21S \x00\xff")]


async def test_a_no_read_is_a_scan_without_data() -> None:
    scanner = FakeScanner(SCANNER)
    async with running(scanner) as (_, inbox):
        await inbox.ready()
        scanner.read(None)
        await inbox.until(lambda: inbox.of(Scanned) != [])
    assert inbox.of(Scanned) == [Scanned(SCANNER, None)]


async def test_triggers_and_verdicts_reach_the_scanner_in_order() -> None:
    scanner = FakeScanner(SCANNER)
    async with running(scanner) as (supervisor, inbox):
        await inbox.ready()
        supervisor.trigger()
        supervisor.feedback(good=False)
        supervisor.trigger()
        supervisor.feedback(good=True)
        await inbox.until(lambda: scanner.verdicts == [False, True])
    assert scanner.triggers == 2


async def test_what_was_asked_of_a_scanner_that_is_away_is_not_done_later() -> None:
    scanner = FakeScanner(SCANNER)
    scanner.reachable = False
    async with running(scanner) as (supervisor, inbox):
        async with asyncio.timeout(SOON_S):
            await supervisor.settled.wait()
        supervisor.trigger()
        supervisor.feedback(good=True)
        scanner.reachable = True
        await inbox.ready()
        supervisor.feedback(good=False)
        await inbox.until(lambda: scanner.verdicts != [])
    assert scanner.triggers == 0
    assert scanner.verdicts == [False]


async def test_a_scanner_that_is_lost_is_reported_and_connected_again() -> None:
    scanner = FakeScanner(SCANNER)
    async with running(scanner) as (_, inbox):
        await inbox.ready()
        scanner.drop_link()
        await inbox.ready(times=2)
    modes = [report.status.mode for report in inbox.of(DeviceReported)]
    assert modes == [Mode.READY, Mode.DISCONNECTED, Mode.READY]
