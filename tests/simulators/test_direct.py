"""Devices without a wire keep the promises of the agent's ports."""

import pytest

from drivers.profile import Profile
from edge_agent.domain.command import (
    Accepted,
    Command,
    Done,
    ForUnit,
    NotStarted,
    Order,
    Refusal,
    RefusalReason,
    Retrieve,
    Running,
)
from edge_agent.domain.device import CommandEnded, Mode, Observation, ScanFailed, ScanRead
from edge_agent.domain.ids import CommandId, DeviceId, PointId, StationId
from edge_agent.errors import LinkLostError
from simulators.catalogue import Stock
from simulators.clock import SimClock
from simulators.direct import DirectDevice, DirectScanner
from simulators.machine import Pace
from simulators.scanner import Scanner, Seen
from tests.simulators.bench import MakeBench, of
from tests.simulators.floor import Hand, Notes

CRANE, POINT = DeviceId("asrs-1"), PointId("out")


def command(order: Order, number: int = 1) -> Command:
    return Command(CommandId(number), CRANE, order, ForUnit(StationId("st1")), epoch=7)


def retrieval(stock: Stock) -> Retrieve:
    tote = stock.totes[0]
    return Retrieve(tote.lpn, tote.location, POINT)


async def reported(device: DirectDevice | DirectScanner) -> Observation:
    return await anext(device.observations())


async def test_a_command_is_accepted_runs_and_ends_as_its_physics_say(bench: MakeBench, stock: Stock) -> None:
    hand = Hand()
    device = DirectDevice(bench("asrs-1").memory, SimClock(monotonic=hand))
    assert (await device.connect()).mode is Mode.READY
    order = command(retrieval(stock))
    assert await device.send(order) == Accepted()
    assert await device.reconcile(order) == Running()
    assert isinstance(await device.send(command(retrieval(stock), 2)), Refusal)
    hand.time_s = 100.0
    device.step()
    ended = await reported(device)
    assert isinstance(ended, CommandEnded)
    assert isinstance(ended.outcome, Done)
    assert ended.outcome.report.place == stock.totes[0].location
    assert await device.reconcile(order) == ended.outcome


@pytest.mark.parametrize(("fault", "became"), [("ack_lost", Running()), ("connection_reset", NotStarted())])
async def test_a_lost_answer_is_a_lost_link_and_the_device_knows_what_became_of_the_command(
    bench: MakeBench, stock: Stock, fault: str, became: object
) -> None:
    moment = {"moment": "arrives"} if fault == "connection_reset" else {}
    device = DirectDevice(bench("asrs-1", of(fault=fault, **moment)).memory, SimClock(monotonic=Hand()))
    order = command(retrieval(stock))
    with pytest.raises(LinkLostError):
        await device.send(order)
    assert await device.reconcile(order) == became


async def test_a_busy_device_says_why(bench: MakeBench, stock: Stock) -> None:
    device = DirectDevice(bench("asrs-1", of(fault="busy")).memory, SimClock(monotonic=Hand()))
    refusal = await device.send(command(retrieval(stock)))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.BUSY


@pytest.mark.parametrize(
    ("seen", "heard"),
    [
        (Seen(b"]E09520000000011", {"unit": "U1"}), ScanRead(b"]E09520000000011")),
        (Seen(b"]C1one", {"unit": "U1"}, b"]C1two"), ScanRead(b"]C1one", (b"]C1two",))),
        (Seen(b"", {"unit": "U1"}), ScanFailed()),
        (None, ScanFailed()),
    ],
)
async def test_a_trigger_brings_every_code_in_view_or_a_no_read(
    profiles: dict[str, Profile], notes: Notes, seen: Seen | None, heard: Observation
) -> None:
    hand, profile = Hand(), profiles["scanner-plain"]
    assert profile.scanner is not None
    name = DeviceId("scan")
    physics = Scanner(name, profile, lambda: seen, 0.15, Pace(1, name), record=notes)
    scanner = DirectScanner(physics, profile.scanner, SimClock(monotonic=hand))
    await scanner.connect()
    await scanner.trigger()
    hand.time_s = 1.0
    scanner.step()
    assert await reported(scanner) == heard
    assert len(notes.of("scanned")) == 1
